// SPDX-License-Identifier: Apache-2.0
#include "config/enum_names.hpp"

#include <array>
#include <cstddef>

namespace ebmpi::config {

namespace {

using Name = std::string_view;

constexpr std::array<Name, 2> precision_names = {"float", "double"};
constexpr std::array<Name, 2> network_names = {"mlp", "score_mlp"};
constexpr std::array<Name, 8> activation_names = {"silu", "tanh",      "softplus", "gelu",
                                                  "sin",  "quadratic", "relu",     "leaky_relu"};
constexpr std::array<Name, 9> objective_names = {
    "contrastive_divergence", "persistent_contrastive_divergence", "score_matching",
    "sliced_score_matching",  "denoising_score_matching",          "noise_contrastive_estimation",
    "energy_discrepancy",     "flow_contrastive_estimation",       "flow_maximum_likelihood"};
constexpr std::array<Name, 2> direction_names = {"rademacher", "gaussian"};
constexpr std::array<Name, 2> sigma_weighting_names = {"variance", "uniform"};
constexpr std::array<Name, 3> contrast_names = {"binary", "ranking", "conditional"};
constexpr std::array<Name, 4> noise_names = {"gaussian", "mixture", "uniform", "flow"};
constexpr std::array<Name, 2> mixing_names = {"permutation", "linear"};
constexpr std::array<Name, 2> covariance_names = {"full", "diagonal"};
constexpr std::array<Name, 6> sampler_names = {
    "langevin", "mala", "metropolis", "hmc", "annealed_langevin", "parallel_tempering"};
constexpr std::array<Name, 3> ladder_moves_names = {"mala", "metropolis", "hmc"};
constexpr std::array<Name, 2> chain_start_names = {"noise", "data"};
constexpr std::array<Name, 2> optimizer_names = {"adam", "sgd"};
constexpr std::array<Name, 3> schedule_names = {"constant", "cosine", "step"};
constexpr std::array<Name, 2> record_names = {"standard", "summary"};
constexpr std::array<Name, 2> exchange_names = {"csv", "hdf5"};
constexpr std::array<Name, 2> transform_names = {"automatic", "none"};
constexpr std::array<Name, 3> feature_names = {"linear", "quadratic", "neural"};
constexpr std::array<Name, 3> width_rule_names = {"fixed", "pilot", "annealed"};
constexpr std::array<Name, 2> ascent_names = {"adam", "natural"};

}  // namespace

template <>
std::span<const Name> enum_names<Precision>() {
  return precision_names;
}
template <>
std::span<const Name> enum_names<NetworkKind>() {
  return network_names;
}
template <>
std::span<const Name> enum_names<Activation>() {
  return activation_names;
}
template <>
std::span<const Name> enum_names<ObjectiveKind>() {
  return objective_names;
}
template <>
std::span<const Name> enum_names<DirectionKind>() {
  return direction_names;
}
template <>
std::span<const Name> enum_names<SigmaWeighting>() {
  return sigma_weighting_names;
}
template <>
std::span<const Name> enum_names<NoiseContrast>() {
  return contrast_names;
}
template <>
std::span<const Name> enum_names<NoiseKind>() {
  return noise_names;
}
template <>
std::span<const Name> enum_names<MixingKind>() {
  return mixing_names;
}
template <>
std::span<const Name> enum_names<CovarianceKind>() {
  return covariance_names;
}
template <>
std::span<const Name> enum_names<SamplerKind>() {
  return sampler_names;
}
template <>
std::span<const Name> enum_names<LadderMoves>() {
  return ladder_moves_names;
}
template <>
std::span<const Name> enum_names<ChainStart>() {
  return chain_start_names;
}
template <>
std::span<const Name> enum_names<OptimizerKind>() {
  return optimizer_names;
}
template <>
std::span<const Name> enum_names<ScheduleKind>() {
  return schedule_names;
}
template <>
std::span<const Name> enum_names<SimulationRecord>() {
  return record_names;
}
template <>
std::span<const Name> enum_names<ExchangeKind>() {
  return exchange_names;
}
template <>
std::span<const Name> enum_names<TransformKind>() {
  return transform_names;
}
template <>
std::span<const Name> enum_names<FeatureKind>() {
  return feature_names;
}
template <>
std::span<const Name> enum_names<WidthRule>() {
  return width_rule_names;
}
template <>
std::span<const Name> enum_names<AscentKind>() {
  return ascent_names;
}

std::string_view to_string(Precision value) {
  return precision_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(NetworkKind value) {
  return network_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(Activation value) {
  return activation_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(ObjectiveKind value) {
  return objective_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(DirectionKind value) {
  return direction_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(SigmaWeighting value) {
  return sigma_weighting_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(NoiseContrast value) {
  return contrast_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(NoiseKind value) {
  return noise_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(MixingKind value) {
  return mixing_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(CovarianceKind value) {
  return covariance_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(SamplerKind value) {
  return sampler_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(LadderMoves value) {
  return ladder_moves_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(ChainStart value) {
  return chain_start_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(OptimizerKind value) {
  return optimizer_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(ScheduleKind value) {
  return schedule_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(SimulationRecord value) {
  return record_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(ExchangeKind value) {
  return exchange_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(TransformKind value) {
  return transform_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(FeatureKind value) {
  return feature_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(WidthRule value) {
  return width_rule_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(AscentKind value) {
  return ascent_names.at(static_cast<std::size_t>(value));
}
std::string_view to_string(Program value) {
  return value == Program::train ? "train" : "infer";
}

}  // namespace ebmpi::config
