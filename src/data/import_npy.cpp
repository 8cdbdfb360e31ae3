// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

#include "core/error.hpp"
#include "data/import.hpp"
#include "data/npy_header.hpp"

namespace ebmpi::data {

namespace {

using Convert = double (*)(const unsigned char* bytes);

template <class Number>
double convert(const unsigned char* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof(Number));
  return static_cast<double>(number);
}

struct ElementType {
  char kind;  ///< as NumPy writes it: f float, i integer, u unsigned, b boolean
  std::int64_t size;
  Convert convert;
};

constexpr ElementType element_types[] = {
    {'f', 4, convert<float>},         {'f', 8, convert<double>},        {'i', 1, convert<std::int8_t>},
    {'i', 2, convert<std::int16_t>},  {'i', 4, convert<std::int32_t>},  {'i', 8, convert<std::int64_t>},
    {'u', 1, convert<std::uint8_t>},  {'u', 2, convert<std::uint16_t>}, {'u', 4, convert<std::uint32_t>},
    {'u', 8, convert<std::uint64_t>}, {'b', 1, convert<std::uint8_t>},
};

ElementType find_element_type(const std::string& type, const std::string& path) {
  for (const ElementType& element : element_types)
    if (type.size() == 3 && type[1] == element.kind && type[2] - '0' == element.size) return element;
  const bool objects = type.find('O') != std::string::npos;
  throw core::InputError("cannot import " + path + " (its elements have type '" + type + "', " +
                         (objects ? "pickled Python objects" : "not float32, float64 or an integer") +
                         "); convert it with array.astype(numpy.float64)");
}

/// Whether the bytes of each number stand in the other order than this machine's. '|' is for single bytes.
bool is_swapped(const std::string& type) {
  return type[0] == (std::endian::native == std::endian::little ? '>' : '<');
}

/// Sets rows and columns of `table`. Shapes whose numbers the file cannot hold are refused before memory is
/// asked for.
void set_shape(const NpyHeader& header, std::int64_t element_size, std::int64_t bytes,
               const std::string& path, ImportedTable& table) {
  const auto& shape = header.shape;
  if (shape.empty() || shape.size() > 2)
    throw core::InputError(
        "cannot import " + path + " (its array has " + std::to_string(shape.size()) +
        " dimensions, not rows and columns); reshape it with array.reshape(len(array), -1)");
  table.rows = shape[0];
  table.columns = shape.size() == 2 ? shape[1] : 1;
  if (table.rows == 0 || table.columns == 0)
    throw core::InputError("cannot import " + path + " (its array is empty); save an array with rows");
  if (table.rows > bytes / element_size / table.columns)
    throw core::FileError("cannot read " + path + " (it is cut short: " + std::to_string(bytes) +
                          " bytes of numbers for " + std::to_string(table.rows) + " x " +
                          std::to_string(table.columns) + " elements); copy or save it again");
}

std::int64_t remaining_bytes(std::istream& stream) {
  const auto position = stream.tellg();
  stream.seekg(0, std::ios::end);
  const auto end = stream.tellg();
  stream.seekg(position);
  return static_cast<std::int64_t>(end - position);
}

/// The numbers in the order of the file.
std::vector<double> read_numbers(std::istream& stream, const ElementType& element, bool swapped,
                                 std::int64_t count, const std::string& path) {
  constexpr std::int64_t block = 1 << 16;
  const auto size = static_cast<std::size_t>(element.size);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(std::min(block, count)) * size);
  std::vector<double> numbers;
  numbers.reserve(static_cast<std::size_t>(count));
  for (std::int64_t first = 0; first < count; first += block) {
    const auto length = static_cast<std::size_t>(std::min(block, count - first));
    stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(length * size));
    if (!stream) throw core::FileError("cannot read " + path + " to its end (a disk error); check the disk");
    for (std::size_t i = 0; i < length; ++i) {
      unsigned char* const number = bytes.data() + i * size;
      if (swapped) std::reverse(number, number + size);
      numbers.push_back(element.convert(number));
    }
  }
  return numbers;
}

std::vector<double> transposed(const std::vector<double>& column_major, std::size_t rows,
                               std::size_t columns) {
  std::vector<double> row_major(column_major.size());
  for (std::size_t column = 0; column < columns; ++column)
    for (std::size_t row = 0; row < rows; ++row)
      row_major[row * columns + column] = column_major[column * rows + row];
  return row_major;
}

void check_finite(const ImportedTable& table, const std::string& path) {
  const auto found = std::ranges::find_if(table.values, [](double value) { return !std::isfinite(value); });
  if (found == table.values.end()) return;
  const std::int64_t position = found - table.values.begin();
  throw core::InputError("cannot import " + path + " (row " + std::to_string(position / table.columns) +
                         ", column " + std::to_string(position % table.columns) +
                         ", counted from 0, is NaN or infinite); fill it in or leave out the row");
}

}  // namespace

ImportedTable import_npy(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw core::FileError("cannot read " + path + " (no such file, or no permission); check the path");
  const NpyHeader header = read_npy_header(stream, path);
  const ElementType element = find_element_type(header.type, path);
  ImportedTable table;
  set_shape(header, element.size, remaining_bytes(stream), path, table);
  table.values = read_numbers(stream, element, is_swapped(header.type), table.rows * table.columns, path);
  if (header.order == StorageOrder::column_major)
    table.values = transposed(table.values, static_cast<std::size_t>(table.rows),
                              static_cast<std::size_t>(table.columns));
  check_finite(table, path);
  return table;
}

}  // namespace ebmpi::data
