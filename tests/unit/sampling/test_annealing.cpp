// SPDX-License-Identifier: Apache-2.0
#include "sampling/annealing.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "network/energy_model.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using network::AffineMap;

namespace {

constexpr int dimension = 10, stages = 200;
constexpr std::size_t chains = 1024;
const std::vector<network::EnergyStep> lone{{network::EnergyStep::What::part, 0, 1.0, 0.0}};

/// N(0.5, 0.6² I), unnormalised: log Z = D log 0.6 + D/2 log 2π.
network::EnergyModel<float> narrow_gaussian() {
  const AffineMap map = AffineMap::diagonal(std::vector<double>(dimension, 1 / 0.6),
                                            std::vector<double>(dimension, -0.5 / 0.6));
  return {lone, {{network::PartKind::standard_normal, {}, {}, 1.0, map}}, dimension};
}

std::vector<float> normal_numbers(double scale, double mean) {
  std::vector<float> x(chains * dimension);
  const core::PhiloxKey key = core::stream_key(5, core::Purpose::sample_start);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double first, second;
    const auto bits = core::draw(key, i, 0, 0);
    core::normal_pair(bits.word[0], bits.word[1], first, second);
    x[i] = static_cast<float>(mean + scale * first);
  }
  return x;
}

/// Log weights (N) of chains from `start` along betas that rise, or fall.
std::vector<double> log_weights(const std::vector<float>& start, bool rises,
                                const std::vector<int>& launches) {
  const auto model = narrow_gaussian();
  std::vector<double> betas;
  for (int k = 0; k <= stages; ++k) betas.push_back((rises ? k : stages - k) / double{stages});
  std::vector<std::int64_t> numbers(chains);
  std::iota(numbers.begin(), numbers.end(), 0);
  const sampling::ChainState<float> state{
      test::to_rows(start, dimension), core::Rows<float>("ebmpi::test::gradient", chains, dimension),
      test::Buffer<float>("ebmpi::test::energy", chains), test::to_device(numbers)};
  sampling::evaluate_chains(core::ExecutionSpace(), model.view(), state);
  const test::Buffer<double> weights("ebmpi::test::weights", chains);
  const sampling::AnnealingPath<float> path{test::to_device(betas),
                                            test::to_device(std::vector<float>(stages + 1, 0.4f)), 1.0f};
  for (std::size_t i = 0; i + 1 < launches.size(); ++i) {
    sampling::run_annealing(core::ExecutionSpace(), model.view(), path, launches[i], launches[i + 1],
                            {sampling::Proposal::trajectory, 2, 0.2}, 1,
                            sampling::transition_keys(6, core::Purpose::sample_noise),
                            static_cast<std::uint32_t>(i), state, weights);
  }
  return test::to_host(weights);
}

struct LogMean {
  double value, standard_error;
};
LogMean log_mean_exp(const std::vector<double>& values, double sign) {
  double sum = 0, square = 0;
  for (const double value : values) {
    sum += std::exp(sign * value);
    square += std::exp(2 * sign * value);
  }
  const double n = static_cast<double>(values.size()), mean = sum / n;
  return {std::log(mean), std::sqrt((square / n - mean * mean) / n) / mean};
}

const double log_ratio = dimension * std::log(0.6);  // of the partition functions

}  // namespace

TEST_CASE("annealed importance sampling finds the ratio of partition functions from both sides",
          "[sampling][annealing]") {
  const auto forward = log_mean_exp(log_weights(normal_numbers(1.0, 0.0), true, {0, stages}), 1);
  CHECK(forward.standard_error < 0.02);
  CHECK(std::abs(forward.value - log_ratio) < 4 * forward.standard_error);
  // Backwards the mean of the weights is Z_0/Z_1.
  const auto backward = log_mean_exp(log_weights(normal_numbers(0.6, 0.5), false, {0, stages}), 1);
  CHECK(backward.standard_error < 0.02);
  CHECK(std::abs(-backward.value - log_ratio) < 4 * backward.standard_error);
}

TEST_CASE("an annealing in pieces goes on where it stopped", "[sampling][annealing]") {
  const auto pieces = log_mean_exp(log_weights(normal_numbers(1.0, 0.0), true, {0, 70, 71, stages}), 1);
  CHECK(std::abs(pieces.value - log_ratio) < 4 * pieces.standard_error);
}
