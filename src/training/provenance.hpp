// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "comm/communicator.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::training {

/// What a checkpoint of any kind says of itself.
struct Provenance {
  std::string format;
  std::int64_t format_version;
  std::int64_t step;
  std::int64_t seed;
  double seconds;  ///< spent in steps, over all restarts
};

/// Root attributes: those, and which program wrote it where and when. Collective.
void write_provenance(io::FileWriter& file, const comm::Communicator& communicator,
                      const Provenance& provenance);

}  // namespace ebmpi::training
