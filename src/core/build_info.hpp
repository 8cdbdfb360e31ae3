// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace ebmpi::core {

/// A library that the program was built with, for example {"HDF5", "1.14.5"}.
struct DependencyVersion {
  std::string_view name;
  std::string_view version;
};

/// What this build is made of, as found when CMake configured it.
struct BuildInfo {
  std::string_view version;          ///< of the project, "0.1.0"
  std::string_view git_hash;         ///< 12 digits, "-modified" behind them for changed files; or "unknown"
  std::string_view build_type;       ///< "Release", "Debug", …
  std::string_view compiler;         ///< "GNU 14.2.0"
  std::string_view flags;            ///< optimisation and instruction set
  std::string_view simd;             ///< "AVX-512", "AVX2", "NEON", "128-bit vectors" or "GPU threads"
  std::string_view kokkos_backends;  ///< "OPENMP", "CUDA OPENMP", …
  std::array<DependencyVersion, 6> dependencies;
};

const BuildInfo& build_info();

}  // namespace ebmpi::core
