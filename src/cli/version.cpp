// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/command.hpp"
#include "core/build_info.hpp"
#include "core/pack.hpp"

namespace ebmpi::cli {
namespace {

bool processor_has_avx2() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

}  // namespace

std::string version_text() {
  const core::BuildInfo& build = core::build_info();
  constexpr int width = core::pack_width<float>;
  std::string text = fmt::format("ebmpi {} ({})\n", build.version, build.git_hash);
  for (const core::DependencyVersion& library : build.dependencies) {
    text += fmt::format("{:<10} {}{}\n", library.name, library.version,
                        library.name == "Kokkos" ? fmt::format(" ({})", build.kokkos_backends) : "");
  }
  text += fmt::format("{:<10} {}, packs of {} floats\n", "kernels", build.simd, width);
  text += fmt::format("{:<10} {}, {}\n{:<10} {}", "built", build.build_type, build.compiler, "flags",
                      build.flags);
  if (width == 1 && core::is_host_space<core::ExecutionSpace> && processor_has_avx2()) {
    text +=
        "\nwarning: the kernels are scalar although this processor has AVX2 (they run about 20 times "
        "slower); build "
        "with -DEBMPI_NATIVE=ON or CMAKE_CXX_FLAGS=-march=x86-64-v3";
  }
  return text;
}

}  // namespace ebmpi::cli
