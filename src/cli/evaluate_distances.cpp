// SPDX-License-Identifier: Apache-2.0
#include "cli/evaluate_distances.hpp"

#include <cmath>
#include <utility>

#include "evaluation/points.hpp"
#include "statistics/density_errors.hpp"
#include "statistics/distances.hpp"
#include "statistics/sliced_wasserstein.hpp"
#include "statistics/stein_discrepancy.hpp"

namespace ebmpi::cli {
namespace {

Json describe(const statistics::Estimate& estimate) {
  Json report = Json::object();
  report.set("value", estimate.value).set("standard_error", estimate.standard_error);
  return report;
}

/// x (N, D) in other units, column by column.
std::vector<double> in_units(const data::DataTransform& transform, std::vector<double> x, Units units) {
  if (units == Units::data) return x;
  const auto dimension = static_cast<std::size_t>(transform.dimension());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t d = i % dimension;
    x[i] = (x[i] - transform.mean()[d]) / transform.scale()[d];
  }
  return x;
}

std::vector<double> scores_in_data_units(const data::DataTransform& transform, const JudgedRows& rows) {
  std::vector<double> scores(rows.x.size());
  transform.score_to_data(rows.scores, scores);
  return scores;
}

/// With a projection in model space, outside of which there is no density; else without one that space is the
/// standardised one.
Json stein_discrepancy(const comm::Communicator& communicator, const data::DataTransform& transform,
                       const JudgedRows& rows, Units units) {
  const bool in_data_units = units == Units::data && !transform.has_projection();
  const std::vector<double>& points = in_data_units ? rows.x : rows.z;
  const std::vector<double> scores = in_data_units ? scores_in_data_units(transform, rows) : rows.scores;
  const std::int64_t dimension = in_data_units ? transform.dimension() : transform.model_dimension();
  const double length = statistics::median_distance(points, dimension);
  Json report =
      describe(statistics::kernel_stein_discrepancy(communicator, points, scores, dimension, length));
  report.set("length", length).set("space", in_data_units ? "data" : "model");
  return report;
}

}  // namespace

template <class Scalar>
JudgedRows judge_rows(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                      std::vector<double> x) {
  JudgedRows rows;
  const auto count = static_cast<std::int64_t>(x.size()) / model.transform.dimension();
  rows.z.resize(static_cast<std::size_t>(count * model.transform.model_dimension()));
  model.transform.to_model(x, rows.z);
  rows.x = std::move(x);
  evaluation::EvaluatedPoints points = evaluation::evaluate_points(communicator, model, rows.z);
  rows.exponents = std::move(points.exponents);
  rows.scores = std::move(points.scores);
  return rows;
}

template <class Scalar>
Json measure_distances(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                       const JudgedRows& rows, const std::vector<double>& samples, Units units,
                       std::uint64_t seed) {
  const std::int64_t dimension = model.transform.dimension();
  Json report = Json::object();
  report.set("rows", static_cast<std::int64_t>(rows.x.size()) / dimension)
      .set("samples", static_cast<std::int64_t>(samples.size()) / dimension)
      .set("units", units == Units::data ? "data" : "standardized");
  if (!samples.empty()) {
    const std::vector<double> x = in_units(model.transform, rows.x, units);
    const std::vector<double> y = in_units(model.transform, samples, units);
    const double bandwidth = statistics::median_distance(x, y, dimension);
    Json discrepancy =
        describe(statistics::maximum_mean_discrepancy(communicator, x, y, dimension, bandwidth));
    report.set("mmd_squared", std::move(discrepancy.set("bandwidth", bandwidth)))
        .set("energy_distance", describe(statistics::energy_distance(communicator, x, y, dimension)))
        .set("sliced_wasserstein",
             describe(statistics::sliced_wasserstein(communicator, x, y, dimension, {256, seed})));
  }
  report.set("kernel_stein_squared", stein_discrepancy(communicator, model.transform, rows, units));
  return report;
}

template <class Scalar>
Json compare_with_truth(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                        const evaluation::Truth& truth, const JudgedRows& rows, double log_z) {
  const evaluation::TrueValues values = evaluation::true_values(communicator, truth, rows.x);
  Json report = Json::object();
  report.set("density", std::string(truth.density->name()))
      .set("noise", truth.noise)
      .set("rows", values.log_densities.size())
      .set("log_likelihood", describe(statistics::mean_of(values.log_densities)))
      .set("fisher_divergence",
           describe(statistics::fisher_divergence(scores_in_data_units(model.transform, rows), values.scores,
                                                  model.transform.dimension())));
  if (!std::isfinite(log_z)) return report;
  std::vector<double> log_densities;
  for (const double exponent : rows.exponents) log_densities.push_back(exponent - log_z);
  const auto error = statistics::log_density_error(log_densities, values.log_densities);
  report.set("kl_divergence", describe({-error.bias.value, error.bias.standard_error}))
      .set("log_density_mean_square_error", describe(error.mean_square));
  return report;
}

#define EBMPI_INSTANTIATE(Scalar)                                                                       \
  template JudgedRows judge_rows(const comm::Communicator&, const training::Model<Scalar>&,             \
                                 std::vector<double>);                                                  \
  template Json measure_distances(const comm::Communicator&, const training::Model<Scalar>&,            \
                                  const JudgedRows&, const std::vector<double>&, Units, std::uint64_t); \
  template Json compare_with_truth(const comm::Communicator&, const training::Model<Scalar>&,           \
                                   const evaluation::Truth&, const JudgedRows&, double);
EBMPI_INSTANTIATE(float)
EBMPI_INSTANTIATE(double)
#undef EBMPI_INSTANTIATE

}  // namespace ebmpi::cli
