// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>
#include <stdexcept>

#include "io/block_layout.hpp"
#include "io/file_writer.hpp"
#include "io/hdf5_support.hpp"
#include "io/row_access.hpp"

namespace ebmpi::io {

namespace {

/// "/posterior/" of "/posterior/x"
std::string group_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

/// Why blocks cannot be made so; empty where they can.
std::string problem_of_blocks(const std::vector<std::int64_t>& shape,
                              const std::vector<std::int64_t>& block) {
  if (shape.empty() || element_count(shape) < 0) return shape_text(shape) + " is not a shape";
  if (block.size() != shape.size() || element_count(block) < 1)
    return "blocks " + shape_text(block) + " do not cut the shape " + shape_text(shape);
  return {};
}

/// Why a block cannot be written; empty where it can.
std::string problem_of_write(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& start,
                             const std::vector<std::int64_t>& count, std::size_t values) {
  const std::string block = "block " + shape_text(count) + " from " + shape_text(start) + " on";
  if (!is_inside(shape, start, count)) return block + " is outside the shape " + shape_text(shape);
  if (element_count(count) != static_cast<std::int64_t>(values))
    return block + " has not " + std::to_string(values) + " values";
  return {};
}

}  // namespace

void FileWriter::require_everywhere(const std::string& problem) const {
  std::int64_t is_wrong = problem.empty() ? 0 : 1;
  communicator_.max(std::span(&is_wrong, 1));
  if (is_wrong != 0) throw std::invalid_argument(problem.empty() ? "wrong on another rank" : problem);
}

void FileWriter::dimension(const std::string& path, std::int64_t length) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(length));
  std::iota(numbers.begin(), numbers.end(), 0);
  write_replicated(path, {length}, numbers);
  for (const ScaleAttribute& attribute : scale_attributes(path.substr(group_of(path).size())))
    write_attribute(path, attribute);
  dimensions_[path].length = length;
}

std::vector<std::string> FileWriter::scales_of(const std::string& path,
                                               const std::vector<std::int64_t>& shape,
                                               const std::vector<std::string>& dimensions) const {
  if (!dimensions.empty() && dimensions.size() != shape.size())
    throw std::invalid_argument(path + " has not one dimension for each extent of " + shape_text(shape));
  std::vector<std::string> scales;
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    scales.push_back(group_of(path) + dimensions[i]);
    const auto found = dimensions_.find(scales.back());
    if (found == dimensions_.end() || found->second.length != shape[i])
      throw std::invalid_argument(scales.back() + " is not a dimension of length " +
                                  std::to_string(shape[i]));
  }
  return scales;
}

template <class Value>
void FileWriter::create_blocks(const std::string& path, const std::vector<std::int64_t>& shape,
                               const std::vector<std::int64_t>& block,
                               const std::vector<std::string>& dimensions) {
  require_everywhere(problem_of_blocks(shape, block));
  const std::vector<std::string> scales = scales_of(path, shape, dimensions);
  const Value fill_value = std::numeric_limits<Value>::quiet_NaN();  // 0 of an integer
  const std::int64_t type = native_type<Value>();
  Handle data_set = create(path, type, shape, chunk_extents(shape, block, sizeof(Value)), &fill_value);
  blocks_[path] = {std::move(data_set), shape, type};
  if (scales.empty()) return;
  ScaleAttribute list;
  communicator_.together([&] { list = dimension_list(file_.id(), scales); });
  write_attribute(path, list);
  for (std::size_t i = 0; i < scales.size(); ++i)
    dimensions_[scales[i]].uses.push_back({path, static_cast<int>(i)});
}

template <class Value>
void FileWriter::write_block(const std::string& path, const std::vector<std::int64_t>& start,
                             const std::vector<std::int64_t>& count, std::span<const Value> values) {
  const std::int64_t type = native_type<Value>();
  const auto found = blocks_.find(path);
  if (found == blocks_.end() || found->second.type != type)
    throw std::invalid_argument(path + " was not created for blocks of this type");
  const Blocks& blocks = found->second;
  const std::string problem = problem_of_write(blocks.shape, start, count, values.size());
  require_everywhere(problem.empty() ? "" : path + ": " + problem);
  if (element_count(blocks.shape) == 0) return;
  write_selection(path, blocks.data_set, type, select_block(blocks.shape, start, count), values.data());
}

/// What another rank has written is in the file after a flush, which MPI-IO calls a sync.
template <class Value>
std::vector<Value> FileWriter::read_block(const std::string& path, const std::vector<std::int64_t>& start,
                                          const std::vector<std::int64_t>& count) {
  communicator_.together([&] {
    if (H5Fflush(file_.id(), H5F_SCOPE_GLOBAL) < 0) fail(path);
  });
  communicator_.barrier();
  const auto found = blocks_.find(path);
  if (found == blocks_.end() || found->second.type != native_type<Value>())
    throw std::invalid_argument(path + " was not created for blocks of this type");
  const Blocks& blocks = found->second;
  std::vector<Value> values(static_cast<std::size_t>(element_count(count)));
  require_everywhere(problem_of_write(blocks.shape, start, count, values.size()));
  communicator_.together([&] {
    const Selection selection = select_block(blocks.shape, start, count);
    if (!values.empty() && H5Dread(blocks.data_set.id(), blocks.type, selection.memory_space.id(),
                                   selection.file_space.id(), H5P_DEFAULT, values.data()) < 0) {
      fail(path + " cannot be read back");
    }
  });
  return values;
}

template void FileWriter::create_blocks<float>(const std::string&, const std::vector<std::int64_t>&,
                                               const std::vector<std::int64_t>&,
                                               const std::vector<std::string>&);
template void FileWriter::create_blocks<double>(const std::string&, const std::vector<std::int64_t>&,
                                                const std::vector<std::int64_t>&,
                                                const std::vector<std::string>&);
template void FileWriter::create_blocks<std::int64_t>(const std::string&, const std::vector<std::int64_t>&,
                                                      const std::vector<std::int64_t>&,
                                                      const std::vector<std::string>&);
template void FileWriter::write_block(const std::string&, const std::vector<std::int64_t>&,
                                      const std::vector<std::int64_t>&, std::span<const float>);
template void FileWriter::write_block(const std::string&, const std::vector<std::int64_t>&,
                                      const std::vector<std::int64_t>&, std::span<const double>);
template void FileWriter::write_block(const std::string&, const std::vector<std::int64_t>&,
                                      const std::vector<std::int64_t>&, std::span<const std::int64_t>);
template std::vector<float> FileWriter::read_block(const std::string&, const std::vector<std::int64_t>&,
                                                   const std::vector<std::int64_t>&);
template std::vector<double> FileWriter::read_block(const std::string&, const std::vector<std::int64_t>&,
                                                    const std::vector<std::int64_t>&);

}  // namespace ebmpi::io
