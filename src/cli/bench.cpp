// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "config/parse.hpp"
#include "core/build_info.hpp"
#include "core/fixed_point.hpp"
#include "core/peak.hpp"
#include "core/to_device.hpp"
#include "network/evaluate.hpp"
#include "network/mlp_energy.hpp"
#include "objective/objective.hpp"
#include "sampling/langevin.hpp"
#include "training/blocks.hpp"
#include "training/make_objective.hpp"
#include "training/settings.hpp"

namespace ebmpi::cli {
namespace {

using core::ExecutionSpace;
using Scalar = float;
using Clock = std::chrono::steady_clock;

struct BenchArguments {
  std::int64_t samples = 4096;
  double seconds = 1.0;
  bool json = false;
};

struct BenchNetwork {
  int inputs, width, depth;

  std::string name() const { return fmt::format("{}, {}, {}", inputs, width, depth); }
};

/// What a kernel does to samples, chain steps or, of an objective, data rows.
struct BenchRow {
  std::string name;
  std::string network;
  double samples_per_second = 0;
  double gflops = 0;
  double peak_gflops = 0;

  double utilisation() const { return gflops / peak_gflops; }
};

/// Samples (or chain steps) per second of `launch`, which handles `samples` of them; the first launch is not
/// counted.
double rate_of(const std::function<void()>& launch, double samples, double seconds) {
  launch();
  Kokkos::fence();
  const auto start = Clock::now();
  double elapsed = 0.0;
  std::int64_t launches = 0;
  while (elapsed < seconds) {
    launch();
    Kokkos::fence();
    ++launches;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return samples * static_cast<double>(launches) / elapsed;
}

/// Samples with as many rows of negatives as an objective wants, and the sums to add to.
class ObjectiveWork {
public:
  ObjectiveWork(const objective::Objective<Scalar>& objective, const network::Mlp<Scalar>& mlp,
                std::int64_t rows, std::int64_t negatives)
      : objective_(objective), mlp_(mlp) {
    const core::Rows<Scalar> samples("ebmpi::cli::bench_samples", rows + negatives, mlp.shape().inputs);
    const Kokkos::View<Scalar*, core::MemorySpace> log_noise("ebmpi::cli::bench_log_noise", rows + negatives);
    std::vector<objective::SampleBlock> blocks;
    training::append_blocks(blocks, {0, rows, 0}, core::tile_size / objective.group(), objective::Role::data);
    training::append_blocks(blocks, {rows, negatives, 0}, core::tile_size, objective::Role::negative);
    batch_ = {samples, core::to_device<objective::SampleBlock>(blocks, "ebmpi::cli::bench_blocks"), 1, rows,
              log_noise};
    std::vector<std::int64_t> sizes;
    for (const network::ParameterTensor& tensor : mlp.layout().tensors()) sizes.push_back(tensor.size());
    sizes.insert(sizes.end(), static_cast<std::size_t>(objective.terms()), 1);
    sums_ = std::make_unique<core::FixedPointSum>(sizes, ExecutionSpace().concurrency());
  }

  void operator()() {
    sums_->clear();
    objective_.add(ExecutionSpace(), mlp_.view(), batch_, objective::Task::gradient, sums_->adder(),
                   sums_->workers());
    sums_->collect();
  }

private:
  const objective::Objective<Scalar>& objective_;
  const network::Mlp<Scalar>& mlp_;
  objective::JetBatch<Scalar> batch_;
  std::unique_ptr<core::FixedPointSum> sums_;
};

/// An objective as a row of the table.
struct BenchObjective {
  std::string name;
  std::string config;          ///< keys of [objective]
  std::int64_t negatives = 0;  ///< rows for each data row that are in the batch
};

const std::vector<BenchObjective>& bench_objectives() {
  static const std::vector<BenchObjective> all = {
      {"contrastive_divergence", "kind = \"contrastive_divergence\"", 1},
      {"noise_contrast", "kind = \"noise_contrastive_estimation\"", 4},
      {"denoising", "kind = \"denoising_score_matching\""},
      {"sliced", "kind = \"sliced_score_matching\"\nvariance_reduction = false"},
      {"sliced_reduced", "kind = \"sliced_score_matching\""},
      {"exact", "kind = \"score_matching\""},
      {"energy_discrepancy", "kind = \"energy_discrepancy\"\nperturbations = 3"}};
  return all;
}

/// Exact score matching on more inputs than that takes too long to be of use.
constexpr int most_exact_inputs = 64;

/// One network with samples to evaluate and chains to run.
class Workload {
public:
  Workload(const network::MlpShape& shape, std::int64_t samples)
      : mlp_(shape),
        x_("ebmpi::cli::bench_x", samples, shape.inputs),
        numbers_("ebmpi::cli::bench_numbers", samples),
        energies_("ebmpi::cli::bench_energies", samples) {
    mlp_.initialize(1);
    const auto numbers = Kokkos::create_mirror_view(numbers_);
    for (std::int64_t i = 0; i < samples; ++i) numbers(i) = i;
    Kokkos::deep_copy(numbers_, numbers);
  }

  const network::Mlp<Scalar>& mlp() const { return mlp_; }

  void energy() {
    network::evaluate(ExecutionSpace(), network::MlpEnergy<Scalar>{mlp_.view()}, x_, energies_);
  }
  void langevin(int steps) {
    sampling::LangevinSettings settings;
    settings.steps = steps;
    sampling::run_langevin(ExecutionSpace(), network::MlpEnergy<Scalar>{mlp_.view()}, settings,
                           core::stream_key(1, core::Purpose::chain_noise), 0u, {x_, numbers_});
  }

private:
  network::Mlp<Scalar> mlp_;
  core::Rows<Scalar> x_;
  Kokkos::View<std::int64_t*, core::MemorySpace> numbers_;
  Kokkos::View<Scalar*, core::MemorySpace> energies_;
};

std::vector<BenchRow> bench_network(const BenchNetwork& shape, const BenchArguments& arguments) {
  constexpr int chain_steps = 10;
  const std::vector<int> hidden(static_cast<std::size_t>(shape.depth), shape.width);
  const network::MlpShape plain{shape.inputs, hidden};
  Workload work(plain, arguments.samples);
  const auto samples = static_cast<double>(arguments.samples);
  const double peak = core::measured_peak<Scalar>(0.1 * arguments.seconds) / 1e9;
  const auto weights = static_cast<double>(plain.weights());
  std::vector<BenchRow> rows;
  const auto add = [&](const std::string& name, double work_of_sample, double rate) {
    rows.push_back({name, shape.name(), rate, rate * work_of_sample * weights / 1e9, peak});
  };
  add("energy", 2.0, rate_of([&] { work.energy(); }, samples, arguments.seconds));
  add("langevin", 4.0,
      rate_of([&] { work.langevin(chain_steps); }, samples * chain_steps, arguments.seconds));
  for (const BenchObjective& each : bench_objectives()) {
    if (each.name == "exact" && shape.inputs > most_exact_inputs) continue;
    const config::RunConfig config =
        config::parse_config("[data]\ndensity = \"two_moons\"\n[objective]\n" + each.config, "bench");
    network::MlpShape of_objective = training::mlp_shape(config, shape.inputs);
    of_objective.hidden = hidden;
    network::Mlp<Scalar> mlp(of_objective);
    mlp.initialize(1);
    const auto objective = training::make_objective<Scalar>(config, mlp.shape());
    ObjectiveWork step(*objective, mlp, arguments.samples, each.negatives * arguments.samples);
    add(each.name, objective->work(shape.inputs), rate_of(std::ref(step), samples, arguments.seconds));
  }
  return rows;
}

void print_table(const std::vector<BenchRow>& rows) {
  fmt::print("{:<24} {:<12} {:>14} {:>10} {:>10} {:>12}\n", "kernel", "D, H, depth", "samples/s", "GF/s",
             "peak GF/s", "utilisation");
  for (const BenchRow& row : rows) {
    fmt::print("{:<24} {:<12} {:>14.4g} {:>10.1f} {:>10.1f} {:>11.1f}%\n", row.name, row.network,
               row.samples_per_second, row.gflops, row.peak_gflops, 100.0 * row.utilisation());
  }
}

void print_json(const std::vector<BenchRow>& rows) {
  fmt::print("[");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const BenchRow& row = rows[i];
    fmt::print(
        "{}\n  {{\"name\": \"{}\", \"network\": \"{}\", \"samples_per_second\": {:.6g}, \"gflops\": {:.6g}, "
        "\"peak_gflops\": {:.6g}, \"utilisation\": {:.4f}}}",
        i == 0 ? "" : ",", row.name, row.network, row.samples_per_second, row.gflops, row.peak_gflops,
        row.utilisation());
  }
  fmt::print("\n]\n");
}

int bench(const comm::Communicator& communicator, const BenchArguments& arguments) {
  if (!communicator.is_root()) return 0;
  if (!arguments.json) {
    fmt::print(
        "ebmpi {} ({}), {} threads, packs of {} floats, {} samples; a chain step counts as one, and so does "
        "a data row with all its negatives\n",
        core::build_info().version, core::build_info().git_hash, ExecutionSpace().concurrency(),
        core::pack_width<Scalar>, arguments.samples);
  }
  std::vector<BenchRow> rows;
  for (const BenchNetwork& shape :
       {BenchNetwork{2, 64, 2}, {2, 128, 2}, {8, 256, 3}, {64, 256, 3}, {784, 512, 2}}) {
    for (BenchRow& row : bench_network(shape, arguments)) rows.push_back(std::move(row));
  }
  arguments.json ? print_json(rows) : print_table(rows);
  return 0;
}

}  // namespace

void add_bench(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* const command = program.add_subcommand(
      "bench", "Measure the multiply-add peak and how much of it each kernel reaches (float, SiLU)");
  command->add_option("--samples", arguments->samples, "Samples, or chains, in a launch")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seconds", arguments->seconds, "Time for each measurement")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print an array of rows");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return bench(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
