// SPDX-License-Identifier: Apache-2.0
#include "evaluation/mean_exponent.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/evaluate_rows.hpp"

namespace ebmpi::evaluation {
namespace {

/// Mean over the numbers of all ranks. They become integers of a unit that lets them and their sum fit in 62
/// bits.
double exact_mean(const comm::Communicator& communicator, std::span<const double> own, std::int64_t count) {
  std::array<double, 1> largest{0.0};
  for (const double value : own) largest[0] = std::max(largest[0], std::abs(value));
  communicator.max(largest);
  if (largest[0] == 0.0) return 0.0;
  const int bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count)));
  const int exponent = 61 - bits - std::ilogb(largest[0]);
  std::array<std::int64_t, 1> sum{0};
  for (const double value : own) sum[0] += std::llround(std::ldexp(value, exponent));
  communicator.sum(std::span<std::int64_t>(sum));
  return std::ldexp(static_cast<double>(sum[0]), -exponent) / static_cast<double>(count);
}

}  // namespace

template <class Scalar>
statistics::Estimate mean_exponent(const comm::Communicator& communicator,
                                   const training::Model<Scalar>& model, const io::DatasetReader& reader) {
  std::vector<double> own;
  evaluate_rows<Scalar>(communicator, model, reader, Gradients::none, [&](const auto& rows) {
    for (const Scalar energy : rows.energies) own.push_back(-static_cast<double>(energy) / model.temperature);
  });
  const double mean = exact_mean(communicator, own, reader.rows());
  for (double& value : own) value = (value - mean) * (value - mean);
  const double variance = exact_mean(communicator, own, reader.rows());
  return {mean, std::sqrt(variance / static_cast<double>(reader.rows() - 1))};
}

template statistics::Estimate mean_exponent(const comm::Communicator&, const training::Model<float>&,
                                            const io::DatasetReader&);
template statistics::Estimate mean_exponent(const comm::Communicator&, const training::Model<double>&,
                                            const io::DatasetReader&);

}  // namespace ebmpi::evaluation
