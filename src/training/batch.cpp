// SPDX-License-Identifier: Apache-2.0
#include "training/batch.hpp"

#include "core/to_device.hpp"
#include "training/blocks.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {
namespace {

/// Negatives that stand beside their data row are cut as the data are; others have slices of their own.
comm::IndexRange negative_slice(const config::RunConfig& config, const comm::ShardMap& shards,
                                const comm::IndexRange& data) {
  const std::int64_t batch_size = config.optimizer.batch_size;
  const std::int64_t all = negative_rows(config, batch_size);
  if (has_negative_blocks(config)) return shards.owned_slice(all);
  const std::int64_t of_each = all / batch_size;
  return {data.first * of_each, data.last * of_each};
}

}  // namespace

template <class Scalar>
Batch<Scalar>::Batch(const config::RunConfig& config, const comm::ShardMap& shards, int dimension,
                     int group) {
  const comm::IndexRange data = shards.owned_slice(config.optimizer.batch_size);
  const comm::IndexRange negative = negative_slice(config, shards, data);
  const comm::IndexRange background =
      shards.owned_slice(background_rows(config, config.optimizer.batch_size));
  const std::int64_t rows = data.size(), compared = rows + negative.size(),
                     all = compared + background.size();
  samples_ = core::Rows<Scalar>("ebmpi::training::samples", all, dimension);
  data_ = Kokkos::subview(samples_, std::pair<std::int64_t, std::int64_t>(0, rows), Kokkos::ALL);
  negatives_ = Kokkos::subview(samples_, std::pair<std::int64_t, std::int64_t>(rows, compared), Kokkos::ALL);
  background_ = Kokkos::subview(samples_, std::pair<std::int64_t, std::int64_t>(compared, all), Kokkos::ALL);
  if (needs_noise(config)) {
    log_noise_ = decltype(log_noise_)("ebmpi::training::log_noise", all);
    log_noise_of_data_ = Kokkos::subview(log_noise_, std::pair<std::int64_t, std::int64_t>(0, rows));
    log_noise_of_negatives_ =
        Kokkos::subview(log_noise_, std::pair<std::int64_t, std::int64_t>(rows, compared));
    log_noise_of_background_ =
        Kokkos::subview(log_noise_, std::pair<std::int64_t, std::int64_t>(compared, all));
  }
  first_negative_number_ = negative.first;
  first_background_number_ = background.first;
  make_blocks(config, shards, core::tile_size / group);
}

template <class Scalar>
void Batch<Scalar>::make_blocks(const config::RunConfig& config, const comm::ShardMap& shards,
                                int rows_in_block) {
  std::vector<objective::SampleBlock> blocks;
  const std::int64_t batch_size = config.optimizer.batch_size;
  const std::int64_t negatives = has_negative_blocks(config) ? negative_rows(config, batch_size) : 0;
  const std::int64_t background = background_rows(config, batch_size);
  const std::int64_t first_row = shards.owned_slice(batch_size).first;
  const auto rows = static_cast<std::int64_t>(data_.extent(0));
  const std::int64_t compared = rows + static_cast<std::int64_t>(negatives_.extent(0));
  for (std::int64_t shard = 0; shard < shards.shards(); ++shard) {
    const comm::IndexRange data = shards.slice(batch_size, shard), other = shards.slice(negatives, shard),
                           broad = shards.slice(background, shard);
    all_blocks_ += block_count(data.size(), rows_in_block) + block_count(other.size(), core::tile_size) +
                   block_count(broad.size(), core::tile_size);
    if (shard < shards.owned().first || shard >= shards.owned().last) continue;
    append_blocks(blocks, {data.first - first_row, data.size(), data.first}, rows_in_block,
                  objective::Role::data);
    append_blocks(blocks, {rows + other.first - first_negative_number_, other.size(), other.first},
                  core::tile_size, objective::Role::negative);
    append_blocks(blocks, {compared + broad.first - first_background_number_, broad.size(), broad.first},
                  core::tile_size, objective::Role::background);
  }
  blocks_ = core::to_device<objective::SampleBlock>(blocks, "ebmpi::training::blocks");
}

template <class Scalar>
objective::JetBatch<Scalar> Batch<Scalar>::at(std::int64_t step) const {
  return {samples_, blocks_, static_cast<std::uint32_t>(step), static_cast<std::int64_t>(data_.extent(0)),
          log_noise_};
}

template class Batch<float>;
template class Batch<double>;

}  // namespace ebmpi::training
