# The Lambda executable: one ELF with everything but libc inside, for `make lambda` (preset lambda-x86_64 or
# lambda-arm64). Debian's packages of fmt, spdlog and simdjson have only shared libraries, so the first two are
# taken as headers, and simdjson is compiled from the source that scripts/setup fetched.
file(STRINGS ${PROJECT_SOURCE_DIR}/versions.env SLUICE_SIMDJSON_LINE REGEX "^SIMDJSON_VERSION=")
string(REPLACE "SIMDJSON_VERSION=" "" SLUICE_SIMDJSON_VERSION ${SLUICE_SIMDJSON_LINE})
set(SLUICE_SIMDJSON_DIR ${PROJECT_SOURCE_DIR}/.deps/simdjson-${SLUICE_SIMDJSON_VERSION})
if(NOT EXISTS ${SLUICE_SIMDJSON_DIR}/simdjson.cpp)
  message(FATAL_ERROR "simdjson ${SLUICE_SIMDJSON_VERSION} is not in ${SLUICE_SIMDJSON_DIR}. Run scripts/setup --for lambda.")
endif()
add_library(simdjson_inside STATIC ${SLUICE_SIMDJSON_DIR}/simdjson.cpp)
target_include_directories(simdjson_inside SYSTEM BEFORE PUBLIC ${SLUICE_SIMDJSON_DIR})
target_compile_options(simdjson_inside PRIVATE -w)
add_library(simdjson::simdjson ALIAS simdjson_inside)

# Every function and constant by itself, so that the linker leaves out what is not used.
add_compile_options(-ffunction-sections -fdata-sections)

find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)
set(SLUICE_LIBRARIES /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
# For another architecture, its libraries and their headers are beside the system's; scripts/setup fetched them.
if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL CMAKE_HOST_SYSTEM_PROCESSOR)
  set(SLUICE_FOREIGN ${PROJECT_SOURCE_DIR}/.deps/arm64/usr)
  set(SLUICE_LIBRARIES ${SLUICE_FOREIGN}/lib/${CMAKE_LIBRARY_ARCHITECTURE})
  include_directories(BEFORE SYSTEM ${SLUICE_FOREIGN}/include/${CMAKE_LIBRARY_ARCHITECTURE} ${SLUICE_FOREIGN}/include)
endif()
foreach(NAME ssl crypto z)
  set(ARCHIVE ${SLUICE_LIBRARIES}/lib${NAME}.a)
  if(NOT EXISTS ${ARCHIVE})
    message(FATAL_ERROR "${ARCHIVE} is missing. Run scripts/setup --for lambda, or --for lambda-arm64.")
  endif()
  add_library(sluice_static_${NAME} STATIC IMPORTED)
  set_target_properties(sluice_static_${NAME} PROPERTIES IMPORTED_LOCATION ${ARCHIVE})
endforeach()
add_library(OpenSSL::Crypto ALIAS sluice_static_crypto)
set_target_properties(sluice_static_ssl PROPERTIES INTERFACE_LINK_LIBRARIES sluice_static_crypto)
add_library(OpenSSL::SSL ALIAS sluice_static_ssl)
add_library(ZLIB::ZLIB ALIAS sluice_static_z)
add_library(sluice_fmt INTERFACE)
target_compile_definitions(sluice_fmt INTERFACE FMT_HEADER_ONLY)
add_library(sluice_spdlog INTERFACE)
target_compile_definitions(sluice_spdlog INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)

# The rooms as in CMakeLists.txt, but for what the function has no use for: databases, files, packed files.
set(SLUICE_LEAVE_OUT "/catalog/(postgres|dsql)|/net/status_server|/source/(file|byte_stream|line_window|multilang)")
sluice_room(base LIBS sluice_fmt sluice_spdlog OpenSSL::Crypto Threads::Threads)
sluice_room(change ROOMS base)
sluice_room(catalog ROOMS change)
sluice_room(decode ROOMS change LIBS simdjson::simdjson)
sluice_room(assemble ROOMS change)
sluice_room(keys ROOMS change catalog)
sluice_room(sql ROOMS catalog)
sluice_room(net ROOMS base LIBS OpenSSL::SSL simdjson::simdjson)
sluice_room(aws ROOMS net LIBS simdjson::simdjson)
sluice_room(source ROOMS change aws LIBS simdjson::simdjson)
sluice_room_part(sink redshift ROOMS change sql aws LIBS ZLIB::ZLIB)
sluice_room(lambda ROOMS decode assemble keys source redshift LIBS simdjson::simdjson)

set(SLUICE_APP ${PROJECT_SOURCE_DIR}/src/app)
add_executable(bootstrap ${SLUICE_APP}/bootstrap/main.cc ${SLUICE_APP}/bootstrap/old_libc.cc
                         ${SLUICE_APP}/function_parts.cc ${SLUICE_APP}/redshift_access.cc
                         ${SLUICE_APP}/aws_access.cc ${SLUICE_APP}/catalog_source.cc ${SLUICE_APP}/settings.cc
                         ${SLUICE_APP}/commands.cc ${SLUICE_APP}/options.cc ${SLUICE_APP}/units.cc)
target_link_libraries(bootstrap PRIVATE sluice_lambda)
target_link_options(bootstrap PRIVATE -static-libstdc++ -static-libgcc -Wl,--gc-sections -Wl,--as-needed -s)
