// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/model_options.hpp"
#include "config/enum_names.hpp"
#include "core/error.hpp"
#include "evaluation/evaluate_rows.hpp"
#include "evaluation/model_chains.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

struct SampleArguments {
  ModelArguments model;
  std::string output;
  std::string chains;  // file to go on from
  std::string start;   // empty: chains where the checkpoint has any, else noise
  std::string sampler = "langevin";
  std::int64_t count = 0;
  std::int64_t steps = 1000;
  std::optional<double> step_size, temperature;
  std::optional<std::uint64_t> seed;
};

/// All that decides where the chains end, apart from the model.
struct SamplePlan {
  evaluation::ChainSettings settings;
  std::string start;
  std::int64_t count = 0;
  std::int64_t steps_before = 0;
};

void apply_options(const SampleArguments& arguments, SamplePlan& plan) {
  plan.settings.steps = arguments.steps;
  plan.settings.step_size = arguments.step_size.value_or(plan.settings.step_size);
  plan.settings.temperature = arguments.temperature.value_or(plan.settings.temperature);
  plan.settings.seed = arguments.seed.value_or(plan.settings.seed);
}

/// New chains: as training ran its own, unless the command line says otherwise.
template <class Scalar>
SamplePlan plan_new(const comm::Communicator& communicator, const SampleArguments& arguments,
                    const training::Model<Scalar>& model) {
  if (arguments.count == 0) {
    throw core::InputError(
        "--count is missing (only with --chains does a file say how many chains there are); "
        "add --count N");
  }
  const bool has_chains = io::FileReader(communicator, model.checkpoint).exists("/chains/x");
  if (arguments.start == "chains" && !has_chains) {
    throw core::InputError(model.checkpoint +
                           " has no persistent chains (it was trained with short chains); use "
                           "--start noise");
  }
  SamplePlan plan;
  plan.settings.step_size = model.config.sampler.step_size;
  plan.settings.temperature = model.temperature;
  plan.settings.gradient_clip = model.config.sampler.gradient_clip;
  plan.start = !arguments.start.empty() ? arguments.start : has_chains ? "chains" : "noise";
  plan.count = arguments.count;
  apply_options(arguments, plan);
  return plan;
}

/// Chains of an earlier output, which go on as they were run, unless the command line says otherwise.
SamplePlan plan_continued(const comm::Communicator& communicator, const SampleArguments& arguments) {
  const io::FileReader file(communicator, arguments.chains);
  if (!file.exists("/model_x") || !file.has_attribute("/", "segments_done")) {
    throw core::InputError(arguments.chains +
                           " cannot be continued (it is no output of 'ebmpi sample': /model_x is "
                           "missing); name one in --chains, or leave it out");
  }
  SamplePlan plan;
  plan.count = file.shape("/model_x").front();
  if (arguments.count > plan.count) {
    throw core::InputError(
        fmt::format("--count {} is more than the {} chains of {} (each row goes on from its own); "
                    "leave --count out",
                    arguments.count, plan.count, arguments.chains));
  }
  if (arguments.count > 0) plan.count = arguments.count;
  plan.settings.step_size = file.real_attribute("/", "step_size");
  plan.settings.temperature = file.real_attribute("/", "temperature");
  plan.settings.gradient_clip = file.real_attribute("/", "gradient_clip");
  plan.settings.seed = static_cast<std::uint64_t>(file.integer_attribute("/", "seed"));
  plan.settings.segments_done = file.integer_attribute("/", "segments_done");
  plan.steps_before = file.integer_attribute("/", "steps_done");
  plan.start = file.text_attribute("/", "start");
  apply_options(arguments, plan);
  return plan;
}

template <class Scalar>
core::Rows<Scalar> start(const comm::Communicator& communicator, const SampleArguments& arguments,
                         const training::Model<Scalar>& model, const SamplePlan& plan,
                         comm::IndexRange rows) {
  if (!arguments.chains.empty()) {
    return evaluation::start_from_file(communicator, model, arguments.chains, "/model_x", rows);
  }
  if (plan.start == "chains") {
    return evaluation::start_from_file(communicator, model, model.checkpoint, "/chains/x", rows);
  }
  return evaluation::start_from_noise(model, plan.settings.seed, rows);
}

template <class Scalar>
void write_attributes(io::FileWriter& file, const SampleArguments& arguments,
                      const training::Model<Scalar>& model, const SamplePlan& plan,
                      std::int64_t segments_done) {
  write_origin(file, arguments.model, model);
  file.attribute("/", "sampler", arguments.sampler);
  file.attribute("/", "start", plan.start);
  file.attribute("/", "steps_done", plan.steps_before + plan.settings.steps);
  file.attribute("/", "segments_done", segments_done);
  file.attribute("/", "step_size", plan.settings.step_size);
  file.attribute("/", "temperature", plan.settings.temperature);
  file.attribute("/", "gradient_clip", plan.settings.gradient_clip);
  file.attribute("/", "seed", plan.settings.seed);
}

template <class Scalar>
void write_ends(io::FileWriter& file, const training::Model<Scalar>& model, const SamplePlan& plan,
                comm::IndexRange rows, const evaluation::ChainEnds<Scalar>& ends) {
  const std::int64_t dimension = model.transform.dimension(), inner = model.transform.model_dimension();
  file.write_rows("/x", plan.count, dimension, rows.first, std::span<const Scalar>(ends.x));
  file.write_rows("/energy", plan.count, 0, rows.first, std::span<const Scalar>(ends.energy));
  file.write_rows("/model_x", plan.count, inner, rows.first, std::span<const Scalar>(ends.model_x));
}

template <class Scalar>
int sample_model(const comm::Communicator& communicator, const SampleArguments& arguments,
                 const training::Model<Scalar>& model) {
  const SamplePlan plan = arguments.chains.empty() ? plan_new(communicator, arguments, model)
                                                   : plan_continued(communicator, arguments);
  io::FileWriter file(communicator,
                      arguments.output);  // first, so that a wrong path is noticed before the work
  const comm::IndexRange rows = evaluation::own_rows(communicator, plan.count);
  const core::Rows<Scalar> x = start(communicator, arguments, model, plan, rows);
  const std::int64_t segments = evaluation::run_chains(communicator, model, plan.settings, rows, x);
  write_attributes(file, arguments, model, plan, segments);
  write_ends(file, model, plan, rows, evaluation::chain_ends(model, x));
  file.commit();
  if (communicator.is_root()) {
    fmt::print("{}: {} samples of dimension {} after {} Langevin steps at temperature {:.4g}\n",
               arguments.output, plan.count, model.transform.dimension(),
               plan.steps_before + plan.settings.steps, plan.settings.temperature);
  }
  return static_cast<int>(core::ExitCode::done);
}

int sample(const comm::Communicator& communicator, const SampleArguments& arguments) {
  return training::with_model(
      communicator, arguments.model.model, arguments.model.which(),
      [&](const auto& model) { return sample_model(communicator, arguments, model); });
}

void add_chain_options(CLI::App& command, SampleArguments& arguments) {
  command.add_option("--steps", arguments.steps, "Langevin steps to make")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--step-size", arguments.step_size, "Step size in model space (default: that of training)")
      ->check(CLI::PositiveNumber);
  command.add_option("--temperature", arguments.temperature, "T of exp(-E/T) (default: that of training)")
      ->check(CLI::PositiveNumber);
  command.add_option("--seed", arguments.seed, "Chooses all random numbers (default: 1)");
  command
      .add_option("--start", arguments.start,
                  "chains: row i from persistent chain i mod C of the checkpoint; noise: from the normal "
                  "distribution "
                  "that training starts chains from (default: chains where the checkpoint has any)")
      ->check(CLI::IsMember({"chains", "noise"}));
  command
      .add_option(
          "--chains", arguments.chains,
          "Go on with the chains of an earlier output, its seed, step size and temperature unless given; the "
          "result is that of one longer run where its steps are a multiple of 100")
      ->type_name("FILE.h5")
      ->excludes("--start");
  const auto samplers = config::enum_names<config::SamplerKind>();
  command.add_option("--sampler", arguments.sampler, "Kind of chain")
      ->check(CLI::IsMember(std::vector<std::string>(samplers.begin(), samplers.end())))
      ->capture_default_str();
}

}  // namespace

void add_sample(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<SampleArguments>();
  CLI::App* const command = program.add_subcommand("sample", "Draw samples from a trained energy");
  command->footer(
      "Writes /x (N, D) in data units, /energy (N), and /model_x, the same points as the network sees them, "
      "from which "
      "--chains goes on. The numbers do not depend on how many ranks made them.");
  add_model_options(*command, arguments->model);
  command
      ->add_option("--count", arguments->count, "Samples, one chain each (with --chains: all of the file's)")
      ->check(CLI::PositiveNumber);
  command->add_option("--output", arguments->output, "HDF5 file to write")->required()->type_name("FILE.h5");
  add_chain_options(*command, *arguments);
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return sample(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
