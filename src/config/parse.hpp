// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/run_config.hpp"

namespace ebmpi::config {

/// Reads the text of a config file. `file_name` names it in messages; a relative `data.file` is relative to
/// its folder and becomes absolute, and an empty `run.output` becomes `runs/<stem of file_name>` (relative to
/// the current folder).
///
/// Of infer, `{config}` in `simulator.command` becomes the file's folder, and `inference.learning_rate` 0.1
/// with adam unless it is given.
///
/// `objective.energy_regularization` becomes 0 for objectives other than contrastive divergence unless it is
/// given.
///
/// Each of `overrides` is `section.key=value` and replaces what the file says; the value is TOML, or a string
/// where it is not valid TOML, and the last one for a key counts.
///
/// Throws one core::InputError that lists everything that is wrong with `file:line:` or `--set key=value:`
/// before each: TOML syntax, unknown keys with the nearest known one, types, ranges, unknown names,
/// contradictions between keys.
RunConfig parse_config(std::string_view toml_text, const std::string& file_name,
                       std::span<const std::string> overrides = {}, Program program = Program::train);

/// What a resolved config (config/write.hpp) is for: those of infer have a section [simulator].
Program program_of(std::string_view resolved_toml);

}  // namespace ebmpi::config
