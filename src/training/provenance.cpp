// SPDX-License-Identifier: Apache-2.0
#include "training/provenance.hpp"

#include <unistd.h>

#include <fmt/chrono.h>

#include <chrono>

#include "core/build_info.hpp"
#include "core/pack.hpp"

namespace ebmpi::training {
namespace {

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string now() {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

}  // namespace

void write_provenance(io::FileWriter& file, const comm::Communicator& communicator,
                      const Provenance& provenance) {
  file.attribute("/", "format", provenance.format);
  file.attribute("/", "format_version", provenance.format_version);
  file.attribute("/", "step", provenance.step);
  file.attribute("/", "seed", provenance.seed);
  file.attribute("/", "seconds", provenance.seconds);
  file.attribute("/", "program_version", std::string(core::build_info().version));
  file.attribute("/", "git_hash", std::string(core::build_info().git_hash));
  file.attribute("/", "host", communicator.broadcast(host_name()));
  file.attribute("/", "ranks", communicator.size());
  file.attribute("/", "threads", core::ExecutionSpace().concurrency());
  file.attribute("/", "written", communicator.broadcast(now()));
}

}  // namespace ebmpi::training
