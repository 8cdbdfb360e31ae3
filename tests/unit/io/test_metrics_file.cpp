// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/atomic_file.hpp"
#include "io/metrics_file.hpp"
#include "io/text_file.hpp"

using namespace ebmpi;

namespace {

const std::vector<std::string> columns = {"step", "loss"};

/// A file name in a new folder that disappears with the test.
struct Scratch {
  std::string folder =
      io::unique_temporary_name((std::filesystem::temp_directory_path() / "ebmpi-test").string());
  std::string path = folder + "/metrics.csv";
  Scratch() { std::filesystem::create_directories(folder); }
  ~Scratch() { std::filesystem::remove_all(folder); }
};

}  // namespace

TEST_CASE("metrics are on disk line by line, and a second opening appends", "[io]") {
  const Scratch scratch;
  io::MetricsFile metrics(scratch.path, columns);
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n");
  metrics.append("100,0.5");
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n100,0.5\n");
  io::MetricsFile(scratch.path, columns).append("200,0.25");
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n100,0.5\n200,0.25\n");
}

TEST_CASE("resuming keeps the lines up to the checkpoint and drops half lines", "[io]") {
  const Scratch scratch;
  std::ofstream(scratch.path) << "step,loss\n100,0.5\n200,0.25\n1000,0.125\nnonsense\n150,0.3\n2";
  io::MetricsFile metrics(scratch.path, columns);
  metrics.resume_after(200);
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n100,0.5\n200,0.25\n150,0.3\n");
  metrics.append("300,0.1");
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n100,0.5\n200,0.25\n150,0.3\n300,0.1\n");
  metrics.resume_after(-1);
  metrics.append("0,9");
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n0,9\n");
}

TEST_CASE("a file whose header was cut off starts again; one with other columns is left alone", "[io]") {
  const Scratch scratch;
  std::ofstream(scratch.path) << "step,lo";
  io::MetricsFile(scratch.path, columns).append("1,2");
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n1,2\n");
  CHECK_THROWS_AS(io::MetricsFile(scratch.path, {"step", "loss", "energy"}), core::FileError);
  CHECK(io::read_text_file_here(scratch.path) == "step,loss\n1,2\n");
  CHECK_THROWS_AS(io::MetricsFile(scratch.folder + "/none/metrics.csv", columns), core::FileError);
}

TEST_CASE("a line that finds no room is a FileError", "[io]") {
  const Scratch scratch;
  io::MetricsFile metrics(scratch.path, columns);
  metrics.append("1,2");
  rlimit old_limit{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{14, old_limit.rlim_max};  // "step,loss\n1,2\n" fills it
  REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
  std::string text;
  try {
    metrics.append("3,4");
  } catch (const core::FileError& error) {
    text = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  CHECK(text.find(scratch.path + " (File too large)") != std::string::npos);
}

TEST_CASE("a replacement that fails leaves no temporary file", "[io]") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch.path + "/inside");
  CHECK_THROWS_AS(io::replace_text_file(scratch.path, "text"), core::FileError);
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.folder), {}) == 1);
}
