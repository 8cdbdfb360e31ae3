// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "network/affine_map.hpp"
#include "network/combined_energy.hpp"
#include "network/energy_step.hpp"

namespace ebmpi::network {

/// A part of an energy, on the host.
template <class Scalar>
struct PartDescription {
  PartKind kind = PartKind::network;
  std::optional<Mlp<Scalar>> network = {};  ///< of a network; packed
  MlpEnergy<Scalar> energy = {};            ///< of a network: its view, and what its outputs are
  double parameter = 1.0;                   ///< c of a closed form; > 0
  AffineMap map;                            ///< from the energy's space (D) to what the part sees (K)
  std::optional<Flow<Scalar>> flow = {};    ///< of a flow; packed
};

/// An energy put together from networks and closed forms, in device memory.
template <class Scalar>
class EnergyModel {
public:
  /// Throws std::invalid_argument where steps, parts and the `dimension` D of the space do not fit together.
  EnergyModel(std::vector<EnergyStep> steps, std::vector<PartDescription<Scalar>> parts,
              std::int64_t dimension);

  const std::vector<EnergyStep>& steps() const { return steps_; }
  const std::vector<PartDescription<Scalar>>& parts() const { return parts_; }
  int dimension() const { return view_.space; }

  /// What kernels hold; valid as long as this object or a copy of it.
  const CombinedEnergy<Scalar>& view() const { return view_; }

  /// The same energy as a function of u, where x = map(u). Not of a model that is seen through a flow.
  EnergyModel seen_through(const AffineMap& map) const;
  /// The energy of z, where x = g(z) has this energy at `temperature` T > 0 and the flow is packed: exp(-E/T)
  /// of z has the integral of that of x. A model that is already seen through a flow is not.
  EnergyModel seen_through(const Flow<Scalar>& flow, double temperature) const;

private:
  void upload_parts();
  void upload_steps();

  std::vector<EnergyStep> steps_;
  std::vector<PartDescription<Scalar>> parts_;
  std::optional<Flow<Scalar>> transport_;
  Kokkos::View<Scalar*, core::MemorySpace> numbers_;  // of all maps
  Kokkos::View<EnergyPart<Scalar>*, core::MemorySpace> device_parts_;
  Kokkos::View<typename CombinedEnergy<Scalar>::Step*, core::MemorySpace> device_steps_;
  CombinedEnergy<Scalar> view_;
};

}  // namespace ebmpi::network
