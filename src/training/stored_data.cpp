// SPDX-License-Identifier: Apache-2.0
#include "training/stored_data.hpp"

#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace ebmpi::training {
namespace {

std::vector<double> read_list(const io::FileReader& file, const std::string& path, std::int64_t length) {
  const io::Array<double> array = file.read_replicated<double>(path);
  if (array.shape == std::vector<std::int64_t>{length}) return array.values;
  throw core::FileError(file.path() + ": " + path + " does not have " + std::to_string(length) +
                        " numbers (the attributes of /data promise them); the file was changed by hand, use "
                        "another checkpoint");
}

}  // namespace

void write_data(io::FileWriter& file, const data::DataTransform& transform,
                const data::ModelSpaceMoments& moments, std::int64_t rows) {
  const std::int64_t inputs = transform.dimension(), outputs = transform.model_dimension();
  file.attribute("/data", "dimension", inputs);
  file.attribute("/data", "model_dimension", outputs);
  file.attribute("/data", "rows", rows);
  file.write_replicated("/data/mean", {inputs}, std::span<const double>(transform.mean()));
  file.write_replicated("/data/scale", {inputs}, std::span<const double>(transform.scale()));
  if (transform.has_projection()) {
    file.write_replicated("/data/projection", {outputs, inputs},
                          std::span<const double>(transform.projection()));
  }
  file.write_replicated("/data/model_mean", {outputs}, std::span<const double>(moments.mean));
  file.write_replicated("/data/model_deviation", {outputs}, std::span<const double>(moments.deviation));
  file.write_replicated("/data/minimum", {outputs}, std::span<const double>(moments.minimum));
  file.write_replicated("/data/maximum", {outputs}, std::span<const double>(moments.maximum));
}

data::DataTransform read_transform(const io::FileReader& file) {
  const std::int64_t inputs = file.integer_attribute("/data", "dimension");
  const std::int64_t outputs = file.integer_attribute("/data", "model_dimension");
  std::vector<double> projection;
  if (file.exists("/data/projection")) {
    const io::Array<double> array = file.read_replicated<double>("/data/projection");
    if (array.shape != std::vector<std::int64_t>{outputs, inputs}) {
      throw core::FileError(file.path() + ": /data/projection does not map " + std::to_string(inputs) +
                            " coordinates to " + std::to_string(outputs) +
                            " (the attributes of /data promise it); the file was changed by hand, use "
                            "another checkpoint");
    }
    projection = array.values;
  }
  return data::DataTransform(read_list(file, "/data/mean", inputs), read_list(file, "/data/scale", inputs),
                             std::move(projection));
}

data::ModelSpaceMoments read_moments(const io::FileReader& file, std::int64_t dimension) {
  return {read_list(file, "/data/model_mean", dimension), read_list(file, "/data/model_deviation", dimension),
          read_list(file, "/data/minimum", dimension), read_list(file, "/data/maximum", dimension)};
}

}  // namespace ebmpi::training
