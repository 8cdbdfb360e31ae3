// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "benchmark/bench_network.hpp"
#include "config/run_config.hpp"
#include "core/fixed_point.hpp"
#include "objective/objective.hpp"

namespace ebmpi::benchmark {

using Scalar = float;

/// An objective with its settings, as a benchmark runs it.
struct BenchObjective {
  std::string name;
  std::string keys;            ///< of [objective]
  std::int64_t negatives = 0;  ///< rows for each data row that are in the batch

  /// A run that trains `network` on samples of its dimension.
  config::RunConfig config(const BenchNetwork& network) const;
  /// False where it would take too long to be of use.
  bool suits(const BenchNetwork& network) const;
};

const std::vector<BenchObjective>& bench_objectives();

/// The gradient of an objective on `rows` samples, with as many rows of negatives as it wants.
class ObjectiveWork {
public:
  ObjectiveWork(const BenchObjective& objective, const BenchNetwork& network, std::int64_t rows);

  void operator()();

  const network::Mlp<Scalar>& mlp() const { return mlp_; }
  /// Floating point operations of a data row.
  double operations() const;

private:
  config::RunConfig config_;
  int dimension_;
  network::Mlp<Scalar> mlp_;
  std::unique_ptr<objective::Objective<Scalar>> objective_;
  objective::JetBatch<Scalar> batch_;
  std::unique_ptr<core::FixedPointSum> sums_;
};

}  // namespace ebmpi::benchmark
