// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/run_arguments.hpp"
#include "inference/report.hpp"
#include "inference/run.hpp"
#include "io/text_file.hpp"

namespace ebmpi::cli {
namespace {

struct InferArguments {
  RunArguments run;
  bool json = false;
};

/// (d, d), row by row; null where it is empty.
Json matrix(const std::vector<double>& values, std::size_t size) {
  if (values.empty()) return {};
  Json rows = Json::array();
  for (std::size_t first = 0; first < values.size(); first += size)
    rows.add(Json::array(std::vector<double>(values.begin() + static_cast<std::ptrdiff_t>(first),
                                             values.begin() + static_cast<std::ptrdiff_t>(first + size))));
  return rows;
}

Json results(const inference::Outcome& outcome, const std::string& folder) {
  const inference::Estimate& estimate = *outcome.estimate;
  const std::size_t size = estimate.parameters.size();
  Json parameters = Json::object();
  for (const inference::ParameterEstimate& parameter : estimate.parameters) {
    parameters.set(parameter.name, Json::object()
                                       .set("estimate", parameter.estimate)
                                       .set("standard_error", parameter.standard_error)
                                       .set("simulation_error", parameter.simulation_error)
                                       .set("lower", parameter.lower)
                                       .set("upper", parameter.upper));
  }
  return Json::object()
      .set("folder", folder)
      .set("parameters", parameters)
      .set("confidence", estimate.confidence)
      .set("observations", estimate.observations)
      .set("steps", outcome.steps)
      .set("tail_steps", estimate.tail_steps)
      .set("drift", estimate.drift)
      .set("explained", outcome.explained)
      .set("determined", estimate.is_determined())
      .set("covariance", matrix(estimate.theta_covariance, size))
      .set("u", Json::object()
                    .set("estimate", Json::array(estimate.u))
                    .set("information", matrix(estimate.information, size))
                    .set("smoothed_information", matrix(estimate.smoothed_information, size))
                    .set("covariance", matrix(estimate.covariance, size)))
      .set("restarts", outcome.tally.restarts)
      .set("timeouts", outcome.tally.timeouts)
      .set("truncated_rows", outcome.tally.truncated_rows)
      .set("seconds", outcome.seconds);
}

int infer(const comm::Communicator& communicator, const InferArguments& arguments) {
  const config::RunConfig config = read_config(communicator, arguments.run, config::Program::infer);
  const training::RunOptions options = run_options(arguments.run);
  if (arguments.run.check) {
    inference::check_inference(communicator, config);
    return static_cast<int>(core::ExitCode::done);
  }
  const inference::Outcome outcome = inference::run_inference(
      communicator, config, options, arguments.json ? inference::Talk::nothing : inference::Talk::progress);
  if (outcome.estimate) {
    const std::string text = results(outcome, config.run.output).to_json();
    io::write_text_file_atomic(communicator, config.run.output + "/results.json", text);
    if (communicator.is_root())
      fmt::print("{}", arguments.json ? text : inference::describe(*outcome.estimate));
  }
  return static_cast<int>(outcome.code);
}

}  // namespace

void add_infer(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<InferArguments>();
  CLI::App* const command = program.add_subcommand(
      "infer", "Fit the parameters of a simulator to observations, as a config file says");
  add_config_options(*command, arguments->run, "jobs/annotated_infer.toml");
  add_run_options(*command, arguments->run, "Steps of the ascent in place of run.steps",
                  "Validate everything, print parameters, data and features, and quit");
  command->add_flag("--json", arguments->json, "Print the results as JSON, and nothing else");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return infer(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
