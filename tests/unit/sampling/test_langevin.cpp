// SPDX-License-Identifier: Apache-2.0
#include "sampling/langevin.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "gaussian_energy.hpp"
#include "network/mlp_energy.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;
using sampling::LangevinSettings;

namespace {

const core::PhiloxKey key = core::stream_key(9, core::Purpose::chain_noise);
const std::vector<float> precision{1.0f, 2.5f, 0.8f}, mean{-1.0f, 0.5f, 2.0f};

test::GaussianEnergy gaussian() {
  return {test::to_device(precision), test::to_device(mean)};
}

std::vector<std::int64_t> numbers_from(std::int64_t first, std::size_t count) {
  std::vector<std::int64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

/// x (N, D) after the steps.
template <class Energy>
std::vector<float> advanced(const Energy& energy, const LangevinSettings& settings,
                            const std::vector<float>& x, const std::vector<std::int64_t>& numbers,
                            std::uint32_t step = 1, const sampling::ChainWatch<float>& watch = {}) {
  const auto rows = test::to_rows(x, static_cast<std::size_t>(energy.dimension()));
  sampling::run_langevin(core::ExecutionSpace(), energy, settings, key, step,
                         {rows, test::to_device(numbers)}, watch);
  return test::from_rows(rows);
}

/// The normal number that coordinate `d` of D gets at Langevin step `k` of training step `step`, from the
/// definition.
double noise_of(std::int64_t chain, std::uint32_t step, int k, int d, int dimension) {
  const int index = k * dimension + d;
  const auto bits =
      core::draw(key, static_cast<std::uint64_t>(chain), step, static_cast<std::uint32_t>(index / 4));
  const int pair = index % 4 / 2;
  const double radius =
      std::sqrt(-2 * std::log(static_cast<double>(core::uniform<float>(bits.word[2 * pair]))));
  const double angle =
      2 * std::acos(-1.0) * static_cast<double>(core::uniform<float>(bits.word[2 * pair + 1]));
  return radius * (index % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

LangevinSettings settings_at(int steps, double step_size, double temperature) {
  LangevinSettings settings;
  settings.steps = steps;
  settings.step_size = step_size;
  settings.noise_scale = std::sqrt(2 * step_size * temperature);
  return settings;
}

/// On a Gaussian of precision a, x ← x - ηa(x - m) + √(2ηT) ξ is an autoregression of stationary variance
/// T / (a (1 - aη/2)), exactly. The mean has the standard error √(V/N), the variance V √(2/N).
void check_stationary(double step_size, double temperature) {
  constexpr std::size_t chains = 65536;
  const LangevinSettings settings = settings_at(120, step_size, temperature);
  CHECK(std::abs(settings.temperature() / temperature - 1) < 1e-14);
  std::vector<float> x(chains * 3);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = mean[i % 3];
  const test::Buffer<float> virial("ebmpi::test::virial", chains);
  x = advanced(gaussian(), settings, x, numbers_from(0, chains), 1, {test::to_device(mean), {}, virial});
  double virial_want = 0, virial_variance = 0;
  for (std::size_t d = 0; d < 3; ++d) {
    double first = 0, second = 0;
    for (std::size_t i = d; i < x.size(); i += 3) {
      first += (x[i] - mean[d]) / chains;
      second += double{x[i] - mean[d]} * (x[i] - mean[d]) / chains;
    }
    const double a = precision[d], variance = temperature / (a * (1 - a * step_size / 2));
    INFO("coordinate " << d << ", step size " << step_size << ", temperature " << temperature);
    CHECK(std::abs(first) < 4 * std::sqrt(variance / chains));
    CHECK(std::abs(second - variance) < 4 * variance * std::sqrt(2.0 / chains));
    CHECK(std::abs(second - temperature / a) > 10 * variance * std::sqrt(2.0 / chains));  // the bias is seen
    virial_want += a * variance;
    virial_variance += 2 * a * variance * a * variance;
  }
  const auto virials = test::to_host(virial);
  const double virial_mean = std::accumulate(virials.begin(), virials.end(), 0.0) / chains;
  CHECK(std::abs(virial_mean - virial_want) < 4 * std::sqrt(virial_variance / chains));
}

}  // namespace

TEST_CASE("Langevin chains on a Gaussian reach the known mean and biased variance", "[sampling][langevin]") {
  check_stationary(0.2, 1.0);
  check_stationary(0.3, 0.25);
}

TEST_CASE("each Langevin step is x - η∇E + τξ with the chain's own noise", "[sampling][langevin]") {
  const std::vector<std::int64_t> numbers{3, 1000000, (std::int64_t{1} << 33) + 5};
  const auto start = test::converted<float>(test::arbitrary_numbers(9, 4, 3.0));
  LangevinSettings settings = settings_at(3, 0.1, 1.0);
  settings.noise_scale = 0.3;  // a free noise scale: not √(2ηT)
  std::vector<double> expected(start.begin(), start.end());
  for (int k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < 9; ++i) {
      const double slope = precision[i % 3] * (expected[i] - mean[i % 3]);
      expected[i] += -0.1 * slope + 0.3 * noise_of(numbers[i / 3], 7, k, static_cast<int>(i % 3), 3);
    }
  }
  CHECK(test::worst_error(advanced(gaussian(), settings, start, numbers, 7), expected) < 3e-6);
  settings.steps = 0;
  CHECK(advanced(gaussian(), settings, start, numbers, 7) == start);
  CHECK(std::abs(LangevinSettings{60, 0.1, 0.3, 0.0}.temperature() - 0.45) < 1e-15);
}

TEST_CASE("chains do not depend on how they are grouped, bit for bit", "[sampling][langevin]") {
  constexpr std::size_t chains = 300, few = 100, dimension = 5;
  network::Mlp<float> mlp({dimension, {16, 16}});
  mlp.initialize(3);
  const network::MlpEnergy<float> energy{mlp.view()};
  const auto start = test::converted<float>(test::arbitrary_numbers(chains * dimension, 5, 2.0));
  const LangevinSettings settings = settings_at(20, 0.05, 1.0);
  const auto all = advanced(energy, settings, start, numbers_from(40, chains));
  const std::vector<float> head(start.begin(), start.begin() + few * dimension);
  const std::vector<float> all_head(all.begin(), all.begin() + few * dimension);
  CHECK(advanced(energy, settings, head, numbers_from(40, few)) == all_head);
  // From the 37th chain on, so that every chain sits in another lane.
  const std::vector<float> tail(start.begin() + 37 * dimension, start.end());
  const std::vector<float> all_tail(all.begin() + 37 * dimension, all.end());
  CHECK(advanced(energy, settings, tail, numbers_from(77, chains - 37)) == all_tail);
  // Other numbers or another training step are other noise.
  CHECK(advanced(energy, settings, head, numbers_from(41, few)) != all_head);
  CHECK(advanced(energy, settings, head, numbers_from(40, few), 2) != all_head);
}

TEST_CASE("the gradient clip bounds the displacement and keeps its direction", "[sampling][langevin]") {
  LangevinSettings settings = settings_at(1, 0.1, 1.0);
  settings.noise_scale = 0.0;
  settings.gradient_clip = 2.0;
  // The first chain's gradient is (6, 0, 8), of norm 10; the second's is (0.5, 0, 0), below the bound.
  const std::vector<float> start{mean[0] + 6.0f, mean[1], mean[2] + 10.0f, mean[0] + 0.5f, mean[1], mean[2]};
  const std::vector<double> expected{mean[0] + 6.0 - 0.1 * 2.0 * 0.6,
                                     mean[1],
                                     mean[2] + 10.0 - 0.1 * 2.0 * 0.8,
                                     mean[0] + 0.45,
                                     mean[1],
                                     mean[2]};
  CHECK(test::worst_error(advanced(gaussian(), settings, start, {0, 1}), expected) < 1e-6);
  settings.gradient_clip = 0.0;
  const std::vector<double> unclipped{mean[0] + 5.4,  mean[1], mean[2] + 9.2,
                                      mean[0] + 0.45, mean[1], mean[2]};
  CHECK(test::worst_error(advanced(gaussian(), settings, start, {0, 1}), unclipped) < 1e-6);
}

TEST_CASE("the watch notes gradient norm and virial of the last gradient, not clipped",
          "[sampling][langevin]") {
  const auto start = test::converted<float>(test::arbitrary_numbers(70 * 3, 4, 3.0));
  const std::vector<float> centre{0.25f, -1.0f, 0.5f};
  for (const double clip : {0.0, 0.5}) {
    LangevinSettings settings = settings_at(4, 0.1, 1.0);
    settings.gradient_clip = clip;
    const test::Buffer<float> norm("ebmpi::test::norm", 70), virial("ebmpi::test::virial", 70);
    const auto watched = advanced(gaussian(), settings, start, numbers_from(0, 70), 1,
                                  {test::to_device(centre), norm, virial});
    CHECK(watched == advanced(gaussian(), settings, start, numbers_from(0, 70)));
    // The last gradient is taken where three of the four steps lead.
    settings.steps = 3;
    const auto x = advanced(gaussian(), settings, start, numbers_from(0, 70));
    std::vector<double> norms(70), virials(70);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double slope = precision[i % 3] * (x[i] - mean[i % 3]);
      norms[i / 3] += slope * slope;
      virials[i / 3] += (x[i] - centre[i % 3]) * slope;
    }
    for (double& value : norms) value = std::sqrt(value);
    CHECK(test::worst_error(test::to_host(norm), norms) < 1e-5);
    CHECK(test::worst_error(test::to_host(virial), virials) < 1e-5);
  }
}
