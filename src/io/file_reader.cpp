// SPDX-License-Identifier: Apache-2.0
#include "io/file_reader.hpp"

#include <span>
#include <utility>

#include "core/error.hpp"
#include "io/hdf5_lock.hpp"
#include "io/hdf5_support.hpp"
#include "io/local_read.hpp"

namespace ebmpi::io {

namespace {

/// Runs `work` on rank 0; an error there becomes everyone's.
template <class Work>
void on_root(const comm::Communicator& communicator, const Work& work) {
  communicator.together([&] {
    const Hdf5Lock lock;
    if (communicator.is_root()) work();
  });
}

template <class Value>
void share(const comm::Communicator& communicator, std::vector<Value>& values) {
  auto length = static_cast<std::int64_t>(values.size());
  communicator.broadcast(std::span(&length, 1));
  communicator.together([&] { values.resize(static_cast<std::size_t>(length)); });
  communicator.broadcast(std::as_writable_bytes(std::span(values)));
}

template <class Value>
Value only_value(const std::vector<Value>& values, const std::string& path, const std::string& name) {
  if (values.size() == 1) return values.front();
  throw core::FileError(path + ": attribute " + name + " has " + std::to_string(values.size()) +
                        " values (one is expected); the file was not written for this, use another");
}

}  // namespace

FileReader::FileReader(const comm::Communicator& communicator, std::string path)
    : communicator_(communicator), path_(std::move(path)) {
  // Rank 0 goes first: where it fails, the others are spared a thousand failing opens.
  on_root(communicator_, [&] { file_ = open_for_reading(path_); });
  communicator_.together([&] {
    if (!file_) file_ = open_for_reading(path_);
  });
}

bool FileReader::exists(const std::string& object) const {
  std::vector<std::int64_t> found;
  on_root(communicator_, [&] { found = {object_exists(file_.id(), object) ? 1 : 0}; });
  share(communicator_, found);
  return found.front() != 0;
}

std::vector<std::string> FileReader::list(const std::string& group) const {
  std::string joined;  // a link's name holds no zero byte
  on_root(communicator_, [&] {
    for (const std::string& name : link_names({file_.id(), path_}, group)) joined += name + '\0';
  });
  joined = communicator_.broadcast(joined);
  std::vector<std::string> names;
  for (std::size_t first = 0; first < joined.size(); first += names.back().size() + 1) {
    names.emplace_back(joined.c_str() + first);
  }
  return names;
}

std::vector<std::int64_t> FileReader::shape(const std::string& data_set) const {
  std::vector<std::int64_t> shape;
  on_root(communicator_, [&] { shape = open_data_set({file_.id(), path_}, data_set).shape; });
  share(communicator_, shape);
  return shape;
}

template <class Value>
Array<Value> FileReader::read_replicated(const std::string& data_set) const {
  Array<Value> array;
  on_root(communicator_, [&] {
    const OpenFile file{file_.id(), path_};
    const OpenDataSet opened = open_data_set(file, data_set);
    array.shape = opened.shape;
    array.values = read_numbers<Value>(file, data_set, opened, 0, array.shape.empty() ? 1 : array.shape[0]);
  });
  share(communicator_, array.shape);
  share(communicator_, array.values);
  return array;
}

template Array<float> FileReader::read_replicated(const std::string&) const;
template Array<double> FileReader::read_replicated(const std::string&) const;
template Array<std::int64_t> FileReader::read_replicated(const std::string&) const;

template <class Value>
std::vector<Value> FileReader::read_rows(const std::string& data_set, std::int64_t first,
                                         std::int64_t count) const {
  std::vector<Value> values;
  communicator_.together([&] {
    const Hdf5Lock lock;
    const OpenFile file{file_.id(), path_};
    values = read_numbers<Value>(file, data_set, open_data_set(file, data_set), first, count);
  });
  return values;
}

template std::vector<float> FileReader::read_rows(const std::string&, std::int64_t, std::int64_t) const;
template std::vector<double> FileReader::read_rows(const std::string&, std::int64_t, std::int64_t) const;
template std::vector<std::int64_t> FileReader::read_rows(const std::string&, std::int64_t,
                                                         std::int64_t) const;

template <class Value>
std::vector<Value> FileReader::read_slab(const std::string& data_set, const std::vector<std::int64_t>& start,
                                         const std::vector<std::int64_t>& count) const {
  std::vector<Value> values;
  communicator_.together([&] {
    const Hdf5Lock lock;
    const OpenFile file{file_.id(), path_};
    values = read_block<Value>(file, data_set, open_data_set(file, data_set), start, count);
  });
  return values;
}

template std::vector<float> FileReader::read_slab(const std::string&, const std::vector<std::int64_t>&,
                                                  const std::vector<std::int64_t>&) const;
template std::vector<double> FileReader::read_slab(const std::string&, const std::vector<std::int64_t>&,
                                                   const std::vector<std::int64_t>&) const;
template std::vector<std::int64_t> FileReader::read_slab(const std::string&, const std::vector<std::int64_t>&,
                                                         const std::vector<std::int64_t>&) const;

std::string FileReader::read_text(const std::string& data_set) const {
  std::string text;
  on_root(communicator_, [&] { text = read_text_here({file_.id(), path_}, data_set); });
  return communicator_.broadcast(text);
}

bool FileReader::has_attribute(const std::string& object, const std::string& name) const {
  std::vector<std::int64_t> found;
  on_root(communicator_, [&] { found = {attribute_exists({file_.id(), path_}, object, name) ? 1 : 0}; });
  share(communicator_, found);
  return found.front() != 0;
}

std::int64_t FileReader::integer_attribute(const std::string& object, const std::string& name) const {
  std::vector<std::int64_t> values;
  on_root(communicator_, [&] {
    values = read_number_attribute<std::int64_t>({file_.id(), path_}, object, name);
  });
  share(communicator_, values);
  return only_value(values, path_, name);
}

double FileReader::real_attribute(const std::string& object, const std::string& name) const {
  return only_value(reals_attribute(object, name), path_, name);
}

std::vector<double> FileReader::reals_attribute(const std::string& object, const std::string& name) const {
  std::vector<double> values;
  on_root(communicator_, [&] { values = read_number_attribute<double>({file_.id(), path_}, object, name); });
  share(communicator_, values);
  return values;
}

std::string FileReader::text_attribute(const std::string& object, const std::string& name) const {
  std::string text;
  on_root(communicator_, [&] { text = read_text_attribute({file_.id(), path_}, object, name); });
  return communicator_.broadcast(text);
}

}  // namespace ebmpi::io
