// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_report.hpp"

#include <fmt/format.h>

#include "core/build_info.hpp"
#include "core/instruction_set.hpp"
#include "core/pack.hpp"

namespace ebmpi::cli {
namespace {

std::string version_of(std::string_view library) {
  for (const core::DependencyVersion& each : core::build_info().dependencies) {
    if (each.name == library) return std::string(each.version);
  }
  return "unknown";
}

Json context_json(const BenchReport& report) {
  const core::BuildInfo& build = core::build_info();
  Json json = Json::object();
  json.set("program_version", build.version)
      .set("git_hash", build.git_hash)
      .set("date", report.context.date)
      .set("host", report.context.host)
      .set("processor", report.context.processor)
      .set("ranks", report.context.ranks)
      .set("threads_per_rank", report.context.threads_per_rank)
      .set("simd", build.simd)
      .set("pack_width", core::pack_width<float>)
      .set("compiler", build.compiler)
      .set("flags", build.flags)
      .set("backend", build.kokkos_backends)
      .set("kokkos", version_of("Kokkos"))
      .set("mpi", version_of("MPI"))
      .set("precision", "float")
      .set("samples", report.samples)
      .set("seconds", report.seconds);
  return json;
}

Json step_json(const benchmark::StepRow& row, int ranks) {
  Json phases = Json::object();
  for (const auto& [name, seconds] : row.phases) phases.set(name, seconds);
  Json json = Json::object();
  json.set("objective", row.objective)
      .set("network", row.network)
      .set("batch_size", row.batch_size)
      .set("ranks", ranks)
      .set("parameters", row.parameters)
      .set("seconds_per_step", row.seconds_per_step)
      .set("phases", std::move(phases))
      .set("checkpoint_seconds", row.checkpoint_seconds);
  return json;
}

Json share_json(const benchmark::ShareRow& row) {
  Json json = Json::object();
  json.set("kernel", row.kernel)
      .set("network", row.network)
      .set("noise", row.noise)
      .set("activations", row.activations)
      .set("fixed_point", row.fixed_point)
      .set("copies", row.copies);
  return json;
}

void print_kernels(const std::vector<benchmark::KernelRow>& rows) {
  if (rows.empty()) return;
  fmt::print("{:<24} {:<12} {:>14} {:>10} {:>10} {:>12}\n", "kernel", "D, H, depth", "samples/s", "GF/s",
             "peak GF/s", "utilisation");
  for (const benchmark::KernelRow& row : rows) {
    fmt::print("{:<24} {:<12} {:>14.4g} {:>10.1f} {:>10.1f} {:>11.1f}%\n", row.name, row.network,
               row.samples_per_second, row.gflops, row.peak_gflops, 100.0 * row.utilisation());
  }
}

void print_shares(const std::vector<benchmark::ShareRow>& rows) {
  if (rows.empty()) return;
  fmt::print(
      "\nshares of a kernel's time that are not matrix products\n{:<24} {:<12} {:>8} {:>12} {:>12} {:>8}\n",
      "kernel", "D, H, depth", "noise", "activations", "fixed point", "copies");
  for (const benchmark::ShareRow& row : rows) {
    fmt::print("{:<24} {:<12} {:>7.1f}% {:>11.1f}% {:>11.1f}% {:>7.1f}%\n", row.kernel, row.network,
               100.0 * row.noise, 100.0 * row.activations, 100.0 * row.fixed_point, 100.0 * row.copies);
  }
}

void print_steps(const std::vector<benchmark::StepRow>& rows) {
  if (rows.empty()) return;
  fmt::print("\ntraining steps, in milliseconds\n{:<34} {:<12} {:>8} {:>9} {:>11}  {}\n", "objective",
             "D, H, depth", "batch", "step", "checkpoint", "phases");
  for (const benchmark::StepRow& row : rows) {
    std::string phases;
    for (const auto& [name, seconds] : row.phases) {
      phases += fmt::format("{}{} {:.3g} ({:.0f} %)", phases.empty() ? "" : ", ", name, 1e3 * seconds,
                            100.0 * seconds / row.seconds_per_step);
    }
    fmt::print("{:<34} {:<12} {:>8} {:>9.3f} {:>11.1f}  {}\n", row.objective, row.network, row.batch_size,
               1e3 * row.seconds_per_step, 1e3 * row.checkpoint_seconds, phases);
  }
}

void print_reductions(const benchmark::ReductionCost& cost) {
  if (cost.measured.empty()) return;
  fmt::print("\nsum over the ranks: {:.3g} us and {:.3g} GB/s\n{:>12} {:>12}\n", 1e6 * cost.latency,
             1e-9 / cost.seconds_per_byte, "bytes", "us");
  for (const benchmark::Reduction& each : cost.measured)
    fmt::print("{:>12} {:>12.1f}\n", each.bytes, 1e6 * each.seconds);
}

}  // namespace

Json kernels_json(const BenchReport& report) {
  Json rows = Json::array();
  for (const benchmark::KernelRow& row : report.kernels) {
    Json json = Json::object();
    json.set("name", row.name)
        .set("network", row.network)
        .set("samples_per_second", row.samples_per_second)
        .set("gflops", row.gflops)
        .set("peak_gflops", row.peak_gflops)
        .set("utilisation", row.utilisation());
    rows.add(std::move(json));
  }
  return rows;
}

Json report_json(const BenchReport& report) {
  Json shares = Json::array(), steps = Json::array(), reductions = Json::array();
  for (const auto& row : report.shares) shares.add(share_json(row));
  for (const auto& row : report.steps) steps.add(step_json(row, report.context.ranks));
  for (const auto& each : report.reductions.measured) {
    Json json = Json::object();
    json.set("bytes", each.bytes).set("seconds", each.seconds);
    reductions.add(std::move(json));
  }
  Json json = Json::object();
  json.set("context", context_json(report))
      .set("peak_gflops", report.peak_gflops)
      .set("bandwidth_gb_per_s", report.bandwidth_gb_per_s)
      .set("kernels", kernels_json(report))
      .set("shares", std::move(shares))
      .set("steps", std::move(steps))
      .set("reductions", std::move(reductions))
      .set("latency_seconds", report.reductions.latency)
      .set("seconds_per_byte", report.reductions.seconds_per_byte);
  return json;
}

void print_report(const BenchReport& report) {
  const core::BuildInfo& build = core::build_info();
  fmt::print(
      "ebmpi {} ({}), {}, {} x {} threads, {}, packs of {} floats, {} samples a rank; a chain step counts as "
      "one, and so does a data row with all its negatives\nmultiply-add peak {:.1f} GF/s, memory {:.1f} "
      "GB/s\n",
      build.version, build.git_hash, report.context.processor, report.context.ranks,
      report.context.threads_per_rank, build.simd, core::pack_width<float>, report.samples,
      report.peak_gflops, report.bandwidth_gb_per_s);
  if (const std::string loss = core::lost_speed(); !loss.empty()) fmt::print("warning: {}\n", loss);
  print_kernels(report.kernels);
  print_shares(report.shares);
  print_steps(report.steps);
  print_reductions(report.reductions);
}

}  // namespace ebmpi::cli
