// SPDX-License-Identifier: Apache-2.0
// The noise that objectives put on the samples: of denoising, and of negatives near their row.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "objective/conditional_contrast.hpp"
#include "objective/denoising.hpp"
#include "objective/energy_discrepancy.hpp"
#include "objective/score_network.hpp"
#include "support/lone_block.hpp"
#include "support/moments.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;

namespace {

constexpr std::size_t dimension = 6;

core::Rows<double> samples_of(std::size_t rows) {
  return test::to_rows(test::arbitrary_numbers(rows * dimension, 8, 2.0), dimension);
}

objective::NoiseScale<double> noise_of(const std::vector<double>& sigmas, objective::Pairing pairing) {
  objective::DenoisingSettings settings;
  settings.sigmas = sigmas;
  settings.pairing = pairing;
  settings.key = core::stream_key(5, core::Purpose::perturbation);
  return objective::make_noise_scale<double>(settings);
}

/// x̃ (lanes, inputs), z (lanes, D) and σ (lanes) of rows [0, rows), numbered from `number` on.
struct Disturbed {
  std::vector<double> x, z, sigma;
};

template <class Program>
Disturbed disturbed(const Program& program, std::size_t rows, std::int64_t number, std::uint32_t step,
                    std::size_t block, std::size_t inputs = dimension) {
  const auto samples = samples_of(rows);
  const auto group = static_cast<std::size_t>(program.group());
  Disturbed result;
  for (std::size_t first = 0; first < rows; first += block) {
    const std::size_t count = std::min(block, rows - first), lanes = count * group;
    const auto at = static_cast<std::int64_t>(first);
    const auto placed = test::place_block<double>(
        program, samples, {at, static_cast<int>(count), 0, number + at}, step, 0, static_cast<int>(inputs));
    const auto streams = static_cast<std::size_t>(placed.streams);
    for (std::size_t i = 0; i < lanes * inputs; ++i) {
      result.x.push_back(placed.input[i * streams]);
      const double z = streams > 1 ? placed.input[i * streams + 1] : placed.gradient[i];
      if (i % inputs < dimension)
        result.z.push_back(z);
      else if (streams > 1)
        CHECK(z == 0.0);
    }
    result.sigma.insert(result.sigma.end(), placed.kept.begin(),
                        placed.kept.begin() + static_cast<std::ptrdiff_t>(lanes));
  }
  return result;
}

/// x̃ - x (rows, group, D) of a program whose negatives are disturbed.
template <class Program>
std::vector<double> moved(const Program& program, std::size_t rows, std::int64_t number, std::uint32_t step,
                          std::size_t block) {
  const auto result = disturbed(program, rows, number, step, block);
  const auto x = test::from_rows(samples_of(rows));
  const auto group = static_cast<std::size_t>(program.group());
  std::vector<double> difference;
  for (std::size_t i = 0; i < result.x.size(); ++i)
    difference.push_back(result.x[i] - x[i / dimension / group * dimension + i % dimension]);
  return difference;
}

/// Lane `lane` of each group of values (rows, group, D).
std::vector<double> lane_of(const std::vector<double>& values, std::size_t lane, std::size_t group) {
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / dimension % group == lane) result.push_back(values[i]);
  }
  return result;
}

void check_standard_normal(const std::vector<double>& z, double scale = 1) {
  std::vector<double> unit;
  for (const double value : z) unit.push_back(value / scale);
  const auto mean = test::estimate(unit);
  CHECK(mean.error < 1.05 / std::sqrt(static_cast<double>(z.size())));
  CHECK(mean.agrees(0));
  const auto moments = test::second_moments(unit, dimension, 3);
  CHECK(moments.worst_diagonal < 4.5);  // of 6 numbers: chance 4e-5
  CHECK(moments.worst_other < 4.5);     // of 15: 1e-4
}

}  // namespace

TEST_CASE("denoising disturbs each row by sigma z", "[objective][random]") {
  objective::Denoising<double> program;
  program.noise = noise_of({0.25}, objective::Pairing::single);
  constexpr std::size_t rows = 4096;
  const auto result = disturbed(program, rows, 100, 3, 64);
  const auto x = test::from_rows(samples_of(rows));
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::fmax(worst, std::abs(result.x[i] - (x[i] + 0.25 * result.z[i])));
  CHECK(worst < 1e-15);
  CHECK(result.sigma == std::vector<double>(rows, 0.25));
  check_standard_normal(result.z);
  // Rows and steps have their own.
  CHECK(test::mean_product(result.z, disturbed(program, rows, 101, 3, 64).z).agrees(0));
  CHECK(test::mean_product(result.z, disturbed(program, rows, 100, 4, 64).z).agrees(0));
  // A score network gets the same numbers.
  objective::ScoreNetworkDenoising<double> network;
  network.noise = program.noise;
  const auto of_network = disturbed(network, rows, 100, 3, 64);
  CHECK(of_network.x == result.x);
  CHECK(of_network.z == result.z);
}

TEST_CASE("an antithetic pair shares its z, with either sign", "[objective][random]") {
  objective::Denoising<double> pairs, single;
  pairs.noise = noise_of({0.25}, objective::Pairing::antithetic);
  single.noise = noise_of({0.25}, objective::Pairing::single);
  CHECK(pairs.group() == 2);
  const auto of_pairs = disturbed(pairs, 100, 7, 3, 32);
  const auto z = disturbed(single, 100, 7, 3, 64).z;
  auto opposite = z;
  for (double& value : opposite) value = -value;
  CHECK(lane_of(of_pairs.z, 0, 2) == z);
  CHECK(lane_of(of_pairs.z, 1, 2) == opposite);
  CHECK(lane_of(of_pairs.x, 0, 2) == disturbed(single, 100, 7, 3, 64).x);
  const auto x = test::from_rows(samples_of(100));
  const auto other = lane_of(of_pairs.x, 1, 2);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::fmax(worst, std::abs(other[i] - (x[i] - 0.25 * z[i])));
  CHECK(worst < 1e-15);
}

TEST_CASE("rows and steps take the noise levels in turn, and the network is told", "[objective][random]") {
  const std::vector<double> levels{0.1, 0.4, 1.6};
  objective::Denoising<double> program;
  program.noise = noise_of(levels, objective::Pairing::antithetic);
  for (const std::uint32_t step : {0u, 1u, 2u}) {
    const auto result = disturbed(program, 40, 100, step, 32, dimension + 1);
    for (std::size_t lane = 0; lane < 80; ++lane) {
      const double sigma = levels[(100 + lane / 2 + step) % 3];
      CHECK(result.sigma[lane] == sigma);
      CHECK(std::abs(result.x[lane * (dimension + 1) + dimension] - std::log(sigma)) < 1e-15);
    }
  }
  CHECK(program.noise.weight(0.4) == 0.4 * 0.4);
  program.noise.level_weight = objective::LevelWeight::uniform;
  CHECK(program.noise.weight(0.4) == 1.0);
}

TEST_CASE("conditional negatives are disturbed one by one", "[objective][random]") {
  constexpr double scale = 0.3;
  constexpr std::size_t rows = 2048;
  objective::ConditionalContrast<double> program;
  program.negatives = 3;
  program.scale = scale;
  program.key = core::stream_key(5, core::Purpose::perturbation);
  const auto difference = moved(program, rows, 100, 3, 16);
  CHECK(lane_of(difference, 0, 4) == std::vector<double>(rows * dimension));
  for (std::size_t j = 1; j < 4; ++j) {
    check_standard_normal(lane_of(difference, j, 4), scale);
    for (std::size_t l = 1; l < j; ++l)
      CHECK(test::mean_product(lane_of(difference, j, 4), lane_of(difference, l, 4)).agrees(0));
  }
  CHECK(test::mean_product(difference, moved(program, rows, 101, 3, 16)).agrees(0));
  CHECK(test::mean_product(difference, moved(program, rows, 100, 4, 16)).agrees(0));
}

// x_j - x = √t (ξ + ξ_j): variance 2t, and t in common.
TEST_CASE("perturbed rows of energy discrepancy have one noise in common", "[objective][random]") {
  constexpr double time = 0.25;
  constexpr std::size_t rows = 2048;
  objective::EnergyDiscrepancy<double> program;
  program.negatives = 3;
  program.root_time = std::sqrt(time);
  program.common_key = core::stream_key(5, core::Purpose::group_perturbation);
  program.own_key = core::stream_key(5, core::Purpose::perturbation);
  const auto difference = moved(program, rows, 100, 3, 16);
  CHECK(lane_of(difference, 0, 4) == std::vector<double>(rows * dimension));
  for (std::size_t j = 1; j < 4; ++j) {
    check_standard_normal(lane_of(difference, j, 4), std::sqrt(2 * time));
    for (std::size_t l = 1; l < j; ++l) {
      const auto shared = test::mean_product(lane_of(difference, j, 4), lane_of(difference, l, 4));
      CHECK(shared.error < 0.01);
      CHECK(shared.agrees(time));
    }
  }
  CHECK(test::mean_product(difference, moved(program, rows, 101, 3, 16)).agrees(0));
  CHECK(test::mean_product(difference, moved(program, rows, 100, 4, 16)).agrees(0));
}

TEST_CASE("disturbances do not depend on the blocks, bit for bit", "[objective][random]") {
  objective::Denoising<double> denoising;
  denoising.noise = noise_of({0.1, 0.4, 1.6}, objective::Pairing::antithetic);
  objective::ConditionalContrast<double> conditional;
  conditional.negatives = 4;
  objective::EnergyDiscrepancy<double> discrepancy;
  discrepancy.negatives = 6;
  const auto check = [](const auto& program) {
    const auto most = static_cast<std::size_t>(core::tile_size / program.group());
    const auto whole = disturbed(program, 40, 100, 3, most);
    for (const std::size_t block : {std::size_t(1), std::size_t(5), most - 1})
      CHECK(disturbed(program, 40, 100, 3, block).x == whole.x);
  };
  check(denoising);
  check(conditional);
  check(discrepancy);
}
