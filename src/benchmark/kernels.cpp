// SPDX-License-Identifier: Apache-2.0
#include "benchmark/kernels.hpp"

#include <algorithm>

#include "benchmark/bench_objective.hpp"
#include "benchmark/chain_work.hpp"
#include "benchmark/rate.hpp"
#include "core/peak.hpp"

namespace ebmpi::benchmark {
namespace {

/// Operations of an energy and of a step of Langevin or a leapfrog, in units of W.
constexpr double energy_work = 2.0, langevin_work = 4.0;

/// Of a trajectory.
constexpr int leapfrogs = 10;

class KernelTable {
public:
  KernelTable(const comm::Communicator& communicator, const BenchNetwork& network,
              const KernelSettings& settings)
      : communicator_(communicator), network_(network), settings_(settings) {}

  bool wants(const std::string& name) const {
    const std::vector<std::string>& names = settings_.kernels;
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  }

  /// `launch` handles the settings' samples `times` times, each at so many operations.
  void measure(const std::string& name, double operations, int times, const std::function<void()>& launch) {
    const double peak =
        sum_over_ranks(communicator_, core::measured_peak<Scalar>(0.1 * settings_.seconds)) / 1e9;
    const double items = static_cast<double>(settings_.samples) * times;
    const double rate = rate_of(communicator_, launch, items, settings_.seconds);
    rows.push_back({name, network_.name(), rate, rate * operations / 1e9, peak});
  }

  std::vector<KernelRow> rows;

private:
  const comm::Communicator& communicator_;
  const BenchNetwork& network_;
  const KernelSettings& settings_;
};

}  // namespace

std::vector<std::string> kernel_names() {
  std::vector<std::string> names = {"energy", "langevin", "mala", "hmc"};
  for (const BenchObjective& objective : bench_objectives()) names.push_back(objective.name);
  return names;
}

std::vector<KernelRow> measure_kernels(const comm::Communicator& communicator, const BenchNetwork& network,
                                       const KernelSettings& settings) {
  KernelTable table(communicator, network, settings);
  const auto weights = static_cast<double>(network.shape().weights());
  ChainWork chains(network, settings.samples);
  if (table.wants("energy")) table.measure("energy", energy_work * weights, 1, [&] { chains.energy(); });
  if (table.wants("langevin")) {
    table.measure("langevin", langevin_work * weights, chain_steps, [&] { chains.langevin(chain_steps); });
  }
  if (table.wants("mala")) {
    table.measure("mala", langevin_work * weights, chain_steps, [&] { chains.transitions(chain_steps, 1); });
  }
  if (table.wants("hmc")) {
    table.measure("hmc", langevin_work * weights, chain_steps,
                  [&] { chains.transitions(chain_steps / leapfrogs, leapfrogs); });
  }
  for (const BenchObjective& objective : bench_objectives()) {
    if (!table.wants(objective.name) || !objective.suits(network)) continue;
    ObjectiveWork work(objective, network, settings.samples);
    table.measure(objective.name, work.operations(), 1, std::ref(work));
  }
  return table.rows;
}

}  // namespace ebmpi::benchmark
