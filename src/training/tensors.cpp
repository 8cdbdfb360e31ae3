// SPDX-License-Identifier: Apache-2.0
#include "training/tensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/error.hpp"

namespace ebmpi::training {

template <class Scalar>
void write_tensors(io::FileWriter& file, const std::string& group, const network::ParameterLayout& layout,
                   const Kokkos::View<Scalar*, core::MemorySpace>& buffer) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), buffer);
  for (const network::ParameterTensor& tensor : layout.tensors()) {
    file.write_replicated(group + "/" + tensor.name, tensor.shape,
                          std::span<const Scalar>(host.data() + tensor.offset, tensor.size()));
  }
}

template <class Scalar>
void read_tensors(const io::FileReader& file, const std::string& group,
                  const network::ParameterLayout& layout,
                  const Kokkos::View<Scalar*, core::MemorySpace>& buffer) {
  const auto host = Kokkos::create_mirror_view(buffer);
  for (const network::ParameterTensor& tensor : layout.tensors()) {
    const io::Array<Scalar> array = file.read_replicated<Scalar>(group + "/" + tensor.name);
    if (array.shape != tensor.shape) {
      throw core::FileError(
          fmt::format("{}: {}/{} has another shape than the config inside asks for (the file was changed by "
                      "hand, or another version wrote it); use another checkpoint",
                      file.path(), group, tensor.name));
    }
    std::copy(array.values.begin(), array.values.end(), host.data() + tensor.offset);
  }
  Kokkos::deep_copy(buffer, host);
}

template void write_tensors(io::FileWriter&, const std::string&, const network::ParameterLayout&,
                            const Kokkos::View<float*, core::MemorySpace>&);
template void write_tensors(io::FileWriter&, const std::string&, const network::ParameterLayout&,
                            const Kokkos::View<double*, core::MemorySpace>&);
template void read_tensors(const io::FileReader&, const std::string&, const network::ParameterLayout&,
                           const Kokkos::View<float*, core::MemorySpace>&);
template void read_tensors(const io::FileReader&, const std::string&, const network::ParameterLayout&,
                           const Kokkos::View<double*, core::MemorySpace>&);

}  // namespace ebmpi::training
