// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "cli/json.hpp"
#include "cli/model_options.hpp"

namespace ebmpi::cli {

/// Independent samples of a flow, as the command line asks for them.
struct FlowSampleArguments {
  std::int64_t count = 0;
  std::uint64_t seed = 1;
  std::string output;
};

/// Collective. Writes /x (N, D) in data units, /model_x (N, K) as the network sees them, and without a
/// projection /log_density (N), log q in the units of the data. Throws core::InputError where the model has
/// no flow.
template <class Scalar>
Json sample_flow(const comm::Communicator& communicator, const FlowSampleArguments& arguments,
                 const ModelArguments& origin, const training::Model<Scalar>& model);

}  // namespace ebmpi::cli
