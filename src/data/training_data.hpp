// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "comm/shards.hpp"
#include "core/batch_slot.hpp"
#include "core/random.hpp"
#include "core/tile_rows.hpp"
#include "data/batch_slots.hpp"
#include "data/row_store.hpp"
#include "data/sample_source.hpp"
#include "data/transform.hpp"
#include "data/validation_split.hpp"

namespace ebmpi::data {

/// How samples become model inputs.
struct Preparation {
  bool standardize = true;
  std::int64_t pca = 0;              ///< principal components kept; 0 is all coordinates
  double validation_fraction = 0.1;  ///< of the rows, chosen by a hash of (seed, row)
  double jitter = 0.0;               ///< standard deviation of the noise added to every draw, in model space
  std::int64_t window = 0;           ///< rows in memory at a time, over all shards; 0 is all
  std::uint64_t seed = 1;
};

/// Location and range of the training rows in model space; K numbers each.
struct ModelSpaceMoments {
  std::vector<double> mean, deviation, minimum, maximum;
};

/// The samples of this rank, its shards' rows in model space. Rows are read twice in bounded pieces: once for
/// the moments, once to be transformed and kept; no rank reads another's. Where there are more than the
/// window, the training rows are not kept but read again as they are drawn (data/streamed_rows.hpp), and
/// fewer are held out (held_out_fraction).
template <class Scalar>
class TrainingData {
public:
  /// Collective. Throws core::InputError on NaN or Inf, on numbers that `Scalar` cannot hold, on fewer rows
  /// than shards, on a shard without training rows; core::FileError where the source cannot be read. `source`
  /// is not used afterwards.
  TrainingData(const comm::Communicator& communicator, const comm::ShardMap& shards,
               const SampleSource& source, const Preparation& preparation);

  std::int64_t rows() const { return rows_; }                                ///< in the source
  std::int64_t training_rows() const { return training_rows_; }              ///< over all ranks
  int dimension() const { return static_cast<int>(validation_.extent(1)); }  ///< K, of the model
  const DataTransform& transform() const { return transform_; }
  const ModelSpaceMoments& moments() const { return moments_; }
  const std::vector<ShardSlice>& training_slices() const { return training_slices_; }
  const std::vector<ShardSlice>& validation_slices() const { return validation_slices_; }
  const core::Rows<Scalar>& validation() const { return validation_; }
  /// Of each shard's part evenly spaced training rows (rows, K), row-major: most_spread_rows of all
  /// shards at most.
  std::vector<std::vector<double>> spread_rows() const;

  /// Copies this rank's rows of the batch of `step` to `batch` (rows, K). Each shard walks its rows in a new
  /// pseudo-random order every epoch. With a jitter, independent Gaussian noise is added to each draw. Where
  /// rows are streamed and cannot be had any more, this rank alone throws core::Error.
  void draw(std::int64_t step, const core::BatchSlots& slots, const core::Rows<Scalar>& batch) const;
  /// Seconds that draws of this rank have waited for rows that are streamed.
  double seconds_waited() const { return store_->seconds_waited(); }

private:
  void fit(const comm::Communicator& communicator, const comm::ShardMap& shards, const SampleSource& source,
           const Preparation& preparation);
  void cut(const comm::ShardMap& shards);
  void make_store(const comm::ShardMap& shards, const SampleSource& source, const Preparation& preparation);
  void read(const comm::Communicator& communicator, const comm::ShardMap& shards, const SampleSource& source);
  void add_jitter(std::span<double> z, std::int64_t row) const;
  void measure(const comm::Communicator& communicator, const comm::ShardMap& shards,
               const SampleSource& source, const std::vector<std::vector<double>>& partials);

  std::int64_t rows_ = 0;
  std::int64_t training_rows_ = 0;
  ValidationSplit held_out_;
  DataTransform transform_ = DataTransform::identity(1);
  ModelSpaceMoments moments_;
  std::vector<ShardSlice> training_slices_, validation_slices_;  // one for each owned shard
  std::unique_ptr<RowStore<Scalar>> store_;                      // the training rows
  core::Rows<Scalar> validation_;                                // (rows, K)
  double jitter_;
  core::PhiloxKey jitter_key_;
};

}  // namespace ebmpi::data
