// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/random.hpp"
#include "core/tile_rows.hpp"
#include "data/training_data.hpp"

namespace ebmpi::training {

/// A normal distribution b about the data, twice as broad in every coordinate, that is blended into the
/// density of a flow. Where neither data nor the flow have samples nothing else holds the energy up (a
/// defensive mixture, Hesterberg 1995, doi:10.1080/00401706.1995.10484303).
template <class Scalar>
class BroadNoise {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  BroadNoise(const data::ModelSpaceMoments& moments, core::PhiloxKey key);

  /// Row i of x (N, D) becomes sample `first_number` + i of `step` with probability `share`, and stays as it
  /// is otherwise.
  void draw(double share, std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x) const;
  /// log_density (N), log q, becomes log(flow_weight q(x) + own_weight b(x)) at x (N, D); both weights > 0.
  void blend(double flow_weight, double own_weight, const core::Rows<Scalar>& x,
             const Buffer& log_density) const;

private:
  Buffer mean_, deviation_;  // (D)
  double log_peak_ = 0.0;    // log b at its mean
  core::PhiloxKey key_;
};

}  // namespace ebmpi::training
