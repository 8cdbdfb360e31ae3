# SPDX-License-Identifier: Apache-2.0
# ebmpi_cli11: CLI11 as a compiled library, where the CLI11 found is the header-only one in several files. It takes 4 s off each
# file that includes it.
add_library(ebmpi_cli11 INTERFACE)
target_link_libraries(ebmpi_cli11 INTERFACE CLI11::CLI11)
get_target_property(_definitions CLI11::CLI11 INTERFACE_COMPILE_DEFINITIONS)
get_target_property(_includes CLI11::CLI11 INTERFACE_INCLUDE_DIRECTORIES)
string(REGEX REPLACE "\\$<BUILD_INTERFACE:([^>]*)>" "\\1" _includes "${_includes}")
find_file(_parts CLI/impl/Argv_inl.hpp HINTS ${_includes} NO_CACHE)
if(_parts AND NOT _definitions MATCHES "CLI11_COMPILE")
  add_library(ebmpi_cli11_compiled STATIC ${CMAKE_CURRENT_LIST_DIR}/cli11.cpp)
  target_link_libraries(ebmpi_cli11_compiled PUBLIC CLI11::CLI11)
  target_compile_definitions(ebmpi_cli11_compiled PUBLIC CLI11_COMPILE)
  target_compile_features(ebmpi_cli11_compiled PUBLIC cxx_std_20)
  if(EBMPI_SANITIZE)
    target_compile_options(ebmpi_cli11_compiled PRIVATE -fsanitize=${EBMPI_SANITIZE})
  endif()
  target_link_libraries(ebmpi_cli11 INTERFACE ebmpi_cli11_compiled)
endif()
