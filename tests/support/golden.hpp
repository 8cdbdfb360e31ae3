// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "network/mlp.hpp"

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

/// Reads the subset of JSON that the golden files use: objects, arrays, plain strings and numbers.
class JsonCursor {
public:
  explicit JsonCursor(std::string text) : text_(std::move(text)) {}

  /// Takes `symbol` if it is the next one.
  bool take(char symbol) {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    if (at_ == text_.size() || text_[at_] != symbol) return false;
    ++at_;
    return true;
  }
  void expect(char symbol) {
    if (!take(symbol))
      throw std::runtime_error("golden file: expected " + std::string(1, symbol) + " at byte " +
                               std::to_string(at_));
  }
  std::string string() {
    expect('"');
    const std::size_t end = text_.find('"', at_);
    const std::string value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }
  double number() {
    std::size_t length = 0;
    const double value = std::stod(text_.substr(at_, 40), &length);
    at_ += length;
    return value;
  }
  /// Calls `member(key)` for each member of an object; it reads the value.
  template <class Member>
  void object(const Member& member) {
    expect('{');
    do {
      const std::string key = string();
      expect(':');
      member(key);
    } while (take(','));
    expect('}');
  }
  template <class Element>
  void array(const Element& element) {
    expect('[');
    if (take(']')) return;
    do element();
    while (take(','));
    expect(']');
  }

private:
  std::string text_;
  std::size_t at_ = 0;
};

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
  const std::string path = std::string(EBMPI_TEST_DATA_DIR) + "/golden/" + file_name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  detail::JsonCursor json(text.str());
  std::vector<GoldenCase> cases;
  json.object([&](const std::string& key) {
    if (key == "cases") {
      json.array([&] { cases.push_back(detail::read_case(json)); });
    } else {
      json.string();
    }
  });
  return cases;
}

inline std::vector<GoldenCase> golden_mlp_cases() {
  return golden_cases("mlp_energy.json");
}

}  // namespace ebmpi::test
