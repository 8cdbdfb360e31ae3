# SPDX-License-Identifier: Apache-2.0
# The flags that every target of the project shares. Kokkos' SIMD types choose their width from the KOKKOS_ARCH_* macros of the
# installed package; a package built for baseline x86-64 would leave them scalar, so the macro that belongs to the
# instruction set in use is defined here when the package does not define one. Afterwards EBMPI_SIMD names that width.
include(CheckCXXSourceCompiles)
include(CheckCXXCompilerFlag)

add_library(ebmpi_build_flags INTERFACE)
set_target_properties(ebmpi_build_flags PROPERTIES EXPORT_NAME build_flags)
set_property(GLOBAL APPEND PROPERTY EBMPI_INSTALLED_TARGETS ebmpi_build_flags)

check_cxx_compiler_flag(-march=native EBMPI_HAS_MARCH_NATIVE)
set(_native "")
# A -march of the user's own wins. On a GPU the kernels need no instruction set of the host, and nvcc trips over some.
if(EBMPI_NATIVE AND EBMPI_HAS_MARCH_NATIVE AND NOT EBMPI_GPU AND NOT CMAKE_CXX_FLAGS MATCHES "-m(arch|cpu)=")
  set(_native -march=native)
endif()

# ebmpi_probe(MACRO FLAG RESULT): whether the compiler, with the user's flags and FLAG, defines MACRO. The answer is cached
# for these flags only.
function(ebmpi_probe MACRO FLAG RESULT)
  string(MD5 key "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_FLAGS} ${FLAG} ${MACRO}")
  set(CMAKE_REQUIRED_FLAGS "${FLAG}")
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("#ifndef ${MACRO}\n#error absent\n#endif\nint main() { return 0; }" EBMPI_PROBE_${key})
  set(${RESULT} ${EBMPI_PROBE_${key}} PARENT_SCOPE)
endfunction()
ebmpi_probe(__AVX512DQ__ "${_native}" _avx512)
ebmpi_probe(__AVX2__ "${_native}" _avx2)
ebmpi_probe(__ARM_NEON "${_native}" _neon)

# What the Kokkos in use was configured for; its configuration header says it for an installed and for a built one alike.
get_target_property(_includes Kokkos::kokkos INTERFACE_INCLUDE_DIRECTORIES)
unset(_config_header)
find_file(_config_header KokkosCore_config.h HINTS ${Kokkos_BINARY_DIR} ${_includes} NO_CACHE)
set(_kokkos_arch "")
if(_config_header)
  file(STRINGS ${_config_header} _kokkos_arch REGEX "^ *#define KOKKOS_ARCH_(AVX512XEON|AVX2|ARM_NEON)")
endif()

set(EBMPI_KOKKOS_ARCH "")
if(EBMPI_GPU)
  set(EBMPI_SIMD "GPU threads")
elseif(_kokkos_arch MATCHES "AVX512XEON")
  set(EBMPI_SIMD AVX-512)
elseif(_kokkos_arch MATCHES "AVX2")
  set(EBMPI_SIMD AVX2)
elseif(_kokkos_arch MATCHES "ARM_NEON")
  set(EBMPI_SIMD NEON)
elseif(_avx512)
  set(EBMPI_SIMD AVX-512)
  set(EBMPI_KOKKOS_ARCH KOKKOS_ARCH_AVX512XEON)
elseif(_avx2)
  set(EBMPI_SIMD AVX2)
  set(EBMPI_KOKKOS_ARCH KOKKOS_ARCH_AVX2)
elseif(_neon)
  set(EBMPI_SIMD NEON)
  set(EBMPI_KOKKOS_ARCH KOKKOS_ARCH_ARM_NEON)
else()
  set(EBMPI_SIMD "128-bit vectors")
endif()
message(STATUS "Width of the CPU kernels: ${EBMPI_SIMD}")
if(EBMPI_SIMD STREQUAL "128-bit vectors" AND EBMPI_HAS_MARCH_NATIVE)
  ebmpi_probe(__AVX2__ -march=native _machine_has_avx2)
  if(_machine_has_avx2)
    message(WARNING "The kernels are built for 128-bit vectors although this machine has AVX2 (EBMPI_NATIVE=${EBMPI_NATIVE}, "
                    "CMAKE_CXX_FLAGS=\"${CMAKE_CXX_FLAGS}\"), which is several times slower; turn EBMPI_NATIVE on, or pass "
                    "the oldest instruction set that the program must run on, for example -DCMAKE_CXX_FLAGS=-march=x86-64-v3")
  endif()
endif()

set(_flags ${_native})
if(NOT EBMPI_GPU)
  # Square roots and rounding are vectorised only when they need not set errno or trap; neither changes a result.
  list(APPEND _flags -fno-math-errno -fno-trapping-math)
  check_cxx_compiler_flag(-mprefer-vector-width=512 EBMPI_HAS_PREFER_512)
  if(_avx512 AND EBMPI_HAS_PREFER_512)
    list(APPEND _flags -mprefer-vector-width=512)
  endif()
  check_cxx_compiler_flag(-fopenmp-simd EBMPI_HAS_OPENMP_SIMD)
  if(EBMPI_HAS_OPENMP_SIMD)
    list(APPEND _flags -fopenmp-simd)
  endif()
endif()
set(EBMPI_ARCHITECTURE_FLAGS ${_flags})

# These travel to whoever links the installed libraries: the width of a pack is part of their binary interface.
target_compile_options(ebmpi_build_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${_flags}>")
target_compile_definitions(ebmpi_build_flags INTERFACE ${EBMPI_KOKKOS_ARCH})
target_compile_features(ebmpi_build_flags INTERFACE cxx_std_20)

# Warnings and sanitizers are this project's own business: they do not travel.
set(_own -Wall -Wextra -Wno-unknown-pragmas)
if(EBMPI_WARNINGS_AS_ERRORS)
  list(APPEND _own -Werror)
endif()
if(EBMPI_SANITIZE)
  list(APPEND _own -fsanitize=${EBMPI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(ebmpi_build_flags INTERFACE $<BUILD_INTERFACE:-fsanitize=${EBMPI_SANITIZE}>)
endif()
target_compile_options(ebmpi_build_flags INTERFACE "$<BUILD_INTERFACE:$<$<COMPILE_LANGUAGE:CXX>:${_own}>>")
