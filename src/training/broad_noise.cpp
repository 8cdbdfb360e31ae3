// SPDX-License-Identifier: Apache-2.0
#include "training/broad_noise.hpp"

#include <cmath>

#include "core/to_device.hpp"
#include "network/flow_density.hpp"

namespace ebmpi::training {

using core::ExecutionSpace;

namespace {

constexpr double breadth = 2.0;  // deviations of the data

std::vector<double> broad_deviations(const data::ModelSpaceMoments& moments) {
  std::vector<double> deviations;
  for (const double deviation : moments.deviation)
    deviations.push_back(breadth * (deviation > 0.0 ? deviation : 1.0));
  return deviations;
}

}  // namespace

template <class Scalar>
BroadNoise<Scalar>::BroadNoise(const data::ModelSpaceMoments& moments, core::PhiloxKey key) : key_(key) {
  const std::vector<double> deviations = broad_deviations(moments);
  mean_ = core::to_device<Scalar>(moments.mean, "ebmpi::training::broad_mean");
  deviation_ = core::to_device<Scalar>(deviations, "ebmpi::training::broad_deviation");
  for (const double deviation : deviations) log_peak_ -= network::half_log_two_pi + std::log(deviation);
}

/// Draw number 0 decides, those from 1 on give two coordinates each.
template <class Scalar>
void BroadNoise<Scalar>::draw(double share, std::uint32_t step, std::int64_t first_number,
                              const core::Rows<Scalar>& x) const {
  const Kokkos::RangePolicy<ExecutionSpace> rows(0, x.extent(0));
  const int dimension = static_cast<int>(x.extent(1));
  const auto mean = mean_, deviation = deviation_;
  const core::PhiloxKey key = key_;
  Kokkos::parallel_for(
      "ebmpi::training::draw_broad", rows, KOKKOS_LAMBDA(std::int64_t row) {
        const auto number = static_cast<std::uint64_t>(first_number + row);
        if (core::uniform<double>(core::draw(key, number, step, 0).word[0]) >= share) return;
        for (int pair = 0; 2 * pair < dimension; ++pair) {
          const core::PhiloxBlock bits = core::draw(key, number, step, static_cast<std::uint32_t>(1 + pair));
          double normal[2];
          core::normal_pair(bits.word[0], bits.word[1], normal[0], normal[1]);
          for (int i = 0; i < 2 && 2 * pair + i < dimension; ++i) {
            const int d = 2 * pair + i;
            x(row, d) = mean(d) + deviation(d) * static_cast<Scalar>(normal[i]);
          }
        }
      });
}

template <class Scalar>
void BroadNoise<Scalar>::blend(double flow_weight, double own_weight, const core::Rows<Scalar>& x,
                               const Buffer& log_density) const {
  const auto log_flow = static_cast<Scalar>(std::log(flow_weight));
  const auto log_own = static_cast<Scalar>(std::log(own_weight) + log_peak_);
  const Kokkos::RangePolicy<ExecutionSpace> rows(0, x.extent(0));
  const std::size_t dimension = x.extent(1);
  const auto mean = mean_, deviation = deviation_;
  Kokkos::parallel_for(
      "ebmpi::training::blend_broad", rows, KOKKOS_LAMBDA(std::int64_t row) {
        Scalar square = 0;
        for (std::size_t d = 0; d < dimension; ++d) {
          const Scalar away = (x(row, d) - mean(d)) / deviation(d);
          square += away * away;
        }
        const Scalar a = log_flow + log_density(row), b = log_own - Scalar(0.5) * square;
        const Scalar higher = a > b ? a : b, lower = a > b ? b : a;
        log_density(row) = higher + Kokkos::log1p(Kokkos::exp(lower - higher));
      });
}

template class BroadNoise<float>;
template class BroadNoise<double>;

}  // namespace ebmpi::training
