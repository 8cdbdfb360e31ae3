# SPDX-License-Identifier: Apache-2.0
# Reading Kokkos takes three times as long as compiling most files that use it. Compilers of GPU code precompile nothing.
option(EBMPI_PRECOMPILE "Precompile the headers of Kokkos" ON)

# ebmpi_precompile(TARGET KIND header…): TARGET reads these headers from the first target of that KIND, which compiles
# them; targets of one kind are compiled with the same flags.
function(ebmpi_precompile TARGET KIND)
  if(NOT EBMPI_PRECOMPILE OR EBMPI_GPU)
    return()
  endif()
  get_property(owner GLOBAL PROPERTY EBMPI_PRECOMPILED_${KIND})
  if(owner)
    target_precompile_headers(${TARGET} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${TARGET} PRIVATE ${ARGN})
    set_property(GLOBAL PROPERTY EBMPI_PRECOMPILED_${KIND} ${TARGET})
  endif()
endfunction()

# ebmpi_add_module(NAME SOURCES file… DEPENDS target…): one folder of src/ as one static library with its
# dependencies declared; the library target is ebmpi_<NAME>, its installed name ebmpi::<NAME>. KERNELS: its sources
# include Kokkos, which is then precompiled once for all such folders. HOST: its sources include nothing of Kokkos, and go
# past the compiler of GPU code, which does not understand toml++; DEPENDS_OF_SOURCES then names what they are compiled with.
function(ebmpi_add_module NAME)
  cmake_parse_arguments(ARG "KERNELS;HOST" "" "SOURCES;DEPENDS;DEPENDS_OF_SOURCES" ${ARGN})
  set(target ebmpi_${NAME})
  if(ARG_HOST AND EBMPI_GPU)
    add_library(${target}_objects OBJECT ${ARG_SOURCES})
    target_include_directories(${target}_objects PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target}_objects PRIVATE ${ARG_DEPENDS_OF_SOURCES} ebmpi_build_flags)
    set(ARG_SOURCES $<TARGET_OBJECTS:${target}_objects>)
  endif()
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(ebmpi::${NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${NAME})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ebmpi>)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS} ebmpi_build_flags)
  if(ARG_KERNELS)
    ebmpi_precompile(${target} LIBRARIES <Kokkos_Core.hpp> <Kokkos_SIMD.hpp>)
  endif()
  set_property(GLOBAL APPEND PROPERTY EBMPI_MODULES ${NAME})
  set_property(GLOBAL APPEND PROPERTY EBMPI_INSTALLED_TARGETS ${target})
endfunction()
