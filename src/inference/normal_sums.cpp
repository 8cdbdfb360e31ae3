// SPDX-License-Identifier: Apache-2.0
#include "inference/normal_sums.hpp"

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <bit>
#include <cmath>

namespace ebmpi::inference {
namespace {

constexpr std::int64_t rows_of_block = 64;
constexpr int log2_rows_of_block = 6;
/// Blocks whose rows are in memory at a time.
constexpr std::size_t blocks_together = 16;

using HostSpace = Kokkos::DefaultHostExecutionSpace;

std::vector<comm::IndexRange> blocks_of(comm::IndexRange slice, comm::IndexRange part) {
  std::vector<comm::IndexRange> blocks;
  const std::int64_t last = std::min(slice.last, part.last);
  for (std::int64_t first = std::max(slice.first, part.first); first < last; first += rows_of_block)
    blocks.push_back({first, std::min(first + rows_of_block, last)});
  return blocks;
}

class SquaredSumming {
public:
  SquaredSumming(const comm::Communicator& communicator, const comm::ShardMap& shards, std::int64_t total,
                 comm::IndexRange part, std::size_t length, const RowWriter& write_row)
      : communicator_(communicator), length_(length), write_row_(write_row) {
    for (std::int64_t shard = 0; shard < shards.shards(); ++shard) {
      const auto blocks = blocks_of(shards.slice(total, shard), part);
      all_blocks_ += blocks.size();
      if (shard >= shards.owned().first && shard < shards.owned().last)
        blocks_.insert(blocks_.end(), blocks.begin(), blocks.end());
    }
  }

  SquaredSums operator()() {
    buffer_.resize(blocks_together * rows_of_block * length_);
    find_scales();
    sums_.assign(length_ * (length_ + 1) / 2, 0);
    for_each_chunk([this](std::span<const comm::IndexRange> chunk) { add(chunk); });
    communicator_.sum(std::span(sums_));
    SquaredSums result{length_, std::vector<double>(sums_.size())};
    for (std::size_t a = 0, at = 0; a < length_; ++a) {
      for (std::size_t b = 0; b <= a; ++b, ++at)
        result.values[at] =
            std::ldexp(static_cast<double>(sums_[at]), exponents_[a] + exponents_[b] - digits_);
    }
    return result;
  }

private:
  double* row(std::size_t block, std::int64_t at) {
    return &buffer_[(block * rows_of_block + static_cast<std::size_t>(at)) * length_];
  }

  template <class Work>
  void for_each_chunk(const Work& work) {
    for (std::size_t first = 0; first < blocks_.size(); first += blocks_together) {
      const auto chunk = std::span(blocks_).subspan(first, std::min(blocks_together, blocks_.size() - first));
      const Kokkos::RangePolicy<HostSpace> all(0, static_cast<std::int64_t>(chunk.size()));
      Kokkos::parallel_for("ebmpi::inference::write_rows", all, [&](std::int64_t block) {
        const comm::IndexRange range = chunk[static_cast<std::size_t>(block)];
        for (std::int64_t at = 0; at < range.size(); ++at)
          write_row_(range.first + at, std::span(row(static_cast<std::size_t>(block), at), length_));
      });
      work(chunk);
    }
  }

  /// Powers of two above the magnitudes of the entries of a row, over all ranks.
  void find_scales() {
    std::vector<double> largest(length_, 0.0);
    for_each_chunk([&](std::span<const comm::IndexRange> chunk) {
      for (std::size_t block = 0; block < chunk.size(); ++block) {
        for (std::int64_t at = 0; at < chunk[block].size(); ++at) {
          const double* const values = row(block, at);
          for (std::size_t i = 0; i < length_; ++i) largest[i] = std::max(largest[i], std::abs(values[i]));
        }
      }
    });
    communicator_.max(std::span(largest));
    exponents_.resize(length_);
    scales_.resize(length_);
    for (std::size_t i = 0; i < length_; ++i) {
      std::frexp(largest[i], &exponents_[i]);
      scales_[i] = std::ldexp(1.0, -exponents_[i]);
    }
    // A block is below 64 · 2^(e_a + e_b), and all of them stay below 2^62.
    digits_ = 62 - log2_rows_of_block - static_cast<int>(std::bit_width(all_blocks_));
  }

  void add(std::span<const comm::IndexRange> chunk) {
    const Kokkos::RangePolicy<HostSpace, Kokkos::Schedule<Kokkos::Dynamic>> all(
        0, static_cast<std::int64_t>(length_));
    Kokkos::parallel_for("ebmpi::inference::squared_sums", all, [&](std::int64_t row_of_sums) {
      const auto a = static_cast<std::size_t>(row_of_sums);
      thread_local std::vector<double> products;
      products.resize(length_);
      for (std::size_t block = 0; block < chunk.size(); ++block) {
        std::fill(products.begin(), products.end(), 0.0);
        for (std::int64_t at = 0; at < chunk[block].size(); ++at) {
          const double* const values = row(block, at);
          const double factor = values[a];
          for (std::size_t b = 0; b <= a; ++b) products[b] += factor * values[b];
        }
        std::int64_t* const sums = &sums_[a * (a + 1) / 2];
        const double scale = std::ldexp(1.0, digits_ - exponents_[a]);
        for (std::size_t b = 0; b <= a; ++b) sums[b] += std::llrint(products[b] * (scale * scales_[b]));
      }
    });
  }

  const comm::Communicator& communicator_;
  std::size_t length_;
  const RowWriter& write_row_;
  std::vector<comm::IndexRange> blocks_;  // of this rank
  std::uint64_t all_blocks_ = 0;
  std::vector<double> buffer_;  // (blocks_together, 64, L)
  std::vector<int> exponents_;  // (L)
  std::vector<double> scales_;  // (L), 2^-exponent
  int digits_ = 0;
  std::vector<std::int64_t> sums_;  // (L (L + 1) / 2)
};

}  // namespace

SquaredSums squared_sums(const comm::Communicator& communicator, const comm::ShardMap& shards,
                         std::int64_t total, comm::IndexRange part, std::size_t length,
                         const RowWriter& write_row) {
  return SquaredSumming(communicator, shards, total, part, length, write_row)();
}

}  // namespace ebmpi::inference
