// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "io/run_folder.hpp"
#include "io/text_file.hpp"
#include "io/verify_checkpoint.hpp"
#include "scratch_folder.hpp"

using namespace ebmpi;
using test::contains;
using test::error_text;

namespace {

const std::vector<double> weights = {0.5, -1.25, 3.0, 1e-300};

void write_checkpoint(const comm::Communicator& world, const std::string& path, std::int64_t step) {
  io::FileWriter writer(world, path);
  writer.attribute("/", "format", std::string(io::checkpoint_format));
  writer.attribute("/", "format_version", io::checkpoint_format_version);
  writer.attribute("/", "step", step);
  writer.attribute("/", "seed", 1);
  writer.write_text("/config", "[run]\nseed = 1\n");
  writer.write_replicated("/model/layers.0.weight", {2, 2}, weights);
  writer.write_rows("/chains/x", 3L * world.size(), 2, 3L * world.rank(), std::vector<float>(6, 1.5F));
  writer.commit();
}

void replace_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("names, order and pruning of checkpoints", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const io::RunFolder run(world, folder.file("runs/name"));
  CHECK(run.checkpoint_path(6000) == folder.file("runs/name/checkpoints/step-000006000.h5"));
  CHECK(run.checkpoint_path(1234567890) == folder.file("runs/name/checkpoints/step-1234567890.h5"));
  CHECK_FALSE(io::RunFolder::is_run_folder(run.path()));
  CHECK(run.checkpoints().empty());
  CHECK_FALSE(run.newest_valid_checkpoint().has_value());
  run.create();
  run.create();
  CHECK(io::RunFolder::is_run_folder(run.path()));
  CHECK(run.checkpoints().empty());

  for (const std::int64_t step : {9000L, 1234567890L, 500L, 10000L})
    write_checkpoint(world, run.checkpoint_path(step), step);
  if (world.is_root()) {
    std::ofstream(run.checkpoint_path(11000) + ".tmp-0123456789abcdef") << "half a checkpoint";
    std::ofstream(run.config_path() + ".tmp-0123456789abcdef") << "half a config";
    std::ofstream(run.path() + "/checkpoints/notes.txt") << "the user's own";
  }
  world.barrier();
  CHECK(run.checkpoints() == std::vector{run.checkpoint_path(1234567890), run.checkpoint_path(10000),
                                         run.checkpoint_path(9000), run.checkpoint_path(500)});
  run.prune(2);
  CHECK(run.checkpoints() == std::vector{run.checkpoint_path(1234567890), run.checkpoint_path(10000)});
  CHECK(std::filesystem::exists(run.path() + "/checkpoints/notes.txt"));
  CHECK_FALSE(std::filesystem::exists(run.checkpoint_path(11000) + ".tmp-0123456789abcdef"));
  CHECK_FALSE(std::filesystem::exists(run.config_path() + ".tmp-0123456789abcdef"));
}

TEST_CASE("the newest valid checkpoint is found behind damaged ones", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const io::RunFolder run(world, folder.file("run"));
  run.create();
  write_checkpoint(world, run.checkpoint_path(1), 1);
  write_checkpoint(world, run.checkpoint_path(2), 2);
  if (world.is_root()) replace_bytes(run.checkpoint_path(3), "not HDF5 at all");
  world.barrier();
  CHECK(run.newest_valid_checkpoint() == run.checkpoint_path(2));
  CHECK(io::resolve_model(world, run.path()) == run.checkpoint_path(2));
  CHECK(io::resolve_model(world, run.checkpoint_path(1)) == run.checkpoint_path(1));
  CHECK_THROWS_AS(io::resolve_model(world, run.checkpoint_path(3)), core::FileError);
  CHECK(contains(error_text<core::FileError>([&] { io::resolve_model(world, folder.file("none")); }),
                 "No such file"));
  CHECK(contains(error_text<core::FileError>([&] { io::resolve_model(world, folder.path()); }),
                 "has no model"));
  CHECK(run.newest_valid_checkpoint([&](const std::string& path) {
    return path == run.checkpoint_path(1) ? "" : "too new";
  }) == run.checkpoint_path(1));
  CHECK_FALSE(run.newest_valid_checkpoint([](const std::string&) { return "bad"; }).has_value());
}

TEST_CASE("a run folder that cannot be made is a FileError on every rank", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  io::write_text_file_atomic(world, folder.file("file"), "in the way");
  const io::RunFolder run(world, folder.file("file/run"));
  CHECK(contains(error_text<core::FileError>([&] { run.create(); }), "Not a directory"));
}

TEST_CASE("other HDF5 files are not checkpoints, and newer formats are told apart", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("other.h5");
  const auto problem_with = [&](const std::string& format, std::int64_t version) {
    io::FileWriter writer(world, path);
    writer.attribute("/", "format", format);
    writer.attribute("/", "format_version", version);
    writer.commit();
    return error_text<core::FileError>([&] { io::verify_checkpoint(world, path); });
  };
  CHECK(contains(problem_with("something", 1), "is not a checkpoint"));
  CHECK(contains(problem_with("ebmpi-checkpoint", 2), "format version (2"));
  CHECK(contains(problem_with("ebmpi-checkpoint", 1), "step"));
}

TEST_CASE("a flipped bit is noticed or harmless, and a truncated file is refused", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const comm::Communicator self(MPI_COMM_SELF);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("whole.h5");
  write_checkpoint(world, path, 77);
  CHECK_NOTHROW(io::verify_checkpoint(world, path));
  const std::string whole = io::read_text_file(world, path);
  const auto own =
      folder.file("own-" + std::to_string(world.rank()) + ".h5");  // every rank damages its own copy

  int noticed = 0;
  for (std::size_t position = static_cast<std::size_t>(world.rank()); position < whole.size();
       position += 3 * static_cast<std::size_t>(world.size())) {
    std::string flipped = whole;
    flipped[position] = static_cast<char>(flipped[position] ^ (1 << position % 8));
    replace_bytes(own, flipped);
    if (!io::checkpoint_problem(own).empty()) {
      ++noticed;
      continue;
    }
    const io::FileReader reader(self, own);  // an unused byte: everything must read as written
    REQUIRE(reader.read_replicated<double>("/model/layers.0.weight").values == weights);
    REQUIRE(reader.read_replicated<float>("/chains/x").values == std::vector<float>(6 * world.size(), 1.5F));
    REQUIRE(reader.read_text("/config") == "[run]\nseed = 1\n");
    REQUIRE(reader.integer_attribute("/", "step") == 77);
  }
  CHECK(noticed > 20);

  const auto data = whole.find(std::string(reinterpret_cast<const char*>(weights.data()), 32));
  REQUIRE(data != std::string::npos);
  std::string flipped = whole;
  flipped[data + 5] ^= 1;
  replace_bytes(own, flipped);
  CHECK(contains(io::checkpoint_problem(own), "/model/layers.0.weight"));
  CHECK(contains(io::checkpoint_problem(own), "a checksum does not match"));

  for (std::size_t length = 0; length < whole.size(); length += 97) {
    replace_bytes(own, whole.substr(0, length));
    REQUIRE_FALSE(io::checkpoint_problem(own).empty());
  }
  replace_bytes(own, whole.substr(0, whole.size() - 1));
  CHECK(contains(io::checkpoint_problem(own), "truncated"));
}
