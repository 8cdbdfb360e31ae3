// SPDX-License-Identifier: Apache-2.0
#include "training/stored_flow.hpp"

#include <fmt/format.h>

#include "config/derived.hpp"
#include "config/parse.hpp"
#include "core/error.hpp"
#include "io/run_folder.hpp"
#include "training/settings.hpp"
#include "training/stored_data.hpp"
#include "training/tensors.hpp"

namespace ebmpi::training {

template <class Scalar>
network::Flow<Scalar> read_flow(const io::FileReader& file, const std::string& group,
                                const config::RunConfig& config, int dimension) {
  network::Flow<Scalar> flow(flow_shape(config, dimension));
  read_tensors(file, group, flow.layout(), flow.parameters());
  flow.pack();
  return flow;
}

template <class Scalar>
StoredFlow<Scalar> read_stored_flow(const comm::Communicator& communicator, const std::string& path) {
  const io::FileReader file(communicator, io::resolve_model(communicator, path));
  if (!file.exists("/flow_ema")) {
    throw core::InputError(fmt::format(
        "{} holds no flow (its run trained none); name a run of objective.kind = \"flow_maximum_likelihood\" "
        "or \"flow_contrastive_estimation\"",
        file.path()));
  }
  config::RunConfig run = config::parse_config(file.read_text("/config"), file.path() + ":/config");
  data::DataTransform transform = read_transform(file);
  const auto dimension = static_cast<int>(transform.model_dimension());
  return {read_flow<Scalar>(file, "/flow_ema", run, dimension), std::move(transform), std::move(run)};
}

template <class Scalar>
network::Flow<Scalar> seen_from(const StoredFlow<Scalar>& stored, const data::DataTransform& space,
                                const std::string& path) {
  const data::DataTransform& own = stored.transform;
  if (own.dimension() != space.dimension()) {
    throw core::InputError(fmt::format(
        "the flow of {} is a density of {} columns and the data here have {} (it must be one of the same "
        "data); name a flow that was trained on them",
        path, own.dimension(), space.dimension()));
  }
  if (own.has_projection() || space.has_projection()) {
    throw core::InputError(fmt::format(
        "the flow of {} cannot be used here (data.pca projects the data of {}, and a projection keeps no "
        "density of all columns); train both without data.pca",
        path, own.has_projection() ? "its run" : "this run"));
  }
  std::vector<double> scale, shift;
  for (std::size_t d = 0; d < own.mean().size(); ++d) {
    scale.push_back(space.scale()[d] / own.scale()[d]);
    shift.push_back((space.mean()[d] - own.mean()[d]) / own.scale()[d]);
  }
  network::Flow<Scalar> flow = stored.flow;
  flow.see_through(scale, shift);
  return flow;
}

#define EBMPI_STORED_FLOW(Scalar)                                                                 \
  template network::Flow<Scalar> read_flow(const io::FileReader&, const std::string&,             \
                                           const config::RunConfig&, int);                        \
  template StoredFlow<Scalar> read_stored_flow(const comm::Communicator&, const std::string&);    \
  template network::Flow<Scalar> seen_from(const StoredFlow<Scalar>&, const data::DataTransform&, \
                                           const std::string&);
EBMPI_STORED_FLOW(float)
EBMPI_STORED_FLOW(double)

}  // namespace ebmpi::training
