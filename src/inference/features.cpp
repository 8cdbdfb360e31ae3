// SPDX-License-Identifier: Apache-2.0
#include "inference/features.hpp"

#include <Kokkos_Core.hpp>
#include <cmath>
#include <functional>

#include "comm/exact_sum.hpp"
#include "config/derived.hpp"

namespace ebmpi::inference {
namespace {

/// The sum over all rows of what `add` adds of a row to a vector of `length`, divided by their number. Shards
/// run in parallel, the rows of one in order.
std::vector<double> mean_over_rows(
    const comm::Communicator& communicator, const comm::ShardMap& shards, const ShardedRows& rows,
    std::size_t length, const std::function<void(std::span<const double> row, std::span<double> sum)>& add) {
  std::vector<std::vector<double>> partials(static_cast<std::size_t>(shards.owned().size()),
                                            std::vector<double>(length, 0.0));
  const Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace> owned(0, shards.owned().size());
  Kokkos::parallel_for("ebmpi::inference::row_sums", owned, [&](std::int64_t at) {
    const comm::IndexRange slice = shards.slice(rows.total, shards.owned().first + at);
    for (std::int64_t number = slice.first; number < slice.last; ++number)
      add(rows.row(number), partials[static_cast<std::size_t>(at)]);
  });
  std::vector<double> mean = comm::sum_over_shards(communicator, shards, length, partials);
  for (double& value : mean) value /= static_cast<double>(rows.total);
  return mean;
}

}  // namespace

Standardization standardization_of(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                   const ShardedRows& rows) {
  const auto columns = static_cast<std::size_t>(rows.columns);
  Standardization result;
  result.mean = mean_over_rows(communicator, shards, rows, columns,
                               [&](std::span<const double> x, std::span<double> sum) {
                                 for (std::size_t i = 0; i < columns; ++i) sum[i] += x[i];
                               });
  result.deviation = mean_over_rows(communicator, shards, rows, columns,
                                    [&](std::span<const double> x, std::span<double> sum) {
                                      for (std::size_t i = 0; i < columns; ++i) {
                                        const double offset = x[i] - result.mean[i];
                                        sum[i] += offset * offset;
                                      }
                                    });
  for (double& value : result.deviation) value = value == 0.0 ? 1.0 : std::sqrt(value);
  return result;
}

Features::Features(FeatureKind kind, Standardization standardization)
    : kind_(kind),
      standardization_(std::move(standardization)),
      count_(static_cast<std::size_t>(
          config::feature_count(kind, static_cast<std::int64_t>(standardization_.mean.size()), 0))) {}

void Features::operator()(std::span<const double> x, std::span<double> features) const {
  const std::size_t columns = standardization_.mean.size();
  for (std::size_t i = 0; i < columns; ++i)
    features[i] = (x[i] - standardization_.mean[i]) / standardization_.deviation[i];
  if (kind_ != FeatureKind::quadratic) return;
  std::size_t at = columns;
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t j = i; j < columns; ++j) features[at++] = features[i] * features[j];
  }
}

std::vector<double> mean_features(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                  const ShardedRows& rows, const Features& features) {
  return mean_over_rows(communicator, shards, rows, features.count(),
                        [&](std::span<const double> x, std::span<double> sum) {
                          thread_local std::vector<double> one;
                          one.resize(sum.size());
                          features(x, one);
                          for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += one[i];
                        });
}

}  // namespace ebmpi::inference
