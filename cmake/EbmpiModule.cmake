# SPDX-License-Identifier: Apache-2.0
# ebmpi_add_module(NAME SOURCES file… DEPENDS target…): one folder of src/ as one static library with its
# dependencies declared; the library target is ebmpi_<NAME>, its installed name ebmpi::<NAME>.
function(ebmpi_add_module NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  set(target ebmpi_${NAME})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(ebmpi::${NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${NAME})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ebmpi>)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS} ebmpi_build_flags)
  set_property(GLOBAL APPEND PROPERTY EBMPI_MODULES ${NAME})
  set_property(GLOBAL APPEND PROPERTY EBMPI_INSTALLED_TARGETS ${target})
endfunction()
