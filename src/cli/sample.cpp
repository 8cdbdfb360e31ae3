// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/model_options.hpp"
#include "config/derived.hpp"
#include "core/error.hpp"
#include "evaluation/evaluate_rows.hpp"
#include "evaluation/model_chains.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

constexpr const char* langevin = "langevin";
constexpr const char* annealed_langevin = "annealed_langevin";

/// Step size of the last level of annealed chains in units of σ²: the energy of data with noise σ bends by at
/// most about 1/σ², so that the steps' bias is a few percent of it.
constexpr double annealed_step = 0.1;
constexpr std::int64_t annealed_steps = 100;  // at each level

struct SampleArguments {
  ModelArguments model;
  std::string output;
  std::string chains;   // file to go on from
  std::string start;    // empty: chains where the checkpoint has any, else noise
  std::string sampler;  // empty: annealed where the model knows noise levels
  std::int64_t count = 0;
  std::optional<std::int64_t> steps;
  std::optional<double> step_size, temperature;
  std::optional<std::uint64_t> seed;
};

/// All that decides where the chains end, apart from the model.
struct SamplePlan {
  evaluation::ChainSettings settings;
  std::string sampler = langevin;
  std::string start;
  std::int64_t count = 0;
  std::int64_t steps_before = 0;
};

void apply_options(const SampleArguments& arguments, SamplePlan& plan) {
  plan.settings.steps = arguments.steps.value_or(plan.settings.steps);
  plan.settings.step_size = arguments.step_size.value_or(plan.settings.step_size);
  plan.settings.temperature = arguments.temperature.value_or(plan.settings.temperature);
  plan.settings.seed = arguments.seed.value_or(plan.settings.seed);
}

/// Chains that go down the noise levels of the model.
template <class Scalar>
void plan_annealing(const SampleArguments& arguments, const training::Model<Scalar>& model,
                    SamplePlan& plan) {
  if (!config::is_noise_conditional(model.config)) {
    throw core::InputError(fmt::format(
        "{} cannot be sampled by annealed_langevin (it knows no noise levels: it was not trained with "
        "objective.sigmas); use --sampler langevin",
        model.checkpoint));
  }
  if (arguments.model.sigma) {
    throw core::InputError(
        "--sigma and --sampler annealed_langevin contradict each other (annealed chains go through all noise "
        "levels); use --sampler langevin, or leave --sigma out");
  }
  plan.sampler = annealed_langevin;
  plan.settings.sigmas = model.config.objective.sigmas;
  plan.settings.steps = annealed_steps;
  plan.settings.step_size = annealed_step * plan.settings.sigmas.back() * plan.settings.sigmas.back();
}

bool is_annealed(const SampleArguments& arguments, const config::RunConfig& config) {
  if (!arguments.sampler.empty()) return arguments.sampler == annealed_langevin;
  return config::is_noise_conditional(config) && !arguments.model.sigma;
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
  if (is_annealed(arguments, model.config)) plan_annealing(arguments, model, plan);
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
  if (arguments.sampler == annealed_langevin) {
    throw core::InputError(
        "--chains and --sampler annealed_langevin contradict each other (chains that have gone down all "
        "noise levels "
        "go on at the last one); use --sampler langevin");
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

/// Langevin steps of a chain, over all levels and earlier runs.
std::int64_t steps_done(const SamplePlan& plan) {
  const auto levels = static_cast<std::int64_t>(plan.settings.sigmas.size());
  return plan.steps_before + plan.settings.steps * (levels > 0 ? levels : 1);
}

template <class Scalar>
void write_attributes(io::FileWriter& file, const SampleArguments& arguments,
                      const training::Model<Scalar>& model, const SamplePlan& plan,
                      std::int64_t segments_done) {
  write_origin(file, arguments.model, model);
  file.attribute("/", "sampler", plan.sampler);
  file.attribute("/", "start", plan.start);
  file.attribute("/", "steps_done", steps_done(plan));
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
  if (config::has_energy(model.config))
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
               arguments.output, plan.count, model.transform.dimension(), steps_done(plan),
               plan.settings.temperature);
  }
  return static_cast<int>(core::ExitCode::done);
}

int sample(const comm::Communicator& communicator, const SampleArguments& arguments) {
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return sample_model(communicator, arguments, model); });
}

void add_chain_options(CLI::App& command, SampleArguments& arguments) {
  command
      .add_option("--steps", arguments.steps,
                  "Langevin steps to make (default: 1000; annealed: 100 at each noise level)")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--step-size", arguments.step_size,
                  "Step size in model space (default: that of training; annealed, where it is that of the "
                  "lowest level: 0.1 sigma^2)")
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
  command
      .add_option(
          "--sampler", arguments.sampler,
          "langevin: at one noise level, or without any; annealed_langevin: down the levels of a model that "
          "was trained with objective.sigmas (default: annealed for such a model, unless --sigma is given)")
      ->check(CLI::IsMember({langevin, annealed_langevin}));
}

}  // namespace

void add_sample(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<SampleArguments>();
  CLI::App* const command = program.add_subcommand("sample", "Draw samples from a trained energy");
  command->footer(
      "Writes /x (N, D) in data units, /energy (N) unless the model is a score network, and /model_x, the "
      "same points as the network sees them, "
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
