// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "evaluation/denoise.hpp"
#include "evaluation/inpaint.hpp"
#include "evaluation/row_moments.hpp"
#include "training/density_model.hpp"

using namespace ebmpi;
using evaluation::DenoiseMethod;

namespace {

constexpr std::size_t rows = 130, dimension = 3;

/// Spread over [-2, 2], no two alike.
std::vector<double> spread() {
  std::vector<double> y(rows * dimension);
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] = 4.0 * std::fmod(0.618033988749895 * static_cast<double>(i + 1), 1.0) - 2.0;
  return y;
}

std::span<const double> part(const std::vector<double>& y, std::size_t first, std::size_t last) {
  return std::span(y).subspan(first * dimension, (last - first) * dimension);
}

template <class Value>
std::vector<Value> joined(std::vector<Value> one, const std::vector<Value>& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

}  // namespace

TEST_CASE("denoised rows do not depend on the pieces that they come in", "[evaluation][denoise]") {
  const auto model = training::density_model<float>({"gaussian_mixture", dimension, 0.7});
  const std::vector<double> y = spread();
  for (const DenoiseMethod method :
       {DenoiseMethod::map, DenoiseMethod::annealed, DenoiseMethod::sample, DenoiseMethod::tweedie}) {
    INFO(static_cast<int>(method));
    evaluation::DenoiseSettings settings;
    settings.method = method;
    settings.noise = {0.5, 0.2, 1.0};
    settings.warm_up = 20;
    settings.draws = 5;
    settings.levels = 3;
    settings.steps_at_a_level = 4;
    const evaluation::Denoiser<float> denoise(model, settings);
    const auto whole = denoise(7, y);
    const auto one = denoise(7, part(y, 0, 37)), other = denoise(7 + 37, part(y, 37, rows));
    CHECK(whole.x == joined(one.x, other.x));
    CHECK(whole.energy == joined(one.energy, other.energy));
    CHECK(whole.displacement == joined(one.displacement, other.displacement));
    CHECK(whole.deviation == joined(one.deviation, other.deviation));
    CHECK(whole.acceptance == joined(one.acceptance, other.acceptance));
    CHECK(denoise(7, part(y, 0, 0)).x.empty());
  }
}

TEST_CASE("in-painted rows do not depend on the pieces that they come in", "[evaluation][inpaint]") {
  const auto model = training::density_model<float>({"gaussian_mixture", dimension, 0.7});
  std::vector<double> y = spread();
  for (std::size_t i = 0; i < y.size(); i += 4) y[i] = std::numeric_limits<double>::quiet_NaN();
  evaluation::InpaintSettings settings;
  settings.warm_up = 20;
  settings.steps = 5;
  settings.draws = 3;
  settings.keeps_draws = true;
  const evaluation::Inpainter<float> inpaint(model, settings);
  const auto whole = inpaint(7, y);
  const auto one = inpaint(7, part(y, 0, 64)), other = inpaint(7 + 64, part(y, 64, rows));
  CHECK(whole.x == joined(one.x, other.x));
  CHECK(whole.mean == joined(one.mean, other.mean));
  CHECK(whole.deviation == joined(one.deviation, other.deviation));
  CHECK(whole.draws == joined(one.draws, other.draws));
  CHECK(whole.energy == joined(one.energy, other.energy));
  CHECK(whole.unknown == one.unknown + other.unknown);
  CHECK(whole.unknown == (rows * dimension + 3) / 4);
  const auto elsewhere = inpaint(8, y);  // other numbers, other draws
  CHECK(elsewhere.x != whole.x);
}

TEST_CASE("rows with nothing unknown come back as they were", "[evaluation][inpaint]") {
  const auto model = training::density_model<double>({"gaussian", dimension, 0.1});
  const std::vector<double> y = spread();
  evaluation::InpaintSettings settings;
  settings.warm_up = 3000;  // in which nothing bounds the steps but the chains themselves
  settings.moves.leapfrogs = 1;
  const auto result = evaluation::Inpainter<double>(model, settings)(0, y);
  CHECK(result.x == y);
  CHECK(result.unknown == 0);
  for (const double acceptance : result.acceptance) CHECK(acceptance == 1.0);
}

TEST_CASE("moments of arrays", "[evaluation]") {
  evaluation::RowMoments moments;
  moments.add({1.0, 5.0});
  CHECK(moments.deviation() == std::vector{0.0, 0.0});
  moments.add({2.0, 5.0});
  moments.add({6.0, 5.0});
  CHECK(moments.mean() == std::vector{3.0, 5.0});
  CHECK(std::abs(moments.deviation()[0] - std::sqrt(7.0)) < 1e-15);
  CHECK(moments.deviation()[1] == 0.0);
}
