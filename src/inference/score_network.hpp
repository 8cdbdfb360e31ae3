// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "inference/features.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::inference {

struct NetworkSettings {
  std::vector<int> hidden = {64, 64};
  config::Activation activation = config::Activation::silu;
  config::Precision precision = config::Precision::single_precision;
  double learning_rate = 1e-3;
  std::int64_t updates = 10;  ///< of train(); >= 1
  std::uint64_t seed = 1;
};

/// A multilayer perceptron with an output for each parameter that learns the score of proposals, E[ξ | x],
/// from step to step: its outputs are features of a data row, to which the score is fitted anew in every
/// step. That fit is to simulations which the network has not seen, so that what it says of the information
/// is not flattered.
class ScoreNetwork {
public:
  virtual ~ScoreNetwork() = default;

  /// Rows (n, D + d): those of `rows` (n, D), and behind them the outputs at their standardised selves.
  virtual ShardedRows with_outputs(const ShardedRows& rows, const Standardization& standardization) const = 0;
  /// Updates of Adam along the gradient of the mean ½‖s(x) - ξ‖² over all rows. Collective; throws
  /// core::DivergenceError where it is not finite.
  virtual void train(const ShardedRows& rows, const Standardization& standardization,
                     const ShardedRows& proposals) = 0;

  /// Parameters, Adam's moments and all else that the next update depends on. Collective.
  virtual void write(io::FileWriter& file) const = 0;
  virtual void read(const io::FileReader& file) = 0;
};

/// For n = `simulations` rows of `columns` columns, and d = `parameters`.
std::unique_ptr<ScoreNetwork> make_score_network(const comm::Communicator& communicator,
                                                 const comm::ShardMap& shards,
                                                 const NetworkSettings& settings, std::int64_t simulations,
                                                 std::int64_t columns, std::int64_t parameters);

}  // namespace ebmpi::inference
