// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "benchmark/rate.hpp"
#include "cli/bench_report.hpp"
#include "cli/command.hpp"
#include "core/bandwidth.hpp"
#include "core/peak.hpp"
#include "io/text_file.hpp"

namespace ebmpi::cli {
namespace {

struct BenchArguments {
  std::int64_t samples = 4096;
  double seconds = 1.0;
  std::vector<std::string> networks;
  std::vector<std::string> kernels;
  std::vector<std::string> parts = {"kernels"};
  std::string output;
  bool json = false;

  bool wants(const std::string& part) const {
    return std::ranges::any_of(parts, [&](const std::string& each) { return each == part || each == "all"; });
  }
};

/// Kernels and training steps share the names of objectives; a step has names of its own too.
std::vector<std::string> names_to_choose() {
  std::vector<std::string> names = benchmark::kernel_names();
  for (const std::string& name : benchmark::step_names()) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

BenchReport measure(const comm::Communicator& communicator, const BenchArguments& arguments) {
  BenchReport report;
  report.context = benchmark::context_of(communicator);
  report.samples = arguments.samples;
  report.seconds = arguments.seconds;
  report.peak_gflops =
      benchmark::sum_over_ranks(communicator, core::measured_peak<float>(arguments.seconds)) / 1e9;
  report.bandwidth_gb_per_s =
      benchmark::sum_over_ranks(communicator, core::measured_bandwidth(arguments.seconds)) / 1e9;
  std::vector<benchmark::BenchNetwork> networks;
  for (const std::string& name : arguments.networks) networks.push_back(benchmark::parse_network(name));
  const std::string scratch =
      (arguments.output.empty() ? "ebmpi-bench" : arguments.output) + ".checkpoint.h5";
  for (const auto& network : networks.empty() ? benchmark::bench_networks() : networks) {
    const auto append = [](auto& to, auto&& from) { to.insert(to.end(), from.begin(), from.end()); };
    if (arguments.wants("kernels"))
      append(report.kernels, measure_kernels(communicator, network,
                                             {arguments.samples, arguments.seconds, arguments.kernels}));
    if (arguments.wants("shares"))
      append(report.shares, measure_shares(communicator, network, arguments.samples, arguments.seconds));
    if (arguments.wants("steps"))
      append(report.steps, measure_steps(communicator, network,
                                         {arguments.samples, arguments.seconds, arguments.kernels, scratch}));
  }
  if (arguments.wants("reductions"))
    report.reductions = benchmark::measure_reductions(communicator, arguments.seconds);
  return report;
}

int bench(const comm::Communicator& communicator, const BenchArguments& arguments) {
  if (!arguments.output.empty()) io::require_writable(communicator, arguments.output);
  const BenchReport report = measure(communicator, arguments);
  if (!arguments.output.empty())
    io::write_text_file_atomic(communicator, arguments.output, report_json(report).to_json());
  if (!communicator.is_root()) return 0;
  if (arguments.json) {
    fmt::print("{}", kernels_json(report).to_json());
  } else {
    print_report(report);
  }
  return 0;
}

}  // namespace

void add_bench(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* const command = program.add_subcommand(
      "bench", "Measure the multiply-add peak and how much of it each kernel reaches (float, SiLU)");
  command->add_option("--samples", arguments->samples, "Samples, or chains, of a rank in a launch")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seconds", arguments->seconds, "Time for each measurement")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--network", arguments->networks,
                   "D,H,L: inputs, width and number of hidden layers; may be repeated [five networks]")
      ->delimiter(';');
  command->add_option("--kernel", arguments->kernels, "Only these kernels, or steps; may be repeated [all]")
      ->check(CLI::IsMember(names_to_choose()));
  command
      ->add_option("--part", arguments->parts,
                   "What to measure; may be repeated: kernels; shares of a kernel's time that are not matrix "
                   "products; steps of training, phase by phase; reductions over the ranks; all")
      ->check(CLI::IsMember({"kernels", "shares", "steps", "reductions", "all"}))
      ->capture_default_str();
  command->add_option("--output", arguments->output, "JSON file for all figures and what they belong to");
  command->add_flag("--json", arguments->json, "Print the kernels as a JSON array");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return bench(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
