// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>
#include <set>

#include "core/error.hpp"
#include "data/training_data.hpp"
#include "support/array_source.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using Catch::Matchers::ContainsSubstring;

namespace {

data::Preparation with_window(std::int64_t window, double validation_fraction = 0.2) {
  data::Preparation preparation;
  preparation.standardize = false;
  preparation.validation_fraction = validation_fraction;
  preparation.window = window;
  return preparation;
}

/// A data set and all that draws from it on one rank.
class Drawer {
public:
  Drawer(const data::SampleSource& source, std::int64_t shards, std::int64_t batch_size,
         const data::Preparation& preparation)
      : communicator_(MPI_COMM_SELF),
        shards_(shards, 1, 0),
        data_(communicator_, shards_, source, preparation),
        slots_(data::make_batch_slots(shards_, batch_size, data_.training_slices())),
        batch_("ebmpi::test::batch", batch_size, data_.dimension()) {}

  const data::TrainingData<double>& data() const { return data_; }
  const comm::ShardMap& shards() const { return shards_; }
  std::vector<double> operator()(std::int64_t step) const {
    data_.draw(step, slots_, batch_);
    return test::from_rows(batch_);
  }

private:
  comm::Communicator communicator_;
  comm::ShardMap shards_;
  data::TrainingData<double> data_;
  core::BatchSlots slots_;
  core::Rows<double> batch_;
};

enum class Fault { unreadable, not_finite };

/// Rows of a source of one column, one of which is bad.
class SpoiledReader final : public test::ArrayReader {
public:
  SpoiledReader(const test::ArraySource& source, std::int64_t bad_row, Fault fault)
      : test::ArrayReader(source), bad_row_(bad_row), fault_(fault) {}

  void read(std::int64_t first, std::int64_t count, std::span<double> values) override {
    test::ArrayReader::read(first, count, values);
    if (bad_row_ < first || bad_row_ >= first + count) return;
    if (fault_ == Fault::unreadable) throw core::FileError("array is gone");
    values[static_cast<std::size_t>(bad_row_ - first)] = std::numeric_limits<double>::quiet_NaN();
  }

private:
  std::int64_t bad_row_;
  Fault fault_;
};

/// Numbered rows that turn bad after they were first looked at.
class SpoiledSource final : public test::ArraySource {
public:
  SpoiledSource(std::int64_t rows, std::int64_t bad_row, Fault fault)
      : test::ArraySource(test::numbered_rows(rows)), bad_row_(bad_row), fault_(fault) {}

  std::unique_ptr<data::RowReader> make_reader() const override {
    return std::make_unique<SpoiledReader>(*this, bad_row_, fault_);
  }

private:
  std::int64_t bad_row_;
  Fault fault_;
};

}  // namespace

TEST_CASE("An epoch of streamed rows visits every training row of a shard once", "[data]") {
  constexpr std::int64_t rows = 500, epochs = 3;
  // Batches of several windows, of one, and of part of one; windows of one row and of half a shard.
  for (const auto& [window, batch_size] :
       {std::pair<std::int64_t, std::int64_t>{6, 31}, {60, 31}, {499, 31}, {250, 499}, {100, 3}}) {
    const Drawer draw(test::numbered_rows(rows), 3, batch_size, with_window(window));
    std::set<double> validation;
    for (const double row : test::from_rows(draw.data().validation())) validation.insert(row);
    for (std::int64_t shard = 0; shard < 3; ++shard) {
      std::set<double> own;
      const comm::IndexRange range = draw.shards().slice(rows, shard);
      for (std::int64_t row = range.first; row < range.last; ++row) {
        if (!validation.contains(static_cast<double>(row))) own.insert(static_cast<double>(row));
      }
      const comm::IndexRange share = draw.shards().slice(batch_size, shard);
      std::vector<double> served;
      for (std::int64_t step = 1; std::ssize(served) < epochs * std::ssize(own); ++step) {
        const std::vector<double> batch = draw(step);
        served.insert(served.end(), batch.begin() + share.first, batch.begin() + share.last);
      }
      std::set<std::vector<double>> orders;
      for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
        const auto first = served.begin() + epoch * std::ssize(own);
        const std::vector<double> order(first, first + std::ssize(own));
        CHECK(std::set<double>(order.begin(), order.end()) == own);
        orders.insert(order);
      }
      CHECK(orders.size() == epochs);
    }
  }
}

TEST_CASE("Streamed rows do not depend on the steps drawn before", "[data]") {
  const test::ArraySource source = test::numbered_rows(700);
  const Drawer forward(source, 4, 23, with_window(90)), jumping(source, 4, 23, with_window(90));
  std::vector<std::vector<double>> batches;
  for (std::int64_t step = 1; step <= 120; ++step) batches.push_back(forward(step));
  for (const std::int64_t step : {77, 78, 79, 3, 120, 119, 1, 2, 60, 60})
    CHECK(jumping(step) == batches[static_cast<std::size_t>(step - 1)]);
}

TEST_CASE("What is measured of streamed rows is what is measured of rows in memory", "[data]") {
  constexpr std::int64_t rows = 3000;
  const test::ArraySource source(test::arbitrary_numbers(3 * rows, 7), 3);
  for (const std::int64_t components : {0, 2}) {
    data::Preparation preparation = with_window(0);
    preparation.standardize = true;
    preparation.pca = components;
    const Drawer memory(source, 3, 64, preparation);
    preparation.window = 400;
    const Drawer streamed(source, 3, 64, preparation);
    CHECK(streamed.data().training_rows() == memory.data().training_rows());
    CHECK(streamed.data().dimension() == memory.data().dimension());
    CHECK(streamed.data().transform().mean() == memory.data().transform().mean());
    CHECK(streamed.data().moments().mean == memory.data().moments().mean);
    CHECK(streamed.data().moments().deviation == memory.data().moments().deviation);
    CHECK(streamed.data().moments().minimum == memory.data().moments().minimum);
    CHECK(streamed.data().moments().maximum == memory.data().moments().maximum);
    CHECK(streamed.data().spread_rows() == memory.data().spread_rows());
    CHECK(test::from_rows(streamed.data().validation()) == test::from_rows(memory.data().validation()));
    CHECK(memory.data().seconds_waited() == 0.0);
    CHECK(streamed.data().seconds_waited() == 0.0);
    preparation.window = rows;  // no fewer than there are: in memory, in that order
    CHECK(Drawer(source, 3, 64, preparation)(5) == memory(5));
    CHECK(streamed(5) != memory(5));
    CHECK(streamed.data().seconds_waited() > 0.0);  // for the first windows
  }
}

TEST_CASE("A streamed run holds out no more rows than fit", "[data]") {
  CHECK(data::held_out_fraction(0.1, 0, 1'000'000'000) == 0.1);
  CHECK(data::held_out_fraction(0.1, 1000, 1000) == 0.1);
  CHECK(data::held_out_fraction(0.1, 1000, 100'000) == 0.1);
  CHECK(data::held_out_fraction(0.1, 1000, 65'536'000) == 0.001);
  CHECK(data::held_out_fraction(0.0001, 1000, 65'536'000) == 0.0001);
}

TEST_CASE("What the reading thread runs into is thrown where rows are drawn", "[data]") {
  for (const Fault fault : {Fault::unreadable, Fault::not_finite}) {
    const SpoiledSource source(3000, 2345, fault);
    const Drawer draw(source, 2, 50, with_window(400, 0.0));
    std::string text;
    bool is_file_error = false;
    for (std::int64_t step = 1; step <= 60 && text.empty(); ++step) {
      try {
        draw(step);
      } catch (const core::Error& error) {
        text = error.what();
        is_file_error = error.code() == core::ExitCode::file_error;
      }
    }
    CHECK(is_file_error == (fault == Fault::unreadable));
    CHECK_THAT(text, ContainsSubstring(fault == Fault::unreadable ? "array is gone" : "row 2345"));
    CHECK_THROWS_AS(draw(1), core::Error);  // and stays so
  }
}
