// SPDX-License-Identifier: Apache-2.0
#include "data/npy_header.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

#include "core/error.hpp"

namespace ebmpi::data {

namespace {

/// Longer headers are refused by NumPy too; they are not arrays of numbers.
constexpr std::size_t longest_header = 65536;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw core::InputError("cannot import " + path + " (" + why + "); save the array with numpy.save");
}

std::string read_header_text(std::istream& stream, const std::string& path) {
  std::array<char, 8> start{};
  stream.read(start.data(), start.size());
  if (!stream || std::string_view(start.data(), 6) != "\x93NUMPY")
    refuse(path, "it is not a NumPy array file");
  const int version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3)
    refuse(path, "its format version " + std::to_string(version) + " is unknown");
  std::array<char, 4> length_bytes{};
  stream.read(length_bytes.data(), version == 1 ? 2 : 4);
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i)
    length |= std::size_t{static_cast<unsigned char>(length_bytes[i])} << (8 * i);
  if (!stream || length > longest_header) refuse(path, "its header is damaged");
  std::string text(length, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(length));
  if (!stream) refuse(path, "it ends inside its header");
  return text;
}

/// The text after `'key':` in the header, a Python dictionary in print.
std::string_view value_of(std::string_view header, std::string_view key, const std::string& path) {
  const std::size_t found = header.find("'" + std::string(key) + "'");
  const std::size_t colon = found == std::string_view::npos ? found : header.find(':', found);
  if (colon == std::string_view::npos) refuse(path, "its header lacks " + std::string(key));
  const std::size_t first = header.find_first_not_of(' ', colon + 1);
  return first == std::string_view::npos ? std::string_view() : header.substr(first);
}

std::string parse_type(std::string_view value, const std::string& path) {
  if (!value.starts_with('\'')) refuse(path, "its rows are structures, not numbers of one type");
  const std::size_t end = value.find('\'', 1);
  if (end == std::string_view::npos) refuse(path, "its header is damaged");
  return std::string(value.substr(1, end - 1));
}

StorageOrder parse_order(std::string_view value, const std::string& path) {
  if (value.starts_with("True")) return StorageOrder::column_major;
  if (!value.starts_with("False")) refuse(path, "its header is damaged");
  return StorageOrder::row_major;
}

std::vector<std::int64_t> parse_shape(std::string_view value, const std::string& path) {
  const std::size_t end = value.find(')');
  if (!value.starts_with('(') || end == std::string_view::npos) refuse(path, "its header is damaged");
  std::vector<std::int64_t> shape;
  for (const char* next = value.data() + 1; next != value.data() + end;) {
    if (*next == ' ' || *next == ',') {
      ++next;
      continue;
    }
    std::int64_t size = 0;
    const auto [stop, error] = std::from_chars(next, value.data() + end, size);
    if (error != std::errc() || size < 0) refuse(path, "its header is damaged");
    shape.push_back(size);
    next = stop;
  }
  return shape;
}

}  // namespace

NpyHeader read_npy_header(std::istream& stream, const std::string& path) {
  const std::string text = read_header_text(stream, path);
  return {parse_type(value_of(text, "descr", path), path),
          parse_order(value_of(text, "fortran_order", path), path),
          parse_shape(value_of(text, "shape", path), path)};
}

}  // namespace ebmpi::data
