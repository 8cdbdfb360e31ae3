// SPDX-License-Identifier: Apache-2.0
#include "training/density_model.hpp"

#include <charconv>
#include <cmath>
#include <memory>
#include <numbers>
#include <sstream>

#include "core/error.hpp"
#include "data/gaussian_densities.hpp"
#include "data/other_densities.hpp"

namespace ebmpi::training {
namespace {

using network::AffineMap;
using network::PartKind;
using What = network::EnergyStep::What;

const double log_root_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);

/// Closed forms and what the logarithms of their exponentials' shares in the density are.
struct ClosedForm {
  PartKind kind = PartKind::standard_normal;
  double parameter = 1.0;
  std::vector<AffineMap> maps;     // one for each member of the mixture
  std::vector<double> log_shares;  // log π - log Z
};

ClosedForm closed_form(const data::IsotropicMixture& mixture) {
  ClosedForm result;
  const auto size = static_cast<std::size_t>(mixture.dimension());
  const double inverse = 1.0 / mixture.standard_deviation();
  for (std::size_t k = 0; k < mixture.weights().size(); ++k) {
    std::vector<double> shift;
    for (const double centre : mixture.mean(k)) shift.push_back(-centre * inverse);
    result.maps.push_back(AffineMap::diagonal(std::vector<double>(size, inverse), std::move(shift)));
    result.log_shares.push_back(std::log(mixture.weights()[k]) -
                                static_cast<double>(size) *
                                    (log_root_two_pi + std::log(mixture.standard_deviation())));
  }
  return result;
}

/// u_0 = x_0, u_i = (x_i - ρ x_{i-1}) / s are independent.
ClosedForm closed_form(const data::AutoregressiveGaussian& gaussian) {
  const std::int64_t dimension = gaussian.dimension();
  std::vector<double> matrix(static_cast<std::size_t>(dimension * dimension), 0.0);
  matrix[0] = 1.0;
  for (std::int64_t i = 1; i < dimension; ++i) {
    matrix[static_cast<std::size_t>(i * dimension + i)] = 1.0 / gaussian.innovation();
    matrix[static_cast<std::size_t>(i * dimension + i - 1)] = -gaussian.correlation() / gaussian.innovation();
  }
  const auto count = static_cast<double>(dimension);
  return {PartKind::standard_normal,
          1.0,
          {AffineMap::dense(dimension, std::move(matrix),
                            std::vector<double>(static_cast<std::size_t>(dimension)))},
          {-count * log_root_two_pi - (count - 1.0) * std::log(gaussian.innovation())}};
}

ClosedForm closed_form(const data::DoubleWell& well) {
  const auto others = static_cast<double>(well.dimension() - 1);
  return {PartKind::double_well,
          well.noise(),
          {AffineMap::identity(well.dimension())},
          {-well.log_partition() - others * (log_root_two_pi + std::log(well.noise()))}};
}

ClosedForm closed_form(const data::Funnel& funnel) {
  return {PartKind::funnel,
          funnel.noise(),
          {AffineMap::identity(funnel.dimension())},
          {-static_cast<double>(funnel.dimension()) * log_root_two_pi - std::log(funnel.noise())}};
}

ClosedForm closed_form(const data::Density& density) {
  if (const auto* mixture = dynamic_cast<const data::IsotropicMixture*>(&density))
    return closed_form(*mixture);
  if (const auto* gaussian = dynamic_cast<const data::AutoregressiveGaussian*>(&density))
    return closed_form(*gaussian);
  if (const auto* well = dynamic_cast<const data::DoubleWell*>(&density)) return closed_form(*well);
  if (const auto* funnel = dynamic_cast<const data::Funnel*>(&density)) return closed_form(*funnel);
  throw core::InputError("density:" + std::string(density.name()) +
                         " is no model (the density has no closed form that can be evaluated fast); use "
                         "gaussian, gaussian_mixture, eight_gaussians, twenty_five_gaussians, double_well or "
                         "funnel");
}

/// Of samples of the density: where chains may start.
data::ModelSpaceMoments sample_moments(const data::Density& density) {
  constexpr std::int64_t count = 4096;
  const auto size = static_cast<std::size_t>(density.dimension());
  std::vector<double> x(count * size);
  density.sample(1, 0, count, x);
  data::ModelSpaceMoments moments{
      std::vector<double>(size), std::vector<double>(size),
      std::vector<double>(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(size)),
      std::vector<double>(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(size))};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t d = i % size;
    moments.mean[d] += x[i] / count;
    moments.minimum[d] = std::min(moments.minimum[d], x[i]);
    moments.maximum[d] = std::max(moments.maximum[d], x[i]);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double away = x[i] - moments.mean[i % size];
    moments.deviation[i % size] += away * away / count;
  }
  for (double& deviation : moments.deviation) deviation = std::sqrt(deviation);
  return moments;
}

template <class Number>
Number parse_number(const std::string& text, const std::string& option, const std::string& value) {
  Number number{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size()) return number;
  throw core::InputError("'" + text + "' cannot be read (" + option +
                         " is not followed by a number); write " + std::string(density_prefix) +
                         "NAME,dimension=2,noise=0.1");
}

}  // namespace

DensityName parse_density_name(const std::string& text) {
  DensityName result;
  std::istringstream pieces(text.substr(density_prefix.size()));
  std::getline(pieces, result.name, ',');
  for (std::string piece; std::getline(pieces, piece, ',');) {
    const std::size_t equals = piece.find('=');
    const std::string option = piece.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : piece.substr(equals + 1);
    if (option == "dimension") {
      result.dimension = parse_number<std::int64_t>(text, option, value);
    } else if (option == "noise") {
      result.noise = parse_number<double>(text, option, value);
    } else {
      throw core::InputError("'" + text + "' cannot be read (a density has no option '" + option +
                             "'); it takes dimension and noise");
    }
  }
  return result;
}

template <class Scalar>
Model<Scalar> density_model(const DensityName& name) {
  const std::unique_ptr<data::Density> density = data::make_density(name.name, name.dimension, name.noise);
  const ClosedForm form = closed_form(*density);
  std::vector<network::PartDescription<Scalar>> parts;
  std::vector<network::EnergyStep> steps{{What::open_mixture}};
  for (std::size_t k = 0; k < form.maps.size(); ++k) {
    parts.push_back({form.kind, {}, {}, form.parameter, form.maps[k]});
    steps.push_back({What::part, static_cast<std::int64_t>(k), 1.0, form.log_shares[k]});
  }
  steps.push_back({What::close});
  Model<Scalar> model{network::EnergyModel<Scalar>(std::move(steps), std::move(parts), name.dimension),
                      data::DataTransform::identity(name.dimension), sample_moments(*density)};
  model.checkpoint = std::string(density_prefix) + name.name +
                     ",dimension=" + std::to_string(name.dimension) + ",noise=" + std::to_string(name.noise);
  model.known_log_z = KnownLogZ::exact;
  return model;
}

template Model<float> density_model(const DensityName&);
template Model<double> density_model(const DensityName&);

}  // namespace ebmpi::training
