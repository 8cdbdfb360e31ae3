// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string_view>

#include "config/enum_names.hpp"
#include "config/parse.hpp"
#include "config/write.hpp"
#include "core/build_info.hpp"
#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "io/verify_checkpoint.hpp"
#include "training/combination.hpp"
#include "training/settings.hpp"
#include "training/stored_data.hpp"
#include "training/stored_flow.hpp"
#include "training/tensors.hpp"

namespace ebmpi::training {
namespace {

using network::AffineMap;
using network::EnergyStep;
using network::PartKind;

constexpr std::array<std::string_view, 5> kind_names = {"network", "standard_normal", "double_well", "funnel",
                                                        "flow"};

std::string group_of(std::size_t part) {
  return fmt::format("/parts/{}", part);
}

void write_list(io::FileWriter& file, const std::string& path, const std::vector<double>& values) {
  file.write_replicated(path, {static_cast<std::int64_t>(values.size())}, std::span<const double>(values));
}

void write_steps(io::FileWriter& file, const std::vector<EnergyStep>& steps) {
  std::vector<std::int64_t> what, part;
  std::vector<double> weight, log_share;
  for (const EnergyStep& step : steps) {
    what.push_back(static_cast<std::int64_t>(step.what));
    part.push_back(step.part);
    weight.push_back(step.weight);
    log_share.push_back(step.log_share);
  }
  const auto count = static_cast<std::int64_t>(steps.size());
  file.write_replicated("/steps/what", {count}, std::span<const std::int64_t>(what));
  file.write_replicated("/steps/part", {count}, std::span<const std::int64_t>(part));
  write_list(file, "/steps/weight", weight);
  write_list(file, "/steps/log_share", log_share);
}

std::vector<EnergyStep> read_steps(const io::FileReader& file) {
  const auto what = file.read_replicated<std::int64_t>("/steps/what").values;
  const auto part = file.read_replicated<std::int64_t>("/steps/part").values;
  const auto weight = file.read_replicated<double>("/steps/weight").values;
  const auto log_share = file.read_replicated<double>("/steps/log_share").values;
  if (part.size() != what.size() || weight.size() != what.size() || log_share.size() != what.size())
    throw std::invalid_argument("lists of steps of one length");
  std::vector<EnergyStep> steps;
  for (std::size_t i = 0; i < what.size(); ++i)
    steps.push_back({static_cast<EnergyStep::What>(what[i]), part[i], weight[i], log_share[i]});
  return steps;
}

void write_map(io::FileWriter& file, const std::string& group, const AffineMap& map) {
  write_list(file, group + "/shift", map.shift);
  if (map.matrix.empty()) return write_list(file, group + "/scale", map.scale);
  file.write_replicated(group + "/matrix", {map.outputs(), map.inputs}, std::span<const double>(map.matrix));
}

AffineMap read_map(const io::FileReader& file, const std::string& group) {
  std::vector<double> shift = file.read_replicated<double>(group + "/shift").values;
  if (!file.exists(group + "/matrix"))
    return AffineMap::diagonal(file.read_replicated<double>(group + "/scale").values, std::move(shift));
  io::Array<double> matrix = file.read_replicated<double>(group + "/matrix");
  if (matrix.shape.size() != 2) throw std::invalid_argument("a matrix of two extents");
  return AffineMap::dense(matrix.shape[1], std::move(matrix.values), std::move(shift));
}

/// `run`: of the network or flow, null for closed forms.
template <class Scalar>
void write_part(io::FileWriter& file, const std::string& group, const network::PartDescription<Scalar>& part,
                const config::RunConfig* run) {
  file.attribute(group, "kind", std::string(kind_names[static_cast<std::size_t>(part.kind)]));
  file.attribute(group, "parameter", part.parameter);
  write_map(file, group + "/map", part.map);
  if (run) file.write_text(group + "/config", config::to_toml(*run));
  if (part.flow) write_tensors(file, group + "/flow", part.flow->layout(), part.flow->parameters());
  if (!part.network) return;
  if (part.energy.condition == network::Condition::log_sigma)
    file.attribute(group, "sigma", std::exp(static_cast<double>(part.energy.log_sigma)));
  write_tensors(file, group + "/model", part.network->layout(), part.network->parameters());
}

template <class Scalar>
network::PartDescription<Scalar> read_part(const io::FileReader& file, const std::string& group,
                                           std::vector<config::RunConfig>& runs) {
  const std::string name = file.text_attribute(group, "kind");
  const auto* const kind = std::ranges::find(kind_names, name);
  if (kind == kind_names.end()) throw std::invalid_argument("a kind of part that is known, not " + name);
  network::PartDescription<Scalar> part{static_cast<PartKind>(kind - kind_names.begin()),
                                        {},
                                        {},
                                        file.real_attribute(group, "parameter"),
                                        read_map(file, group + "/map")};
  if (part.kind != PartKind::network && part.kind != PartKind::flow) return part;
  runs.push_back(
      config::parse_config(file.read_text(group + "/config"), file.path() + ":" + group + "/config"));
  if (part.kind == PartKind::flow) {
    part.flow = read_flow<Scalar>(file, group + "/flow", runs.back(), static_cast<int>(part.map.outputs()));
    return part;
  }
  const network::Mlp<Scalar> network(mlp_shape(runs.back(), static_cast<int>(part.map.outputs())));
  read_tensors(file, group + "/model", network.layout(), network.parameters());
  network.pack();
  part.network = network;
  const double sigma =
      file.has_attribute(group, "sigma") ? file.real_attribute(group, "sigma") : lowest_sigma(runs.back());
  part.energy = model_energy(network, runs.back(), sigma);
  return part;
}

template <class Scalar>
Model<Scalar> read_whole(const io::FileReader& file) {
  std::vector<config::RunConfig> runs;
  std::vector<network::PartDescription<Scalar>> parts;
  const std::int64_t count = file.integer_attribute("/parts", "count");
  for (std::int64_t i = 0; i < count; ++i)
    parts.push_back(read_part<Scalar>(file, group_of(static_cast<std::size_t>(i)), runs));
  data::DataTransform transform = read_transform(file);
  const std::int64_t dimension = transform.model_dimension();
  Model<Scalar> model{network::EnergyModel<Scalar>(read_steps(file), std::move(parts), dimension),
                      std::move(transform), read_moments(file, dimension), std::move(runs)};
  model.temperature = file.real_attribute("/", "temperature");
  model.checkpoint = file.path();
  model.sigma = file.has_attribute("/", "sigma") ? file.real_attribute("/", "sigma") : 0.0;
  return model;
}

}  // namespace

template <class Scalar>
void write_combination(const comm::Communicator& communicator, const std::string& path,
                       const Model<Scalar>& model, const std::string& description) {
  io::FileWriter file(communicator, path);
  file.attribute("/", "format", std::string(io::combination_format));
  file.attribute("/", "format_version", io::combination_format_version);
  const auto precision = sizeof(Scalar) == sizeof(double) ? config::Precision::double_precision
                                                          : config::Precision::single_precision;
  file.attribute("/", "precision", std::string(config::to_string(precision)));
  file.attribute("/", "program_version", std::string(core::build_info().version));
  file.attribute("/", "git_hash", std::string(core::build_info().git_hash));
  file.attribute("/", "description", description);
  file.attribute("/", "temperature", model.temperature);
  if (model.sigma > 0.0) file.attribute("/", "sigma", model.sigma);
  write_steps(file, model.parts.steps());
  const auto& parts = model.parts.parts();
  file.attribute("/parts", "count", parts.size());
  auto run = model.runs.begin();
  for (std::size_t i = 0; i < parts.size(); ++i)
    write_part(file, group_of(i), parts[i], parts[i].network || parts[i].flow ? &*run++ : nullptr);
  write_data(file, model.transform, model.moments, 0);
  file.commit();
}

template <class Scalar>
Model<Scalar> read_combination(const comm::Communicator& communicator, const std::string& path) {
  const io::FileReader file(communicator, path);
  try {
    return read_whole<Scalar>(file);
  } catch (const std::invalid_argument& error) {
    throw core::FileError(fmt::format(
        "{} does not make an energy (it needs {}; the file was changed by hand); compose it again", path,
        error.what()));
  }
}

template void write_combination(const comm::Communicator&, const std::string&, const Model<float>&,
                                const std::string&);
template void write_combination(const comm::Communicator&, const std::string&, const Model<double>&,
                                const std::string&);
template Model<float> read_combination(const comm::Communicator&, const std::string&);
template Model<double> read_combination(const comm::Communicator&, const std::string&);

}  // namespace ebmpi::training
