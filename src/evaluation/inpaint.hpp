// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/row_chains.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

struct InpaintSettings {
  RowMoves moves;
  std::int64_t warm_up = 200;      ///< transitions that tune the step
  std::int64_t steps = 200;        ///< transitions from there to the first draw
  std::int64_t draws = 1;          ///< of each row
  std::int64_t thin = 10;          ///< transitions between draws
  std::vector<bool> unknown = {};  ///< (D), columns that are unknown in all rows; empty: none
  bool keeps_draws = false;        ///< whether all draws are wanted
};

/// Some rows whose unknown numbers were drawn. Known numbers are the bits that they were.
template <class Scalar>
struct InpaintedRows {
  std::vector<double> x;           ///< (B, D), the last draw
  std::vector<double> mean;        ///< (B, D), over the draws
  std::vector<double> deviation;   ///< (B, D), over the draws; of one draw 0
  std::vector<double> draws;       ///< (B, draws, D), where they are wanted
  std::vector<Scalar> energy;      ///< (B), E of the last draw
  std::vector<double> acceptance;  ///< (B), mean probability of acceptance
  std::int64_t unknown = 0;        ///< numbers that were
};

/// Draws the unknown numbers of rows from p(unknown | known), by Hamiltonian trajectories in which the known
/// coordinates do not move. A row is a pure function of itself, its number and the settings.
template <class Scalar>
class Inpainter {
public:
  /// Throws core::InputError where the model is a score network, or sees a projection of the data.
  Inpainter(const training::Model<Scalar>& model, const InpaintSettings& settings);

  /// `rows` (B, D) row-major in data units, rows `first`, `first` + 1, … of the data set; NaN is unknown.
  /// Throws core::InputError where a row has no finite energy.
  InpaintedRows<Scalar> operator()(std::int64_t first, std::span<const double> rows) const;

private:
  bool is_unknown(std::span<const double> rows, std::size_t index) const;
  core::Rows<Scalar> start(std::int64_t first, const core::Rows<Scalar>& known,
                           const core::Rows<Scalar>& free) const;
  std::vector<double> in_data_units(std::span<const double> rows, const core::Rows<Scalar>& z) const;
  void check_energies(std::int64_t first, const std::vector<Scalar>& energies) const;

  const training::Model<Scalar>& model_;
  InpaintSettings settings_;
};

}  // namespace ebmpi::evaluation
