// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "config/derived.hpp"
#include "config/enum_names.hpp"
#include "config/key_table.hpp"
#include "config/key_value.hpp"
#include "config/parse.hpp"
#include "core/error.hpp"
#include "inference/checkpoint.hpp"
#include "io/contents.hpp"
#include "io/file_reader.hpp"
#include "io/run_folder.hpp"
#include "io/text_file.hpp"
#include "io/verify_checkpoint.hpp"
#include "training/checkpoint.hpp"

namespace ebmpi::cli {
namespace {

struct InfoArguments {
  std::string path;
  bool json = false;
};

enum class Kind : std::int64_t { run_folder, checkpoint, combination, inference, data_file };

// Reports are built on every rank, since some of the reading is collective; rank 0 prints.

Kind kind_of(const comm::Communicator& communicator, const std::string& path) {
  auto kind = static_cast<std::int64_t>(Kind::data_file);
  communicator.together([&] {
    if (!communicator.is_root()) return;
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      kind = static_cast<std::int64_t>(Kind::run_folder);
      return;
    }
    for (const io::AttributeSummary& attribute : io::look_into(path).attributes) {
      if (attribute.name != "format") continue;
      if (attribute.text == io::checkpoint_format) kind = static_cast<std::int64_t>(Kind::checkpoint);
      if (attribute.text == io::inference_format) kind = static_cast<std::int64_t>(Kind::inference);
      if (attribute.text == io::combination_format) kind = static_cast<std::int64_t>(Kind::combination);
    }
  });
  communicator.broadcast(std::span(&kind, 1));
  return static_cast<Kind>(kind);
}

Json to_json(const io::AttributeSummary& attribute) {
  if (attribute.integer) return *attribute.integer;
  if (attribute.real) return *attribute.real;
  return attribute.text;
}

Json attributes_report(const io::FileContents& contents) {
  Json report = Json::object();
  for (const io::AttributeSummary& attribute : contents.attributes)
    report.set(attribute.name, to_json(attribute));
  return report;
}

/// The objective's own keys, as they stand in a config.
Json objective_report(const config::RunConfig& config) {
  Json report = Json::object();
  for (const config::Key& key : config::key_table()) {
    if (key.section == "objective" && key.name != "kind" && key.applies(config))
      report.set(std::string(key.name), config::format_value(key.value, config));
  }
  return report;
}

Json config_report(const config::RunConfig& config) {
  Json data = Json::object();
  if (config.data.file.empty()) {
    data.set("density", config.data.density).set("count", config.data.count);
  } else {
    data.set("file", config.data.file).set("dataset", config.data.dataset);
  }
  data.set("standardize", config.data.standardize).set("pca", config.data.pca);
  Json report = Json::object();
  report.set("data", data);
  if (config::has_network(config)) {
    report.set("network", Json::object()
                              .set("kind", config::to_string(config.network.kind))
                              .set("hidden", Json::array(config.network.hidden))
                              .set("activation", config::to_string(config.network.activation)));
  }
  if (config::has_flow(config)) {
    report.set("flow", Json::object()
                           .set("couplings", config.flow.couplings)
                           .set("hidden", Json::array(config.flow.hidden))
                           .set("activation", config::to_string(config.flow.activation))
                           .set("mixing", config::to_string(config.flow.mixing)));
  }
  return report.set("objective", config::to_string(config.objective.kind))
      .set("objective_keys", objective_report(config))
      .set("sampler", Json::object()
                          .set("kind", config::to_string(config.sampler.kind))
                          .set("steps", config.sampler.steps)
                          .set("step_size", config.sampler.step_size)
                          .set("temperature", config::langevin_temperature(config)))
      .set("optimizer", Json::object()
                            .set("kind", config::to_string(config.optimizer.kind))
                            .set("learning_rate", config.optimizer.learning_rate)
                            .set("batch_size", config.optimizer.batch_size))
      .set("shards", config::resolved_shards(config));
}

/// Shapes of the tensors of the network and of the flow, and of the chains.
Json tensors_report(const io::FileContents& contents) {
  Json report = Json::object();
  for (const io::DataSetSummary& data_set : contents.data_sets) {
    const std::string_view path = data_set.path;
    const bool is_shown =
        path.starts_with("/model/") || path.starts_with("/flow/") || path.starts_with("/chains/");
    if (!is_shown) continue;
    report.set(data_set.path, Json::array(data_set.shape));
  }
  return report;
}

Json transform_report(const io::FileReader& file) {
  const auto numbers = [&](const std::string& path) {
    return Json::array(file.read_replicated<double>(path).values);
  };
  Json report = Json::object();
  report.set("dimension", file.integer_attribute("/data", "dimension"))
      .set("model_dimension", file.integer_attribute("/data", "model_dimension"))
      .set("rows", file.integer_attribute("/data", "rows"));
  constexpr std::int64_t most = 8;  // longer lists tell a person nothing
  if (file.integer_attribute("/data", "dimension") <= most) {
    report.set("mean", numbers("/data/mean")).set("scale", numbers("/data/scale"));
  }
  return report;
}

Json checkpoint_report(const comm::Communicator& communicator, const std::string& path) {
  io::verify_checkpoint(communicator, path);
  const config::RunConfig config = training::checkpoint_config(communicator, path);
  const io::FileReader file(communicator, path);
  Json report = Json::object();
  report.set("file", path).set("kind", "checkpoint, all checksums intact");
  io::FileContents contents;
  communicator.together([&] { contents = io::look_into(path); });
  if (file.exists("/model_ema/log_normalizer"))
    report.set("learned_log_z", -file.read_replicated<double>("/model_ema/log_normalizer").values.front());
  return report.set("written", attributes_report(contents))
      .set("config", config_report(config))
      .set("tensors", tensors_report(contents))
      .set("data", transform_report(file));
}

/// What a part of a combination is.
Json part_report(const io::FileReader& file, const std::string& group) {
  Json report = Json::object();
  report.set("kind", file.text_attribute(group, "kind"));
  if (!file.exists(group + "/config"))
    return report.set("parameter", file.real_attribute(group, "parameter"));
  const config::RunConfig run =
      config::parse_config(file.read_text(group + "/config"), file.path() + ":" + group + "/config");
  return report.set("hidden", Json::array(run.network.hidden))
      .set("activation", config::to_string(run.network.activation))
      .set("objective", config::to_string(run.objective.kind));
}

Json combination_report(const comm::Communicator& communicator, const std::string& path) {
  io::verify_model(communicator, path);
  const io::FileReader file(communicator, path);
  io::FileContents contents;
  communicator.together([&] { contents = io::look_into(path); });
  Json parts = Json::array();
  const std::int64_t count = file.integer_attribute("/parts", "count");
  for (std::int64_t part = 0; part < count; ++part)
    parts.add(part_report(file, "/parts/" + std::to_string(part)));
  return Json::object()
      .set("file", path)
      .set("kind", "combination, all checksums intact")
      .set("written", attributes_report(contents))
      .set("parts", parts)
      .set("data", transform_report(file));
}

/// Every key that applies, as it stands in a config.
Json inference_config_report(const config::RunConfig& config) {
  Json report = Json::object();
  for (const config::Key& key : config::key_table(config::Program::infer)) {
    const bool told = key.section == "data" || key.section == "simulator" || key.section == "parameters" ||
                      key.section == "inference";
    const std::string value = config::format_value(key.value, config);
    if (told && key.applies(config) && value != "[]" && value != "\"\"") report.set(key.dotted(), value);
  }
  return report.set("shards", config::resolved_shards(config));
}

Json inference_report(const comm::Communicator& communicator, const std::string& path) {
  io::verify_inference(communicator, path);
  const config::RunConfig config = inference::checkpoint_config(communicator, path);
  const io::FileReader file(communicator, path);
  io::FileContents contents;
  communicator.together([&] { contents = io::look_into(path); });
  return Json::object()
      .set("file", path)
      .set("kind", "checkpoint of infer, all checksums intact")
      .set("written", attributes_report(contents))
      .set("config", inference_config_report(config))
      .set("observations", file.integer_attribute("/observations", "rows"))
      .set("coordinates", Json::array(file.read_replicated<double>("/state/u").values));
}

/// Columns and values of the last complete line of metrics.csv; null where there is none.
Json last_metrics(const std::string& path) {
  if (!std::filesystem::exists(path)) return {};
  const std::string text = io::read_text_file_here(path);
  std::vector<std::string_view> lines;
  std::string_view rest = text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  if (lines.size() < 2) return {};
  Json report = Json::object();
  std::string_view names = lines.front(), values = lines.back();
  while (!names.empty()) {
    const std::string name(names.substr(0, names.find(',')));
    const std::string value(values.substr(0, values.find(',')));
    report.set(name, std::strtod(value.c_str(), nullptr));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    values.remove_prefix(std::min(values.size(), value.size() + 1));
  }
  return report;
}

Json run_report(const comm::Communicator& communicator, const std::string& path) {
  const io::RunFolder folder(communicator, path);
  const std::string config_text = io::read_text_file(communicator, folder.config_path());
  const config::Program program = config::program_of(config_text);
  const bool infers = program == config::Program::infer;
  const config::RunConfig config = config::parse_config(config_text, folder.config_path(), {}, program);
  const std::vector<std::string> checkpoints = folder.checkpoints();
  const auto newest = folder.newest_valid_checkpoint(infers ? io::inference_problem : io::checkpoint_problem);
  const std::int64_t done =
      newest ? io::FileReader(communicator, *newest).integer_attribute("/", "step") : std::int64_t{0};
  Json metrics;
  communicator.together([&] { metrics = last_metrics(folder.metrics_path()); });
  Json report = Json::object();
  report.set("folder", path)
      .set("kind", infers ? "run folder of infer" : "run folder")
      .set("state", done >= config.run.steps ? "done"
                    : newest                 ? "can be resumed"
                                             : "no checkpoint yet")
      .set("steps_done", done)
      .set("steps", config.run.steps)
      .set("checkpoints", checkpoints.size())
      .set("newest_valid_checkpoint", newest ? Json(*newest) : Json())
      .set("newest_is_valid", newest && *newest == checkpoints.front())
      .set("last_metrics", metrics)
      .set("config", infers ? inference_config_report(config) : config_report(config));
  return report;
}

Json data_report(const std::string& path) {
  const io::FileContents contents = io::look_into(path);
  Json data_sets = Json::object();
  for (const io::DataSetSummary& data_set : contents.data_sets) {
    Json entry = Json::object();
    entry.set("shape", Json::array(data_set.shape)).set("type", data_set.type);
    if (data_set.is_numeric) {
      const io::NumberRange range = io::number_range(path, data_set.path);
      if (!range.is_empty) entry.set("minimum", range.minimum).set("maximum", range.maximum);
      if (range.not_finite > 0) entry.set("not_finite", range.not_finite);
    }
    data_sets.set(data_set.path, entry);
  }
  Json report = Json::object();
  report.set("file", path).set("kind", "data file").set("data_sets", data_sets);
  if (!contents.attributes.empty()) report.set("attributes", attributes_report(contents));
  return report;
}

Json report_on(const comm::Communicator& communicator, const std::string& path) {
  switch (kind_of(communicator, path)) {
    case Kind::run_folder:
      return run_report(communicator, path);
    case Kind::checkpoint:
      return checkpoint_report(communicator, path);
    case Kind::combination:
      return combination_report(communicator, path);
    case Kind::inference:
      return inference_report(communicator, path);
    case Kind::data_file:
      break;
  }
  Json report;
  communicator.together([&] {
    if (communicator.is_root()) report = data_report(path);
  });
  return report;
}

int info(const comm::Communicator& communicator, const InfoArguments& arguments) {
  const Json report = report_on(communicator, arguments.path);
  if (communicator.is_root()) fmt::print("{}", arguments.json ? report.to_json() : report.to_text());
  return static_cast<int>(core::ExitCode::done);
}

}  // namespace

void add_info(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<InfoArguments>();
  CLI::App* const command =
      program.add_subcommand("info", "Tell what a checkpoint, data file or run folder holds");
  command->add_option("FILE", arguments->path, "Checkpoint, data file, output of a command, or run folder")
      ->required();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return info(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
