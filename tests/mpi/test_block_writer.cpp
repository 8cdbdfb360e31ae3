// SPDX-License-Identifier: Apache-2.0
#include <hdf5.h>
#include <mpi.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
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

using Extents = std::vector<std::int64_t>;

template <class Value>
Value element(std::int64_t chain, std::int64_t draw, std::int64_t column) {
  return static_cast<Value>(100000 * chain + 7 * draw) + static_cast<Value>(column) / static_cast<Value>(4);
}

/// A block of (chains, draws, columns), row-major.
template <class Value>
std::vector<Value> block(const Extents& start, const Extents& count) {
  std::vector<Value> values;
  for (std::int64_t c = start[0]; c < start[0] + count[0]; ++c)
    for (std::int64_t d = start[1]; d < start[1] + count[1]; ++d)
      for (std::int64_t k = start[2]; k < start[2] + count[2]; ++k) values.push_back(element<Value>(c, d, k));
  return values;
}

/// `step` draws of all chains at a time; the ranks share the chains, in another order each time.
template <class Value>
void write_draws(const comm::Communicator& world, io::FileWriter& writer, const Extents& shape,
                 std::int64_t step) {
  int turn = 0;
  for (std::int64_t first = 0; first < shape[1]; first += step, ++turn) {
    const auto chains = comm::balanced_slice(shape[0], world.size(), (world.rank() + turn) % world.size());
    const Extents start = {chains.first, first, 0};
    const Extents count = {chains.size(), std::min(step, shape[1] - first), shape[2]};
    writer.write_block<Value>("/posterior/x", start, count, block<Value>(start, count));
  }
}

/// Each rank reads some chains of a part of the draws, across the writes and the chunks.
template <class Value>
void check_draws(const comm::Communicator& world, const std::string& path, const Extents& shape) {
  const io::FileReader reader(world, path);
  CHECK(reader.shape("/posterior/x") == shape);
  const auto chains = comm::balanced_slice(shape[0], world.size(), world.size() - 1 - world.rank());
  for (const std::int64_t first : {std::int64_t{0}, shape[1] / 3}) {
    const Extents start = {chains.first, first, shape[2] / 2};
    const Extents count = {chains.size(), shape[1] - first, shape[2] - shape[2] / 2};
    CHECK(reader.read_slab<Value>("/posterior/x", start, count) == block<Value>(start, count));
  }
}

template <class Value>
void check_round_trip(const comm::Communicator& world, const std::string& path, const Extents& shape,
                      const Extents& blocks, std::int64_t step) {
  {
    io::FileWriter writer(world, path);
    writer.create_blocks<Value>("/posterior/x", shape, blocks);
    write_draws<Value>(world, writer, shape, step);
    writer.commit();
  }
  check_draws<Value>(world, path, shape);
}

/// Paths of the scales in DIMENSION_LIST, read by HDF5's calls.
std::vector<std::string> scales_of(const std::string& path, const char* data_set) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t attribute = H5Aopen_by_name(file, data_set, "DIMENSION_LIST", H5P_DEFAULT, H5P_DEFAULT);
  const hid_t type = H5Aget_type(attribute);
  const hid_t space = H5Aget_space(attribute);
  std::vector<hvl_t> entries(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  H5Aread(attribute, type, entries.data());
  std::vector<std::string> names;
  for (const hvl_t& entry : entries) {
    REQUIRE(entry.len == 1);
    const hid_t scale = H5Rdereference2(file, H5P_DEFAULT, H5R_OBJECT, entry.p);
    char name[100] = "";
    H5Iget_name(scale, name, sizeof(name));
    names.emplace_back(name);
    H5Oclose(scale);
  }
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, entries.data());
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  H5Fclose(file);
  return names;
}

}  // namespace

TEST_CASE("draws come back as they were written block by block", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("draws.h5");
  // One chunk for all ranks, chunks that ranks and writes straddle, one element each, and a single chunk.
  for (const Extents& blocks : {Extents{10, 7, 3}, Extents{3, 5, 2}, Extents{1, 1, 1}, Extents{10, 53, 3}}) {
    check_round_trip<double>(world, path, {10, 53, 3}, blocks, 7);
    check_round_trip<float>(world, path, {10, 53, 3}, blocks, 1);
    check_round_trip<std::int64_t>(world, path, {10, 53, 3}, blocks, 60);
  }
  check_round_trip<double>(world, path, {1, 20, 1}, {1, 3, 1}, 3);  // of several ranks, all but one have none
  check_round_trip<double>(world, path, {4, 0, 3}, {4, 5, 3}, 5);   // no draws
  check_round_trip<double>(world, path, {0, 5, 3}, {1, 5, 3}, 5);   // no chains
}

TEST_CASE("draws of more than a chunk and than a piece that is read back", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  check_round_trip<double>(world, folder.file("many.h5"), {3, 60013, 17}, {3, 20000, 17}, 20000);
}

TEST_CASE("other draws can be written over earlier ones, and what was never written is NaN, or 0", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("twice.h5");
  const Extents shape = {5, 12, 2};
  {
    io::FileWriter writer(world, path);
    writer.create_blocks<double>("/posterior/x", shape, {5, 4, 2});
    writer.create_blocks<double>("/energy", {5, 12}, {5, 4});
    writer.create_blocks<std::int64_t>("/steps", {12}, {4});
    const auto chains = comm::balanced_slice(5, world.size(), world.rank());
    writer.write_block<double>("/posterior/x", {chains.first, 0, 0}, {chains.size(), 12, 2},
                               std::vector<double>(static_cast<std::size_t>(chains.size() * 24), -1.0));
    write_draws<double>(world, writer, shape, 5);
    // Of a chunk, one row only; of the others nothing.
    const std::int64_t rows = world.is_root() ? 1 : 0;
    writer.write_block<double>("/energy", {2, 4}, {rows, 4},
                               std::vector<double>(static_cast<std::size_t>(4 * rows), 0.5));
    writer.write_block<std::int64_t>("/steps", {5}, {rows},
                                     std::vector<std::int64_t>(static_cast<std::size_t>(rows), 9));
    writer.commit();
  }
  check_draws<double>(world, path, shape);
  const io::FileReader reader(world, path);
  const auto energy = reader.read_replicated<double>("/energy");
  for (std::int64_t i = 0; i < 60; ++i) {
    const bool is_written = i / 12 == 2 && i % 12 >= 4 && i % 12 < 8;
    const double value = energy.values.at(static_cast<std::size_t>(i));
    CHECK((is_written ? value == 0.5 : std::isnan(value)));
  }
  CHECK(reader.read_replicated<std::int64_t>("/steps").values ==
        std::vector<std::int64_t>{0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("dimensions have names that other programs read", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("named.h5");
  {
    io::FileWriter writer(world, path);
    for (const std::string group : {"/posterior", "/sample_stats"}) {
      writer.dimension(group + "/chain", 4);
      writer.dimension(group + "/draw", 300000);
    }
    writer.dimension("/posterior/x_dim", 1);
    writer.dimension("/unused", 0);
    writer.create_blocks<float>("/posterior/x", {4, 300000, 1}, {4, 1000, 1}, {"chain", "draw", "x_dim"});
    writer.create_blocks<double>("/sample_stats/energy", {4, 300000}, {4, 1000}, {"chain", "draw"});
    writer.create_blocks<double>("/sample_stats/lp", {4, 300000}, {4, 1000}, {"chain", "draw"});
    writer.commit();
  }
  {
    const io::FileReader reader(world, path);
    CHECK(reader.text_attribute("/posterior/draw", "CLASS") == "DIMENSION_SCALE");
    CHECK(reader.text_attribute("/posterior/draw", "NAME") == "draw");
    CHECK(reader.has_attribute("/posterior/draw", "REFERENCE_LIST"));
    CHECK_FALSE(reader.has_attribute("/unused", "REFERENCE_LIST"));
    CHECK(reader.read_replicated<std::int64_t>("/posterior/chain").values == Extents{0, 1, 2, 3});
    CHECK(reader.read_slab<std::int64_t>("/sample_stats/draw", {299998}, {2}) == Extents{299998, 299999});
  }  // HDF5 refuses to open a file twice in different ways
  if (!world.is_root()) return;
  CHECK(scales_of(path, "/posterior/x") ==
        std::vector<std::string>{"/posterior/chain", "/posterior/draw", "/posterior/x_dim"});
  CHECK(scales_of(path, "/sample_stats/lp") ==
        std::vector<std::string>{"/sample_stats/chain", "/sample_stats/draw"});
}

TEST_CASE("what does not fit together is refused on every rank", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto path = folder.file("refused.h5");
  {
    io::FileWriter writer(world, path);
    writer.dimension("/g/chain", 4);
    const auto created = [&](const Extents& shape, const Extents& blocks,
                             const std::vector<std::string>& dimensions) {
      return error_text<std::invalid_argument>(
          [&] { writer.create_blocks<double>("/g/x", shape, blocks, dimensions); });
    };
    CHECK(contains(created({}, {}, {}), "not a shape"));
    CHECK(contains(created({4, -1}, {4, 1}, {}), "not a shape"));
    CHECK(contains(created({4, 5}, {4}, {}), "do not cut"));
    CHECK(contains(created({4, 5}, {4, 0}, {}), "do not cut"));
    CHECK(contains(created({4, 5}, {4, 5}, {"chain"}), "one dimension for each"));
    CHECK(contains(created({4, 5}, {4, 5}, {"chain", "draw"}), "/g/draw is not a dimension"));
    CHECK(contains(created({5, 4}, {5, 4}, {"chain", "chain"}), "of length 5"));

    writer.create_blocks<double>("/g/x", {4, 5}, {4, 5});
    const auto written = [&](const Extents& start, const Extents& count, std::size_t values) {
      return error_text<std::invalid_argument>(
          [&] { writer.write_block<double>("/g/x", start, count, std::vector<double>(values)); });
    };
    CHECK(contains(written({0, 0}, {4, 6}, 24), "outside the shape (4, 5)"));
    CHECK(contains(written({4, 0}, {1, 5}, 5), "outside the shape"));
    CHECK(contains(written({0}, {4}, 4), "outside the shape"));
    CHECK(contains(written({0, 0}, {4, 5}, 19), "has not 19 values"));
    // Only the last rank is wrong.
    const bool is_wrong = world.rank() == world.size() - 1;
    CHECK_FALSE(written({0, 0}, {is_wrong ? 5 : 0, 5}, 0).empty());
    CHECK_THROWS_AS(writer.write_block<float>("/g/x", {0, 0}, {0, 0}, {}), std::invalid_argument);
    CHECK_THROWS_AS(writer.write_block<double>("/g/y", {0, 0}, {0, 0}, {}), std::invalid_argument);
    CHECK(folder.entries() == 1);
  }
  CHECK(folder.entries() == 0);  // nothing without commit

  check_round_trip<double>(world, path, {4, 5, 1}, {4, 5, 1}, 5);
  const io::FileReader reader(world, path);
  const auto refused = error_text<core::FileError>([&] {
    reader.read_slab<double>("/posterior/x", {0, world.rank() == world.size() - 1 ? 1 : 0, 0}, {4, 5, 1});
  });
  CHECK(contains(refused, "its shape is (4, 5, 1), and (4, 5, 1) from (0, 1, 0) on are wanted"));
}

TEST_CASE("a block whose write was lost is found when it is read back", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const Extents shape = {4, 40, 2};
  const auto text = error_text<core::FileError>([&] {
    io::FileWriter writer(world, folder.file("lost.h5"));
    writer.create_blocks<double>("/posterior/x", shape, {4, 10, 2});
    write_draws<double>(world, writer, shape, 10);
    world.barrier();
    const double last = element<double>(3, 39, 1);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (!world.is_root()) continue;
      const std::string written = io::read_text_file_here(entry.path());
      const auto place = written.find(std::string(reinterpret_cast<const char*>(&last), sizeof(last)));
      REQUIRE(place != std::string::npos);
      std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary).seekp(place) << 'x';
    }
    writer.commit();
  });
  CHECK(contains(text, "does not read back"));
  CHECK(contains(text, "checksum"));
  CHECK(folder.entries() == 0);
}
