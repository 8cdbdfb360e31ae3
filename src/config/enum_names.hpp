// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "config/run_config.hpp"

namespace ebmpi::config {

/// The name that the config uses for an enumerator.
std::string_view to_string(Precision value);
std::string_view to_string(NetworkKind value);
std::string_view to_string(Activation value);
std::string_view to_string(ObjectiveKind value);
std::string_view to_string(DirectionKind value);
std::string_view to_string(SigmaWeighting value);
std::string_view to_string(NoiseContrast value);
std::string_view to_string(NoiseKind value);
std::string_view to_string(CovarianceKind value);
std::string_view to_string(MixingKind value);
std::string_view to_string(SamplerKind value);
std::string_view to_string(LadderMoves value);
std::string_view to_string(ChainStart value);
std::string_view to_string(OptimizerKind value);
std::string_view to_string(ScheduleKind value);
std::string_view to_string(SimulationRecord value);
std::string_view to_string(ExchangeKind value);
std::string_view to_string(TransformKind value);
std::string_view to_string(FeatureKind value);
std::string_view to_string(WidthRule value);
std::string_view to_string(AscentKind value);
/// "train", "infer": as the command is called.
std::string_view to_string(Program value);

/// All names of an enumeration in the order of its enumerators, which count from 0.
template <typename Enum>
std::span<const std::string_view> enum_names();

template <>
std::span<const std::string_view> enum_names<Precision>();
template <>
std::span<const std::string_view> enum_names<NetworkKind>();
template <>
std::span<const std::string_view> enum_names<Activation>();
template <>
std::span<const std::string_view> enum_names<ObjectiveKind>();
template <>
std::span<const std::string_view> enum_names<DirectionKind>();
template <>
std::span<const std::string_view> enum_names<SigmaWeighting>();
template <>
std::span<const std::string_view> enum_names<NoiseContrast>();
template <>
std::span<const std::string_view> enum_names<NoiseKind>();
template <>
std::span<const std::string_view> enum_names<CovarianceKind>();
template <>
std::span<const std::string_view> enum_names<MixingKind>();
template <>
std::span<const std::string_view> enum_names<SamplerKind>();
template <>
std::span<const std::string_view> enum_names<LadderMoves>();
template <>
std::span<const std::string_view> enum_names<ChainStart>();
template <>
std::span<const std::string_view> enum_names<OptimizerKind>();
template <>
std::span<const std::string_view> enum_names<ScheduleKind>();
template <>
std::span<const std::string_view> enum_names<SimulationRecord>();
template <>
std::span<const std::string_view> enum_names<ExchangeKind>();
template <>
std::span<const std::string_view> enum_names<TransformKind>();
template <>
std::span<const std::string_view> enum_names<FeatureKind>();
template <>
std::span<const std::string_view> enum_names<WidthRule>();
template <>
std::span<const std::string_view> enum_names<AscentKind>();

}  // namespace ebmpi::config
