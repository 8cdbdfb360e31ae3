// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <string>

#include "core/pack.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "network/parameter_layout.hpp"

namespace ebmpi::training {

/// Writes a flat parameter buffer (P) as one data set `group`/`tensor` for each tensor, in the shape that
/// PyTorch has. Collective.
template <class Scalar>
void write_tensors(io::FileWriter& file, const std::string& group, const network::ParameterLayout& layout,
                   const Kokkos::View<Scalar*, core::MemorySpace>& buffer);

/// Reads what write_tensors wrote. Collective. Throws core::FileError where a shape is not the layout's.
template <class Scalar>
void read_tensors(const io::FileReader& file, const std::string& group,
                  const network::ParameterLayout& layout,
                  const Kokkos::View<Scalar*, core::MemorySpace>& buffer);

}  // namespace ebmpi::training
