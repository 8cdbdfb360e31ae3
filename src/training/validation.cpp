// SPDX-License-Identifier: Apache-2.0
#include "training/validation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "config/derived.hpp"
#include "core/to_device.hpp"
#include "objective/score_matching.hpp"
#include "training/blocks.hpp"
#include "training/make_objective.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {

template <class Scalar>
std::vector<ShardRows> validation_rows(const comm::ShardMap& shards, const data::TrainingData<Scalar>& data) {
  const std::int64_t share = (most_validation_rows + shards.shards() - 1) / shards.shards();
  std::vector<ShardRows> rows;
  for (const data::ShardSlice& slice : data.validation_slices())
    rows.push_back({slice.local_first, std::min(slice.size, share)});
  return rows;
}

namespace {

/// Slots for the loss terms alone: the network's tensors have none of a sum's numbers.
std::vector<std::int64_t> term_slots(std::size_t tensors, int terms) {
  std::vector<std::int64_t> sizes(tensors, 0);
  sizes.insert(sizes.end(), static_cast<std::size_t>(terms), 1);
  return sizes;
}

template <class Scalar>
std::size_t tensors_of(const config::RunConfig& config, const data::TrainingData<Scalar>& data) {
  return network::mlp_layout(mlp_shape(config, data.dimension())).tensors().size();
}

}  // namespace

template <class Scalar>
Validation<Scalar>::Validation(const config::RunConfig& config, const comm::ShardMap& shards,
                               const data::TrainingData<Scalar>& data,
                               const objective::Objective<Scalar>& objective,
                               const ContrastNoise<Scalar>* noise)
    : objective_(objective),
      sums_(term_slots(tensors_of(config, data), objective.terms()), core::ExecutionSpace().concurrency()) {
  add_rows(config, shards, data, noise != nullptr);
  if (noise) draw_noise(*noise);
}

template <class Scalar>
void Validation<Scalar>::add_rows(const config::RunConfig& config, const comm::ShardMap& shards,
                                  const data::TrainingData<Scalar>& data, bool with_noise) {
  const std::vector<ShardRows> held_out = validation_rows(shards, data);
  for (const ShardRows& part : held_out) rows_ += part.count;
  const int rows_in_block = core::tile_size / objective_.group();
  std::vector<objective::SampleBlock> blocks;
  std::int64_t row = 0, negative = rows_;
  for (std::size_t i = 0; i < held_out.size(); ++i) {
    const std::int64_t number = data.validation_slices()[i].global_first;
    append_blocks(blocks, {row, held_out[i].count, number}, rows_in_block, objective::Role::data);
    const std::int64_t negatives = with_noise ? negative_rows(config, held_out[i].count) : 0;
    const std::int64_t first_negative = with_noise ? negative_rows(config, number) : 0;
    if (with_noise && has_negative_blocks(config)) {
      append_blocks(blocks, {negative, negatives, first_negative}, core::tile_size,
                    objective::Role::negative);
    }
    noise_parts_.push_back({negative, negatives, first_negative});
    row += held_out[i].count;
    negative += negatives;
  }
  samples_ = core::Rows<Scalar>("ebmpi::training::validation", negative, data.dimension());
  row = 0;
  for (const ShardRows& part : held_out) {
    const auto from = std::pair<std::int64_t, std::int64_t>(part.first, part.first + part.count);
    const auto to = std::pair<std::int64_t, std::int64_t>(row, row + part.count);
    Kokkos::deep_copy(core::ExecutionSpace(), Kokkos::subview(samples_, to, Kokkos::ALL),
                      Kokkos::subview(data.validation(), from, Kokkos::ALL));
    row += part.count;
  }
  blocks_ = core::to_device<objective::SampleBlock>(blocks, "ebmpi::training::blocks");
  blocks_here_ = static_cast<std::int64_t>(blocks.size());
}

template <class Scalar>
void Validation<Scalar>::draw_noise(const ContrastNoise<Scalar>& noise) {
  log_noise_ = decltype(log_noise_)("ebmpi::training::validation_log_noise", samples_.extent(0));
  const auto rows_of = [&](std::int64_t first, std::int64_t count) {
    return std::pair<std::int64_t, std::int64_t>(first, first + count);
  };
  noise.log_density(Kokkos::subview(samples_, rows_of(0, rows_), Kokkos::ALL),
                    Kokkos::subview(log_noise_, rows_of(0, rows_)));
  for (const NoisePart& part : noise_parts_) {
    noise.draw(0, part.number, Kokkos::subview(samples_, rows_of(part.first, part.count), Kokkos::ALL),
               Kokkos::subview(log_noise_, rows_of(part.first, part.count)));
  }
}

template <class Scalar>
objective::LossReport Validation<Scalar>::operator()(const comm::Communicator& communicator,
                                                     const network::MlpView<Scalar>& mlp) {
  const std::vector<double> unknown(static_cast<std::size_t>(objective_.terms()),
                                    std::numeric_limits<double>::quiet_NaN());
  const objective::LossReport undefined = objective_.report(unknown, 1.0);
  std::int64_t counts[2] = {rows_, blocks_here_};
  communicator.sum(std::span<std::int64_t>(counts));
  if (counts[0] == 0) return undefined;
  // Scales are found anew, so that the bits do not depend on how often this was called before.
  sums_.set_exponents(
      std::vector<std::int64_t>(static_cast<std::size_t>(sums_.slots()), core::FixedPointSum::uncalibrated));
  const objective::JetBatch<Scalar> batch{samples_, blocks_, 0, rows_, log_noise_};
  const std::int64_t addends = counts[1] * objective_.passes(static_cast<int>(samples_.extent(1)));
  auto verdict = core::FixedPointSum::Verdict::repeat;
  while (verdict == core::FixedPointSum::Verdict::repeat) {
    sums_.clear();
    objective_.add(core::ExecutionSpace(), mlp, batch, objective::Task::loss, sums_.adder(), sums_.workers());
    sums_.collect();
    communicator.max(sums_.peaks());
    verdict = sums_.judge(addends);
  }
  if (verdict == core::FixedPointSum::Verdict::not_finite) return undefined;
  communicator.sum(sums_.sums());
  std::vector<double> terms;
  for (int t = 0; t < objective_.terms(); ++t) terms.push_back(sums_.value(t));
  return objective_.report(terms, static_cast<double>(counts[0]));
}

template <class Scalar>
std::unique_ptr<objective::Objective<Scalar>> make_validation_objective(const config::RunConfig& config,
                                                                        const network::MlpShape& shape) {
  if (!config::is_validated_by_score(config)) return make_objective<Scalar>(config, shape);
  if (!network::is_smooth(shape.activation)) return nullptr;
  const core::PhiloxKey key =
      core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::projections);
  return objective::make_score_matching<Scalar>(
      {objective::Directions::rademacher, objective::SquaredScore::whole, 1, key}, shape, {});
}

/// The score is -∇E/T: ½‖∇E‖² counts 1/T², ΔE 1/T.
double validation_loss(const objective::LossReport& report, const config::RunConfig& config) {
  if (!config::is_validated_by_score(config)) return report.loss;
  const double temperature = config::langevin_temperature(config);
  return report.term("squared_score") / (temperature * temperature) - report.term("laplacian") / temperature;
}

template std::unique_ptr<objective::Objective<float>> make_validation_objective(const config::RunConfig&,
                                                                                const network::MlpShape&);
template std::unique_ptr<objective::Objective<double>> make_validation_objective(const config::RunConfig&,
                                                                                 const network::MlpShape&);
template std::vector<ShardRows> validation_rows(const comm::ShardMap&, const data::TrainingData<float>&);
template std::vector<ShardRows> validation_rows(const comm::ShardMap&, const data::TrainingData<double>&);
template class Validation<float>;
template class Validation<double>;

}  // namespace ebmpi::training
