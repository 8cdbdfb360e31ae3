// SPDX-License-Identifier: Apache-2.0
#include "evaluation/inpaint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "core/error.hpp"
#include "evaluation/row_pieces.hpp"
#include "io/dataset_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

struct InpaintArguments {
  ModelArguments model;
  std::string data, output;
  std::vector<std::int64_t> unknown;     // columns
  evaluation::InpaintSettings settings;  // but the unknown columns
  bool json = false;
};

/// The columns of --unknown as a flag for each of `dimension`.
std::vector<bool> unknown_columns(const std::vector<std::int64_t>& columns, std::int64_t dimension) {
  if (columns.empty()) return {};
  std::vector<bool> unknown(static_cast<std::size_t>(dimension), false);
  for (const std::int64_t column : columns) {
    if (column < 0 || column >= dimension) {
      throw core::InputError(
          fmt::format("--unknown {} is no column (they are counted from 0, and the rows "
                      "have {}); name columns from 0 to {}",
                      column, dimension, dimension - 1));
    }
    unknown[static_cast<std::size_t>(column)] = true;
  }
  return unknown;
}

template <class Value>
void append(std::vector<Value>& to, const std::vector<Value>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class Scalar>
void append(evaluation::InpaintedRows<Scalar>& to, const evaluation::InpaintedRows<Scalar>& from) {
  append(to.x, from.x);
  append(to.mean, from.mean);
  append(to.deviation, from.deviation);
  append(to.draws, from.draws);
  append(to.energy, from.energy);
  append(to.acceptance, from.acceptance);
  to.unknown += from.unknown;
}

/// Over all ranks. Throws core::InputError where it is none.
std::int64_t unknown_numbers(const comm::Communicator& communicator, const io::DatasetReader& reader,
                             std::int64_t own) {
  std::array<std::int64_t, 1> count{own};
  communicator.sum(count);
  if (count[0] > 0) return count[0];
  throw core::InputError(reader.name().text() +
                         " has no unknown number (none is NaN, and --unknown names no column); mark what is "
                         "to be drawn in one of these ways");
}

template <class Scalar>
void write_rows(io::FileWriter& file, const io::DatasetReader& reader, comm::IndexRange own,
                const evaluation::InpaintSettings& settings, const evaluation::InpaintedRows<Scalar>& rows) {
  const auto write = [&](const char* path, const std::vector<double>& values) {
    file.write_rows(path, reader.rows(), reader.columns(), own.first, std::span<const double>(values));
  };
  write("/x", rows.x);
  write("/mean", rows.mean);
  write("/deviation", rows.deviation);
  file.write_rows("/energy", reader.rows(), 0, own.first, std::span<const Scalar>(rows.energy));
  if (!settings.keeps_draws) return;
  file.create_blocks<double>("/posterior/x", {reader.rows(), settings.draws, reader.columns()},
                             {reader.rows(), settings.draws, reader.columns()});
  file.write_block("/posterior/x", {own.first, 0, 0}, {own.size(), settings.draws, reader.columns()},
                   std::span<const double>(rows.draws));
}

template <class Scalar>
void write_attributes(io::FileWriter& file, const InpaintArguments& arguments,
                      const evaluation::InpaintSettings& settings, const training::Model<Scalar>& model,
                      const io::DatasetReader& reader) {
  write_origin(file, arguments.model, model);
  file.attribute("/", "temperature", model.temperature);
  file.attribute("/", "data", reader.name().text());
  if (!arguments.unknown.empty()) file.attribute("/", "unknown_columns", arguments.unknown);
  file.attribute("/", "draws", settings.draws);
  file.attribute("/", "thin", settings.thin);
  file.attribute("/", "steps", settings.steps);
  file.attribute("/", "warm_up", settings.warm_up);
  file.attribute("/", "leapfrogs", settings.moves.leapfrogs);
  file.attribute("/", "seed", static_cast<std::int64_t>(settings.moves.seed));
}

template <class Scalar>
int inpaint_rows(const comm::Communicator& communicator, const InpaintArguments& arguments,
                 const training::Model<Scalar>& model) {
  evaluation::InpaintSettings settings = arguments.settings;
  settings.unknown = unknown_columns(arguments.unknown, model.transform.dimension());
  const evaluation::Inpainter<Scalar> inpaint(model, settings);
  const io::DatasetReader reader(communicator, io::parse_dataset_name(arguments.data));
  evaluation::check_dimension(model, reader);
  io::FileWriter file(communicator,
                      arguments.output);  // first, so that a wrong path is noticed before the work
  evaluation::InpaintedRows<Scalar> rows;
  evaluation::for_each_piece(
      communicator, reader, evaluation::NotANumber::unknown,
      [&](std::int64_t first, std::span<double> piece) { append(rows, inpaint(first, piece)); });
  const std::int64_t unknown = unknown_numbers(communicator, reader, rows.unknown);
  const double acceptance = evaluation::mean_of_all(communicator, rows.acceptance);
  write_attributes(file, arguments, settings, model, reader);
  file.attribute("/", "unknown_numbers", unknown);
  file.attribute("/", "acceptance_rate", acceptance);
  write_rows(file, reader, evaluation::own_rows(communicator, reader.rows()), settings, rows);
  file.commit();
  if (communicator.is_root()) {
    Json report = Json::object();
    report.set("output", arguments.output)
        .set("rows", reader.rows())
        .set("unknown_numbers", unknown)
        .set("draws", settings.draws)
        .set("acceptance_rate", acceptance);
    fmt::print("{}", arguments.json ? report.to_json() : report.to_text());
  }
  return static_cast<int>(core::ExitCode::done);
}

int inpaint(const comm::Communicator& communicator, const InpaintArguments& arguments) {
  if (arguments.settings.keeps_draws && arguments.settings.draws == 1) {
    throw core::InputError(
        "--keep-draws means nothing with one draw (/x is the last one); leave it out, or raise --draws");
  }
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return inpaint_rows(communicator, arguments, model); });
}

void add_chain_options(CLI::App& command, InpaintArguments& arguments) {
  evaluation::InpaintSettings& settings = arguments.settings;
  const auto add = [&command](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->capture_default_str();
  };
  add("--draws", settings.draws, "Of each row, from one chain")->check(CLI::PositiveNumber);
  add("--thin", settings.thin, "Transitions between draws")->check(CLI::PositiveNumber);
  add("--steps", settings.steps, "Transitions before the first draw, after the warm-up")
      ->check(CLI::NonNegativeNumber);
  add("--warm-up", settings.warm_up, "Transitions in which each row tunes its step")
      ->check(CLI::NonNegativeNumber);
  add("--leapfrogs", settings.moves.leapfrogs, "Steps of a trajectory (HMC); 1: MALA")
      ->check(CLI::Range(1, 100000));
  add("--seed", settings.moves.seed, "Chooses all random numbers, with the number of the row");
  command.add_flag("--keep-draws", settings.keeps_draws, "Also write all draws, /posterior/x (N, draws, D)");
}

}  // namespace

void add_inpaint(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<InpaintArguments>();
  CLI::App* const command =
      program.add_subcommand("inpaint", "Draw the unknown numbers of rows, given the known ones");
  command->footer(
      "Samples p(unknown | known) at the model's temperature, one chain for each row, by Hamiltonian "
      "trajectories in which the known coordinates do not move. Writes /x (N, D), the last draw; /mean and "
      "/deviation (N, D), over the draws; /energy (N), of the last draw. Known numbers are written bit for "
      "bit as they were read, in float64. The unknown ones start from the normal distribution that training "
      "starts chains from. The numbers do not depend on how many ranks made them.");
  add_model_options(*command, arguments->model);
  command->add_option("--data", arguments->data, "Rows, (N, D), in which NaN is an unknown number")
      ->required()
      ->type_name("FILE.h5[:path]");
  command->add_option("--output", arguments->output, "HDF5 file to write")->required()->type_name("FILE.h5");
  command
      ->add_option("--unknown", arguments->unknown,
                   "Columns, counted from 0, that are unknown in all rows: 2,3")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_chain_options(*command, *arguments);
  command->add_flag("--json", arguments->json, "Print the summary as JSON");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) {
      return inpaint(communicator, *arguments);
    };
  });
}

}  // namespace ebmpi::cli
