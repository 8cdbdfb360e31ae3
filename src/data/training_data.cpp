// SPDX-License-Identifier: Apache-2.0
#include "data/training_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "comm/exact_sum.hpp"
#include "core/error.hpp"
#include "data/fit_transform.hpp"
#include "data/memory_rows.hpp"
#include "data/streamed_rows.hpp"

namespace ebmpi::data {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

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
      held_out_(preparation.seed,
                held_out_fraction(preparation.validation_fraction, preparation.window, source.rows())),
      jitter_(preparation.jitter),
      jitter_key_(core::stream_key(preparation.seed, core::Purpose::data_jitter)) {
  if (preparation.pca > source.columns()) {
    throw core::InputError(fmt::format(
        "data.pca = {} is more than the {} columns of {} (there are no more directions); set it to at "
        "most {}",
        preparation.pca, source.columns(), source.name(), source.columns()));
  }
  fit(communicator, shards, source, preparation);
  cut(shards);
  communicator.together([&] { make_store(shards, source, preparation); });
  read(communicator, shards, source);
}

template <class Scalar>
void TrainingData<Scalar>::fit(const comm::Communicator& communicator, const comm::ShardMap& shards,
                               const SampleSource& source, const Preparation& preparation) {
  const std::int64_t columns = source.columns();
  const bool covariance = preparation.pca > 0;
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
                   if (held_out_(row)) return;
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

/// The slices of the owned shards; what `store_` and `validation_` are made from.
template <class Scalar>
void TrainingData<Scalar>::cut(const comm::ShardMap& shards) {
  std::int64_t training = 0, validation = 0;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const comm::IndexRange slice = shards.slice(rows_, shard);
    std::int64_t held = 0;
    for (std::int64_t row = slice.first; row < slice.last; ++row) held += held_out_(row) ? 1 : 0;
    training_slices_.push_back({training, slice.first, slice.size() - held});
    validation_slices_.push_back({validation, slice.first, held});
    training += slice.size() - held;
    validation += held;
  }
  validation_ = core::Rows<Scalar>("ebmpi::data::validation", validation, transform_.model_dimension());
}

template <class Scalar>
void TrainingData<Scalar>::make_store(const comm::ShardMap& shards, const SampleSource& source,
                                      const Preparation& preparation) {
  const core::PhiloxKey order = core::stream_key(preparation.seed, core::Purpose::batch_order);
  if (!is_streamed(preparation.window, rows_)) {
    store_ = std::make_unique<MemoryRows<Scalar>>(shards, training_slices_, dimension(), order);
    return;
  }
  const Paging paging =
      make_paging(preparation.window, shards.shards(), source.row_bytes(), source.chunk_rows());
  store_ = std::make_unique<StreamedRows<Scalar>>(
      shards, rows_, paging, held_out_, order, core::stream_key(preparation.seed, core::Purpose::page_order),
      WindowReader<Scalar>(source, transform_, held_out_));
}

template <class Scalar>
void TrainingData<Scalar>::read(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                const SampleSource& source) {
  const auto width = static_cast<std::size_t>(dimension());
  const auto validation_host = Kokkos::create_mirror_view(validation_);
  const std::vector<double> origin(width, 0.0);
  std::vector<std::vector<double>> partials(training_slices_.size(), zero_sums(dimension(), false));
  moments_.minimum.assign(width, -infinity);  // holds the negated minimum until all ranks have met
  moments_.maximum.assign(width, -infinity);
  std::vector<std::int64_t> next(training_slices_.size(), 0);
  std::int64_t next_validation = 0;
  std::vector<double> z(width);
  std::vector<Scalar> kept(width);
  communicator.together([&] {
    for_each_row(
        shards, source, [](std::int64_t, const std::vector<double>&) { return true; },
        [&](std::int64_t shard, std::int64_t row, std::span<const double> values) {
          transform_.to_model(values, z);
          if (held_out_(row)) {
            add_jitter(z, row);
            for (std::size_t d = 0; d < width; ++d)
              validation_host(next_validation, d) = static_cast<Scalar>(z[d]);
            ++next_validation;
            return;
          }
          const auto part = static_cast<std::size_t>(shard - shards.owned().first);
          for (std::size_t d = 0; d < width; ++d) {
            kept[d] = static_cast<Scalar>(z[d]);
            z[d] = static_cast<double>(kept[d]);
            moments_.minimum[d] = std::max(moments_.minimum[d], -z[d]);
            moments_.maximum[d] = std::max(moments_.maximum[d], z[d]);
          }
          store_->offer(part, next[part]++, kept);
          add_to_sums(partials[part], z, origin, false);
        });
  });
  store_->complete();
  Kokkos::deep_copy(validation_, validation_host);
  measure(communicator, shards, source, partials);
}

/// Location and range of the training rows from the sums of each shard and what `moments_` has of this rank.
template <class Scalar>
void TrainingData<Scalar>::measure(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                   const SampleSource& source,
                                   const std::vector<std::vector<double>>& partials) {
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
  const std::size_t width = moments_.minimum.size();
  const std::vector<double> sums = comm::sum_over_shards(communicator, shards, 1 + 2 * width, partials);
  moments_.mean.resize(width);
  moments_.deviation.resize(width);
  for (std::size_t d = 0; d < width; ++d) {
    moments_.minimum[d] = -moments_.minimum[d];
    moments_.mean[d] = sums[1 + d] / sums[0];
    const double variance = sums[1 + width + d] / sums[0] - moments_.mean[d] * moments_.mean[d];
    moments_.deviation[d] = variance > 0.0 ? std::sqrt(variance) : 1.0;
  }
}

template <class Scalar>
std::vector<std::vector<double>> TrainingData<Scalar>::spread_rows() const {
  std::vector<std::vector<double>> rows;
  for (std::size_t part = 0; part < training_slices_.size(); ++part)
    rows.push_back(store_->spread_rows(part));
  return rows;
}

template <class Scalar>
void TrainingData<Scalar>::draw(std::int64_t step, const core::BatchSlots& slots,
                                const core::Rows<Scalar>& batch) const {
  store_->draw(step, slots, batch);
  if (jitter_ == 0.0) return;
  const auto key = jitter_key_;
  const auto jitter = static_cast<Scalar>(jitter_);
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, batch.extent(0));
  Kokkos::parallel_for(
      "ebmpi::data::jitter", policy, KOKKOS_LAMBDA(std::int64_t row) {
        add_normal_noise(key, slots(row).batch_row, static_cast<std::uint32_t>(step), jitter, batch, row);
      });
}

template class TrainingData<float>;
template class TrainingData<double>;

}  // namespace ebmpi::data
