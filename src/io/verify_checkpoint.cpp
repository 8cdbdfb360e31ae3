// SPDX-License-Identifier: Apache-2.0
#include "io/verify_checkpoint.hpp"

#include <vector>

#include "core/error.hpp"
#include "io/hdf5_lock.hpp"
#include "io/hdf5_support.hpp"
#include "io/local_read.hpp"

namespace ebmpi::io {

namespace {

bool has_format(const OpenFile& file, const char* format) {
  return attribute_exists(file, "/", "format") && read_text_attribute(file, "/", "format") == format;
}

void check_version(const OpenFile& file, std::int64_t known) {
  const auto version = read_number_attribute<std::int64_t>(file, "/", "format_version");
  if (version.size() == 1 && version.front() == known) return;
  throw core::FileError(file.path + " has another checkpoint format version (" +
                        (version.empty() ? "none" : std::to_string(version.front())) +
                        ", and this program reads " + std::to_string(known) +
                        "); use the program version that wrote it");
}

/// What every kind of checkpoint says of itself.
void check_step_and_seed(const OpenFile& file) {
  for (const char* name : {"step", "seed"}) {
    if (read_number_attribute<std::int64_t>(file, "/", name).size() != 1) {
      throw core::FileError(file.path + ": attribute " + name +
                            " is not one number (every checkpoint has it); use another");
    }
  }
}

void check_checkpoint(const OpenFile& file) {
  if (has_format(file, inference_format)) {
    throw core::FileError(file.path +
                          " is a checkpoint of `ebmpi infer` (it holds no model); name one of `ebmpi train`");
  }
  if (!has_format(file, checkpoint_format)) {
    throw core::FileError(file.path + " is not a checkpoint (its root attribute format is not \"" +
                          checkpoint_format + "\"); name a checkpoint or a run folder");
  }
  check_version(file, checkpoint_format_version);
  check_step_and_seed(file);
}

void check_inference(const OpenFile& file) {
  if (!has_format(file, inference_format)) {
    throw core::FileError(file.path +
                          " is not a checkpoint of `ebmpi infer` (its root attribute format is not \"" +
                          inference_format + "\"); name one that is");
  }
  check_version(file, inference_format_version);
  check_step_and_seed(file);
}

/// What `check`, or a checksum, finds wrong.
template <class Check>
std::string problem_of(const std::string& path, const Check& check) {
  const Hdf5Lock lock;
  try {
    const Handle handle = open_for_reading(path);
    const OpenFile file{handle.id(), path};
    check(file);
    read_every_data_set(file);
  } catch (const core::FileError& error) {
    return error.what();
  }
  return {};
}

/// On all ranks, what rank 0 finds.
void require_no_problem(const comm::Communicator& communicator, const std::string& path,
                        std::string (*problem_in)(const std::string&)) {
  communicator.together([&] {
    if (!communicator.is_root()) return;
    const std::string problem = problem_in(path);
    if (!problem.empty()) throw core::FileError(problem);
  });
}

}  // namespace

std::string checkpoint_problem(const std::string& path) {
  return problem_of(path, check_checkpoint);
}

std::string model_problem(const std::string& path) {
  return problem_of(path, [](const OpenFile& file) {
    if (!has_format(file, combination_format)) return check_checkpoint(file);
    check_version(file, combination_format_version);
  });
}

std::string inference_problem(const std::string& path) {
  return problem_of(path, check_inference);
}

void verify_checkpoint(const comm::Communicator& communicator, const std::string& path) {
  require_no_problem(communicator, path, checkpoint_problem);
}

void verify_model(const comm::Communicator& communicator, const std::string& path) {
  require_no_problem(communicator, path, model_problem);
}

void verify_inference(const comm::Communicator& communicator, const std::string& path) {
  require_no_problem(communicator, path, inference_problem);
}

}  // namespace ebmpi::io
