// SPDX-License-Identifier: Apache-2.0
#include "data/sample_source.hpp"

#include <utility>

#include "data/synthetic.hpp"
#include "io/dataset_reader.hpp"

namespace ebmpi::data {
namespace {

class FileReader final : public RowReader {
public:
  explicit FileReader(const io::DatasetReader& reader) : reader_(reader.name(), reader.shape()) {}

  void read(std::int64_t first, std::int64_t count, std::span<double> values) override {
    reader_.read_rows(first, count, values);
  }

private:
  io::BackgroundReader reader_;
};

class FileSource : public SampleSource {
public:
  FileSource(const comm::Communicator& communicator, io::DatasetName name)
      : reader_(communicator, std::move(name)) {}

  std::string name() const override { return reader_.name().text(); }
  std::int64_t rows() const override { return reader_.rows(); }
  std::int64_t columns() const override { return reader_.columns(); }
  std::int64_t row_bytes() const override { return reader_.layout().row_bytes; }
  std::int64_t chunk_rows() const override { return reader_.layout().chunk_rows; }
  void read(std::int64_t first, std::int64_t count, std::span<double> values) const override {
    reader_.read_rows(first, count, values);
  }
  void check_finite(std::int64_t first, std::span<const double> values) const override {
    reader_.check_finite(first, values);
  }
  std::unique_ptr<RowReader> make_reader() const override { return std::make_unique<FileReader>(reader_); }

private:
  io::DatasetReader reader_;
};

class DensityReader final : public RowReader {
public:
  DensityReader(std::shared_ptr<const Density> density, std::uint64_t seed)
      : density_(std::move(density)), seed_(seed) {}

  void read(std::int64_t first, std::int64_t count, std::span<double> values) override {
    density_->sample(seed_, first, count, values);
  }

private:
  std::shared_ptr<const Density> density_;
  std::uint64_t seed_;
};

class DensitySource : public SampleSource {
public:
  DensitySource(std::unique_ptr<Density> density, std::int64_t count, std::uint64_t seed)
      : density_(std::move(density)), count_(count), seed_(seed) {}

  std::string name() const override { return "density " + std::string(density_->name()); }
  std::int64_t rows() const override { return count_; }
  std::int64_t columns() const override { return density_->dimension(); }
  std::int64_t row_bytes() const override { return columns() * static_cast<std::int64_t>(sizeof(double)); }
  void read(std::int64_t first, std::int64_t count, std::span<double> values) const override {
    density_->sample(seed_, first, count, values);
  }
  /// Samples of a density are finite.
  void check_finite(std::int64_t, std::span<const double>) const override {}
  std::unique_ptr<RowReader> make_reader() const override {
    return std::make_unique<DensityReader>(density_, seed_);
  }

private:
  std::shared_ptr<const Density> density_;
  std::int64_t count_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<SampleSource> open_file_source(const comm::Communicator& communicator,
                                               const std::string& file, const std::string& dataset) {
  return std::make_unique<FileSource>(communicator, io::dataset_in(file, dataset));
}

std::unique_ptr<SampleSource> make_density_source(const std::string& density, std::int64_t dimension,
                                                  double noise, std::int64_t count, std::uint64_t seed) {
  return std::make_unique<DensitySource>(make_density(density, dimension, noise), count, seed);
}

}  // namespace ebmpi::data
