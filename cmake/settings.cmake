# Warnings are errors, sanitizers come from the preset, and ccache is used where it is installed.
set(SLUICE_SANITIZE "" CACHE STRING "Comma-separated sanitizers: address,undefined or thread")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
                    -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives of these three inside the standard library once it inlines.
  add_compile_options(-Wno-null-dereference -Wno-restrict -Wno-maybe-uninitialized)
else()
  # clang asks for every field of an aggregate even where the field has a default.
  add_compile_options(-Wno-missing-field-initializers)
endif()
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
endif()

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SLUICE_CCACHE})
endif()
find_program(SLUICE_MOLD mold)
if(SLUICE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Every program is where people look for it: build/release/sluice, build/dev/decode_test.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
