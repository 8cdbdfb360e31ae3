// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/model_options.hpp"
#include "evaluation/chain_run.hpp"
#include "io/file_reader.hpp"

namespace ebmpi::cli {

/// How chains are to be run, as the command line says it; what it leaves open follows from the model, or from
/// the file that chains go on from.
struct ChainArguments {
  std::string chains;   // file to go on from
  std::string start;    // empty: chains where the checkpoint has any, else noise
  std::string sampler;  // empty: as in training; annealed where the model knows noise levels
  std::string moves;    // of parallel tempering
  std::optional<std::int64_t> steps, adapt, leapfrogs, exchange_every, levels, thin;
  std::optional<double> step_size, temperature, box, target_acceptance, hottest;
  std::vector<double> temperatures;
  std::optional<std::uint64_t> seed;
};

/// Adds the options of how chains are run to a subcommand. `arguments` must outlive it.
void add_chain_options(CLI::App& command, ChainArguments& arguments);

/// All that decides where chains go, apart from the model.
struct ChainPlan {
  evaluation::ChainSettings settings;
  std::string sampler;        ///< its name
  std::string start;          ///< "chains", "noise"
  std::int64_t count = 0;     ///< of chains
  std::int64_t steps = 1000;  ///< before the first draw; annealed: at each level
  std::int64_t adapt = 0;     ///< of these, in which the step size is tuned
  std::int64_t thin = 10;     ///< between draws
  double target_acceptance = 0.0;
  std::vector<double> sigmas;          ///< levels of annealing
  std::int64_t steps_before = 0;       ///< that earlier runs of the chains have made
  evaluation::ChainProgress progress;  ///< of earlier runs, where chains go on
};

/// Collective. New chains: `count` > 0 of them. Throws core::InputError on what contradicts itself or the
/// model.
template <class Scalar>
ChainPlan plan_new_chains(const comm::Communicator& communicator, const ChainArguments& arguments,
                          bool sigma_is_given, std::int64_t count, const training::Model<Scalar>& model);

/// Collective. Chains of an earlier output of `sample`, which go on as they were run, unless the command line
/// says otherwise: the first `count` of them, or all where it is 0.
ChainPlan plan_continued_chains(const comm::Communicator& communicator, const ChainArguments& arguments,
                                std::int64_t count);

/// Collective. The chains of a plan, where they start and after their warm-up.
template <class Scalar>
void start_chains(const ChainArguments& arguments, const ChainPlan& plan,
                  const training::Model<Scalar>& model, evaluation::ChainRun<Scalar>& run);

/// "langevin", "mala", "metropolis", "hmc".
std::string_view move_name(evaluation::MoveKind moves);

/// Transitions of a chain when `draws` are made, over all levels and earlier runs.
std::int64_t steps_done(const ChainPlan& plan, std::int64_t draws);

}  // namespace ebmpi::cli
