// SPDX-License-Identifier: Apache-2.0
#include "benchmark/context.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <Kokkos_Core.hpp>
#include <array>
#include <chrono>
#include <fstream>
#include <sstream>

#include "core/pack.hpp"

namespace ebmpi::benchmark {
namespace {

/// What the operating system calls the processor: Linux's /proc/cpuinfo, "unknown" elsewhere.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("model name") && !line.starts_with("CPU implementer")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

/// What Kokkos says of the device, its first line.
std::string device_name() {
  std::ostringstream text;
  core::ExecutionSpace().print_configuration(text);
  const std::string all = text.str();
  const std::size_t device = all.find("Device[");
  return device == std::string::npos ? "unknown" : all.substr(device, all.find('\n', device) - device);
}

}  // namespace

Context context_of(const comm::Communicator& communicator) {
  Context context;
  context.date = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
  context.host = host_name();
  context.processor = core::is_host_space<core::ExecutionSpace> ? processor_name() : device_name();
  context.ranks = communicator.size();
  context.threads_per_rank = core::ExecutionSpace().concurrency();
  return context;
}

}  // namespace ebmpi::benchmark
