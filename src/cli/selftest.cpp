// SPDX-License-Identifier: Apache-2.0
#include "selftest/selftest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "core/build_info.hpp"
#include "core/pack.hpp"

namespace ebmpi::cli {
namespace {

using selftest::Check;

/// Characters of UTF-8 text that take a column.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xc0u) != 0x80u; }));
}

/// Those that failed come last, where they are seen.
void print_table(std::vector<Check> checks, int ranks) {
  std::stable_partition(checks.begin(), checks.end(), [](const Check& check) { return check.passed(); });
  std::size_t widest = 0;
  for (const Check& check : checks) widest = std::max(widest, width_of(check.name));
  const auto padded = [&](const std::string& name) {
    return name + std::string(widest - width_of(name), ' ');
  };
  fmt::print("{} {:>10} {:>10} {:<24} verdict\n", padded("check"), "error", "tolerance", "which is");
  for (const Check& check : checks) {
    const std::string where = check.passed() || ranks == 1 ? "" : fmt::format(" on rank {}", check.rank);
    fmt::print("{} {:>10.2e} {:>10.2e} {:<24} {}{}\n", padded(check.name), check.error, check.tolerance,
               check.basis, check.passed() ? "good" : "FAILED", where);
  }
}

void print_json(const std::vector<Check>& checks, int ranks, std::int64_t failed, double seconds) {
  Json rows = Json::array();
  for (const Check& check : checks) {
    Json row = Json::object();
    row.set("name", check.name)
        .set("error", check.error)
        .set("tolerance", check.tolerance)
        .set("basis", check.basis)
        .set("rank", check.rank)
        .set("passed", check.passed());
    rows.add(row);
  }
  Json result = Json::object();
  result.set("version", core::build_info().version)
      .set("backend", core::ExecutionSpace::name())
      .set("ranks", ranks)
      .set("seconds", seconds)
      .set("failed", failed)
      .set("checks", rows);
  fmt::print("{}\n", result.to_json());
}

int selftest(const comm::Communicator& communicator, bool json) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const std::vector<Check> checks = selftest::run_selftest(communicator);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const auto failed = std::count_if(checks.begin(), checks.end(), [](const Check& c) { return !c.passed(); });
  if (communicator.is_root()) {
    if (json) {
      print_json(checks, communicator.size(), failed, seconds);
    } else {
      print_table(checks, communicator.size());
      fmt::print("{} of {} checks failed; ebmpi {} ({}), {}, {} ranks, {:.1f} s\n", failed, checks.size(),
                 core::build_info().version, core::build_info().git_hash, core::ExecutionSpace::name(),
                 communicator.size(), seconds);
    }
  }
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

void add_selftest(CLI::App& program, Action& action) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* const command = program.add_subcommand(
      "selftest", "Check this build on this machine against results that are known in closed form");
  command->footer(
      "Random numbers, exact sums, networks, every objective's loss, gradient and minimum, the sampler and "
      "the optimizers, in single precision on the device that training uses. Every rank does all of it; the "
      "error shown is the largest of any rank. A tolerance is a number of roundings to float, or four "
      "standard errors of a mean of random numbers, which are the same in every run. Exit code 1 where a "
      "check fails: the build, a library or the machine of that rank is at fault.");
  command->add_flag("--json", *json, "Print an object with an array of checks");
  command->callback([json, &action] {
    action = [json](const comm::Communicator& communicator) { return selftest(communicator, *json); };
  });
}

}  // namespace ebmpi::cli
