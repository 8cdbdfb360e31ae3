// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

#include "config/duration.hpp"
#include "core/error.hpp"

using ebmpi::config::parse_duration;

TEST_CASE("lengths of time in every accepted form", "[config]") {
  CHECK(parse_duration("0") == 0.0);
  CHECK(parse_duration("5400") == 5400.0);
  CHECK(parse_duration("0.25") == 0.25);
  CHECK(parse_duration("90s") == 90.0);
  CHECK(parse_duration("45m") == 2700.0);
  CHECK(parse_duration("3h50m") == 13800.0);
  CHECK(parse_duration("1d2h") == 93600.0);
  CHECK(parse_duration("1d2h3m4s") == 93784.0);
  CHECK(parse_duration("1.5h") == 5400.0);
  CHECK(parse_duration("100m") == 6000.0);
  CHECK(parse_duration("01:02:03") == 3723.0);
  CHECK(parse_duration("100:00:00") == 360000.0);
  CHECK(parse_duration("2-03:04:05") == 183845.0);
}

TEST_CASE("other lengths of time are refused with the accepted forms", "[config]") {
  for (const char* text :
       {"",         " ",     "-5",           "+5",      "5 ",       "1e3",          "nan",
        "inf",      ".5",    "5.",           "h",       "3x",       "3h50",         "50m3h",
        "1h1h",     "12:30", "1:60:00",      "1:00:60", "1:00:000", "1:2:3:4",      "1-24:00:00",
        "-1:00:00", "1-",    "1-1-00:00:00", "1::2",    "3H",       "9999999:00:00"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_duration(text), ebmpi::core::InputError);
  }
  CHECK_THROWS_AS(parse_duration(std::string(400, '9')), ebmpi::core::InputError);
  CHECK_THROWS_WITH(parse_duration("soon"), Catch::Matchers::ContainsSubstring("'soon'") &&
                                                Catch::Matchers::ContainsSubstring("D-HH:MM:SS"));
}
