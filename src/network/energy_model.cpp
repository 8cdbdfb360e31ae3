// SPDX-License-Identifier: Apache-2.0
#include "network/energy_model.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/to_device.hpp"

namespace ebmpi::network {
namespace {

using core::PanelMatrix;

/// Numbers on their way to the device, each array at an aligned place.
template <class Scalar>
class Packing {
public:
  std::size_t append(const std::vector<double>& values) {
    const std::size_t place = reserve(values.size());
    std::transform(values.begin(), values.end(), numbers.begin() + static_cast<std::ptrdiff_t>(place),
                   [](double value) { return static_cast<Scalar>(value); });
    return place;
  }

  /// Panels of the matrix (rows, columns) that `element(row, column)` gives.
  template <class Element>
  std::size_t append_panels(int rows, int columns, const Element& element) {
    const std::size_t place = reserve(static_cast<std::size_t>(PanelMatrix<Scalar>::size(rows, columns)));
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        numbers[place + static_cast<std::size_t>(PanelMatrix<Scalar>::position(row, column, columns))] =
            static_cast<Scalar>(element(row, column));
      }
    }
    return place;
  }

  std::vector<Scalar> numbers;

private:
  std::size_t reserve(std::size_t count) {
    constexpr std::size_t alignment = core::TileShape<Scalar>::alignment;
    const std::size_t place = (numbers.size() + alignment - 1) / alignment * alignment;
    numbers.resize(place + count);
    return place;
  }
};

/// Where the map of a part stands among the numbers.
struct MapPlace {
  std::size_t scale = 0, shift = 0, forward = 0, reverse = 0;
};

Sight sight_of(const AffineMap& map) {
  if (map.is_identity()) return Sight::plain;
  return map.matrix.empty() ? Sight::scaled : Sight::mapped;
}

template <class Scalar>
MapPlace append_map(Packing<Scalar>& packing, const AffineMap& map) {
  MapPlace place;
  place.shift = packing.append(map.shift);
  place.scale = packing.append(map.scale);
  if (sight_of(map) != Sight::mapped) return place;
  const int inputs = static_cast<int>(map.inputs), outputs = static_cast<int>(map.outputs());
  place.forward =
      packing.append_panels(outputs, inputs, [&](int row, int column) { return map.element(row, column); });
  place.reverse =
      packing.append_panels(inputs, outputs, [&](int row, int column) { return map.element(column, row); });
  return place;
}

template <class Scalar>
void check_part(const PartDescription<Scalar>& part, std::int64_t dimension) {
  const bool is_network = part.kind == PartKind::network;
  if (part.map.inputs != dimension) throw std::invalid_argument("a part that sees another space");
  if (is_network != part.network.has_value()) throw std::invalid_argument("a network, and only for networks");
  if (is_network && part.map.outputs() != part.energy.dimension())
    throw std::invalid_argument("a map to another dimension than the network's");
  if ((part.kind == PartKind::flow) != part.flow.has_value())
    throw std::invalid_argument("a flow, and only for flows");
  if (part.flow && part.map.outputs() != part.flow->shape().dimension)
    throw std::invalid_argument("a map to another dimension than the flow's");
  if (!is_network && !(part.parameter > 0.0)) throw std::invalid_argument("a positive parameter");
}

template <class Scalar>
std::size_t workspace_of(const PartDescription<Scalar>& part) {
  core::ScratchArena arena(nullptr);
  if (part.kind == PartKind::network) typename MlpEnergy<Scalar>::Tile(part.energy, arena);
  if (part.flow) typename FlowEnergy<Scalar>::Tile({part.flow->view()}, arena);
  return arena.used();
}

}  // namespace

template <class Scalar>
EnergyModel<Scalar>::EnergyModel(std::vector<EnergyStep> steps, std::vector<PartDescription<Scalar>> parts,
                                 std::int64_t dimension)
    : steps_(std::move(steps)), parts_(std::move(parts)) {
  check_steps(steps_, static_cast<std::int64_t>(parts_.size()));
  for (const auto& part : parts_) check_part(part, dimension);
  view_.space = static_cast<int>(dimension);
  upload_parts();
  upload_steps();
  const PartDescription<Scalar>& first = parts_[static_cast<std::size_t>(steps_.front().part)];
  view_.is_lone_network = steps_.size() == 1 && steps_.front().weight == 1.0 &&
                          first.kind == PartKind::network && first.map.is_identity();
  if (view_.is_lone_network) view_.lone = first.energy;
}

template <class Scalar>
void EnergyModel<Scalar>::upload_parts() {
  Packing<Scalar> packing;
  std::vector<MapPlace> places;
  for (const auto& part : parts_) {
    places.push_back(append_map(packing, part.map));
    view_.widest_part = std::max(view_.widest_part, static_cast<int>(part.map.outputs()));
    view_.part_bytes = std::max(view_.part_bytes, workspace_of(part));
  }
  numbers_ = core::to_device<Scalar>(packing.numbers, "ebmpi::network::maps");
  device_parts_ = decltype(device_parts_)("ebmpi::network::parts", parts_.size());
  const auto host = Kokkos::create_mirror_view(device_parts_);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const AffineMap& map = parts_[i].map;
    const int inputs = static_cast<int>(map.inputs), outputs = static_cast<int>(map.outputs());
    const Scalar* const numbers = numbers_.data();
    host(i) = EnergyPart<Scalar>{parts_[i].kind,
                                 parts_[i].energy,
                                 {parts_[i].flow ? parts_[i].flow->view() : FlowView<Scalar>{}},
                                 static_cast<Scalar>(parts_[i].parameter),
                                 outputs,
                                 sight_of(map),
                                 numbers + places[i].scale,
                                 numbers + places[i].shift,
                                 {numbers + places[i].forward, outputs, inputs},
                                 {numbers + places[i].reverse, inputs, outputs}};
  }
  Kokkos::deep_copy(device_parts_, host);
  view_.parts = device_parts_.data();
}

template <class Scalar>
void EnergyModel<Scalar>::upload_steps() {
  using What = EnergyStep::What;
  struct Open {
    bool is_mixture;
    bool is_empty;
  };
  std::vector<Open> open{{false, true}};  // the result
  device_steps_ = decltype(device_steps_)("ebmpi::network::steps", steps_.size());
  const auto host = Kokkos::create_mirror_view(device_steps_);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const EnergyStep& step = steps_[i];
    auto& device = host(i);
    device.what = step.what;
    device.part = static_cast<int>(step.part);
    device.weight = static_cast<Scalar>(step.weight);
    device.log_share = static_cast<Scalar>(step.log_share);
    if (step.what == What::open_sum || step.what == What::open_mixture) {
      open.push_back({step.what == What::open_mixture, true});
      view_.frames = std::max(view_.frames, static_cast<int>(open.size()) - 1);
      continue;
    }
    if (step.what == What::close) {
      device.was_mixture = open.back().is_mixture;
      open.pop_back();
    }
    device.frame = static_cast<int>(open.size()) - 1;
    device.is_first = open.back().is_empty;
    device.into_mixture = open.back().is_mixture;
    open.back().is_empty = false;
  }
  Kokkos::deep_copy(device_steps_, host);
  view_.steps = device_steps_.data();
  view_.step_count = static_cast<int>(steps_.size());
}

template <class Scalar>
EnergyModel<Scalar> EnergyModel<Scalar>::seen_through(const AffineMap& map) const {
  if (transport_) throw std::invalid_argument("an energy that is not seen through a flow already");
  std::vector<PartDescription<Scalar>> parts = parts_;
  for (auto& part : parts) part.map = compose(part.map, map);
  return EnergyModel(steps_, std::move(parts), map.inputs);
}

template <class Scalar>
EnergyModel<Scalar> EnergyModel<Scalar>::seen_through(const Flow<Scalar>& flow, double temperature) const {
  if (transport_ || flow.shape().dimension != view_.space)
    throw std::invalid_argument("one flow of the energy's dimension");
  EnergyModel result = *this;
  core::ScratchArena arena(nullptr);
  FlowTile<Scalar, Keep::slopes>(flow.view(), arena);
  result.transport_ = flow;
  result.view_.is_transported = true;
  result.view_.transport = flow.view();
  result.view_.transport_bytes = arena.used();
  result.view_.temperature = static_cast<Scalar>(temperature);
  return result;
}

template class EnergyModel<float>;
template class EnergyModel<double>;

}  // namespace ebmpi::network
