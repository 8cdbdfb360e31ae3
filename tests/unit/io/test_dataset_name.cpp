// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "core/error.hpp"
#include "io/dataset_name.hpp"

using namespace ebmpi;

namespace {

void check_parsed(const std::string& text, const std::string& file, const std::string& dataset) {
  const auto name = io::parse_dataset_name(text);
  CHECK(name.file == file);
  CHECK(name.dataset == dataset);
}

}  // namespace

TEST_CASE("data set names", "[io]") {
  check_parsed("FILE.h5:train/x", "FILE.h5", "/train/x");
  check_parsed("FILE.h5:/train/x", "FILE.h5", "/train/x");
  check_parsed("FILE.h5", "FILE.h5", "/x");
  check_parsed("data", "data", "/x");
  check_parsed("/a:b/c.h5", "/a:b/c.h5", "/x");
  check_parsed("/a:b/c.h5:y", "/a:b/c.h5", "/y");
  check_parsed("c.hdf5", "c.hdf5", "/x");
  for (const char* text : {"", ":x", "FILE.h5:", "FILE.h5:train/", "FILE.h5:/"}) {
    CHECK_THROWS_AS(io::parse_dataset_name(text), core::InputError);
  }
  CHECK(io::parse_dataset_name("FILE.h5:train/x").text() == "FILE.h5:/train/x");
}

TEST_CASE("labels stand beside the samples", "[io]") {
  CHECK(io::labels_beside({"f.h5", "/x"}).dataset == "/y");
  CHECK(io::labels_beside({"f.h5", "/train/samples"}).text() == "f.h5:/train/y");
}
