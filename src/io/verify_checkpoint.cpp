// SPDX-License-Identifier: Apache-2.0
#include "io/verify_checkpoint.hpp"

#include <vector>

#include "core/error.hpp"
#include "io/hdf5_lock.hpp"
#include "io/hdf5_support.hpp"
#include "io/local_read.hpp"

namespace ebmpi::io {

namespace {

void check_format(const OpenFile& file) {
  if (!attribute_exists(file, "/", "format") ||
      read_text_attribute(file, "/", "format") != checkpoint_format) {
    throw core::FileError(file.path + " is not a checkpoint (its root attribute format is not \"" +
                          checkpoint_format + "\"); name a checkpoint or a run folder");
  }
  const auto version = read_number_attribute<std::int64_t>(file, "/", "format_version");
  if (version.size() != 1 || version.front() != checkpoint_format_version) {
    throw core::FileError(file.path + " has another checkpoint format version (" +
                          (version.empty() ? "none" : std::to_string(version.front())) +
                          ", and this program reads " + std::to_string(checkpoint_format_version) +
                          "); use the program version that wrote it");
  }
  for (const char* name : {"step", "seed"}) {
    if (read_number_attribute<std::int64_t>(file, "/", name).size() != 1) {
      throw core::FileError(file.path + ": attribute " + name +
                            " is not one number (every checkpoint has it); use another");
    }
  }
}

}  // namespace

std::string checkpoint_problem(const std::string& path) {
  const Hdf5Lock lock;
  try {
    const Handle handle = open_for_reading(path);
    const OpenFile file{handle.id(), path};
    check_format(file);
    read_every_data_set(file);
  } catch (const core::FileError& error) {
    return error.what();
  }
  return {};
}

void verify_checkpoint(const comm::Communicator& communicator, const std::string& path) {
  communicator.together([&] {
    if (!communicator.is_root()) return;
    const std::string problem = checkpoint_problem(path);
    if (!problem.empty()) throw core::FileError(problem);
  });
}

}  // namespace ebmpi::io
