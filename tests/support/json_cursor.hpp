// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ebmpi::test {

/// Reads the subset of JSON that the golden files use: objects, arrays, plain strings and numbers, NaN
/// and Infinity among them.
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

/// The cases of tests/golden/<file_name>; `read_case(json)` reads one.
template <class ReadCase>
auto read_golden_file(const std::string& file_name, const ReadCase& read_case) {
  const std::string path = std::string(EBMPI_TEST_DATA_DIR) + "/golden/" + file_name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  JsonCursor json(text.str());
  std::vector<decltype(read_case(json))> cases;
  json.object([&](const std::string& key) {
    if (key == "cases") {
      json.array([&] { cases.push_back(read_case(json)); });
    } else {
      json.string();
    }
  });
  return cases;
}

}  // namespace ebmpi::test
