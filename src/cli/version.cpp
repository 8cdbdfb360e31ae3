// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/command.hpp"
#include "core/build_info.hpp"
#include "core/instruction_set.hpp"
#include "core/pack.hpp"

namespace ebmpi::cli {

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
  if (const std::string loss = core::lost_speed(); !loss.empty()) text += "\nwarning: " + loss;
  return text;
}

}  // namespace ebmpi::cli
