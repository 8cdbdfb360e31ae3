// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "data/training_data.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::training {

// The group /data of checkpoints and combinations: the map between data units and model space, and where the
// training rows were. All collective.

/// `rows`: of the training data; 0 where there were none.
void write_data(io::FileWriter& file, const data::DataTransform& transform,
                const data::ModelSpaceMoments& moments, std::int64_t rows);

/// Throws core::FileError where the sizes do not fit together.
data::DataTransform read_transform(const io::FileReader& file);
data::ModelSpaceMoments read_moments(const io::FileReader& file, std::int64_t dimension);

}  // namespace ebmpi::training
