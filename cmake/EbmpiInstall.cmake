# SPDX-License-Identifier: Apache-2.0
# cmake --install: the program, and the libraries with headers and a package file for find_package(ebmpi).
include(CMakePackageConfigHelpers)

install(TARGETS ebmpi RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The package file finds the dependencies again by find_package. One that was built here has no place of its own where it
# could be found, so the libraries would be unusable; the program needs none of that.
if(EBMPI_FETCHED_DEPENDENCIES)
  list(REMOVE_ITEM EBMPI_FETCHED_DEPENDENCIES Catch2 CLI11) # no consumer needs these
endif()
if(EBMPI_FETCHED_DEPENDENCIES)
  string(JOIN ", " _names ${EBMPI_FETCHED_DEPENDENCIES})
  message(STATUS "Install: the program only, no libraries (built here instead of found: ${_names}); install these to get them")
  set(EBMPI_INSTALLS_LIBRARIES OFF)
  return()
endif()
set(EBMPI_INSTALLS_LIBRARIES ON)

get_property(_modules GLOBAL PROPERTY EBMPI_MODULES)
get_property(_targets GLOBAL PROPERTY EBMPI_INSTALLED_TARGETS)

# The command line is the program's own business.
list(REMOVE_ITEM _modules cli)
list(REMOVE_ITEM _targets ebmpi_cli)

# ebmpi::ebmpi: every module.
add_library(ebmpi_all INTERFACE)
set_target_properties(ebmpi_all PROPERTIES EXPORT_NAME ebmpi)
foreach(_module IN LISTS _modules)
  target_link_libraries(ebmpi_all INTERFACE ebmpi_${_module})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${_module} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ebmpi
          FILES_MATCHING PATTERN "*.hpp")
endforeach()

set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/ebmpi)
install(TARGETS ${_targets} ebmpi_all EXPORT ebmpiTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT ebmpiTargets NAMESPACE ebmpi:: DESTINATION ${_package})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ebmpiConfig.cmake.in ${PROJECT_BINARY_DIR}/ebmpiConfig.cmake
                              INSTALL_DESTINATION ${_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ebmpiConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ebmpiConfig.cmake ${PROJECT_BINARY_DIR}/ebmpiConfigVersion.cmake DESTINATION ${_package})
