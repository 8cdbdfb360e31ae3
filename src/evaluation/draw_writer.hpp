// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "evaluation/chain_run.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::evaluation {

/// Writes draws to a file while they are made, so that memory does not grow with them: /posterior/x (chains,
/// draws, D), and in /sample_stats for each draw lp = -E/T, energy, acceptance_rate and diverging, as ArviZ
/// reads them. All members are collective.
template <class Scalar>
class DrawWriter {
public:
  /// `energies`: whether the model gives any. Draws are kept until about 4 MiB of a rank are full; where its
  /// chains change from draw to draw, as with tempering, each is written by itself.
  DrawWriter(io::FileWriter& file, std::int64_t chains, std::int64_t draws, std::int64_t dimension,
             double temperature, bool energies, bool chains_stay);

  void add(const ChainStates<Scalar>& states);
  /// Writes what is still kept. To be called before the file is read or committed.
  void flush();

private:
  void write_numbers(const std::string& name, const std::vector<Scalar>& values);

  io::FileWriter& file_;
  std::int64_t dimension_, most_kept_;
  double temperature_;
  bool energies_;
  std::int64_t written_ = 0;
  std::vector<ChainStates<Scalar>> kept_;
};

}  // namespace ebmpi::evaluation
