// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"

namespace ebmpi::inference {

using config::FeatureKind;

/// Rows (n, D) of a rank, row-major: those of its shards' slices of `total`.
struct ShardedRows {
  std::int64_t total = 0;      ///< over all ranks
  comm::IndexRange owned;      ///< global numbers of this rank's
  std::int64_t columns = 0;    ///< D
  std::vector<double> values;  // (owned, D)

  /// By global number, which this rank owns.
  std::span<const double> row(std::int64_t number) const {
    return std::span(values).subspan(static_cast<std::size_t>((number - owned.first) * columns),
                                     static_cast<std::size_t>(columns));
  }
};

/// Mean and standard deviation of the columns of data rows; a constant column has deviation 1.
struct Standardization {
  std::vector<double> mean, deviation;  // (D)
};

/// Over all ranks, by exact sums: the same bits on each. Collective; not finite where the rows are not.
Standardization standardization_of(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                   const ShardedRows& rows);

/// The F features of a data row x (D), from z = (x - mean) / deviation: z_0 … z_{D-1}, and, quadratic, z_i
/// z_j with i ≤ j, row by row of that triangle. The outputs of a network are columns of x.
class Features {
public:
  Features(FeatureKind kind, Standardization standardization);

  std::size_t count() const { return count_; }
  void operator()(std::span<const double> x, std::span<double> features) const;

private:
  FeatureKind kind_;
  Standardization standardization_;
  std::size_t count_;
};

/// Means (F) of the features of rows, over all ranks. Collective.
std::vector<double> mean_features(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                  const ShardedRows& rows, const Features& features);

}  // namespace ebmpi::inference
