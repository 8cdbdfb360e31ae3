// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "rows.hpp"

namespace ebmpi::test {

/// The name of a file that does not exist before the object does, nor after it.
class ScratchName {
public:
  ScratchName()
      : path_(std::filesystem::temp_directory_path() /
              ("ebmpi-simulation-" + std::to_string(getpid()) + "-" + std::to_string(number_++))) {
    std::filesystem::remove_all(path_);
  }
  ~ScratchName() { std::filesystem::remove_all(path_); }
  ScratchName(const ScratchName&) = delete;
  ScratchName& operator=(const ScratchName&) = delete;

  std::string path() const { return path_.string(); }

private:
  static inline int number_ = 0;
  std::filesystem::path path_;
};

/// tests/support/simulator_worker.py in the given mode, with two workers.
inline simulation::Settings worker_settings(const std::string& mode) {
  simulation::Settings settings;
  settings.kind = "external";
  settings.command = "python3 " EBMPI_TEST_DATA_DIR "/support/simulator_worker.py " + mode;
  settings.parameter_names = {"mean", "deviation"};
  settings.columns = 2;
  settings.workers = 2;
  settings.batch = 8;
  settings.retries = 1;
  settings.timeout = 20.0;
  return settings;
}

inline void skip_without_python() {
  if (std::system("python3 -c '' > /dev/null 2>&1") != 0) SKIP("there is no python3");
}

/// x (n, D) of rows with means 0, 1, … and deviation 1.
inline std::vector<double> simulate_means(simulation::Simulator& simulator, std::int64_t rows,
                                          std::int64_t first = 0) {
  std::vector<double> theta, x(static_cast<std::size_t>(rows * simulator.columns()));
  for (std::int64_t row = first; row < first + rows; ++row) {
    theta.push_back(static_cast<double>(row));
    theta.push_back(1.0);
  }
  simulator.simulate(context(first), theta, x);
  return x;
}

}  // namespace ebmpi::test
