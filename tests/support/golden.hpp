// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "network/mlp.hpp"
#include "support/json_cursor.hpp"

namespace ebmpi::test {

/// One case of a file in tests/golden; the keys and shapes of its arrays are in tests/golden/README.md.
struct GoldenCase {
  std::string name;
  std::string objective;  ///< as in the config; empty in mlp_energy.json
  network::MlpShape shape;
  std::size_t rows = 0;
  std::map<std::string, std::vector<double>> arrays;

  bool has(const std::string& key) const { return arrays.contains(key); }
  const std::vector<double>& operator[](const std::string& key) const { return arrays.at(key); }
};

namespace detail {

inline network::Activation activation_named(const std::string& name) {
  using network::Activation;
  const std::map<std::string, Activation> names{
      {"silu", Activation::silu},         {"tanh", Activation::tanh},
      {"softplus", Activation::softplus}, {"gelu", Activation::gelu},
      {"sin", Activation::sin},           {"quadratic", Activation::quadratic},
      {"relu", Activation::relu},         {"leaky_relu", Activation::leaky_relu}};
  return names.at(name);
}

inline GoldenCase read_case(JsonCursor& json) {
  GoldenCase result;
  json.object([&](const std::string& key) {
    if (key == "name") {
      result.name = json.string();
    } else if (key == "objective") {
      result.objective = json.string();
    } else if (key == "activation") {
      result.shape.activation = activation_named(json.string());
    } else if (key == "rows") {
      result.rows = static_cast<std::size_t>(json.number());
    } else {
      std::vector<double>& values = result.arrays[key];
      json.array([&] { values.push_back(json.number()); });
    }
  });
  const std::vector<double>& widths = result["widths"];
  result.shape.inputs = static_cast<int>(widths.front());
  result.shape.outputs = static_cast<int>(widths.back());
  if (result.has("log_normalizer")) result.shape.log_normalizer = network::LogNormalizer::learned;
  for (std::size_t i = 1; i + 1 < widths.size(); ++i)
    result.shape.hidden.push_back(static_cast<int>(widths[i]));
  return result;
}

}  // namespace detail

/// All cases of tests/golden/<file_name>.
inline std::vector<GoldenCase> golden_cases(const std::string& file_name) {
  return read_golden_file(file_name, detail::read_case);
}

inline std::vector<GoldenCase> golden_mlp_cases() {
  return golden_cases("mlp_energy.json");
}

}  // namespace ebmpi::test
