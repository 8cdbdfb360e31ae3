// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "data/import.hpp"
#include "scratch_file.hpp"

using namespace ebmpi::data;
using Catch::Matchers::ContainsSubstring;
using ebmpi::core::FileError;
using ebmpi::core::InputError;

namespace {

using Numbers = std::vector<double>;

/// Bytes of a .npy file as the format's specification (numpy.lib.format) lays them out.
std::string npy(int version, const std::string& type, const std::string& order, const std::string& shape,
                const std::string& numbers) {
  std::string header = "{'descr': " + type + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  while ((8 + length_bytes + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (std::size_t i = 0; i < length_bytes; ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + numbers;
}

/// The numbers as bytes, least significant first.
template <class Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

ImportedTable import_bytes(const std::string& bytes) {
  const ScratchFile file(".npy", bytes);
  return import_npy(file.path());
}

void check_refused(const std::string& bytes, const std::string& reason) {
  CHECK_THROWS_AS(import_bytes(bytes), InputError);
  CHECK_THROWS_WITH(import_bytes(bytes), ContainsSubstring(".npy") && ContainsSubstring(reason));
}

const std::string six_doubles = bytes_of<double>({1, 2, 3, 4, 5, 6});

}  // namespace

TEST_CASE("arrays of all three format versions are read", "[data][import]") {
  for (const int version : {1, 2, 3}) {
    const ImportedTable table = import_bytes(npy(version, "'<f8'", "False", "(3, 2)", six_doubles));
    CHECK(table.rows == 3);
    CHECK(table.columns == 2);
    CHECK(table.values == Numbers{1, 2, 3, 4, 5, 6});
  }
}

TEST_CASE("a file that NumPy wrote is read", "[data][import]") {
  // numpy.save of numpy.array([[1.5, -2.0]], dtype="<f4"), NumPy 2.
  std::string bytes("\x93NUMPY\x01\x00v\x00", 10);
  bytes += "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  bytes += std::string(127 - bytes.size(), ' ') + "\n";
  bytes += std::string("\x00\x00\xc0\x3f\x00\x00\x00\xc0", 8);
  CHECK(import_bytes(bytes).values == Numbers{1.5, -2.0});
}

TEST_CASE("columns stored one after another are put into rows", "[data][import]") {
  const ImportedTable table = import_bytes(npy(1, "'<f8'", "True", "(3, 2)", six_doubles));
  CHECK(table.values == Numbers{1, 4, 2, 5, 3, 6});
}

TEST_CASE("an array of one dimension is a column", "[data][import]") {
  const ImportedTable table = import_bytes(npy(1, "'<f8'", "False", "(6,)", six_doubles));
  CHECK(table.rows == 6);
  CHECK(table.columns == 1);
}

TEST_CASE("every number type is converted", "[data][import]") {
  const auto values = [](const std::string& type, const std::string& numbers) {
    return import_bytes(npy(1, "'" + type + "'", "False", "(2,)", numbers)).values;
  };
  CHECK(values("<f4", bytes_of<float>({0.5f, -3.0f})) == Numbers{0.5, -3.0});
  CHECK(values("|i1", bytes_of<std::int8_t>({-5, 7})) == Numbers{-5, 7});
  CHECK(values("|u1", bytes_of<std::uint8_t>({200, 7})) == Numbers{200, 7});
  CHECK(values("|b1", bytes_of<std::uint8_t>({1, 0})) == Numbers{1, 0});
  CHECK(values("<i2", bytes_of<std::int16_t>({-300, 7})) == Numbers{-300, 7});
  CHECK(values("<u2", bytes_of<std::uint16_t>({60000, 7})) == Numbers{60000, 7});
  CHECK(values("<i4", bytes_of<std::int32_t>({-70000, 7})) == Numbers{-70000, 7});
  CHECK(values("<u4", bytes_of<std::uint32_t>({4000000000u, 7})) == Numbers{4e9, 7});
  CHECK(values("<i8", bytes_of<std::int64_t>({-(std::int64_t{1} << 40), 7})) == Numbers{-0x1p40, 7});
  CHECK(values("<u8", bytes_of<std::uint64_t>({std::uint64_t{1} << 63, 7})) == Numbers{0x1p63, 7});
  CHECK(values(">f8", std::string("\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16)) == Numbers{1.5, -2.0});
}

TEST_CASE("arrays longer than one read block are whole", "[data][import]") {
  std::vector<std::int32_t> numbers(200001);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int32_t>(3 * i);
  const ImportedTable table = import_bytes(npy(1, "'<i4'", "False", "(66667, 3)", bytes_of(numbers)));
  CHECK(table.values == Numbers(numbers.begin(), numbers.end()));
}

TEST_CASE("what is not an array of numbers is refused with the reason", "[data][import]") {
  check_refused("a,b\n1,2\n", "not a NumPy array file");
  check_refused("", "not a NumPy array file");
  check_refused(npy(4, "'<f8'", "False", "(6,)", six_doubles), "version 4");
  check_refused(npy(1, "'|O'", "False", "(6,)", "pickle"), "pickled Python objects");
  check_refused(npy(1, "'<c8'", "False", "(6,)", six_doubles), "'<c8'");
  check_refused(npy(1, "'<f2'", "False", "(6,)", six_doubles), "'<f2'");
  check_refused(npy(1, "[('a', '<f4'), ('b', '<f4')]", "False", "(6,)", six_doubles), "structures");
  check_refused(npy(1, "'<f8'", "False", "(1, 2, 3)", six_doubles), "3 dimensions");
  check_refused(npy(1, "'<f8'", "False", "()", six_doubles), "0 dimensions");
  check_refused(npy(1, "'<f8'", "False", "(0, 3)", ""), "empty");
  check_refused(npy(1, "'<f8'", "Maybe", "(6,)", six_doubles), "damaged");
  check_refused(npy(1, "'<f8'", "False", "(-6,)", six_doubles), "damaged");
  check_refused(npy(1, "'<f8'", "False", "(6,)", six_doubles).substr(0, 40), "ends inside its header");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  check_refused(npy(1, "'<f8'", "False", "(3, 2)", bytes_of<double>({1, 2, 3, nan, 5, 6})),
                "row 1, column 1");
}

TEST_CASE("a missing or shortened array file is a file error", "[data][import]") {
  CHECK_THROWS_AS(import_npy("/nowhere/array.npy"), FileError);
  CHECK_THROWS_AS(import_npy("/"), ebmpi::core::Error);
  CHECK_THROWS_AS(import_bytes(npy(1, "'<f8'", "False", "(3, 2)", six_doubles.substr(1))), FileError);
  CHECK_THROWS_AS(import_bytes(npy(1, "'<f8'", "False", "(4000000000, 4000000000)", six_doubles)), FileError);
}
