// SPDX-License-Identifier: Apache-2.0
#include <hdf5.h>
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "core/error.hpp"
#include "io/dataset_reader.hpp"
#include "io/file_reader.hpp"
#include "scratch_folder.hpp"

using namespace ebmpi;
using test::contains;
using test::error_text;

namespace {

void write_data_set(hid_t file, const char* path, hid_t type, const std::vector<hsize_t>& shape,
                    const void* data) {
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t data_set = H5Dcreate2(file, path, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
  if (data != nullptr) H5Dwrite(data_set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  H5Dclose(data_set);
  H5Pclose(links);
  H5Sclose(space);
}

/// Samples in many types, made by HDF5's own serial calls rather than by the writer under test.
std::string write_samples(const comm::Communicator& world, const test::ScratchFolder& folder) {
  const std::string path = folder.file("x.h5");
  if (world.is_root()) {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<double> reals(60);
    std::vector<std::uint8_t> images(60);
    for (int i = 0; i < 60; ++i) reals[i] = 0.1 * i;
    for (int i = 0; i < 60; ++i) images[i] = static_cast<std::uint8_t>(4 * i);
    const std::vector<std::int32_t> labels = {5,  -1, 2,  3,  4,  5,  6,  7,  8,  9,
                                              10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
    write_data_set(file, "/x", H5T_NATIVE_DOUBLE, {20, 3}, reals.data());
    write_data_set(file, "/y", H5T_NATIVE_INT32, {20}, labels.data());
    write_data_set(file, "/train/x", H5T_IEEE_F32BE, {60}, nullptr);
    write_data_set(file, "/images", H5T_NATIVE_UINT8, {20, 3}, images.data());
    write_data_set(file, "/cube", H5T_NATIVE_DOUBLE, {5, 4, 3}, reals.data());
    write_data_set(file, "/nothing", H5T_NATIVE_DOUBLE, {0, 3}, nullptr);
    write_data_set(file, "/words", H5T_C_S1, {4}, "abc");
    const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(pair, "a", 0, H5T_NATIVE_FLOAT);
    write_data_set(file, "/records", pair, {4}, nullptr);
    H5Tclose(pair);
    reals[17 * 3 + 1] = -std::numeric_limits<double>::infinity();
    reals[17 * 3 + 2] = std::nan("");
    write_data_set(file, "/bad", H5T_NATIVE_DOUBLE, {20, 3}, reals.data());
    H5Fclose(file);
  }
  world.barrier();
  return path;
}

}  // namespace

TEST_CASE("every rank reads its own rows, in double and float, from any number type", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const std::string path = write_samples(world, folder);
  const auto rows = comm::balanced_slice(20, world.size(), world.rank());

  const io::DatasetReader reals(world, io::parse_dataset_name(path));
  REQUIRE(reals.rows() == 20);
  REQUIRE(reals.columns() == 3);
  std::vector<double> doubles(rows.size() * 3);
  std::vector<float> floats(rows.size() * 3);
  reals.read_rows(rows.first, rows.size(), std::span<double>(doubles));
  reals.read_rows(rows.first, rows.size(), std::span<float>(floats));
  const io::DatasetReader images(world, io::parse_dataset_name(path + ":images"));
  std::vector<float> pixels(rows.size() * 3);
  images.read_rows(rows.first, rows.size(), std::span<float>(pixels));
  for (std::int64_t i = 0; i < rows.size() * 3; ++i) {
    const auto position = static_cast<double>(rows.first * 3 + i);
    CHECK(doubles[i] == 0.1 * position);
    CHECK(floats[i] == static_cast<float>(0.1 * position));
    CHECK(pixels[i] == static_cast<float>(4.0 * position));
  }

  const io::DatasetReader flat(world, io::parse_dataset_name(path + ":train/x"));
  CHECK(flat.rows() == 60);
  CHECK(flat.columns() == 1);
  CHECK_THROWS_AS(flat.read_rows(59, 2, std::span<double>(doubles)), std::out_of_range);
  CHECK_THROWS_AS(flat.read_rows(0, 0, std::span<double>(std::span(doubles).first(1))),
                  std::invalid_argument);
}

TEST_CASE("labels are the rank's rows, or absent", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const auto samples = io::parse_dataset_name(write_samples(world, folder));
  const auto rows = comm::balanced_slice(20, world.size(), world.rank());
  const auto labels = io::read_labels(world, io::labels_beside(samples), 20, rows);
  REQUIRE(labels.has_value());
  for (std::int64_t i = 0; i < rows.size(); ++i) {
    const std::int64_t row = rows.first + i;
    CHECK((*labels)[i] == (row == 0 ? 5 : row == 1 ? -1 : row));
  }
  CHECK_FALSE(io::read_labels(world, io::labels_beside({samples.file, "/train/x"}), 60, {0, 60}).has_value());
  const auto wrong_length = error_text<core::InputError>([&] {
    io::read_labels(world, {samples.file, "/y"}, 21, {0, 0});
  });
  CHECK(contains(wrong_length, "21 rows"));
  const auto wrong_type = error_text<core::InputError>([&] { io::read_labels(world, samples, 20, {0, 0}); });
  CHECK(contains(wrong_type, "floating-point"));
}

TEST_CASE("data that cannot be used are refused on every rank, with file, place and reason", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const std::string path = write_samples(world, folder);
  const auto refusal = [&](const std::string& dataset) {
    return error_text<core::InputError>([&] { io::DatasetReader(world, io::dataset_in(path, dataset)); });
  };
  const std::string missing = refusal("train/z");
  CHECK(contains(missing, path + " has no data set /train/z"));
  CHECK(contains(missing, "/images (20, 3)"));
  CHECK(contains(missing, "/train/x (60)"));
  CHECK(contains(refusal("train"), "has no data set /train"));
  CHECK(contains(refusal("cube"), "shape (5, 4, 3)"));
  CHECK(contains(refusal("nothing"), "is empty, shape (0, 3)"));
  CHECK(contains(refusal("words"), "holds strings"));
  CHECK(contains(refusal("records"), "holds compound records"));

  const auto unreadable = [&](const std::string& file) {
    return error_text<core::FileError>([&] { io::DatasetReader(world, {file, "/x"}); });
  };
  if (world.is_root()) std::ofstream(folder.file("table.csv")) << "1,2,3\n";
  world.barrier();
  CHECK(contains(unreadable(folder.file("none.h5")), "none.h5 (No such file or directory)"));
  CHECK(contains(unreadable(folder.path()), "Is a directory"));
  CHECK(contains(unreadable(folder.file("table.csv")), "not an HDF5 file"));
}

TEST_CASE("the first value of all ranks that is not finite is named on every rank", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const std::string path = write_samples(world, folder);
  const auto rows = comm::balanced_slice(20, world.size(), world.rank());
  const auto check = [&](const std::string& dataset, auto value) {
    const io::DatasetReader reader(world, io::dataset_in(path, dataset));
    std::vector<decltype(value)> values(rows.size() * 3);
    reader.read_rows(rows.first, rows.size(), std::span(values));
    reader.check_finite(rows.first, values);
  };
  CHECK_NOTHROW(check("x", 0.0));
  CHECK_NOTHROW(check("x", 0.0F));
  CHECK(contains(error_text<core::InputError>([&] { check("bad", 0.0); }),
                 "x.h5:/bad has -infinity at row 17, column 1"));
  CHECK(contains(error_text<core::InputError>([&] { check("bad", 0.0F); }), "-infinity at row 17, column 1"));

  // Every rank has a bad value; the lowest row counts. A finite double too large for float is caught after
  // conversion.
  const io::DatasetReader reader(world, io::dataset_in(path, "x"));
  std::vector<float> values(6, 0.0F);
  values[5] = std::numeric_limits<float>::quiet_NaN();
  const auto text = error_text<core::InputError>([&] { reader.check_finite(18 - 2 * world.rank(), values); });
  CHECK(contains(text, "NaN at row " + std::to_string(18 - 2 * (world.size() - 1) + 1) + ", column 2"));
}

namespace {

/// Strings of varying length, boolean labels and compressed chunks, as h5py writes them by default or on
/// request.
std::string write_as_h5py_does(const comm::Communicator& world, const test::ScratchFolder& folder) {
  const std::string path = folder.file("h5py.h5");
  if (world.is_root()) {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, H5T_VARIABLE);
    H5Tset_cset(text, H5T_CSET_UTF8);
    const char* words = "seed = 1 # größer";
    const hid_t scalar = H5Screate(H5S_SCALAR);
    const hid_t data_set = H5Dcreate2(file, "/config", text, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data_set, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, &words);
    const hid_t attribute = H5Acreate2(file, "format", text, scalar, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, text, &words);
    H5Aclose(attribute);
    H5Dclose(data_set);
    H5Sclose(scalar);
    H5Tclose(text);

    const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
    const std::int8_t values[] = {0, 1};
    H5Tenum_insert(boolean, "FALSE", &values[0]);
    H5Tenum_insert(boolean, "TRUE", &values[1]);
    const std::int8_t flags[] = {1, 0, 1, 1};
    write_data_set(file, "/y", boolean, {4}, flags);
    H5Tclose(boolean);

    const hsize_t shape[] = {4, 2};
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(layout, 2, shape);
    H5Pset_shuffle(layout);
    H5Pset_deflate(layout, 6);
    const hid_t space = H5Screate_simple(2, shape, nullptr);
    const hid_t packed = H5Dcreate2(file, "/x", H5T_STD_I16BE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    const std::int16_t numbers[] = {0, -1, 2, -3, 4, -5, 6, -7};
    H5Dwrite(packed, H5T_NATIVE_INT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
    H5Dclose(packed);
    H5Sclose(space);
    H5Pclose(layout);
    H5Fclose(file);
  }
  world.barrier();
  return path;
}

}  // namespace

TEST_CASE("files as h5py writes them", "[io]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const std::string path = write_as_h5py_does(world, folder);
  const io::FileReader reader(world, path);
  CHECK(reader.read_text("/config") == "seed = 1 # größer");
  CHECK(reader.text_attribute("/", "format") == "seed = 1 # größer");
  const io::DatasetReader samples(world, io::parse_dataset_name(path));
  std::vector<float> values(4);
  samples.read_rows(1, 2, std::span<float>(values));
  CHECK(values == std::vector<float>{2, -3, 4, -5});
  CHECK(io::read_labels(world, io::labels_beside(samples.name()), 4, {1, 4}) ==
        std::vector<std::int64_t>{0, 1, 1});
}
