// SPDX-License-Identifier: Apache-2.0
#include "training/run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "config/derived.hpp"
#include "config/write.hpp"
#include "io/metrics_file.hpp"
#include "io/run_folder.hpp"
#include "io/text_file.hpp"
#include "training/chain_health.hpp"
#include "training/checkpoint.hpp"
#include "training/cost.hpp"
#include "training/progress.hpp"
#include "training/run_start.hpp"
#include "training/trainer.hpp"

namespace ebmpi::training {
namespace {

/// The cost as far as it is known before the data are read: no row is held out.
template <class Scalar>
Cost cost_before(const config::RunConfig& config, const comm::ShardMap& shards,
                 const data::SampleSource& source, int ranks) {
  const std::int64_t dimension = config.data.pca > 0 ? config.data.pca : source.columns();
  return cost_of_step<Scalar>(config, static_cast<int>(dimension), shards, source.rows(), ranks);
}

/// One run from its first step in this process to its last.
template <class Scalar>
class Run {
public:
  Run(const comm::Communicator& communicator, const config::RunConfig& config, const RunOptions& options)
      : communicator_(communicator),
        config_(config),
        folder_(communicator, config.run.output),
        shards_(shard_map(communicator, config)),
        stop_watch_(options.time_limit_seconds),
        progress_(config.run.steps, config.optimizer.batch_size) {
    const std::optional<std::string> checkpoint = find_checkpoint(communicator, folder_, options);
    if (checkpoint) refuse_other_config(*checkpoint, checkpoint_config(communicator, *checkpoint), config);
    const std::unique_ptr<data::SampleSource> source = open_source(communicator, config);
    require_memory(communicator, cost_before<Scalar>(config, shards_, *source, communicator.size()));
    trainer_ =
        std::make_unique<Trainer<Scalar>>(communicator, shards_, config, *source, checkpoint.value_or(""));
    newest_checkpoint_ = checkpoint.value_or("");
    set_aside_later_checkpoints(communicator, folder_, trainer_->steps_done(), options.resume);
    folder_.create();
    folder_.prune(config.run.keep_checkpoints);
    io::write_text_file_atomic(communicator, folder_.config_path(), config::to_toml(config));
    communicator.together([&] {
      if (!communicator_.is_root()) return;
      metrics_ = std::make_unique<io::MetricsFile>(folder_.metrics_path(), metrics_columns(trainer_->form()));
      metrics_->resume_after(checkpoint ? last_kept_line() : -1);
    });
    announce(checkpoint);
  }

  core::ExitCode operator()() {
    StopReason stop = StopReason::none;
    while (trainer_->steps_done() < config_.run.steps && stop == StopReason::none && !out_of_patience()) {
      stop = trainer_->step(stop_watch_.reason());
      const std::int64_t step = trainer_->steps_done();
      if (communicator_.is_root()) progress_.tick(step);
      if (config_.run.validate_every > 0 && step % config_.run.validate_every == 0) validate();
      const bool last = step == config_.run.steps || out_of_patience();
      if (step % config_.run.log_every == 0 || last) log();
      const bool due = step % config_.run.checkpoint_every == 0 || last || stop != StopReason::none;
      if (due) save();
    }
    return finish(stop);
  }

private:
  /// The line that the end of a shorter run added off the interval is dropped again, so that a run in parts
  /// leaves the metrics of a run in one piece.
  std::int64_t last_kept_line() const {
    const std::int64_t step = trainer_->steps_done();
    const bool is_last = step >= config_.run.steps || out_of_patience();
    return step % config_.run.log_every == 0 || is_last ? step : step - 1;
  }

  void announce(const std::optional<std::string>& checkpoint) {
    if (!communicator_.is_root()) return;
    progress_.say(
        fmt::format("{} parameters, {} training rows of dimension {}, {} shards on {} ranks x {} threads, "
                    "temperature {:.4g}",
                    trainer_->parameters(), trainer_->data().training_rows(), trainer_->data().dimension(),
                    shards_.shards(), communicator_.size(), core::ExecutionSpace().concurrency(),
                    trainer_->temperature()));
    if (checkpoint) progress_.say(fmt::format("resumed {} at step {}", *checkpoint, trainer_->steps_done()));
  }

  void log() {
    Metrics metrics = trainer_->measure();
    communicator_.together([&] {
      if (!communicator_.is_root()) return;
      metrics.samples_per_second = progress_.samples_per_second(metrics.step);
      metrics_->append(metrics_line(metrics));
      progress_.report(metrics);
      for (const std::string& warning : health_.look(metrics)) warn(warning);
    });
  }

  void warn(const std::string& text) {
    progress_.erase_bar();
    const std::string line = "ebmpi: warning: " + text + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

  void validate() {
    if (!trainer_->validate()) return;
    const auto start = std::chrono::steady_clock::now();
    trainer_->save(folder_.best_checkpoint_path());
    note_checkpoint_since(start);
  }

  bool out_of_patience() const {
    return config_.run.patience > 0 && trainer_->validation().without_improvement >= config_.run.patience;
  }

  void note_checkpoint_since(std::chrono::steady_clock::time_point start) {
    stop_watch_.note_checkpoint(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  void save() {
    const auto start = std::chrono::steady_clock::now();
    newest_checkpoint_ = folder_.checkpoint_path(trainer_->steps_done());
    trainer_->save(newest_checkpoint_);
    folder_.prune(config_.run.keep_checkpoints);
    note_checkpoint_since(start);
  }

  core::ExitCode finish(StopReason stop) {
    const std::int64_t step = trainer_->steps_done();
    const bool done = step >= config_.run.steps || out_of_patience();
    if (communicator_.is_root()) {
      for (const std::string& warning : health_.verdict()) warn(warning);
      warn_of_slow_data();
      if (step >= config_.run.steps) {
        progress_.say(fmt::format("done: {} steps; {}", step, newest_checkpoint_));
      } else if (done) {
        progress_.say(fmt::format("done: no better validation in {} steps up to step {}; {}",
                                  step - trainer_->validation().best_step, step, newest_checkpoint_));
      } else {
        progress_.say(fmt::format(
            "stopped at step {} of {} ({}); run the same command again to go on", step, config_.run.steps,
            stop == StopReason::time_limit ? "the time limit is near" : "a signal asked for it"));
      }
      tell_best();
      progress_.say(describe(trainer_->clock()));
    }
    return done ? core::ExitCode::done : core::ExitCode::stopped_early;
  }

  /// Reading ahead should be hidden behind the steps.
  void warn_of_slow_data() {
    constexpr double tolerable = 0.05;
    const double waited = trainer_->seconds_waited_for_data(), all = progress_.seconds();
    if (waited < 1.0 || waited < tolerable * all) return;
    warn(fmt::format(
        "the steps waited {} of {} for data (data.window = {} streams them, and reading is slower "
        "than training); use a faster disk, chunks of fewer rows where the file is compressed, or "
        "a larger window",
        short_duration(waited), short_duration(all), config_.data.window));
  }

  void tell_best() {
    const ValidationState& validation = trainer_->validation();
    if (validation.best_step == 0) return;
    progress_.say(fmt::format("best validation {:.4f} at step {}; {}", validation.best_loss,
                              validation.best_step, folder_.best_checkpoint_path()));
  }

  const comm::Communicator& communicator_;
  config::RunConfig config_;
  io::RunFolder folder_;
  comm::ShardMap shards_;
  StopWatch stop_watch_;
  Progress progress_;
  ChainHealth health_;
  std::unique_ptr<Trainer<Scalar>> trainer_;
  std::unique_ptr<io::MetricsFile> metrics_;  // rank 0 only
  std::string newest_checkpoint_;             // read or written
};

template <class Scalar>
void check(const comm::Communicator& communicator, const config::RunConfig& config) {
  const comm::ShardMap shards = shard_map(communicator, config);
  const std::unique_ptr<data::SampleSource> source = open_source(communicator, config);
  require_memory(communicator, cost_before<Scalar>(config, shards, *source, communicator.size()));
  const Trainer<Scalar> trainer(communicator, shards, config, *source);
  if (!communicator.is_root()) return;
  fmt::print("{}", describe(cost_of_step<Scalar>(config, trainer.data().dimension(), shards,
                                                 trainer.data().training_rows(), communicator.size())));
}

}  // namespace

core::ExitCode run_training(const comm::Communicator& communicator, const config::RunConfig& config,
                            const RunOptions& options) {
  if (config.run.precision == config::Precision::double_precision)
    return Run<double>(communicator, config, options)();
  return Run<float>(communicator, config, options)();
}

void check_training(const comm::Communicator& communicator, const config::RunConfig& config) {
  if (config.run.precision == config::Precision::double_precision) return check<double>(communicator, config);
  check<float>(communicator, config);
}

}  // namespace ebmpi::training
