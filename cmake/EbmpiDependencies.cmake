# SPDX-License-Identifier: Apache-2.0
# Every dependency: an installed package first (module, Spack, distribution), else a pinned release whose hash is checked.
# FETCHCONTENT_SOURCE_DIR_<NAME> (as written below, or in capitals) points the build at a source tree of your own.
# MPI and parallel HDF5 must be installed. Afterwards:
#   EBMPI_FETCHED_DEPENDENCIES     names of those built here
#   EBMPI_VERSION_OF_<NAME>        what the program reports about each
#   EBMPI_GPU                      whether kernels run on a GPU
include(FetchContent)
set(FETCHCONTENT_QUIET OFF)
if(POLICY CMP0135)
  cmake_policy(SET CMP0135 NEW) # files of an archive get the time of extraction, so that a new pin rebuilds
endif()

# Asking the library for its version runs it once.
if(NOT CMAKE_CROSSCOMPILING)
  set(MPI_DETERMINE_LIBRARY_VERSION ON)
endif()
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
string(REGEX MATCH "^[A-Za-z]+[A-Za-z ()]*v?[0-9][0-9.]*" EBMPI_VERSION_OF_MPI "${MPI_C_LIBRARY_VERSION_STRING}")
if(NOT EBMPI_VERSION_OF_MPI)
  set(EBMPI_VERSION_OF_MPI "MPI ${MPI_C_VERSION}")
endif()

set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "The HDF5 found (${HDF5_VERSION}) was built without MPI (checkpoints are written by all ranks at once); "
                      "load or install a parallel one, for example libhdf5-openmpi-dev, or run the build through cmake/toolchain.sh")
endif()
set(EBMPI_VERSION_OF_HDF5 ${HDF5_VERSION})

set(EBMPI_FETCHED_DEPENDENCIES "")

# ebmpi_dependency(NAME VERSION TARGET RELEASE URL SHA256): find_package (at least VERSION) first, unless
# CMAKE_DISABLE_FIND_PACKAGE_<NAME> is on or a source tree is given; then the pinned release.
macro(ebmpi_dependency NAME VERSION TARGET RELEASE URL SHA256)
  string(TOUPPER ${NAME} _upper)
  if(FETCHCONTENT_SOURCE_DIR_${NAME} AND NOT FETCHCONTENT_SOURCE_DIR_${_upper})
    set(FETCHCONTENT_SOURCE_DIR_${_upper} ${FETCHCONTENT_SOURCE_DIR_${NAME}}) # the only spelling that CMake reads
  endif()
  if(NOT FETCHCONTENT_SOURCE_DIR_${_upper} AND NOT TARGET ${TARGET})
    find_package(${NAME} ${VERSION} QUIET)
  endif()
  if(TARGET ${TARGET})
    set(EBMPI_VERSION_OF_${NAME} ${${NAME}_VERSION})
    message(STATUS "${NAME}: installed package ${${NAME}_VERSION} (${${NAME}_DIR})")
  else()
    set(_system "")
    if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.25)
      set(_system SYSTEM) # the warnings of foreign headers are not this project's
    endif()
    if(FETCHCONTENT_SOURCE_DIR_${_upper})
      message(STATUS "${NAME}: building ${FETCHCONTENT_SOURCE_DIR_${_upper}}")
      set(EBMPI_VERSION_OF_${NAME} "source tree")
    else()
      message(STATUS "${NAME}: no installed package of version ${VERSION} or newer that fits; building the pinned release ${RELEASE}")
      set(EBMPI_VERSION_OF_${NAME} ${RELEASE})
    endif()
    FetchContent_Declare(${NAME} URL ${URL} URL_HASH SHA256=${SHA256} ${_system})
    FetchContent_MakeAvailable(${NAME})
    list(APPEND EBMPI_FETCHED_DEPENDENCIES ${NAME})
  endif()
endmacro()

# A Kokkos without the backend that was asked for would silently build a CPU program. Loading the package defines its
# targets for good, so its list of backends is read before (through the version file, which defines nothing).
foreach(_backend CUDA HIP)
  if(Kokkos_ENABLE_${_backend} AND NOT TARGET Kokkos::kokkos AND NOT CMAKE_DISABLE_FIND_PACKAGE_Kokkos)
    find_package(EbmpiKokkosProbe QUIET NAMES Kokkos CONFIGS KokkosConfigVersion.cmake)
    if(EbmpiKokkosProbe_DIR)
      file(STRINGS ${EbmpiKokkosProbe_DIR}/KokkosConfigCommon.cmake _devices REGEX "^ *(set|SET) *\\(Kokkos_DEVICES")
      if(NOT _devices MATCHES "${_backend}")
        message(STATUS "Kokkos: the package in ${EbmpiKokkosProbe_DIR} was built without ${_backend} and is left aside")
        set(CMAKE_DISABLE_FIND_PACKAGE_Kokkos ON)
      endif()
    endif()
  endif()
endforeach()

# These concern only a Kokkos that is built here.
set(Kokkos_ENABLE_DEPRECATED_CODE_5 OFF CACHE BOOL "Deprecated parts of Kokkos")
set(Kokkos_ENABLE_OPENMP ON CACHE BOOL "OpenMP backend of a Kokkos built here")
if(EBMPI_NATIVE AND NOT Kokkos_ENABLE_CUDA AND NOT Kokkos_ENABLE_HIP)
  set(Kokkos_ARCH_NATIVE ON CACHE BOOL "Instruction set of this machine for a Kokkos built here")
endif()
ebmpi_dependency(Kokkos 4.6 Kokkos::kokkos 5.2.2
  https://github.com/kokkos/kokkos/releases/download/5.2.2/kokkos-5.2.2.tar.gz
  d6557aaef39302282a15f9c770433d1fcdf4e961dfd6d9ed726b9d0d0f546b9f)
set(EBMPI_GPU OFF)
if(Kokkos_ENABLE_CUDA OR Kokkos_ENABLE_HIP)
  set(EBMPI_GPU ON)
endif()

ebmpi_dependency(fmt 9 fmt::fmt 11.0.2
  https://github.com/fmtlib/fmt/releases/download/11.0.2/fmt-11.0.2.zip
  40fc58bebcf38c759e11a7bd8fdc163507d2423ef5058bba7f26280c5b9c5465)
ebmpi_dependency(CLI11 2.3 CLI11::CLI11 2.4.1
  https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.1.tar.gz
  73b7ec52261ce8fe980a29df6b4ceb66243bb0b779451dbd3d014cfec9fdbb58)
ebmpi_dependency(tomlplusplus 3.3 tomlplusplus::tomlplusplus 3.4.0
  https://github.com/marzer/tomlplusplus/archive/refs/tags/v3.4.0.tar.gz
  8517f65938a4faae9ccf8ebb36631a38c1cadfb5efa85d9a72e15b9e97d25155)
# Headers only; its own tests and documentation are not wanted.
set(EIGEN_BUILD_DOC OFF CACHE BOOL "Documentation of an Eigen fetched here")
set(EIGEN_BUILD_PKGCONFIG OFF CACHE BOOL "pkg-config file of an Eigen fetched here")
set(EIGEN_BUILD_TESTING OFF CACHE BOOL "Tests of an Eigen fetched here")
ebmpi_dependency(Eigen3 3.4 Eigen3::Eigen 3.4.0
  https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
  8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
if(EBMPI_TESTS)
  ebmpi_dependency(Catch2 3 Catch2::Catch2 3.7.1
    https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz
    c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c)
endif()
