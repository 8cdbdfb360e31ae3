// SPDX-License-Identifier: Apache-2.0
#include "evaluation/truth.hpp"

#include <algorithm>
#include <cstdint>

#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "statistics/row_values.hpp"
#include "training/density_model.hpp"

namespace ebmpi::evaluation {
namespace {

/// Half the distance of a central difference in units of the noise, the length on which densities bend.
constexpr double difference_share = 1e-3;
constexpr double longest_difference = 1e-4;

Truth named_truth(const std::string& text, const io::DatasetReader& reader) {
  if (!text.starts_with(training::density_prefix)) {
    throw core::InputError("--truth " + text +
                           " is no density (it must be auto, none or a name with its options); write "
                           "density:NAME,noise=S, as in density:two_moons,noise=0.1");
  }
  const training::DensityName name = training::parse_density_name(text);
  Truth truth{data::make_density(name.name, reader.columns(), name.noise), name.noise};
  if (truth.density->has_log_density()) return truth;
  throw core::InputError("--truth " + text +
                         " has no value (its noise is too small for the quadrature along the curve); use "
                         "--truth none");
}

/// What the file says of itself, where that is a density of ours.
Truth recorded_truth(const comm::Communicator& communicator, const io::DatasetReader& reader) {
  const io::FileReader file(communicator, reader.name().file);
  if (!file.has_attribute("/", "density") || !file.has_attribute("/", "noise")) return {};
  try {
    Truth truth{nullptr, file.real_attribute("/", "noise")};
    truth.density = data::make_density(file.text_attribute("/", "density"), reader.columns(), truth.noise);
    return truth.density->has_log_density() ? std::move(truth) : Truth{};
  } catch (const core::Error&) {
    return {};  // attributes of these names that another program wrote
  }
}

}  // namespace

Truth find_truth(const comm::Communicator& communicator, const std::string& text,
                 const io::DatasetReader& reader) {
  if (text == "none") return {};
  return text == "auto" ? recorded_truth(communicator, reader) : named_truth(text, reader);
}

TrueValues true_values(const comm::Communicator& communicator, const Truth& truth,
                       std::span<const double> x) {
  const data::Density& density = *truth.density;
  const auto dimension = static_cast<std::size_t>(density.dimension());
  const auto row_of = [&](std::size_t number) {
    const std::span<const double> row = x.subspan(number * dimension, dimension);
    return std::vector<double>(row.begin(), row.end());
  };
  const double half = std::min(longest_difference, difference_share * truth.noise);
  TrueValues values;
  values.log_densities = statistics::row_values(
      communicator, static_cast<std::int64_t>(x.size() / dimension),
      [&](std::int64_t row) { return density.log_density(row_of(static_cast<std::size_t>(row))).value(); });
  values.scores =
      statistics::row_values(communicator, static_cast<std::int64_t>(x.size()), [&](std::int64_t number) {
        const auto row = static_cast<std::size_t>(number) / dimension;
        const auto column = static_cast<std::size_t>(number) % dimension;
        std::vector<double> above = row_of(row), below = above;
        above[column] += half;
        below[column] -= half;
        return (density.log_density(above).value() - density.log_density(below).value()) / (2.0 * half);
      });
  return values;
}

}  // namespace ebmpi::evaluation
