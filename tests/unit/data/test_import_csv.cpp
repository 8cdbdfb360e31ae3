// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "data/import.hpp"
#include "scratch_file.hpp"

using namespace ebmpi::data;
using Catch::Matchers::ContainsSubstring;
using ebmpi::core::FileError;
using ebmpi::core::InputError;

namespace {

ImportedTable import_text(std::string_view text, std::optional<std::string> label_column = std::nullopt) {
  const ScratchFile file(".csv", text);
  return import_csv(file.path(), label_column);
}

/// Checks that the text is refused with exit code 2, and that the message names the place and the problem.
void check_refused(std::string_view text, const std::string& place, const std::string& problem,
                   std::optional<std::string> label_column = std::nullopt) {
  CHECK_THROWS_AS(import_text(text, label_column), InputError);
  CHECK_THROWS_WITH(import_text(text, label_column),
                    ContainsSubstring(".csv" + place) && ContainsSubstring(problem));
}

using Numbers = std::vector<double>;
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a table of commas is read", "[data][import]") {
  const ImportedTable table = import_text("a,b\n1,-2.5e-3\n+3,4\n");
  CHECK(table.rows == 2);
  CHECK(table.columns == 2);
  CHECK(table.values == Numbers{1.0, -2.5e-3, 3.0, 4.0});
  CHECK(table.column_names == Names{"a", "b"});
  CHECK(table.labels.empty());
}

TEST_CASE("delimiters, line ends, quotes and a byte-order mark are understood", "[data][import]") {
  const Numbers expected = {1.0, 2.0, 3.0, 4.0};
  CHECK(import_text("a;b\n1;2\n3;4").values == expected);
  CHECK(import_text("a\tb\n1\t2\n3\t4\n").values == expected);
  CHECK(import_text("a,b\r\n1,2\r\n3,4\r\n\r\n").values == expected);
  CHECK(import_text(" a , b \n 1 , 2\n3 ,4\n").column_names == Names{"a", "b"});
  const ImportedTable quoted = import_text("\xEF\xBB\xBF\"E, in GeV\",\"the \"\"b\"\"\"\n\"1\",2\n3,4\n");
  CHECK(quoted.column_names == Names{"E, in GeV", "the \"b\""});
  CHECK(quoted.values == expected);
  CHECK(import_text("x\n1\n2\n3\n4\n").values == expected);
}

TEST_CASE("numbers become the nearest doubles", "[data][import]") {
  CHECK(import_text("x\n0.1\n1e-320\n123456789012345678\n").values ==
        Numbers{0.1, 1e-320, 123456789012345678.0});
}

TEST_CASE("columns that pandas counts are a header", "[data][import]") {
  CHECK(import_text("0,1,2\n5,6,7\n").column_names == Names{"0", "1", "2"});
  CHECK(import_text("1,2\n5,6\n").rows == 1);
}

TEST_CASE("a label column becomes integers", "[data][import]") {
  const ImportedTable table = import_text("a,kind,b\n1,7,2\n3,-1,4\n", "kind");
  CHECK(table.values == Numbers{1.0, 2.0, 3.0, 4.0});
  CHECK(table.column_names == Names{"a", "b"});
  CHECK(table.labels == std::vector<std::int64_t>{7, -1});
  check_refused("a,kind\n1,7\n3,2.5\n", ":3: label column 'kind' has '2.5'", "not a whole number", "kind");
  check_refused("a,b\n1,7\n", " has no column 'kind'", "labels", "kind");
  check_refused("kind\n1\n", " has only the label column", "nothing to learn", "kind");
}

TEST_CASE("errors in a table name file, line and column", "[data][import]") {
  check_refused("a,b\n1,2\n3,\n", ":3: column 'b' has no value", "missing");
  check_refused("a,b\n1,2\n3,x4\n", ":3: column 'b' has 'x4'", "not a number");
  check_refused("a,b\n1,2\n3,4x\n", ":3: column 'b' has '4x'", "not a number");
  check_refused("a;b\n1,5;2\n", ":2: column 'a' has '1,5'", "decimal point");
  check_refused("a,b\n1,nan\n", ":2: column 'b' has 'nan'", "not finite");
  check_refused("a,b\n-inf,1\n", ":2: column 'a' has '-inf'", "not finite");
  check_refused("a,b\n1,1e999\n", ":2: column 'b' has '1e999'", "double precision");
  check_refused("a,b\n1,2,3\n", ":2: there are 3 fields", "header has 2");
  check_refused("a,b\n1\n", ":2: there are 1 fields", "header has 2");
  check_refused("a,b\n1,2\n\n3,4\n", ":3: the line is blank", "rows follow");
  check_refused("a,b\n1,\"2\n", ":2: a quote is not closed", "end on its line");
  check_refused("a,b,a\n1,2,3\n", ":1: column name 'a' is there twice", "rename");
  check_refused(",b\n0,2\n", ":1: column 1 has no name", "index=False");
  check_refused("0.5,1.5\n1,2\n", ":1: the first line holds numbers", "header line");
  check_refused("", " is empty", "header");
  check_refused("\n \n", " is empty", "header");
  check_refused("a,b\n", " has no rows", "header");
}

TEST_CASE("a table that cannot be read is a file error", "[data][import]") {
  CHECK_THROWS_AS(import_csv("/nowhere/table.csv"), FileError);
  CHECK_THROWS_AS(import_csv("/"), FileError);
}
