# SPDX-License-Identifier: Apache-2.0
# Writes core/build_info.cpp: what this build is made of, as `ebmpi --version`, checkpoints and benchmarks report it.
set(EBMPI_GIT_HASH unknown)
find_package(Git QUIET)
# Only a checkout of this project itself: an unpacked release inside another repository must not report that one's hash.
if(Git_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  # The checkout may belong to another user than the one who builds.
  set(_git ${GIT_EXECUTABLE} -c safe.directory=* -C ${PROJECT_SOURCE_DIR})
  execute_process(COMMAND ${_git} describe --always --abbrev=12 --exclude=* --dirty=-modified
                  OUTPUT_VARIABLE _hash OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _result)
  if(_result EQUAL 0)
    set(EBMPI_GIT_HASH ${_hash})
  endif()
  execute_process(COMMAND ${_git} rev-parse --git-path logs/HEAD
                  OUTPUT_VARIABLE _log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _result)
  if(_result EQUAL 0)
    get_filename_component(_log "${_log}" ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
    if(EXISTS "${_log}") # a commit or checkout configures anew
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_log}")
    endif()
  endif()
endif()

set(EBMPI_BUILD_TYPE ${CMAKE_BUILD_TYPE})
string(TOUPPER "${CMAKE_BUILD_TYPE}" _type)
string(JOIN " " EBMPI_FLAGS ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${_type}} ${EBMPI_ARCHITECTURE_FLAGS})
if(EBMPI_KOKKOS_ARCH)
  string(APPEND EBMPI_FLAGS " -D${EBMPI_KOKKOS_ARCH}")
endif()
if(EBMPI_SANITIZE)
  string(APPEND EBMPI_FLAGS " -fsanitize=${EBMPI_SANITIZE}")
endif()
string(REGEX REPLACE " +" " " EBMPI_FLAGS "${EBMPI_FLAGS}")
string(STRIP "${EBMPI_FLAGS}" EBMPI_FLAGS)

set(_backends ${Kokkos_DEVICES})
if(NOT _backends) # a Kokkos built here has only the options
  foreach(_backend CUDA HIP SYCL OPENMP THREADS SERIAL)
    if(Kokkos_ENABLE_${_backend})
      list(APPEND _backends ${_backend})
    endif()
  endforeach()
endif()
string(JOIN " " EBMPI_KOKKOS_BACKENDS ${_backends})

configure_file(${PROJECT_SOURCE_DIR}/src/core/build_info.cpp.in ${PROJECT_BINARY_DIR}/generated/core/build_info.cpp @ONLY)
target_sources(ebmpi_core PRIVATE ${PROJECT_BINARY_DIR}/generated/core/build_info.cpp)
