// SPDX-License-Identifier: Apache-2.0
#include "simulation/simulator.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "core/error.hpp"
#include "simulation/simulation_stream.hpp"

namespace ebmpi::simulation {
namespace {

/// x ~ N(A θ, noise²·I), A = I, or with 1/2 beside the diagonal.
class GaussianSimulator final : public Simulator {
public:
  GaussianSimulator(const Settings& settings, double coupling)
      : dimension_(settings.dimension), noise_(settings.noise), coupling_(coupling) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < dimension_; ++i)
      parameters_.push_back({fmt::format("theta_{}", i), -infinity, infinity, 0.0});
  }
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  int columns() const override { return static_cast<int>(dimension_); }
  void simulate(const Context& context, std::span<const double> theta, std::span<double> x) override {
    const auto rows = static_cast<std::int64_t>(theta.size()) / dimension_;
    for (std::int64_t row = 0; row < rows; ++row) {
      SimulationStream stream(context.key, context.first_number + row, context.step);
      for (std::int64_t i = 0; i < dimension_; ++i) {
        const double before = i > 0 ? theta[row * dimension_ + i - 1] : 0.0;
        x[row * dimension_ + i] = theta[row * dimension_ + i] + coupling_ * before + noise_ * stream.normal();
      }
    }
  }

private:
  std::int64_t dimension_;
  double noise_, coupling_;
  std::vector<Parameter> parameters_;
};

constexpr std::array<std::string_view, 2> names = {"gaussian_location", "linear_gaussian"};

}  // namespace

std::vector<std::string> Simulator::column_names() const {
  std::vector<std::string> found;
  for (int i = 0; i < columns(); ++i) found.push_back(fmt::format("x_{}", i));
  return found;
}

std::span<const std::string_view> simulator_names() {
  return names;
}

std::unique_ptr<Simulator> make_simulator(const Settings& settings) {
  if (settings.kind == names[0]) return std::make_unique<GaussianSimulator>(settings, 0.0);
  if (settings.kind == names[1]) return std::make_unique<GaussianSimulator>(settings, 0.5);
  throw core::InputError(
      fmt::format("simulator {} is not known (it is not built in); choose another", settings.kind));
}

}  // namespace ebmpi::simulation
