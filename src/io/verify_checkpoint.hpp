// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "comm/communicator.hpp"

namespace ebmpi::io {

/// Root attributes `format` and `format_version` of a checkpoint.
inline constexpr const char* checkpoint_format = "ebmpi-checkpoint";
inline constexpr std::int64_t checkpoint_format_version = 1;
/// The same of a combination of models.
inline constexpr const char* combination_format = "ebmpi-combination";
inline constexpr std::int64_t combination_format_version = 1;

/// The same of a checkpoint of `ebmpi infer`.
inline constexpr const char* inference_format = "ebmpi-inference";
inline constexpr std::int64_t inference_format_version = 1;

/// What is wrong with a checkpoint, or nothing (an empty text): it opens, has the format's root attributes,
/// and every data set can be read with its checksums intact. Acts on this rank alone and reads the whole
/// file.
std::string checkpoint_problem(const std::string& path);

/// The same of a file that may be a checkpoint or a combination.
std::string model_problem(const std::string& path);

/// The same of a checkpoint of `ebmpi infer`.
std::string inference_problem(const std::string& path);

/// Collective. Throws core::FileError on every rank where rank 0 finds a problem.
void verify_checkpoint(const comm::Communicator& communicator, const std::string& path);
void verify_model(const comm::Communicator& communicator, const std::string& path);
void verify_inference(const comm::Communicator& communicator, const std::string& path);

}  // namespace ebmpi::io
