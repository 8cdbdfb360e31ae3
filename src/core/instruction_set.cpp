// SPDX-License-Identifier: Apache-2.0
#include "core/instruction_set.hpp"

#include "core/pack.hpp"

namespace ebmpi::core {
namespace {

constexpr int pack_bytes = pack_width<float> * static_cast<int>(sizeof(float));

#if defined(__x86_64__) && defined(__GNUC__)
bool processor_has_avx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0;
}
bool processor_has_avx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}
#else
bool processor_has_avx512() {
  return false;
}
bool processor_has_avx2() {
  return false;
}
#endif

}  // namespace

std::string lost_speed() {
  if constexpr (!is_host_space<ExecutionSpace>) return "";
  constexpr int avx512_bytes = 64, avx2_bytes = 32;
  if (pack_bytes < avx2_bytes && processor_has_avx2()) {
    return "the kernels do without the AVX2 that this processor has (they run several times slower); build "
           "with "
           "-DEBMPI_NATIVE=ON, or with CMAKE_CXX_FLAGS=-march=x86-64-v3 for all processors since 2015";
  }
  if (pack_bytes < avx512_bytes && processor_has_avx512()) {
    return "the kernels use AVX2 although this processor has AVX-512 (with which they run up to twice as "
           "fast); "
           "build with -DEBMPI_NATIVE=ON, or with CMAKE_CXX_FLAGS=-march=x86-64-v4";
  }
  return "";
}

}  // namespace ebmpi::core
