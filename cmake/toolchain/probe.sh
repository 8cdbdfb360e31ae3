# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: what the machine is, and which dependencies the shell has already.
# A small CMake project asks for them as EbmpiDependencies.cmake does; keep the two lists of versions alike.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

os_release() { # FIELD; in a subshell, as the file sets variables of its own
  # shellcheck source=/dev/null
  (set +u && . /etc/os-release && printf '%s' "${!1-}") 2>/dev/null || true
}

has_apt() { type -P apt-get >/dev/null && type -P dpkg >/dev/null; }

is_debian_13() {
  [[ $(os_release ID) == debian ]] || return 1
  local version
  version=$(os_release VERSION_ID)
  [[ -z $version ]] || ((${version%%.*} >= 13)) # testing and unstable have no VERSION_ID
}

write_probe_project() {
  cat >"$1/probe.cpp" <<'CPP'
#include <concepts>
#include <span>
template <std::integral T> T twice(T x) { return x + x; }
int main() { int a[]{0}; return twice(std::span<int>(a)[0]); }
CPP
  cat >"$1/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(probe LANGUAGES C CXX)
try_compile(CXX20 "${CMAKE_BINARY_DIR}/cxx20" "${CMAKE_SOURCE_DIR}/probe.cpp" CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
if(NOT CXX20)
  message(FATAL_ERROR "no C++20 compiler")
endif()
find_package(MPI REQUIRED COMPONENTS C)
set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "HDF5 is not parallel")
endif()
find_package(Kokkos 4.6 QUIET)
find_package(fmt 9 QUIET)
find_package(CLI11 2.3 QUIET)
find_package(tomlplusplus 3.3 QUIET)
find_package(Eigen3 3.4 QUIET)
find_package(Catch2 3 QUIET)
set(found base)
if(Kokkos_FOUND AND fmt_FOUND AND CLI11_FOUND AND tomlplusplus_FOUND AND Eigen3_FOUND AND Catch2_FOUND)
  set(found full)
endif()
file(WRITE "${CMAKE_BINARY_DIR}/found" "${found}")
CMAKE
}

# Prints full (everything), base (all but libraries that CMake can fetch) or none.
probe_installed() {
  local scratch
  if ! { type -P cmake && type -P python3 && { type -P mpicc || type -P mpicxx; }; } >/dev/null ||
    ! python3 -c 'import numpy, h5py, matplotlib' >/dev/null 2>&1; then
    echo none
    return
  fi
  scratch=$(mktemp -d)
  write_probe_project "$scratch"
  cmake -S "$scratch" -B "$scratch/build" >"$scratch/log" 2>&1 </dev/null || true
  if [[ -s $scratch/build/found ]]; then cat "$scratch/build/found"; else echo none; fi
  rm -rf --one-file-system "$scratch"
}
