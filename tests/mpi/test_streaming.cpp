// SPDX-License-Identifier: Apache-2.0
// Rows that a thread reads while the ranks train, out of every kind of data set.
#include <hdf5.h>
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "data/training_data.hpp"
#include "io/background_reader.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "scratch_folder.hpp"
#include "support/array_source.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using test::contains;
using test::error_text;

namespace {

constexpr std::int64_t rows = 1501, columns = 3, shard_count = 5, batch_size = 43;

enum class Storage { contiguous, chunked, compressed };

void write_set(hid_t file, const char* name, hid_t type, Storage storage, const std::vector<double>& values) {
  const hsize_t shape[2] = {rows, columns}, chunk[2] = {37, 2};
  const hid_t space = H5Screate_simple(2, shape, nullptr), layout = H5Pcreate(H5P_DATASET_CREATE);
  if (storage != Storage::contiguous) H5Pset_chunk(layout, 2, chunk);
  if (storage == Storage::compressed) H5Pset_deflate(layout, 4);
  const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Dclose(set);
  H5Pclose(layout);
  H5Sclose(space);
}

const std::vector<std::string> names = {"float32", "float64", "big_endian", "chunked", "compressed"};

std::string write_file(const comm::Communicator& world, const test::ScratchFolder& folder,
                       const std::vector<double>& values) {
  const std::string path = folder.file("rows.h5");
  if (world.is_root()) {
    const hid_t access = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(access, 512);  // what lies before HDF5's own bytes counts in offsets
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, access, H5P_DEFAULT);
    write_set(file, "float32", H5T_IEEE_F32LE, Storage::contiguous, values);
    write_set(file, "float64", H5T_IEEE_F64LE, Storage::contiguous, values);
    write_set(file, "big_endian", H5T_IEEE_F32BE, Storage::contiguous, values);
    write_set(file, "chunked", H5T_IEEE_F32LE, Storage::chunked, values);
    write_set(file, "compressed", H5T_IEEE_F64LE, Storage::compressed, values);
    H5Fclose(file);
    H5Pclose(access);
  }
  world.barrier();
  return path;
}

data::Preparation streamed() {
  data::Preparation preparation;
  preparation.window = 230;
  preparation.jitter = 0.1;
  return preparation;
}

core::Rows<float> batch_of(const data::TrainingData<float>& data, const comm::ShardMap& shards,
                           std::int64_t step) {
  const core::Rows<float> batch("ebmpi::test::batch", shards.owned_slice(batch_size).size(), columns);
  data.draw(step, data::make_batch_slots(shards, batch_size, data.training_slices()), batch);
  return batch;
}

}  // namespace

TEST_CASE("A thread reads the rows of any data set as HDF5 reads them", "[mpi][data]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const std::vector<double> values = test::arbitrary_numbers(rows * columns, 3);
  const std::string path = write_file(world, folder, values);
  for (const std::string& name : names) {
    io::BackgroundReader reader(io::dataset_in(path, name), {rows, columns});
    for (const auto& [first, count] :
         {std::pair<std::int64_t, std::int64_t>{0, rows}, {17, 400}, {1500, 1}}) {
      std::vector<double> read(static_cast<std::size_t>(count * columns));
      reader.read_rows(first, count, read);
      CHECK(read == std::vector<double>(values.begin() + first * columns,
                                        values.begin() + (first + count) * columns));
    }
  }
}

TEST_CASE("Ranks stream the batches of one process", "[mpi][data]") {
  const comm::Communicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  const test::ScratchFolder folder(world);
  const std::vector<double> values = test::arbitrary_numbers(rows * columns, 3);
  const std::string path = write_file(world, folder, values);
  const comm::ShardMap own(shard_count, world.size(), world.rank()), all(shard_count, 1, 0);
  for (const std::string& name : names) {
    const auto source = data::open_file_source(world, path, name);
    const auto alone = data::open_file_source(self, path, name);
    const data::TrainingData<float> part(world, own, *source, streamed()),
        whole(self, all, *alone, streamed());
    CHECK(part.training_rows() == whole.training_rows());
    for (const std::int64_t step : {1, 2, 3, 4, 5, 6, 7, 8, 9, 500, 501, 40}) {
      const std::vector<float> expected = test::from_rows(batch_of(whole, all, step));
      const comm::IndexRange slice = own.owned_slice(batch_size);
      CHECK(test::from_rows(batch_of(part, own, step)) ==
            std::vector<float>(expected.begin() + slice.first * columns,
                               expected.begin() + slice.last * columns));
      // Files are written while the threads read.
      const std::string output = folder.file("out.h5");
      io::FileWriter writer(world, output);
      writer.write_rows("/x", world.size(), 0, world.rank(), std::vector{1.0f});
      writer.commit();
    }
    CHECK(io::FileReader(world, folder.file("out.h5")).read_replicated<float>("/x").values.size() ==
          static_cast<std::size_t>(world.size()));
  }
}

TEST_CASE("A file that is cut short is noticed", "[mpi][data]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const test::ScratchFolder folder(world);
  const std::string path = write_file(world, folder, test::arbitrary_numbers(rows * columns, 3));
  if (!world.is_root()) return;
  for (const std::string& name : names) {
    const std::string copy = folder.file(name + ".h5");
    std::filesystem::copy_file(path, copy);
    io::BackgroundReader reader(io::dataset_in(copy, name), {rows, columns});
    std::vector<double> read(columns);
    CHECK_NOTHROW(reader.read_rows(3, 1, read));
    std::filesystem::resize_file(copy, std::filesystem::file_size(copy) / 2);
    const std::string text = error_text<core::FileError>([&] { reader.read_rows(3, 1, read); });
    CHECK(contains(text, name + " cannot be read any more in rows 3 to 3"));
    CHECK(contains(text, "bytes when the run began"));
  }
}
