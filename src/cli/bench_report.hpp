// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "benchmark/context.hpp"
#include "benchmark/kernels.hpp"
#include "benchmark/reductions.hpp"
#include "benchmark/shares.hpp"
#include "benchmark/steps.hpp"
#include "cli/json.hpp"

namespace ebmpi::cli {

/// What `ebmpi bench` has measured; what was not asked for is empty, or 0.
struct BenchReport {
  benchmark::Context context;
  std::int64_t samples = 0;
  double seconds = 0;
  double peak_gflops = 0;
  double bandwidth_gb_per_s = 0;
  std::vector<benchmark::KernelRow> kernels;
  std::vector<benchmark::ShareRow> shares;
  std::vector<benchmark::StepRow> steps;
  benchmark::ReductionCost reductions;
};

/// The rows of `bench --json`.
Json kernels_json(const BenchReport& report);
/// The document of `bench --output`.
Json report_json(const BenchReport& report);

/// What the figures belong to, and tables of all that was measured.
void print_report(const BenchReport& report);

}  // namespace ebmpi::cli
