# DuckDB's C API: one shared library and one header, which scripts/setup takes out of two npm packages.
file(STRINGS ${PROJECT_SOURCE_DIR}/versions.env SLUICE_DUCKDB_LINE REGEX "^DUCKDB_VERSION=")
string(REPLACE "DUCKDB_VERSION=" "" SLUICE_DUCKDB_VERSION ${SLUICE_DUCKDB_LINE})
set(SLUICE_DUCKDB_DIR ${PROJECT_SOURCE_DIR}/.deps/duckdb-${SLUICE_DUCKDB_VERSION})
if(NOT EXISTS ${SLUICE_DUCKDB_DIR}/libduckdb.so OR NOT EXISTS ${SLUICE_DUCKDB_DIR}/duckdb.h)
  message(FATAL_ERROR "DuckDB ${SLUICE_DUCKDB_VERSION} is not in ${SLUICE_DUCKDB_DIR}. Run scripts/setup.")
endif()
add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${SLUICE_DUCKDB_DIR}/libduckdb.so
                                        INTERFACE_INCLUDE_DIRECTORIES ${SLUICE_DUCKDB_DIR})
