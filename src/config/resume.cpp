// SPDX-License-Identifier: Apache-2.0
#include "config/resume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/derived.hpp"
#include "config/key_table.hpp"
#include "config/key_value.hpp"

namespace ebmpi::config {

namespace {

/// What is read from data.file is compared with the checkpoint when it is read, and a flow that is noise is
/// kept in it: a file may move.
constexpr std::array<std::string_view, 8> free_to_change = {
    "run.steps",    "run.output", "run.log_every",       "run.checkpoint_every", "run.keep_checkpoints",
    "run.patience", "data.file",  "objective.noise_flow"};

/// What estimates are made of, and how an external simulator is run: not the parameters that were visited.
constexpr std::array<std::string_view, 8> free_in_inference = {
    "inference.tail",    "inference.confidence", "simulator.command", "simulator.exchange",
    "simulator.workers", "simulator.timeout",    "simulator.retries", "simulator.batch"};

/// The cosine's length is the run's, and that of annealing, so that another number of steps is another curve
/// from the first step on.
bool may_change(std::string_view key, const RunConfig& config) {
  if (key == "run.steps" && config.program == Program::train &&
      config.optimizer.schedule == ScheduleKind::cosine) {
    return false;
  }
  if (config.program == Program::infer) {
    if (key == "run.steps" && config.inference.width_rule == WidthRule::annealed) return false;
    if (std::ranges::find(free_in_inference, key) != free_in_inference.end()) return true;
  }
  return std::ranges::find(free_to_change, key) != free_to_change.end();
}

RunConfig with_resolved_shards(RunConfig config) {
  config.parallel.shards = resolved_shards(config);
  return config;
}

}  // namespace

std::vector<std::string> incompatible_keys(const RunConfig& stored, const RunConfig& wanted) {
  const RunConfig before = with_resolved_shards(stored);
  const RunConfig now = with_resolved_shards(wanted);
  std::vector<std::string> differences;
  for (const Key& key : key_table(now.program)) {
    if (may_change(key.dotted(), now)) continue;
    const std::string old_value = format_value(key.value, before);
    const std::string new_value = format_value(key.value, now);
    if (old_value == new_value) continue;
    differences.push_back(
        fmt::format("{}: {} in the checkpoint, {} in the config", key.dotted(), old_value, new_value));
  }
  return differences;
}

}  // namespace ebmpi::config
