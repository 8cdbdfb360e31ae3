// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "core/build_info.hpp"
#include "core/fixed_point.hpp"
#include "core/peak.hpp"
#include "network/evaluate.hpp"
#include "network/mlp_energy.hpp"
#include "objective/contrastive_divergence.hpp"
#include "objective/jet_gradient.hpp"
#include "sampling/langevin.hpp"

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

/// What a kernel does to `samples` samples: in units of W, the weights of all matrices.
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

/// One network with samples and sums to work on.
class Workload {
public:
  Workload(const BenchNetwork& shape, std::int64_t samples)
      : mlp_({shape.inputs, std::vector<int>(shape.depth, shape.width), network::Activation::silu}),
        x_("ebmpi::cli::bench_x", samples, shape.inputs),
        numbers_("ebmpi::cli::bench_numbers", samples),
        energies_("ebmpi::cli::bench_energies", samples),
        blocks_("ebmpi::cli::bench_blocks", core::tile_count(samples)) {
    mlp_.initialize(1);
    const auto numbers = Kokkos::create_mirror_view(numbers_);
    for (std::int64_t i = 0; i < samples; ++i) numbers(i) = i;
    Kokkos::deep_copy(numbers_, numbers);
    const auto blocks = Kokkos::create_mirror_view(blocks_);
    for (std::int64_t b = 0; b < core::tile_count(samples); ++b) {
      const std::int64_t first = b * core::tile_size;
      const std::int64_t count = samples - first < core::tile_size ? samples - first : core::tile_size;
      blocks(b) = {first, static_cast<int>(count), static_cast<int>(b % 2)};
    }
    Kokkos::deep_copy(blocks_, blocks);
    std::vector<std::int64_t> sizes;
    for (const network::ParameterTensor& tensor : mlp_.layout().tensors()) sizes.push_back(tensor.size());
    sizes.insert(sizes.end(), 4, 1);
    sums_ = std::make_unique<core::FixedPointSum>(sizes, ExecutionSpace().concurrency());
  }

  double weights() const { return static_cast<double>(mlp_.shape().weights()); }

  void energy() {
    network::evaluate(ExecutionSpace(), network::MlpEnergy<Scalar>{mlp_.view()}, x_, energies_);
  }
  void langevin(int steps) {
    sampling::LangevinSettings settings;
    settings.steps = steps;
    sampling::run_langevin(ExecutionSpace(), network::MlpEnergy<Scalar>{mlp_.view()}, settings,
                           core::stream_key(1, core::Purpose::chain_noise), 0u, {x_, numbers_});
  }
  void gradient() {
    sums_->clear();
    const objective::ContrastiveDivergence<Scalar> weigher{0.1f};
    objective::add_jet_gradients(ExecutionSpace(), mlp_.view(), weigher, {x_, {}, blocks_}, sums_->adder(),
                                 sums_->workers());
    sums_->collect();
  }

private:
  network::Mlp<Scalar> mlp_;
  core::Rows<Scalar> x_;
  Kokkos::View<std::int64_t*, core::MemorySpace> numbers_;
  Kokkos::View<Scalar*, core::MemorySpace> energies_;
  Kokkos::View<objective::SampleBlock*, core::MemorySpace> blocks_;
  std::unique_ptr<core::FixedPointSum> sums_;
};

std::vector<BenchRow> bench_network(const BenchNetwork& shape, const BenchArguments& arguments) {
  constexpr int chain_steps = 10;
  Workload work(shape, arguments.samples);
  const auto samples = static_cast<double>(arguments.samples);
  const double peak = core::measured_peak<Scalar>(0.1 * arguments.seconds) / 1e9;
  std::vector<BenchRow> rows;
  const auto add = [&](const std::string& name, double flops_in_weights, double rate) {
    rows.push_back({name, shape.name(), rate, rate * flops_in_weights * work.weights() / 1e9, peak});
  };
  add("energy", 2.0, rate_of([&] { work.energy(); }, samples, arguments.seconds));
  add("langevin", 4.0,
      rate_of([&] { work.langevin(chain_steps); }, samples * chain_steps, arguments.seconds));
  add("parameter_gradient", 6.0, rate_of([&] { work.gradient(); }, samples, arguments.seconds));
  return rows;
}

void print_table(const std::vector<BenchRow>& rows) {
  fmt::print("{:<20} {:<12} {:>14} {:>10} {:>10} {:>12}\n", "kernel", "D, H, depth", "samples/s", "GF/s",
             "peak GF/s", "utilisation");
  for (const BenchRow& row : rows) {
    fmt::print("{:<20} {:<12} {:>14.4g} {:>10.1f} {:>10.1f} {:>11.1f}%\n", row.name, row.network,
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
    fmt::print("ebmpi {} ({}), {} threads, packs of {} floats, {} samples; a chain step counts as a sample\n",
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
