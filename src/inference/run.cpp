// SPDX-License-Identifier: Apache-2.0
#include "inference/run.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include "config/derived.hpp"
#include "config/enum_names.hpp"
#include "config/write.hpp"
#include "core/build_info.hpp"
#include "core/pack.hpp"
#include "inference/information.hpp"
#include "inference/report.hpp"
#include "inference/setup.hpp"
#include "io/file_writer.hpp"
#include "io/metrics_file.hpp"
#include "io/run_folder.hpp"
#include "io/text_file.hpp"
#include "io/verify_checkpoint.hpp"
#include "training/progress.hpp"
#include "training/stop.hpp"

namespace ebmpi::inference {
namespace {

using Clock = std::chrono::steady_clock;
using training::StopReason;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

simulation::Tally sum_of(const comm::Communicator& communicator, const simulation::Tally& here) {
  std::array<std::int64_t, 3> counts = {here.truncated_rows, here.restarts, here.timeouts};
  communicator.sum(std::span<std::int64_t>(counts));
  return {.truncated_rows = counts[0], .restarts = counts[1], .timeouts = counts[2]};
}

/// One run from its first step in this process to its last.
class Run {
public:
  Run(const comm::Communicator& communicator, const config::RunConfig& config,
      const training::RunOptions& options, Talk talk)
      : communicator_(communicator),
        config_(config),
        talks_(communicator.is_root() && talk == Talk::progress),
        folder_(communicator, config.run.output),
        shards_(training::shard_map(communicator, config)),
        stop_watch_(options.time_limit_seconds),
        progress_(config.run.steps, config.inference.simulations) {
    const std::optional<std::string> checkpoint =
        training::find_checkpoint(communicator, folder_, options, io::inference_problem);
    if (checkpoint)
      training::refuse_other_config(*checkpoint, checkpoint_config(communicator, *checkpoint), config);
    setup_ = std::make_unique<Setup>(communicator, shards_, config);
    if (checkpoint) read_checkpoint(communicator, *checkpoint, setup_->ascent, setup_->summary);
    newest_checkpoint_ = checkpoint.value_or("");
    training::set_aside_later_checkpoints(communicator, folder_, step(), options.resume);
    folder_.create();
    folder_.prune(config.run.keep_checkpoints);
    io::write_text_file_atomic(communicator, folder_.config_path(), config::to_toml(config));
    open_metrics(checkpoint ? last_kept_line() : -1);
    announce(checkpoint);
    if (!checkpoint) setup_->ascent.run_pilot();
  }

  Outcome operator()() {
    StopReason stop = StopReason::none;
    while (step() < config_.run.steps && stop == StopReason::none) {
      const Clock::time_point start = Clock::now();
      last_report_ = setup_->ascent.step();
      setup_->ascent.add_seconds(seconds_since(start));
      stop = agreed(stop_watch_.reason());
      if (talks_) progress_.tick(step());
      const bool last = step() == config_.run.steps;
      if (step() % config_.run.log_every == 0 || last) log();
      if (step() % config_.run.checkpoint_every == 0 || last || stop != StopReason::none) save();
    }
    return finish(stop);
  }

private:
  std::int64_t step() const { return setup_->ascent.state().step; }

  StopReason agreed(StopReason here) const {
    auto reason = static_cast<std::int64_t>(here);
    communicator_.max(std::span(&reason, 1));
    return static_cast<StopReason>(reason);
  }

  /// The line that the end of a shorter run added off the interval is dropped again, so that a run in parts
  /// leaves the metrics of a run in one piece.
  std::int64_t last_kept_line() const {
    return step() % config_.run.log_every == 0 || step() >= config_.run.steps ? step() : step() - 1;
  }

  void open_metrics(std::int64_t last_line) {
    communicator_.together([&] {
      if (!communicator_.is_root()) return;
      metrics_ = std::make_unique<io::MetricsFile>(folder_.metrics_path(),
                                                   metrics_columns(setup_->coordinates.parameters()));
      metrics_->resume_after(last_line);
    });
  }

  void announce(const std::optional<std::string>& checkpoint) {
    if (!talks_) return;
    progress_.say(
        fmt::format("{} parameters, {} observations of {} columns, {} features, {} simulations a step, {} "
                    "shards on {} ranks x "
                    "{} threads",
                    setup_->coordinates.size(), setup_->observations.total, setup_->observations.columns,
                    setup_->ascent.features(), config_.inference.simulations, shards_.shards(),
                    communicator_.size(), core::ExecutionSpace().concurrency()));
    if (checkpoint) progress_.say(fmt::format("resumed {} at step {}", *checkpoint, step()));
  }

  void log() {
    Metrics metrics{.step = step(),
                    .theta = setup_->coordinates.theta(setup_->ascent.state().u),
                    .report = last_report_,
                    .tally = sum_of(communicator_, setup_->simulator->tally()),
                    .seconds = setup_->ascent.state().seconds};
    communicator_.together([&] {
      if (!communicator_.is_root()) return;
      metrics.simulations_per_second = progress_.samples_per_second(step());
      metrics_->append(metrics_line(metrics));
      if (!talks_) return;
      progress_.say(fmt::format(
          "step {:>{}}/{}  score {:.3g}  explained {:.3f}  width {:.3g}  {:.3g} simulations/s", step(),
          std::to_string(config_.run.steps).size(), config_.run.steps, last_report_.score_norm,
          last_report_.explained, last_report_.width, metrics.simulations_per_second));
    });
  }

  void save() {
    const Clock::time_point start = Clock::now();
    newest_checkpoint_ = folder_.checkpoint_path(step());
    write_checkpoint(communicator_, newest_checkpoint_, config_, setup_->ascent, setup_->summary);
    folder_.prune(config_.run.keep_checkpoints);
    stop_watch_.note_checkpoint(seconds_since(start));
  }

  void warn(const std::string& text) {
    progress_.erase_bar();
    const std::string line = "ebmpi: warning: " + text + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

  /// From what a checkpoint has, so that a run that is called again says the same.
  double explained_at_end() const {
    const std::vector<double> sigma = setup_->ascent.width(step() - 1);
    const std::size_t size = sigma.size(), triangle = size * (size + 1) / 2;
    const std::vector<double>& smoothed = setup_->ascent.state().trace.smoothed;
    const std::vector<double> last = unpacked(size, std::span(smoothed).last(triangle));
    double sum = 0.0;
    for (std::size_t i = 0; i < size; ++i) sum += sigma[i] * sigma[i] * last[i * (size + 1)];
    return sum / static_cast<double>(size);
  }

  Outcome finish(StopReason stop) {
    Outcome outcome;
    outcome.steps = step();
    outcome.tally = sum_of(communicator_, setup_->simulator->tally());
    outcome.seconds = setup_->ascent.state().seconds;
    if (step() < config_.run.steps) {
      outcome.code = core::ExitCode::stopped_early;
      if (talks_) {
        progress_.say(fmt::format(
            "stopped at step {} of {} ({}); run the same command again to go on", step(), config_.run.steps,
            stop == StopReason::time_limit ? "the time limit is near" : "a signal asked for it"));
      }
      return outcome;
    }
    const Trace& trace = setup_->ascent.state().trace;
    outcome.estimate = estimate_from(trace, config::first_tail_step(config_), setup_->coordinates,
                                     setup_->observations.total, config_.inference.confidence);
    outcome.explained = explained_at_end();
    write_results(communicator_, folder_.path() + "/results.h5", *outcome.estimate, setup_->coordinates,
                  trace);
    if (!communicator_.is_root()) return outcome;
    for (const std::string& warning : warnings_about(*outcome.estimate, outcome.explained, outcome.tally))
      warn(warning);
    if (!talks_) return outcome;
    if (outcome.tally.restarts > 0) {
      progress_.say(fmt::format("{} workers of the simulator were replaced, {} of them because of time-outs",
                                outcome.tally.restarts, outcome.tally.timeouts));
    }
    progress_.say(fmt::format("done: {} steps; {}", step(), newest_checkpoint_));
    return outcome;
  }

  const comm::Communicator& communicator_;
  config::RunConfig config_;
  bool talks_;  // on rank 0
  io::RunFolder folder_;
  comm::ShardMap shards_;
  training::StopWatch stop_watch_;
  training::Progress progress_;
  std::unique_ptr<Setup> setup_;
  std::unique_ptr<io::MetricsFile> metrics_;  // rank 0 only
  StepReport last_report_;
  std::string newest_checkpoint_;  // read or written
};

}  // namespace

Outcome run_inference(const comm::Communicator& communicator, const config::RunConfig& config,
                      const training::RunOptions& options, Talk talk) {
  return Run(communicator, config, options, talk)();
}

void check_inference(const comm::Communicator& communicator, const config::RunConfig& config) {
  const comm::ShardMap shards = training::shard_map(communicator, config);
  const Setup setup(communicator, shards, config);
  if (!communicator.is_root()) return;
  const std::size_t size = setup.coordinates.size();
  fmt::print("simulator            {}\n", config.simulator.kind);
  for (std::size_t i = 0; i < size; ++i) {
    const BoundedParameter& parameter = setup.coordinates.parameters()[i];
    fmt::print("parameter            {}, in ({:g}, {:g}), starts at {:g}\n", parameter.name, parameter.lower,
               parameter.upper, setup.start[i]);
  }
  fmt::print("observations         {}\ncolumns              {}\nfeatures             {}, {}\n",
             setup.observations.total, setup.observations.columns, setup.ascent.features(),
             config::to_string(config.inference.features));
  fmt::print("simulations          {} a step, {} in all\nshards               {}\n",
             config.inference.simulations, config.inference.simulations * config.run.steps, shards.shards());
}

void write_simulations(const comm::Communicator& communicator, const config::RunConfig& config,
                       std::vector<double> theta, std::int64_t count, std::uint64_t seed,
                       const std::string& path) {
  const std::unique_ptr<simulation::Simulator> simulator = make_simulator(communicator, config);
  const Coordinates coordinates = make_coordinates(config, *simulator);
  if (theta.empty()) theta = start_of(config, coordinates, *simulator);
  require_inside("--parameters", theta, coordinates);
  const comm::ShardMap shards(communicator.size(), communicator.size(), communicator.rank());
  const ShardedRows rows = simulate_at(communicator, shards, *simulator, theta, count, seed);
  io::FileWriter file(communicator, path);
  file.attribute("/", "program_version", std::string(core::build_info().version));
  file.attribute("/", "simulator", config.simulator.kind);
  file.attribute("/", "seed", static_cast<std::int64_t>(seed));
  file.write_rows("/x", count, rows.columns, rows.owned.first, std::span(rows.values));
  file.write_replicated("/theta", {static_cast<std::int64_t>(theta.size())}, std::span<const double>(theta));
  file.commit();
}

}  // namespace ebmpi::inference
