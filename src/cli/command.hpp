// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "comm/communicator.hpp"

namespace ebmpi::cli {

/// What a subcommand does once its arguments are read: returns the program's exit code, or throws
/// core::Error.
using Action = std::function<int(const comm::Communicator& communicator)>;

/// Adds a subcommand with its options to the program and sets `action` when it is the one that was called.
/// One function for each file of this folder.
void add_train(CLI::App& program, Action& action);
void add_sample(CLI::App& program, Action& action);
void add_energy(CLI::App& program, Action& action);
void add_anomaly(CLI::App& program, Action& action);
void add_denoise(CLI::App& program, Action& action);
void add_inpaint(CLI::App& program, Action& action);
void add_compose(CLI::App& program, Action& action);
void add_evaluate(CLI::App& program, Action& action);
void add_data(CLI::App& program, Action& action);
void add_infer(CLI::App& program, Action& action);
void add_simulate(CLI::App& program, Action& action);
void add_info(CLI::App& program, Action& action);
void add_bench(CLI::App& program, Action& action);
void add_selftest(CLI::App& program, Action& action);

/// The text of `ebmpi --version`: versions of the program and its libraries, backends, SIMD width, and a
/// warning where the SIMD is scalar although the processor has AVX2.
std::string version_text();

}  // namespace ebmpi::cli
