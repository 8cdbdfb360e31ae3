// SPDX-License-Identifier: Apache-2.0
#include "inference/score_fit.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace ebmpi::inference {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

/// Means and covariances of what the rows hold, the constant left out.
struct Moments {
  Vector feature_means, target_means;                              // (F), (d)
  Matrix feature_covariance, cross_covariance, target_covariance;  // (F, F), (F, d), (d, d)
};

Moments moments_of(const FitSums& fit) {
  const auto features = static_cast<Eigen::Index>(fit.features);
  const auto parameters = static_cast<Eigen::Index>(fit.parameters);
  const double rows = fit.rows();
  const auto mean = [&](std::size_t a) { return fit.sums(a, fit.features) / rows; };
  const auto covariance = [&](std::size_t a, std::size_t b) {
    return fit.sums(a, b) / rows - mean(a) * mean(b);
  };
  const auto target = [&](Eigen::Index i) { return fit.features + 1 + static_cast<std::size_t>(i); };
  const auto feature = [](Eigen::Index i) { return static_cast<std::size_t>(i); };
  return {
      Vector::NullaryExpr(features, [&](Eigen::Index i) { return mean(feature(i)); }),
      Vector::NullaryExpr(parameters, [&](Eigen::Index i) { return mean(target(i)); }),
      Matrix::NullaryExpr(features, features,
                          [&](Eigen::Index i, Eigen::Index j) { return covariance(feature(i), feature(j)); }),
      Matrix::NullaryExpr(features, parameters,
                          [&](Eigen::Index i, Eigen::Index j) { return covariance(feature(i), target(j)); }),
      Matrix::NullaryExpr(parameters, parameters,
                          [&](Eigen::Index i, Eigen::Index j) { return covariance(target(i), target(j)); })};
}

struct Ridge {
  Matrix weights;  // (F, d)
  double freedom;  // features that the fit may be said to have used
};

Ridge solve(const Moments& moments, double ridge) {
  constexpr double no_variance = 1e-12;  // of features of standardised data
  const Eigen::Index features = moments.feature_covariance.rows();
  Vector inverse_deviation(features);
  Eigen::Index constant = 0;
  for (Eigen::Index a = 0; a < features; ++a) {
    const double variance = moments.feature_covariance(a, a);
    inverse_deviation[a] = variance > no_variance ? 1.0 / std::sqrt(variance) : 0.0;
    if (variance <= no_variance) ++constant;
  }
  Matrix correlation =
      inverse_deviation.asDiagonal() * moments.feature_covariance * inverse_deviation.asDiagonal();
  // Constant ones get a diagonal of 1; equal ones must not make the matrix singular.
  const double least_ridge = 1e-10;
  for (Eigen::Index a = 0; a < features; ++a) {
    if (inverse_deviation[a] == 0.0) correlation(a, a) = 1.0;
    correlation(a, a) += std::max(ridge, least_ridge);
  }
  const Eigen::LLT<Eigen::MatrixXd> factor(correlation);
  const Matrix right = inverse_deviation.asDiagonal() * moments.cross_covariance;
  const Matrix weights = inverse_deviation.asDiagonal() * factor.solve(right);
  const Eigen::MatrixXd inverse_root = factor.matrixL().solve(Eigen::MatrixXd::Identity(features, features));
  const double freedom =
      static_cast<double>(features) - std::max(ridge, least_ridge) * inverse_root.squaredNorm();
  return {weights, std::max(0.0, freedom - static_cast<double>(constant))};
}

/// I - (residual covariance) / (covariance of ξ), which the fit of p features to n rows makes too small by (n
/// - 1
/// - p) / (n - 1): the adjusted coefficient of determination, of a vector.
Matrix adjusted_information(const Moments& moments, const Ridge& fit, double rows) {
  const Eigen::Index parameters = moments.target_covariance.rows();
  const Matrix cross = fit.weights.transpose() * moments.cross_covariance;
  const Matrix residual = moments.target_covariance - cross - cross.transpose() +
                          fit.weights.transpose() * moments.feature_covariance * fit.weights;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(moments.target_covariance);
  const Matrix whitening = eigen.operatorInverseSqrt();
  const double adjustment = (rows - 1.0) / (rows - 1.0 - fit.freedom);
  const Matrix unexplained = whitening * residual * whitening * adjustment;
  return Matrix::Identity(parameters, parameters) - 0.5 * (unexplained + unexplained.transpose());
}

void solve_here(const FitSums& sums, double ridge, ScoreFit& result) {
  const Moments moments = moments_of(sums);
  const Ridge fit = solve(moments, ridge);
  const Matrix information = adjusted_information(moments, fit, sums.rows());
  const Vector intercept = moments.target_means - fit.weights.transpose() * moments.feature_means;
  std::copy_n(fit.weights.data(), fit.weights.size(), result.score.weights.begin());
  std::copy_n(intercept.data(), intercept.size(), result.score.intercept.begin());
  std::copy_n(information.data(), information.size(), result.information.begin());
}

}  // namespace

std::vector<double> LinearScore::operator()(std::span<const double> values) const {
  std::vector<double> result = intercept;
  for (std::size_t a = 0; a < features; ++a) {
    for (std::size_t i = 0; i < parameters; ++i) result[i] += weights[a * parameters + i] * values[a];
  }
  return result;
}

double ScoreFit::explained() const {
  double sum = 0.0;
  for (std::size_t i = 0; i < score.parameters; ++i) sum += information[i * (score.parameters + 1)];
  return sum / static_cast<double>(score.parameters);
}

ScoreFit fit_score(const comm::Communicator& communicator, const FitSums& sums, double ridge) {
  ScoreFit result;
  result.score = {sums.features, sums.parameters, std::vector<double>(sums.features * sums.parameters),
                  std::vector<double>(sums.parameters)};
  result.information.resize(sums.parameters * sums.parameters);
  // One rank solves, so that ranks on unlike processors cannot differ in the last bits.
  if (communicator.is_root()) solve_here(sums, ridge, result);
  communicator.broadcast(std::span(result.score.weights));
  communicator.broadcast(std::span(result.score.intercept));
  communicator.broadcast(std::span(result.information));
  return result;
}

double held_out_fit(const LinearScore& score, const FitSums& fit) {
  const std::size_t terms = score.features + 1;  // the constant is the last
  const auto weight = [&](std::size_t a, std::size_t i) {
    return a < score.features ? score.weights[a * score.parameters + i] : score.intercept[i];
  };
  double sum = 0.0;
  for (std::size_t i = 0; i < score.parameters; ++i) {
    for (std::size_t a = 0; a < terms; ++a) {
      double square = 0.0;
      for (std::size_t b = 0; b < terms; ++b) square += weight(b, i) * fit.sums(a, b);
      sum += weight(a, i) * (2.0 * fit.sums(terms + i, a) - square);
    }
  }
  return sum / fit.rows();
}

}  // namespace ebmpi::inference
