// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "io/text_file.hpp"
#include "scratch_folder.hpp"

using namespace ebmpi;
using test::contains;
using test::error_text;

namespace {

template <class Value>
Value element(std::int64_t position) {
  return static_cast<Value>(3 * position) / static_cast<Value>(8) - static_cast<Value>(7);
}

/// Rows `rows` of an array whose element at row-major position p is element(p).
template <class Value>
std::vector<Value> block(comm::IndexRange rows, std::int64_t columns) {
  std::vector<Value> values;
  for (std::int64_t p = rows.first * columns; p < rows.last * columns; ++p)
    values.push_back(element<Value>(p));
  return values;
}

comm::IndexRange slice_of_rank(const comm::Communicator& world, std::int64_t rows, int rank) {
  return comm::balanced_slice(rows, world.size(), rank);
}

template <class Value>
void check_round_trip(const comm::Communicator& world, const std::string& path, std::int64_t rows,
                      std::int64_t columns) {
  const std::int64_t width = std::max<std::int64_t>(1, columns);
  const auto written = slice_of_rank(world, rows, world.rank());
  {
    io::FileWriter writer(world, path);
    writer.write_rows("/a/b/rows", rows, columns, written.first, block<Value>(written, width));
    writer.write_replicated("/whole", {rows, width, 1}, block<Value>({0, rows}, width));
    writer.commit();
  }
  const io::FileReader reader(world, path);
  CHECK(reader.shape("/a/b/rows") == (columns == 0 ? std::vector{rows} : std::vector{rows, columns}));
  // Each rank reads what another has written.
  const auto read = slice_of_rank(world, rows, world.size() - 1 - world.rank());
  CHECK(reader.read_rows<Value>("/a/b/rows", read.first, read.size()) == block<Value>(read, width));
  const auto whole = reader.read_replicated<Value>("/whole");
  CHECK(whole.shape == std::vector<std::int64_t>{rows, width, 1});
  CHECK(whole.values == block<Value>({0, rows}, width));
}

}  // namespace

TEST_CASE("arrays come back as they were written, by any rank", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  // 0 rows, fewer rows than ranks, one chunk, and several chunks of which ranks share some.
  for (const std::int64_t rows : {0, 1, 2, 1000, 300001}) {
    check_round_trip<float>(world, folder.file("float.h5"), rows, 3);
    check_round_trip<double>(world, folder.file("double.h5"), rows, 0);
    check_round_trip<std::int64_t>(world, folder.file("integer.h5"), rows, 2);
  }
}

TEST_CASE("rows wider than a chunk's aim", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  check_round_trip<double>(world, folder.file("wide.h5"), 5, 200000);
}

TEST_CASE("a file on which some ranks hold no rows, or one rank all", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  for (int owner = 0; owner < world.size(); ++owner) {
    const auto path = folder.file("one-owner.h5");
    io::FileWriter writer(world, path);
    const comm::IndexRange own = world.rank() == owner ? comm::IndexRange{0, 10} : comm::IndexRange{0, 0};
    writer.write_rows("/x", 10, 4, 0, block<double>(own, 4));
    writer.commit();
    const io::FileReader reader(world, path);
    CHECK(reader.read_replicated<double>("/x").values == block<double>({0, 10}, 4));
    CHECK(reader.read_rows<double>("/x", own.first, own.size()) == block<double>(own, 4));
  }
}

TEST_CASE("texts, attributes, lists and number conversion", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("mixed.h5");
  const std::string long_text(100000, 'z');
  const std::int64_t large = (std::int64_t{1} << 53) + 1;  // a double cannot hold it
  {
    io::FileWriter writer(world, path);
    writer.write_text("/config", "[run]\nseed = 1  # größer\n");
    writer.write_text("/empty", "");
    writer.write_text("/long", long_text);
    writer.write_replicated("/n/integers", {2}, std::vector<std::int64_t>{large, -4});
    writer.write_replicated("/n/reals", {1, 2}, std::vector<double>{0.1, 1e300});
    writer.attribute("/", "step", large);
    writer.attribute("/", "ranks", world.size() > 0 ? 7 : 0);
    writer.attribute("/", "format", std::string("ebmpi-checkpoint"));
    writer.attribute("/new/group", "ratio", 0.1);
    writer.attribute("/n/reals", "values", std::vector<double>{1.5, -2.5, 3.5});
    writer.commit();
  }
  const io::FileReader reader(world, path);
  CHECK(reader.read_text("/config") == "[run]\nseed = 1  # größer\n");
  CHECK(reader.read_text("/empty").empty());
  CHECK(reader.read_text("/long") == long_text);
  CHECK(reader.read_replicated<std::int64_t>("/n/integers").values == std::vector<std::int64_t>{large, -4});
  CHECK(reader.read_replicated<double>("/n/integers").values[1] == -4.0);
  CHECK(reader.read_replicated<float>("/n/reals").values[0] == 0.1F);
  CHECK(reader.integer_attribute("/", "step") == large);
  CHECK(reader.integer_attribute("/", "ranks") == 7);
  CHECK(reader.text_attribute("/", "format") == "ebmpi-checkpoint");
  CHECK(reader.real_attribute("/new/group", "ratio") == 0.1);
  CHECK(reader.reals_attribute("/n/reals", "values") == std::vector<double>{1.5, -2.5, 3.5});
  CHECK(reader.list("/") == std::vector<std::string>{"config", "empty", "long", "n", "new"});
  CHECK(reader.list("/n") == std::vector<std::string>{"integers", "reals"});
  CHECK(reader.list("/new/group").empty());
  CHECK(reader.exists("/n/reals"));
  CHECK(reader.exists("/n"));
  CHECK_FALSE(reader.exists("/m/reals"));
  CHECK(reader.has_attribute("/", "step"));
  CHECK_FALSE(reader.has_attribute("/", "steps"));
}

TEST_CASE("what is not in a file is an error that names it, on every rank", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("a.h5");
  {
    io::FileWriter writer(world, path);
    writer.write_replicated("/x", {3}, std::vector<double>{1, 2, 3});
    writer.write_text("/text", "words");
    writer.attribute("/", "many", std::vector<double>{1, 2});
    writer.commit();
  }
  const io::FileReader reader(world, path);
  const auto refused = [&](const auto& work) { return error_text<core::FileError>(work); };
  CHECK(contains(refused([&] { reader.read_replicated<float>("/model/weight"); }), "a.h5: /model/weight"));
  CHECK(contains(refused([&] { reader.read_replicated<float>("/text"); }), "does not hold numbers"));
  CHECK(contains(refused([&] { reader.read_text("/x"); }), "not a string"));
  CHECK(contains(refused([&] { reader.integer_attribute("/", "seed"); }), "attribute seed of /"));
  CHECK(contains(refused([&] { reader.real_attribute("/", "many"); }), "2 values"));
  CHECK(contains(refused([&] { reader.list("/nothing"); }), "/nothing"));
  // Only the last rank asks for too much.
  const bool asks_too_much = world.rank() == world.size() - 1;
  CHECK(contains(refused([&] { reader.read_rows<double>("/x", 1, asks_too_much ? 3 : 1); }),
                 "row 3 is wanted"));
  CHECK(contains(refused([&] { io::FileReader(world, folder.file("none.h5")); }), "No such file"));
}

TEST_CASE("without commit the old file stays and nothing is left behind", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("kept.h5");
  const auto write = [&](double value, bool commits) {
    io::FileWriter writer(world, path);
    writer.write_replicated("/x", {1}, std::vector<double>{value});
    CHECK(folder.entries() == (std::filesystem::exists(path) ? 2 : 1));
    if (commits) writer.commit();
  };
  write(1.0, false);
  CHECK(folder.entries() == 0);
  write(2.0, true);
  CHECK(folder.entries() == 1);
  write(3.0, false);
  CHECK(folder.entries() == 1);
  CHECK(io::FileReader(world, path).read_replicated<double>("/x").values == std::vector{2.0});
  write(4.0, true);
  CHECK(io::FileReader(world, path).read_replicated<double>("/x").values == std::vector{4.0});
}

TEST_CASE("a file that cannot be created, or replaced, is a FileError with path and reason on every rank",
          "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto missing =
      error_text<core::FileError>([&] { io::FileWriter(world, folder.file("no/such/out.h5")); });
  CHECK(contains(missing, folder.file("no/such/out.h5")));
  CHECK(contains(missing, "No such file or directory"));

  const auto occupied = folder.file("occupied.h5");
  if (world.is_root()) std::filesystem::create_directories(occupied + "/inside");
  world.barrier();
  const auto refused = error_text<core::FileError>([&] {
    io::FileWriter writer(world, occupied);
    writer.write_replicated("/x", {1}, std::vector<double>{1.0});
    writer.commit();
  });
  CHECK(contains(refused, "Is a directory"));
  CHECK(folder.entries() == 1);
}

TEST_CASE("a disk without room is found before the write, on every rank", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("large.h5");
  const auto text = error_text<core::FileError>([&] {
    io::FileWriter writer(world, path);
    writer.write_rows("/x", std::int64_t{1} << 50, 0, 0, std::vector<double>());
  });
  CHECK(contains(text, "cannot write " + path + " ("));
  CHECK(folder.entries() == 0);
}

TEST_CASE("a write whose error was lost is found when it is read back", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("kept.h5");
  const std::vector<double> old_values = {1.0, 2.0};
  const std::vector<double> values = {0.1, 0.2, 0.3};
  {
    io::FileWriter writer(world, path);
    writer.write_replicated("/x", {2}, old_values);
    writer.commit();
  }
  const auto text = error_text<core::FileError>([&] {
    io::FileWriter writer(world, path);
    writer.write_replicated("/x", {3}, values);
    world.barrier();
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (!world.is_root() || entry.path() == path) continue;
      const std::string written = io::read_text_file_here(entry.path());
      const auto place = written.find(std::string(reinterpret_cast<const char*>(values.data()), 24));
      REQUIRE(place != std::string::npos);
      std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary).seekp(place) << 'x';
    }
    writer.commit();
  });
  CHECK(contains(text, "does not read back"));
  CHECK(contains(text, "checksum"));
  CHECK(io::FileReader(world, path).read_replicated<double>("/x").values == old_values);
  CHECK(folder.entries() == 1);
}

TEST_CASE("text files travel from rank 0 and are replaced whole", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("config.toml");
  io::write_text_file_atomic(world, path, "first, and a longer text\n");
  io::write_text_file_atomic(world, path, "second");
  CHECK(io::read_text_file(world, path) == "second");
  CHECK(folder.entries() == 1);
  CHECK(contains(error_text<core::FileError>([&] { io::read_text_file(world, folder.path()); }),
                 "Is a directory"));
  CHECK(contains(error_text<core::FileError>([&] { io::read_text_file(world, folder.file("none")); }),
                 "No such file"));
}
