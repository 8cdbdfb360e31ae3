// SPDX-License-Identifier: Apache-2.0
#include "training/combination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "config/derived.hpp"
#include "core/error.hpp"

namespace ebmpi::training {
namespace {

using network::AffineMap;
using What = network::EnergyStep::What;

bool is_same(const data::DataTransform& a, const data::DataTransform& b) {
  return a.mean() == b.mean() && a.scale() == b.scale() && a.projection() == b.projection();
}

template <class Scalar>
void check_dimensions(const std::vector<Model<Scalar>>& models) {
  const Model<Scalar>& first = models.front();
  for (const Model<Scalar>& model : models) {
    model.require_energy("'ebmpi compose'");
    if (model.transform.dimension() == first.transform.dimension()) continue;
    throw core::InputError(fmt::format(
        "{} is a density of {} coordinates and {} one of {} (only densities of the same data can be "
        "combined); name models of one dimension",
        first.checkpoint, first.transform.dimension(), model.checkpoint, model.transform.dimension()));
  }
}

/// Standardised as the first model's data, and projected where all models are, in the same way.
template <class Scalar>
data::DataTransform common_space(CombinationKind kind, const std::vector<Model<Scalar>>& models,
                                 const std::vector<Member>& members) {
  const data::DataTransform& first = models.front().transform;
  const bool all_alike =
      std::ranges::all_of(models, [&](const auto& model) { return is_same(model.transform, first); });
  if (all_alike) return first;
  bool some_know_all = false;
  for (std::size_t i = 0; i < models.size(); ++i)
    some_know_all = some_know_all || (!models[i].transform.has_projection() && members[i].weight > 0.0);
  for (const Model<Scalar>& model : models) {
    if (!model.transform.has_projection() || (kind == CombinationKind::product && some_know_all)) continue;
    throw core::InputError(fmt::format(
        "{} cannot be combined so (it was trained on a projection of the data, data.pca, which the others do "
        "not share, so that there is no density); combine models of one projection, or take a product with "
        "one "
        "that has none",
        model.checkpoint));
  }
  return data::DataTransform(first.mean(), first.scale());
}

/// From the common space, without projection, to a model's own.
AffineMap between(const data::DataTransform& from, const data::DataTransform& to) {
  std::vector<double> scale, shift;
  for (std::size_t d = 0; d < from.mean().size(); ++d) {
    scale.push_back(from.scale()[d] / to.scale()[d]);
    shift.push_back((from.mean()[d] - to.mean()[d]) / to.scale()[d]);
  }
  const AffineMap standardised = AffineMap::diagonal(std::move(scale), std::move(shift));
  if (!to.has_projection()) return standardised;
  const auto rows = static_cast<std::size_t>(to.model_dimension());
  return network::compose(AffineMap::dense(to.dimension(), to.projection(), std::vector<double>(rows)),
                          standardised);
}

/// Where the data of a model are in the common space; of a projected one, in each column by itself.
template <class Scalar>
data::ModelSpaceMoments moments_in(const data::DataTransform& space, const Model<Scalar>& model) {
  if (is_same(space, model.transform)) return model.moments;
  const data::DataTransform& own = model.transform;
  data::ModelSpaceMoments result;
  constexpr double reach = 4.0;  // standard deviations
  for (std::size_t d = 0; d < own.mean().size(); ++d) {
    const double ratio = own.scale()[d] / space.scale()[d];
    const auto place = [&](double z) {
      return z * ratio + (own.mean()[d] - space.mean()[d]) / space.scale()[d];
    };
    const bool known = !own.has_projection();
    result.mean.push_back(place(known ? model.moments.mean[d] : 0.0));
    result.deviation.push_back(ratio * (known ? model.moments.deviation[d] : 1.0));
    result.minimum.push_back(place(known ? model.moments.minimum[d] : -reach));
    result.maximum.push_back(place(known ? model.moments.maximum[d] : reach));
  }
  return result;
}

/// Of the data of all models together, each with the same weight.
template <class Scalar>
data::ModelSpaceMoments pooled_moments(const data::DataTransform& space,
                                       const std::vector<Model<Scalar>>& models) {
  data::ModelSpaceMoments result = moments_in(space, models.front());
  const auto size = result.mean.size();
  std::vector<double> first(size), second(size);
  for (const Model<Scalar>& model : models) {
    const data::ModelSpaceMoments own = moments_in(space, model);
    for (std::size_t d = 0; d < size; ++d) {
      first[d] += own.mean[d] / static_cast<double>(models.size());
      second[d] += (own.mean[d] * own.mean[d] + own.deviation[d] * own.deviation[d]) /
                   static_cast<double>(models.size());
      result.minimum[d] = std::min(result.minimum[d], own.minimum[d]);
      result.maximum[d] = std::max(result.maximum[d], own.maximum[d]);
    }
  }
  for (std::size_t d = 0; d < size; ++d) {
    result.mean[d] = first[d];
    result.deviation[d] = std::sqrt(second[d] - first[d] * first[d]);
  }
  return result;
}

/// The steps of all members, at their temperatures.
template <class Scalar>
std::vector<network::EnergyStep> combined_steps(CombinationKind kind,
                                                const std::vector<Model<Scalar>>& models,
                                                const std::vector<Member>& members) {
  const double total = std::accumulate(members.begin(), members.end(), 0.0,
                                       [](double sum, const Member& member) { return sum + member.weight; });
  std::vector<std::vector<network::EnergyStep>> steps;
  std::vector<double> weights, log_shares;
  for (std::size_t i = 0; i < models.size(); ++i) {
    steps.push_back(models[i].parts.steps());
    const double inverse = 1.0 / models[i].temperature;
    if (kind == CombinationKind::product) {
      weights.push_back(members[i].weight * inverse);
    } else {
      weights.push_back(inverse);
      log_shares.push_back(std::log(members[i].weight / total) - members[i].log_z);
    }
  }
  return network::combine(kind == CombinationKind::product ? What::open_sum : What::open_mixture, steps,
                          weights, log_shares);
}

}  // namespace

template <class Scalar>
Model<Scalar> combine_models(CombinationKind kind, const std::vector<Model<Scalar>>& models,
                             const std::vector<Member>& members) {
  check_dimensions(models);
  data::DataTransform space = common_space(kind, models, members);
  std::vector<network::PartDescription<Scalar>> parts;
  std::vector<config::RunConfig> runs;
  double sigma = 0.0;
  for (const Model<Scalar>& model : models) {
    const bool is_at_home = is_same(space, model.transform);
    for (network::PartDescription<Scalar> part : model.parts.parts()) {
      if (!is_at_home) part.map = network::compose(part.map, between(space, model.transform));
      parts.push_back(std::move(part));
    }
    runs.insert(runs.end(), model.runs.begin(), model.runs.end());
    sigma = std::max(sigma, model.sigma);
  }
  data::ModelSpaceMoments moments = pooled_moments(space, models);
  const std::int64_t dimension = space.model_dimension();
  Model<Scalar> result{
      network::EnergyModel<Scalar>(combined_steps(kind, models, members), std::move(parts), dimension),
      std::move(space), std::move(moments), std::move(runs)};
  result.sigma = sigma;
  return result;
}

template <class Scalar>
Model<Scalar> tempered(const Model<Scalar>& model, double temperature) {
  Model<Scalar> result = model;
  const std::vector<std::vector<network::EnergyStep>> alone(1, model.parts.steps());
  result.parts =
      network::EnergyModel<Scalar>(network::combine(What::open_sum, alone, {1.0 / temperature}, {}),
                                   model.parts.parts(), model.parts.dimension());
  result.temperature = 1.0;
  result.known_log_z = KnownLogZ::none;
  result.step = 0;
  return result;
}

template Model<float> combine_models(CombinationKind, const std::vector<Model<float>>&,
                                     const std::vector<Member>&);
template Model<double> combine_models(CombinationKind, const std::vector<Model<double>>&,
                                      const std::vector<Member>&);
template Model<float> tempered(const Model<float>&, double);
template Model<double> tempered(const Model<double>&, double);

}  // namespace ebmpi::training
