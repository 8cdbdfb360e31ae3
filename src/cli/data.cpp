// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "core/build_info.hpp"
#include "core/error.hpp"
#include "data/import.hpp"
#include "data/synthetic.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

struct GenerateArguments {
  std::string name;
  std::string output;
  std::int64_t count = 0;
  double noise = config::DataSection().noise;
  std::int64_t dimension = config::DataSection().dimension;
  std::uint64_t seed = 1;
};

struct ImportArguments {
  std::string input;
  std::string output;
  std::string labels;
};

int generate(const comm::Communicator& communicator, const GenerateArguments& arguments) {
  const auto density = data::make_density(arguments.name, arguments.dimension, arguments.noise);
  const comm::IndexRange rows =
      comm::balanced_slice(arguments.count, communicator.size(), communicator.rank());
  const auto dimension = static_cast<std::size_t>(density->dimension());
  io::FileWriter file(communicator, arguments.output);
  std::vector<float> x;
  std::vector<double> log_density;
  communicator.together([&] {
    std::vector<double> exact(static_cast<std::size_t>(rows.size()) * dimension);
    density->sample(arguments.seed, rows.first, rows.size(), exact);
    x.assign(exact.begin(), exact.end());
    exact.assign(x.begin(), x.end());  // the density is that of the numbers in the file
    for (std::size_t i = 0; density->has_log_density() && i < exact.size(); i += dimension) {
      log_density.push_back(density->log_density(std::span(exact).subspan(i, dimension)).value());
    }
  });
  file.attribute("/", "density", arguments.name);
  file.attribute("/", "noise", arguments.noise);
  file.attribute("/", "seed", arguments.seed);
  file.attribute("/", "program_version", std::string(core::build_info().version));
  file.write_rows("/x", arguments.count, density->dimension(), rows.first, std::span<const float>(x));
  if (density->has_log_density()) {
    file.write_rows("/log_density", arguments.count, 0, rows.first, std::span<const double>(log_density));
  }
  file.commit();
  if (communicator.is_root()) {
    fmt::print("{}: {} samples of {} in {} dimensions\n", arguments.output, arguments.count, arguments.name,
               dimension);
  }
  return static_cast<int>(core::ExitCode::done);
}

data::ImportedTable read_table(const ImportArguments& arguments) {
  if (arguments.input.ends_with(".npy")) {
    if (arguments.labels.empty()) return data::import_npy(arguments.input);
    throw core::InputError(
        "--labels " + arguments.labels + " does not go with " + arguments.input +
        " (the columns of a .npy file have no names); leave it out, or import a .csv file");
  }
  if (arguments.input.ends_with(".csv") || arguments.input.ends_with(".tsv") ||
      arguments.input.ends_with(".txt")) {
    return data::import_csv(arguments.input,
                            arguments.labels.empty() ? std::nullopt : std::optional(arguments.labels));
  }
  throw core::InputError(arguments.input +
                         " has an ending that is not known (.csv, .tsv and .txt are text tables, .npy "
                         "is a NumPy array); rename or convert it");
}

/// Rank 0 reads; the others write nothing.
int import_table(const comm::Communicator& communicator, const ImportArguments& arguments) {
  data::ImportedTable table;
  std::string names;
  communicator.together([&] {
    if (!communicator.is_root()) return;
    table = read_table(arguments);
    for (const std::string& name : table.column_names) names += name + "\n";
  });
  std::int64_t facts[] = {table.rows, table.columns, static_cast<std::int64_t>(table.labels.size())};
  communicator.broadcast(std::span<std::int64_t>(facts));
  names = communicator.broadcast(names);
  io::FileWriter file(communicator, arguments.output);
  file.attribute("/", "source", arguments.input);
  file.attribute("/", "program_version", std::string(core::build_info().version));
  const std::int64_t first = communicator.is_root() ? 0 : facts[0];
  file.write_rows("/x", facts[0], facts[1], first, std::span<const double>(table.values));
  if (facts[2] > 0) file.write_rows("/y", facts[0], 0, first, std::span<const std::int64_t>(table.labels));
  if (!names.empty()) file.write_text("/columns", names);
  file.commit();
  if (communicator.is_root()) {
    fmt::print("{}: {} rows of {} columns{}\n", arguments.output, facts[0], facts[1],
               facts[2] > 0 ? " and labels " + arguments.labels : "");
  }
  return static_cast<int>(core::ExitCode::done);
}

void add_generate(CLI::App& data, Action& action) {
  const auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* const command = data.add_subcommand("generate", "Samples of a synthetic density of known value");
  const auto names = data::density_names();
  command->footer(
      "Writes /x (N, D) float32 and, where it is known, /log_density (N), the normalised log density of each "
      "row. Sample "
      "i is a function of the seed and i.");
  command->add_option("NAME", arguments->name, "Density")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())));
  command->add_option("--count", arguments->count, "Samples")->required()->check(CLI::PositiveNumber);
  command->add_option("--output", arguments->output, "HDF5 file to write")->required()->type_name("FILE.h5");
  command->add_option("--noise", arguments->noise, "The density's own noise scale")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--dimension", arguments->dimension,
                   "D of gaussian, gaussian_mixture, double_well and funnel; others: 2")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Chooses the samples")->capture_default_str();
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) {
      return generate(communicator, *arguments);
    };
  });
}

void add_import(CLI::App& data, Action& action) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App* const command =
      data.add_subcommand("import", "Turn a text table or NumPy array into a data file");
  command->footer(
      "Writes /x (N, D) float64, with --labels /y (N) int64, and /columns, the names of x's columns by "
      "line.");
  command
      ->add_option("FILE", arguments->input, "Table with a header line (.csv, .tsv, .txt), or array (.npy)")
      ->required();
  command->add_option("--output", arguments->output, "HDF5 file to write")->required()->type_name("FILE.h5");
  command->add_option("--labels", arguments->labels, "Column of whole numbers that becomes /y")
      ->type_name("COLUMN");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) {
      return import_table(communicator, *arguments);
    };
  });
}

}  // namespace

void add_data(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("data", "Make data files");
  command->require_subcommand(1);
  add_generate(*command, action);
  add_import(*command, action);
}

}  // namespace ebmpi::cli
