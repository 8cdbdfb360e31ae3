// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "core/error.hpp"
#include "data/synthetic.hpp"
#include "evaluation/annealed_log_z.hpp"
#include "evaluation/partition_grid.hpp"
#include "training/density_model.hpp"

using namespace ebmpi;
using comm::Communicator;
using evaluation::AnnealedLogZ;
using evaluation::AnnealingSettings;
using evaluation::ReverseStart;

namespace {

/// A density in closed form, whose log Z is 0.
template <class Scalar>
training::Model<Scalar> density(const std::string& name) {
  return training::density_model<Scalar>(training::parse_density_name("density:" + name));
}

/// The base of annealing from samples of a density.
evaluation::AnnealingBase base_of(const std::string& name) {
  const training::DensityName parsed = training::parse_density_name("density:" + name);
  const auto source = data::make_density(parsed.name, parsed.dimension, parsed.noise);
  constexpr std::int64_t rows = 2048;
  std::vector<double> x(static_cast<std::size_t>(rows * parsed.dimension));
  source->sample(3, 0, rows, x);
  return evaluation::fit_annealing_base(x, parsed.dimension);
}

template <class Scalar>
AnnealedLogZ anneal(const Communicator& communicator, const std::string& name,
                    const AnnealingSettings& settings, ReverseStart start = ReverseStart::ends,
                    const std::vector<double>& rows = {}) {
  return evaluation::annealed_log_z(communicator, density<Scalar>(name), base_of(name), settings, start,
                                    rows);
}

void check_contains(const AnnealedLogZ& found, double log_z) {
  CHECK(found.lower <= log_z);
  CHECK(found.upper >= log_z);
  CHECK(found.lower <= found.estimate.value);
  CHECK(found.estimate.value <= found.upper);
  CHECK(std::abs(found.estimate.value - log_z) < 4.0 * found.estimate.standard_error + 1e-4);
}

}  // namespace

TEST_CASE("a grid gives log Z of closed forms", "[evaluation][grid]") {
  const Communicator world(MPI_COMM_WORLD);
  // Energies in double: what is left is the quadrature, and the mass outside of six deviations, 4e-9.
  for (const std::string name : {"gaussian,dimension=1", "gaussian,dimension=2", "gaussian,dimension=3",
                                 "double_well,dimension=2,noise=0.3", "eight_gaussians,noise=0.2"}) {
    INFO(name);
    const auto found = evaluation::grid_log_z(world, density<double>(name));
    CHECK(std::abs(found.log_z) < 1e-6);
    CHECK(found.edge_mass < 1e-6);
    CHECK(found.error() < 1e-5);
  }
  const auto in_float = evaluation::grid_log_z(world, density<float>("gaussian,dimension=2"));
  CHECK(std::abs(in_float.log_z) < 1e-5);
}

TEST_CASE("a grid says what it misses", "[evaluation][grid]") {
  const Communicator world(MPI_COMM_WORLD);
  // Intervals of 1.1 deviations of the wells of width 0.1; half of them see the wells by chance.
  const auto coarse = evaluation::grid_log_z(world, density<double>("eight_gaussians,noise=0.1"), {6.0, 64});
  CHECK(coarse.error() > std::abs(coarse.log_z));
  // The hull of the samples' range ends between 3 and 4.5 deviations.
  const auto narrow = evaluation::grid_log_z(world, density<double>("gaussian,dimension=1"), {0.1, 512});
  CHECK(narrow.edge_mass > 1e-5);
  CHECK(narrow.error() > std::abs(narrow.log_z));
  CHECK_THROWS_AS(evaluation::grid_log_z(world, density<double>("gaussian,dimension=4")), core::InputError);
}

TEST_CASE("temperature enters the grid", "[evaluation][grid]") {
  const Communicator world(MPI_COMM_WORLD);
  auto model = density<double>("gaussian,dimension=2");
  model.temperature = 0.5;
  // ∫ N(x; 0, C)² dx = 1/(4π √det C), det C = 3/4.
  const double expected = -std::log(4.0 * std::numbers::pi * std::sqrt(0.75));
  CHECK(std::abs(evaluation::grid_log_z(world, model).log_z - expected) < 1e-6);
}

TEST_CASE("annealing brackets log Z of Gaussians of which the base knows little", "[evaluation][annealing]") {
  const Communicator world(MPI_COMM_WORLD);
  for (const int dimension : {2, 10, 50}) {
    INFO(dimension);
    const std::string name = "gaussian,dimension=" + std::to_string(dimension);
    auto model = density<float>(name);
    model.temperature = 0.7;  // so that the base is not the model
    const double sum_of_logs = -0.5 * dimension * std::log(2.0 * std::numbers::pi) -
                               0.5 * (dimension - 1) * std::log(0.75);  // log density at the mean
    const double expected = 0.5 * dimension * std::log(2.0 * std::numbers::pi * 0.7) +
                            0.5 * (dimension - 1) * std::log(0.75) + sum_of_logs / 0.7;
    const auto found =
        evaluation::annealed_log_z(world, model, base_of(name), {512, 100, 5, 50, 1}, ReverseStart::ends);
    check_contains(found, expected);
    CHECK(found.upper - found.lower < 0.5);
    CHECK(found.forward.effective_size > 0.5 * 512);
    CHECK(found.acceptance > 0.6);
  }
}

TEST_CASE("annealing brackets log Z of mixtures, and both sides agree", "[evaluation][annealing]") {
  const Communicator world(MPI_COMM_WORLD);
  for (const std::string name :
       {"gaussian_mixture,dimension=5,noise=0.5", "double_well,dimension=3,noise=0.4"}) {
    INFO(name);
    const auto found = anneal<float>(world, name, {512, 300, 5, 50, 2});
    check_contains(found, 0.0);
    const double sides = found.forward.log_mean.value + found.reverse->log_mean.value;
    CHECK(std::abs(sides) <
          4.0 * std::hypot(found.forward.log_mean.standard_error, found.reverse->log_mean.standard_error));
  }
}

TEST_CASE("the reverse run may start from given samples, or be left out", "[evaluation][annealing]") {
  const Communicator world(MPI_COMM_WORLD);
  const std::string name = "eight_gaussians,noise=0.3";
  std::vector<double> samples(2 * 300);
  data::make_density("eight_gaussians", 2, 0.3)->sample(17, 0, 300, samples);
  const auto found = anneal<float>(world, name, {512, 200, 5, 20, 3}, ReverseStart::rows, samples);
  CHECK(found.reverse_chains == 300);
  check_contains(found, 0.0);
  const auto one_sided = anneal<float>(world, name, {512, 200, 5, 20, 3}, ReverseStart::none);
  CHECK_FALSE(one_sided.reverse.has_value());
  CHECK(std::isinf(one_sided.upper));
  CHECK(one_sided.forward.log_mean.value == found.forward.log_mean.value);
}

TEST_CASE("too few stages show in the effective sample size and in the bracket", "[evaluation][annealing]") {
  const Communicator world(MPI_COMM_WORLD);
  const auto found = anneal<float>(world, "twenty_five_gaussians,noise=0.05", {256, 2, 1, 10, 4});
  CHECK(found.forward.effective_size < 0.1 * 256);
}

TEST_CASE("log Z has the same bits on any number of ranks", "[evaluation][decomposition]") {
  const Communicator world(MPI_COMM_WORLD), alone(MPI_COMM_SELF);
  const std::string name = "gaussian_mixture,dimension=3,noise=0.5";
  const AnnealingSettings settings{200, 60, 3, 30, 5};  // no whole number of tiles
  const auto shared = anneal<float>(world, name, settings), here = anneal<float>(alone, name, settings);
  CHECK(shared.schedule.betas == here.schedule.betas);
  CHECK(shared.schedule.step_sizes == here.schedule.step_sizes);
  CHECK(shared.estimate.value == here.estimate.value);
  CHECK(shared.estimate.standard_error == here.estimate.standard_error);
  CHECK(shared.lower == here.lower);
  CHECK(shared.upper == here.upper);
  CHECK(shared.samples == here.samples);
  const auto grid_shared = evaluation::grid_log_z(world, density<float>(name), {6.0, 60});
  const auto grid_here = evaluation::grid_log_z(alone, density<float>(name), {6.0, 60});
  CHECK(grid_shared.log_z == grid_here.log_z);
  CHECK(grid_shared.edge_mass == grid_here.edge_mass);
}
