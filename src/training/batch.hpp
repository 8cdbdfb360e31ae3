// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "core/tile_rows.hpp"
#include "objective/jet_block.hpp"

namespace ebmpi::training {

/// This rank's part of a step's samples: its shards' data rows, then the negatives that go with them, and the
/// blocks in which the objective takes them.
template <class Scalar>
class Batch {
public:
  /// `group`: lanes that the objective needs for a data row.
  Batch(const config::RunConfig& config, const comm::ShardMap& shards, int dimension, int group);

  const core::Rows<Scalar>& data() const { return data_; }              // (rows, D)
  const core::Rows<Scalar>& negatives() const { return negatives_; }    // (negatives, D)
  const core::Rows<Scalar>& background() const { return background_; }  // (background rows, D)
  /// log p_n of the data rows, the negatives and the background; empty where the objective needs none.
  const Kokkos::View<Scalar*, core::MemorySpace>& log_noise_of_data() const { return log_noise_of_data_; }
  const Kokkos::View<Scalar*, core::MemorySpace>& log_noise_of_negatives() const {
    return log_noise_of_negatives_;
  }
  const Kokkos::View<Scalar*, core::MemorySpace>& log_noise_of_background() const {
    return log_noise_of_background_;
  }
  std::int64_t first_background_number() const { return first_background_number_; }
  /// Global number of this rank's first negative.
  std::int64_t first_negative_number() const { return first_negative_number_; }
  /// Blocks of all ranks.
  std::int64_t all_blocks() const { return all_blocks_; }

  objective::JetBatch<Scalar> at(std::int64_t step) const;

private:
  void make_blocks(const config::RunConfig& config, const comm::ShardMap& shards, int rows_in_block);

  core::Rows<Scalar> samples_;
  core::Rows<Scalar> data_, negatives_, background_;
  Kokkos::View<Scalar*, core::MemorySpace> log_noise_, log_noise_of_data_, log_noise_of_negatives_,
      log_noise_of_background_;
  std::int64_t first_negative_number_ = 0;
  std::int64_t first_background_number_ = 0;
  std::int64_t all_blocks_ = 0;
  Kokkos::View<const objective::SampleBlock*, core::MemorySpace> blocks_;
};

}  // namespace ebmpi::training
