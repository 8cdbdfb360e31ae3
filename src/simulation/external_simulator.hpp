// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulation/worker_pool.hpp"

namespace ebmpi::simulation {

/// Any executable, spoken to as README.md has it. Each row comes with a seed of 53 bits, a pure function of
/// (key, number, step): what a simulator computes from it alone does not depend on ranks, threads and
/// workers. Where the settings leave D open, one row of typical parameters is simulated at once, on every
/// rank.
class ExternalSimulator final : public Simulator {
public:
  /// Throws core::InputError where there is no command, where parameters have no or equal names, and where
  /// the first row fails.
  explicit ExternalSimulator(const Settings& settings);

  const std::vector<Parameter>& parameters() const override { return parameters_; }
  int columns() const override { return static_cast<int>(pool_.columns()); }
  void simulate(const Context& context, std::span<const double> theta, std::span<double> x) override;
  Tally tally() const override { return pool_.tally(); }

private:
  std::vector<Parameter> parameters_;
  WorkerPool pool_;
};

/// The seed of row `number`, in [0, 2⁵³), which every language can hold exactly.
std::uint64_t seed_of_row(core::PhiloxKey key, std::uint32_t step, std::int64_t number);

}  // namespace ebmpi::simulation
