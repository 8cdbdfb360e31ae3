// SPDX-License-Identifier: Apache-2.0
#include "evaluation/partition_grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "comm/shards.hpp"
#include "core/error.hpp"
#include "network/evaluate.hpp"

namespace ebmpi::evaluation {
namespace {

constexpr std::int64_t block_points = 4096;
constexpr std::int64_t piece_blocks = 32;  // in one launch
constexpr double edge = 0.9;               // of the half width: what lies beyond it is at the edge
constexpr std::array<std::int64_t, 3> default_intervals{1024, 512, 128};

/// The points of a grid, numbered with the last coordinate fastest.
class Grid {
public:
  Grid(const data::ModelSpaceMoments& moments, const GridSettings& settings) {
    const std::size_t dimension = moments.mean.size();
    intervals_ = settings.intervals > 0 ? settings.intervals : default_intervals[dimension - 1];
    for (std::size_t d = 0; d < dimension; ++d) {
      const double reach = settings.deviations * moments.deviation[d];
      minimum_.push_back(std::min(moments.minimum[d], moments.mean[d] - reach));
      maximum_.push_back(std::max(moments.maximum[d], moments.mean[d] + reach));
    }
  }

  std::int64_t points() const {
    std::int64_t count = 1;
    for (std::size_t d = 0; d < minimum_.size(); ++d) count *= intervals_ + 1;
    return count;
  }
  std::int64_t intervals() const { return intervals_; }
  const std::vector<double>& minimum() const { return minimum_; }
  const std::vector<double>& maximum() const { return maximum_; }

  double log_cell() const {
    double sum = 0.0;
    for (std::size_t d = 0; d < minimum_.size(); ++d)
      sum += std::log((maximum_[d] - minimum_[d]) / static_cast<double>(intervals_));
    return sum;
  }

  /// Where point number `point` is, (K), and what it counts for.
  struct Point {
    std::array<double, most_grid_dimensions> z{};
    double weight = 1.0;       // in cells
    double half_weight = 1.0;  // in cells of the coarser grid; 0 off it
    bool is_at_edge = false;
  };
  Point at(std::int64_t point) const {
    Point result;
    for (std::size_t d = minimum_.size(); d-- > 0; point /= intervals_ + 1) {
      const std::int64_t index = point % (intervals_ + 1);
      const double place = static_cast<double>(index) / static_cast<double>(intervals_);
      result.z[d] = std::lerp(minimum_[d], maximum_[d], place);
      const double weight = index == 0 || index == intervals_ ? 0.5 : 1.0;
      result.weight *= weight;
      result.half_weight *= index % 2 == 0 ? weight : 0.0;
      result.is_at_edge = result.is_at_edge || std::abs(2.0 * place - 1.0) > edge;
    }
    return result;
  }

private:
  std::int64_t intervals_;
  std::vector<double> minimum_, maximum_;  // (K)
};

/// What a block of points adds up to, each times exp(-highest).
struct BlockSums {
  double highest = -std::numeric_limits<double>::infinity();
  double all = 0.0, half = 0.0, at_edge = 0.0;
};
constexpr std::size_t sums_size = 4;

/// -E/T (points) of points [first, first + count).
template <class Scalar>
std::vector<double> exponents(const training::Model<Scalar>& model, const Grid& grid, std::int64_t first,
                              std::int64_t count) {
  const auto dimension = static_cast<std::size_t>(model.parts.dimension());
  const core::Rows<Scalar> z("ebmpi::evaluation::grid_points", count, dimension);
  const auto host = Kokkos::create_mirror_view(z);
  for (std::int64_t i = 0; i < count; ++i) {
    const Grid::Point point = grid.at(first + i);
    for (std::size_t d = 0; d < dimension; ++d) host(i, d) = static_cast<Scalar>(point.z[d]);
  }
  Kokkos::deep_copy(z, host);
  const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::evaluation::grid_energies", count);
  network::evaluate(core::ExecutionSpace(), model.energy(), z, energies);
  const auto values = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), energies);
  std::vector<double> result;
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(-static_cast<double>(values(i)) / model.temperature);
    if (!(result.back() < std::numeric_limits<double>::infinity())) {
      throw core::DivergenceError(
          model.checkpoint +
          " gives energies that are not numbers on the grid (the model has diverged, or "
          "the box reaches too far); lower --grid-deviations, or take an earlier "
          "checkpoint");
    }
  }
  return result;
}

BlockSums sum_block(const Grid& grid, std::int64_t first, std::span<const double> exponent) {
  BlockSums sums;
  sums.highest = *std::ranges::max_element(exponent);
  if (!std::isfinite(sums.highest)) return sums;
  for (std::size_t i = 0; i < exponent.size(); ++i) {
    const Grid::Point point = grid.at(first + static_cast<std::int64_t>(i));
    const double density = std::exp(exponent[i] - sums.highest);
    sums.all += point.weight * density;
    sums.half += point.half_weight * density;
    sums.at_edge += point.is_at_edge ? point.weight * density : 0.0;
  }
  return sums;
}

/// The sums of this rank's blocks, one after another.
template <class Scalar>
std::vector<double> own_sums(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                             const Grid& grid) {
  const std::int64_t blocks = (grid.points() + block_points - 1) / block_points;
  const comm::IndexRange own = comm::balanced_slice(blocks, communicator.size(), communicator.rank());
  std::vector<double> sums;
  for (std::int64_t block = own.first; block < own.last; block += piece_blocks) {
    const std::int64_t first = block * block_points;
    const std::int64_t last =
        std::min(grid.points(), std::min(own.last, block + piece_blocks) * block_points);
    const std::vector<double> exponent = exponents(model, grid, first, last - first);
    for (std::int64_t start = first; start < last; start += block_points) {
      const std::int64_t count = std::min(block_points, last - start);
      const BlockSums of_block =
          sum_block(grid, start,
                    std::span(exponent).subspan(static_cast<std::size_t>(start - first),
                                                static_cast<std::size_t>(count)));
      sums.insert(sums.end(), {of_block.highest, of_block.all, of_block.half, of_block.at_edge});
    }
  }
  return sums;
}

BlockSums add_up(const std::vector<double>& sums) {
  BlockSums total;
  for (std::size_t i = 0; i < sums.size(); i += sums_size) total.highest = std::max(total.highest, sums[i]);
  for (std::size_t i = 0; i < sums.size(); i += sums_size) {
    const double scale = std::exp(sums[i] - total.highest);
    total.all += scale * sums[i + 1];
    total.half += scale * sums[i + 2];
    total.at_edge += scale * sums[i + 3];
  }
  return total;
}

}  // namespace

double GridLogZ::error() const {
  return std::abs(log_z - half_resolution) + edge_mass;
}

template <class Scalar>
void check_grid_is_possible(const training::Model<Scalar>& model) {
  if (model.parts.dimension() <= most_grid_dimensions) return;
  throw core::InputError(model.checkpoint + " has " + std::to_string(model.parts.dimension()) +
                         " coordinates in model space (a grid is possible for up to " +
                         std::to_string(most_grid_dimensions) + "); use --log-z ais");
}

template <class Scalar>
GridLogZ grid_log_z(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                    const GridSettings& settings) {
  check_grid_is_possible(model);
  const Grid grid(model.moments, settings);
  std::vector<double> own;
  communicator.together([&] { own = own_sums(communicator, model, grid); });
  const BlockSums total = add_up(communicator.gather_all(own));
  if (!(total.all > 0.0)) {
    throw core::DivergenceError(
        model.checkpoint +
        " gives infinite energies on the whole grid (the model has diverged); take an "
        "earlier checkpoint");
  }
  const double unit = total.highest + grid.log_cell();
  const double coarser = static_cast<double>(model.parts.dimension()) * std::log(2.0);
  return {unit + std::log(total.all),
          unit + coarser + std::log(total.half),
          total.at_edge / total.all,
          grid.intervals(),
          grid.minimum(),
          grid.maximum()};
}

template void check_grid_is_possible(const training::Model<float>&);
template void check_grid_is_possible(const training::Model<double>&);
template GridLogZ grid_log_z(const comm::Communicator&, const training::Model<float>&, const GridSettings&);
template GridLogZ grid_log_z(const comm::Communicator&, const training::Model<double>&, const GridSettings&);

}  // namespace ebmpi::evaluation
