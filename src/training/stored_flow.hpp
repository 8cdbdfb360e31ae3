// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/run_config.hpp"
#include "data/transform.hpp"
#include "io/file_reader.hpp"
#include "network/flow.hpp"

namespace ebmpi::training {

/// What stands before the name of a checkpoint or run folder whose flow is meant, not its energy.
inline constexpr std::string_view flow_prefix = "flow:";

/// The flow in `group` of a file with the shape that `config` asks for, packed. Collective. Throws
/// core::FileError where a tensor is missing or has another shape.
template <class Scalar>
network::Flow<Scalar> read_flow(const io::FileReader& file, const std::string& group,
                                const config::RunConfig& config, int dimension);

/// A flow and the space that it is a density of.
template <class Scalar>
struct StoredFlow {
  network::Flow<Scalar> flow;
  data::DataTransform transform;
  config::RunConfig run;
};

/// Collective. The moving average of the flow in a checkpoint, or in the newest one of a run folder. Throws
/// core::InputError where it holds none, core::FileError where it cannot be read.
template <class Scalar>
StoredFlow<Scalar> read_stored_flow(const comm::Communicator& communicator, const std::string& path);

/// The flow as a density of another model space over the same data. Throws core::InputError, naming `path`,
/// where the columns differ or either space is a projection.
template <class Scalar>
network::Flow<Scalar> seen_from(const StoredFlow<Scalar>& stored, const data::DataTransform& space,
                                const std::string& path);

}  // namespace ebmpi::training
