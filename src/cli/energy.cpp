// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/model_options.hpp"
#include "core/error.hpp"
#include "evaluation/evaluate_rows.hpp"
#include "io/dataset_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

struct EnergyArguments {
  ModelArguments model;
  std::string data;
  std::string output;
  bool score = false;
};

/// What makes the energies a density in the data's units, where it is known: log p(x) = -E(x)/T - log Z.
template <class Scalar>
void write_log_z(io::FileWriter& file, const training::Model<Scalar>& model) {
  if (model.known_log_z == training::KnownLogZ::none) return;
  const bool is_learned = model.known_log_z == training::KnownLogZ::learned;
  file.attribute("/", is_learned ? "learned_log_z" : "exact_log_z", model.log_z);
}

template <class Scalar>
int write_energies(const comm::Communicator& communicator, const EnergyArguments& arguments,
                   const training::Model<Scalar>& model) {
  model.require_energy("'ebmpi energy'");
  const io::DatasetReader reader(communicator, io::parse_dataset_name(arguments.data));
  io::FileWriter file(communicator,
                      arguments.output);  // first, so that a wrong path is noticed before the work
  const auto gradients = arguments.score ? evaluation::Gradients::wanted : evaluation::Gradients::none;
  std::vector<Scalar> energies, scores;  // of this rank's rows: (rows), (rows, D)
  evaluation::evaluate_rows<Scalar>(communicator, model, reader, gradients, [&](const auto& rows) {
    energies.insert(energies.end(), rows.energies.begin(), rows.energies.end());
    for (const double slope : rows.gradients)
      scores.push_back(static_cast<Scalar>(-slope / model.temperature));
  });
  const std::int64_t first = evaluation::own_rows(communicator, reader.rows()).first;
  write_origin(file, arguments.model, model);
  file.attribute("/", "temperature", model.temperature);
  file.attribute("/", "data", reader.name().text());
  write_log_z(file, model);
  file.write_rows("/energy", reader.rows(), 0, first, std::span<const Scalar>(energies));
  if (arguments.score) {
    file.write_rows("/score", reader.rows(), reader.columns(), first, std::span<const Scalar>(scores));
  }
  file.commit();
  if (communicator.is_root()) {
    fmt::print("{}: energies{} of {} rows of {}\n", arguments.output, arguments.score ? " and scores" : "",
               reader.rows(), reader.name().text());
  }
  return static_cast<int>(core::ExitCode::done);
}

int energy(const comm::Communicator& communicator, const EnergyArguments& arguments) {
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return write_energies(communicator, arguments, model); });
}

}  // namespace

void add_energy(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<EnergyArguments>();
  CLI::App* const command = program.add_subcommand("energy", "Energy, and score, of each row of a data set");
  command->footer(
      "p(x) is proportional to exp(-E(x)/T), T the attribute temperature: E is defined up to a constant, and "
      "log p in the "
      "data's units differs from that in model space by another. With data.pca what the model does not see "
      "does not "
      "count: rows that differ only there have one energy. The attribute learned_log_z, where noise "
      "contrastive "
      "estimation has learned it, gives log p(x) = -E(x) - learned_log_z in the data's units. Rows are read "
      "in pieces; a rank keeps the "
      "energies of its "
      "rows, and with --score their scores, until all are written.");
  add_model_options(*command, arguments->model);
  command->add_option("--data", arguments->data, "Rows, (N, D)")->required()->type_name("FILE.h5[:path]");
  command->add_option("--output", arguments->output, "HDF5 file to write: /energy (N)")
      ->required()
      ->type_name("FILE.h5");
  command->add_flag("--score", arguments->score,
                    "Also /score (N, D), the gradient of log p(x): -grad E(x)/T in the data's coordinates");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return energy(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
