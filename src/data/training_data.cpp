// SPDX-License-Identifier: Apache-2.0
#include "data/training_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "comm/exact_sum.hpp"
#include "core/error.hpp"
#include "core/permutation.hpp"
#include "data/fit_transform.hpp"
#include "data/validation_split.hpp"

namespace ebmpi::data {
namespace {

/// Rows that are in memory in double precision at a time.
constexpr std::int64_t rows_in_memory(std::int64_t columns) {
  return std::max<std::int64_t>(1, (1 << 20) / columns);
}

/// Calls `visit(shard, row number, row)` for every row of the rank's shards, in order, reading them in
/// pieces; `inspect(first, values)` sees each piece before.
template <class Inspect, class Visit>
void for_each_row(const comm::ShardMap& shards, const SampleSource& source, const Inspect& inspect,
                  const Visit& visit) {
  const auto columns = static_cast<std::size_t>(source.columns());
  const std::int64_t piece = rows_in_memory(source.columns());
  std::vector<double> values;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const comm::IndexRange slice = shards.slice(source.rows(), shard);
    for (std::int64_t first = slice.first; first < slice.last; first += piece) {
      const std::int64_t count = std::min(piece, slice.last - first);
      values.resize(static_cast<std::size_t>(count) * columns);
      source.read(first, count, values);
      if (!inspect(first, values)) continue;
      for (std::int64_t i = 0; i < count; ++i) {
        visit(shard, first + i,
              std::span<const double>(values).subspan(static_cast<std::size_t>(i) * columns, columns));
      }
    }
  }
}

/// Sums over a shard's training rows, from which mean and covariance follow: count, Σ(x - shift), then Σ(x -
/// shift)² or, for principal components, Σ(x - shift)(x - shift)ᵀ.
std::vector<double> zero_sums(std::int64_t columns, bool covariance) {
  return std::vector<double>(
      static_cast<std::size_t>(1 + columns + (covariance ? columns * columns : columns)), 0.0);
}

void add_to_sums(std::vector<double>& sums, std::span<const double> row, std::span<const double> shift,
                 bool covariance) {
  const std::size_t columns = row.size();
  sums[0] += 1.0;
  for (std::size_t i = 0; i < columns; ++i) {
    const double deviation = row[i] - shift[i];
    sums[1 + i] += deviation;
    if (!covariance) {
      sums[1 + columns + i] += deviation * deviation;
      continue;
    }
    double* const products = &sums[1 + columns + i * columns];
    for (std::size_t j = 0; j < columns; ++j) products[j] += deviation * (row[j] - shift[j]);
  }
}

void require_training_rows(const comm::ShardMap& shards, const SampleSource& source,
                           const std::vector<std::vector<double>>& partials) {
  for (const std::vector<double>& sums : partials) {
    if (sums[0] > 0.0) continue;
    throw core::InputError(fmt::format(
        "{} has {} rows for {} shards, and one of them is left without a training row (every shard draws its "
        "own part of each "
        "batch); set parallel.shards or optimizer.batch_size smaller, or data.validation_fraction",
        source.name(), source.rows(), shards.shards()));
  }
}

/// batch(row, :) += scale · N(0, I), a pure function of (key, number, step).
template <class Scalar>
KOKKOS_INLINE_FUNCTION void add_normal_noise(core::PhiloxKey key, std::int64_t number, std::uint32_t step,
                                             Scalar scale, const core::Rows<Scalar>& batch,
                                             std::int64_t row) {
  for (std::size_t d = 0; d < batch.extent(1); ++d) {
    const core::PhiloxBlock bits =
        core::draw(key, static_cast<std::uint64_t>(number), step, static_cast<std::uint32_t>(d / 2));
    double normal[2];
    core::normal_pair(bits.word[0], bits.word[1], normal[0], normal[1]);
    batch(row, d) += scale * static_cast<Scalar>(normal[d % 2]);
  }
}

}  // namespace

template <class Scalar>
TrainingData<Scalar>::TrainingData(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                   const SampleSource& source, const Preparation& preparation)
    : rows_(source.rows()),
      jitter_(preparation.jitter),
      order_key_(core::stream_key(preparation.seed, core::Purpose::batch_order)),
      jitter_key_(core::stream_key(preparation.seed, core::Purpose::data_jitter)) {
  if (preparation.pca > source.columns()) {
    throw core::InputError(fmt::format(
        "data.pca = {} is more than the {} columns of {} (there are no more directions); set it to at "
        "most {}",
        preparation.pca, source.columns(), source.name(), source.columns()));
  }
  fit(communicator, shards, source, preparation);
  read(communicator, shards, source, preparation);
  measure(communicator, shards, source);
}

template <class Scalar>
void TrainingData<Scalar>::fit(const comm::Communicator& communicator, const comm::ShardMap& shards,
                               const SampleSource& source, const Preparation& preparation) {
  const std::int64_t columns = source.columns();
  const bool covariance = preparation.pca > 0;
  const ValidationSplit held_out(preparation.seed, preparation.validation_fraction);
  std::vector<double> shift(static_cast<std::size_t>(columns));
  std::vector<std::vector<double>> partials(static_cast<std::size_t>(shards.owned().size()),
                                            zero_sums(columns, covariance));
  std::int64_t suspect_first = 0;
  std::vector<double> suspect;
  communicator.together([&] {
    source.read(0, 1, shift);
    const auto all_finite = [&](std::int64_t first, const std::vector<double>& values) {
      if (!suspect.empty()) return false;
      if (std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) return true;
      suspect_first = first;
      suspect = values;
      return false;
    };
    for_each_row(shards, source, all_finite,
                 [&](std::int64_t shard, std::int64_t row, std::span<const double> values) {
                   if (held_out(row)) return;
                   add_to_sums(partials[static_cast<std::size_t>(shard - shards.owned().first)], values,
                               shift, covariance);
                 });
  });
  source.check_finite(suspect_first, suspect);
  communicator.together([&] { require_training_rows(shards, source, partials); });
  const std::vector<double> sums =
      comm::sum_over_shards(communicator, shards, zero_sums(columns, covariance).size(), partials);
  training_rows_ = static_cast<std::int64_t>(std::llround(sums[0]));
  const auto first_product = sums.begin() + 1 + columns;
  const Moments moments{
      training_rows_, shift, {sums.begin() + 1, first_product}, {first_product, sums.end()}};
  try {
    transform_ =
        fit_transform(moments, preparation.standardize ? Standardization::per_column : Standardization::none,
                      preparation.pca)
            .transform;
  } catch (const core::InputError& error) {
    throw core::InputError(source.name() + ": " + error.what());
  }
}

/// Held-out rows are compared with what training draws, so they get its noise too, once.
template <class Scalar>
void TrainingData<Scalar>::add_jitter(std::span<double> z, std::int64_t row) const {
  if (jitter_ == 0.0) return;
  for (std::size_t d = 0; d < z.size(); ++d) {
    const core::PhiloxBlock bits =
        core::draw(jitter_key_, static_cast<std::uint64_t>(row), 0, static_cast<std::uint32_t>(d / 2));
    double normal[2];
    core::normal_pair(bits.word[0], bits.word[1], normal[0], normal[1]);
    z[d] += jitter_ * normal[d % 2];
  }
}

template <class Scalar>
void TrainingData<Scalar>::read(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                const SampleSource& source, const Preparation& preparation) {
  const ValidationSplit held_out(preparation.seed, preparation.validation_fraction);
  const auto dimension = static_cast<std::size_t>(transform_.model_dimension());
  std::int64_t training = 0, validation = 0;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const comm::IndexRange slice = shards.slice(source.rows(), shard);
    std::int64_t held = 0;
    for (std::int64_t row = slice.first; row < slice.last; ++row) held += held_out(row) ? 1 : 0;
    training_slices_.push_back({training, slice.first, slice.size() - held});
    validation_slices_.push_back({validation, slice.first, held});
    training += slice.size() - held;
    validation += held;
  }
  training_ = core::Rows<Scalar>("ebmpi::data::training", training, dimension);
  validation_ = core::Rows<Scalar>("ebmpi::data::validation", validation, dimension);
  const auto training_host = Kokkos::create_mirror_view(training_);
  const auto validation_host = Kokkos::create_mirror_view(validation_);
  std::int64_t next_training = 0, next_validation = 0;
  std::vector<double> z(dimension);
  communicator.together([&] {
    for_each_row(
        shards, source, [](std::int64_t, const std::vector<double>&) { return true; },
        [&](std::int64_t, std::int64_t row, std::span<const double> values) {
          transform_.to_model(values, z);
          const bool held = held_out(row);
          if (held) add_jitter(z, row);
          const auto& host = held ? validation_host : training_host;
          std::int64_t& next = held ? next_validation : next_training;
          for (std::size_t d = 0; d < dimension; ++d) host(next, d) = static_cast<Scalar>(z[d]);
          ++next;
        });
  });
  Kokkos::deep_copy(training_, training_host);
  Kokkos::deep_copy(validation_, validation_host);
}

template <class Scalar>
void TrainingData<Scalar>::measure(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                   const SampleSource& source) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), training_);
  const std::size_t dimension = host.extent(1);
  const double infinity = std::numeric_limits<double>::infinity();
  moments_.minimum.assign(dimension, -infinity);  // holds the negated minimum until all ranks have met
  moments_.maximum.assign(dimension, -infinity);
  std::vector<std::vector<double>> partials;
  const std::vector<double> origin(dimension, 0.0);
  std::vector<double> row(dimension);
  for (const ShardSlice& slice : training_slices_) {
    partials.push_back(zero_sums(static_cast<std::int64_t>(dimension), false));
    for (std::int64_t i = slice.local_first; i < slice.local_first + slice.size; ++i) {
      for (std::size_t d = 0; d < dimension; ++d) {
        row[d] = static_cast<double>(host(i, d));
        moments_.minimum[d] = std::max(moments_.minimum[d], -row[d]);
        moments_.maximum[d] = std::max(moments_.maximum[d], row[d]);
      }
      add_to_sums(partials.back(), row, origin, false);
    }
  }
  communicator.max(std::span<double>(moments_.minimum));
  communicator.max(std::span<double>(moments_.maximum));
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(moments_.minimum.begin(), moments_.minimum.end(), finite) ||
      !std::all_of(moments_.maximum.begin(), moments_.maximum.end(), finite)) {
    throw core::InputError(fmt::format(
        "{} has numbers beyond the range of the model's precision (they become infinite in it); set "
        "data.standardize or run.precision = \"double\", or rescale the data",
        source.name()));
  }
  const std::vector<double> sums = comm::sum_over_shards(communicator, shards, 1 + 2 * dimension, partials);
  moments_.mean.resize(dimension);
  moments_.deviation.resize(dimension);
  for (std::size_t d = 0; d < dimension; ++d) {
    moments_.minimum[d] = -moments_.minimum[d];
    moments_.mean[d] = sums[1 + d] / sums[0];
    const double variance = sums[1 + dimension + d] / sums[0] - moments_.mean[d] * moments_.mean[d];
    moments_.deviation[d] = variance > 0.0 ? std::sqrt(variance) : 1.0;
  }
}

template <class Scalar>
void TrainingData<Scalar>::draw(std::int64_t step, const core::BatchSlots& slots,
                                const core::Rows<Scalar>& batch) const {
  const auto rows = training_;
  const auto key = order_key_, jitter_key = jitter_key_;
  const auto jitter = static_cast<Scalar>(jitter_);
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, batch.extent(0));
  Kokkos::parallel_for(
      "ebmpi::data::draw", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const core::BatchSlot& slot = slots(row);
        const auto size = static_cast<std::uint64_t>(slot.size);
        const std::uint64_t served = slot.served(step);
        const core::Permutation order(key, static_cast<std::uint64_t>(slot.shard),
                                      static_cast<std::uint32_t>(served / size), size);
        const std::int64_t source = slot.local_first + static_cast<std::int64_t>(order(served % size));
        for (std::size_t d = 0; d < batch.extent(1); ++d) batch(row, d) = rows(source, d);
        if (jitter > Scalar(0)) {
          add_normal_noise(jitter_key, slot.batch_row, static_cast<std::uint32_t>(step), jitter, batch, row);
        }
      });
}

template class TrainingData<float>;
template class TrainingData<double>;

}  // namespace ebmpi::data
