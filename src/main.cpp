// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <CLI/CLI.hpp>
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "comm/communicator.hpp"
#include "comm/device_choice.hpp"
#include "config/spelling.hpp"
#include "core/error.hpp"
#include "training/stop.hpp"

namespace {

using ebmpi::comm::Communicator;
using ebmpi::core::ExitCode;

/// Prints the problem once. Errors are thrown on every rank (Communicator::together sees to it), so rank 0
/// speaks for all. In one write: of several, a launcher that ends the job may lose one.
void report(const Communicator& communicator, const std::string& problem) {
  const std::string line = "ebmpi: " + problem + "\n";
  if (communicator.is_root()) std::fwrite(line.data(), 1, line.size(), stderr);
}

/// Help and version leave with 0; anything else that CLI11 objects to is bad usage.
int leave_parser(const CLI::App& program, const CLI::ParseError& error, const Communicator& communicator) {
  if (error.get_exit_code() == 0) return communicator.is_root() ? program.exit(error) : 0;
  report(communicator, std::string(error.what()) + "; see 'ebmpi --help' and 'ebmpi COMMAND --help'");
  return static_cast<int>(ExitCode::bad_input);
}

/// CLI11 would only say that a subcommand is required.
void refuse_unknown_command(const CLI::App& program, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return;
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto nearest = ebmpi::config::nearest_name(argv[1], candidates);
  throw ebmpi::core::InputError(
      "unknown command '" + std::string(argv[1]) + "' (" +
      (nearest ? "did you mean '" + std::string(*nearest) + "'?" : "there is none of that name") +
      "); 'ebmpi --help' lists the commands");
}

/// CLI11 takes nan for any number, and ranges let it pass.
void refuse_not_finite(const CLI::App& program) {
  for (const CLI::App* const command : program.get_subcommands()) {
    refuse_not_finite(*command);
    for (const CLI::Option* const option : command->get_options()) {
      if (option->get_type_name().find("FLOAT") == std::string::npos) continue;
      for (const std::string& text : option->results()) {
        if (std::isfinite(std::strtod(text.c_str(), nullptr))) continue;
        throw ebmpi::core::InputError(option->get_name() + " " + text +
                                      " is no number (it has to be finite); give one that is");
      }
    }
  }
}

/// Kokkos' own advice on OMP_PROC_BIND is noise in a job's log.
Kokkos::InitializationSettings kokkos_settings(const Communicator& communicator) {
  Kokkos::InitializationSettings settings;
  settings.set_disable_warnings(true);
  if (const auto device = ebmpi::comm::choose_device(communicator)) settings.set_device_id(*device);
  return settings;
}

int run(int argc, char** argv, const Communicator& communicator) {
  CLI::App program("Trains energy-based models p(x) = exp(-E(x))/Z on one or many nodes.", "ebmpi");
  program.require_subcommand(1);
  program.set_version_flag("--version", [] { return ebmpi::cli::version_text(); });
  ebmpi::cli::Action action;
  for (const auto add :
       {ebmpi::cli::add_train, ebmpi::cli::add_sample, ebmpi::cli::add_energy, ebmpi::cli::add_evaluate,
        ebmpi::cli::add_anomaly, ebmpi::cli::add_denoise, ebmpi::cli::add_inpaint, ebmpi::cli::add_compose,
        ebmpi::cli::add_data, ebmpi::cli::add_infer, ebmpi::cli::add_simulate, ebmpi::cli::add_info,
        ebmpi::cli::add_bench, ebmpi::cli::add_selftest}) {
    add(program, action);
  }
  try {
    refuse_unknown_command(program, argc, argv);
    program.parse(argc, argv);
    refuse_not_finite(program);
    // Not before it is needed: help, the version and bad usage can be told on a machine without the GPUs.
    const Kokkos::ScopeGuard kokkos(kokkos_settings(communicator));
    return action(communicator);
  } catch (const CLI::ParseError& error) {
    return leave_parser(program, error, communicator);
  } catch (const ebmpi::core::Error& error) {
    report(communicator, error.what());
    return static_cast<int>(error.code());
  }
}

}  // namespace

int main(int argc, char** argv) {
  // Only these have a state worth saving; the other commands end as usual when they are told to.
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "train" || command == "infer") ebmpi::training::install_stop_signals();
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  int exit_code = 1;
  {
    const Communicator communicator(MPI_COMM_WORLD);
    try {
      exit_code = run(argc, argv, communicator);
    } catch (const std::exception& error) {
      // A fault of the program itself, perhaps on this rank alone: the others must not wait for it.
      std::fprintf(stderr, "ebmpi: rank %d: %s (a fault of the program); please report it\n",
                   communicator.rank(), error.what());
      communicator.abort(EXIT_FAILURE);
    }
  }
  MPI_Finalize();
  return exit_code;
}
