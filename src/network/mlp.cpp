// SPDX-License-Identifier: Apache-2.0
#include "network/mlp.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/random.hpp"

namespace ebmpi::network {

using core::ExecutionSpace;
using core::PanelMatrix;

std::int64_t MlpShape::weights() const {
  std::int64_t sum = 0;
  for (int layer = 0; layer < layers(); ++layer) {
    sum += static_cast<std::int64_t>(layer_inputs(layer)) * layer_outputs(layer);
  }
  return sum;
}

ParameterLayout mlp_layout(const MlpShape& shape) {
  ParameterLayout layout;
  for (int layer = 0; layer < shape.layers(); ++layer) {
    const std::string prefix = "layers." + std::to_string(layer);
    layout.append(prefix + ".weight", {shape.layer_outputs(layer), shape.layer_inputs(layer)});
    layout.append(prefix + ".bias", {shape.layer_outputs(layer)});
  }
  if (shape.log_normalizer == LogNormalizer::learned) layout.append("log_normalizer", {1});
  return layout;
}

template <class Scalar>
Mlp<Scalar>::Mlp(MlpShape shape)
    : shape_(std::move(shape)),
      layout_(mlp_layout(shape_)),
      parameters_("ebmpi::network::parameters", layout_.size()),
      layers_("ebmpi::network::layers", shape_.layers()) {
  lay_out({parameters_, 0, 0});
}

template <class Scalar>
Mlp<Scalar>::Mlp(MlpShape shape, const ParameterPlace<Scalar>& place)
    : shape_(std::move(shape)),
      layout_(mlp_layout(shape_)),
      parameters_(Kokkos::subview(place.whole, std::pair(place.offset, place.offset + layout_.size()))),
      layers_("ebmpi::network::layers", shape_.layers()) {
  lay_out(place);
}

template <class Scalar>
void Mlp<Scalar>::lay_out(const ParameterPlace<Scalar>& place) {
  std::int64_t panel_size = 0;
  for (int layer = 0; layer < shape_.layers(); ++layer) {
    const int in = shape_.layer_inputs(layer), out = shape_.layer_outputs(layer);
    panel_size += PanelMatrix<Scalar>::size(out, in) + PanelMatrix<Scalar>::size(in, out);
  }
  panels_ = decltype(panels_)("ebmpi::network::panels", panel_size);

  const auto layers_host = Kokkos::create_mirror_view(layers_);
  view_.layers = layers_.data();
  view_.layer_count = shape_.layers();
  view_.tensors = static_cast<int>(layout_.tensors().size());
  view_.inputs = shape_.inputs;
  view_.outputs = shape_.outputs;
  view_.activation = shape_.activation;
  Scalar* panel = panels_.data();
  for (int layer = 0; layer < shape_.layers(); ++layer) {
    DenseLayer<Scalar>& dense = layers_host(layer);
    dense.inputs = shape_.layer_inputs(layer);
    dense.outputs = shape_.layer_outputs(layer);
    dense.forward = {panel, dense.outputs, dense.inputs};
    panel += PanelMatrix<Scalar>::size(dense.outputs, dense.inputs);
    dense.reverse = {panel, dense.inputs, dense.outputs};
    panel += PanelMatrix<Scalar>::size(dense.inputs, dense.outputs);
    dense.first_unit = view_.hidden_units;
    dense.weight_slot = place.first_slot + 2 * layer;
    dense.weight_index = place.offset + layout_.tensors()[2 * layer].offset;
    dense.bias_index = place.offset + layout_.tensors()[2 * layer + 1].offset;
    dense.bias = place.whole.data() + dense.bias_index;
    if (layer + 1 < shape_.layers()) {
      view_.hidden_units += dense.outputs;
      view_.widest = std::max(view_.widest, dense.outputs);
    }
  }
  Kokkos::deep_copy(layers_, layers_host);
  if (shape_.log_normalizer == LogNormalizer::learned) {
    view_.log_normalizer_index = place.offset + layout_.tensors().back().offset;
    view_.log_normalizer = place.whole.data() + view_.log_normalizer_index;
  }
}

template <class Scalar>
void Mlp<Scalar>::pack() const {
  const auto parameters = parameters_;
  const auto layers = layers_;
  for (int layer = 0; layer < shape_.layers(); ++layer) {
    const int inputs = shape_.layer_inputs(layer);
    const std::int64_t weight = layout_.tensors()[2 * layer].offset;
    const Kokkos::RangePolicy<ExecutionSpace> rows(0, shape_.layer_outputs(layer));
    Kokkos::parallel_for(
        "ebmpi::network::pack", rows, KOKKOS_LAMBDA(int row) {
          const DenseLayer<Scalar>& dense = layers(layer);
          auto* const forward = const_cast<Scalar*>(dense.forward.data);
          auto* const reverse = const_cast<Scalar*>(dense.reverse.data);
          for (int column = 0; column < inputs; ++column) {
            const Scalar element = parameters(weight + static_cast<std::int64_t>(row) * inputs + column);
            forward[PanelMatrix<Scalar>::position(row, column, inputs)] = element;
            reverse[PanelMatrix<Scalar>::position(column, row, dense.outputs)] = element;
          }
        });
  }
}

template <class Scalar>
void Mlp<Scalar>::initialize(std::uint64_t seed) {
  const auto host = Kokkos::create_mirror_view(parameters_);
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::initial_parameters);
  for (int number = 0; number < 2 * shape_.layers(); ++number) {
    const ParameterTensor& tensor = layout_.tensors()[static_cast<std::size_t>(number)];
    const double bound = 1.0 / std::sqrt(static_cast<double>(shape_.layer_inputs(number / 2)));
    for (std::int64_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      const core::PhiloxBlock bits = core::draw(key, static_cast<std::uint64_t>(i), 0, 0);
      host(i) = static_cast<Scalar>(bound * (2.0 * core::uniform<double>(bits.word[0]) - 1.0));
    }
  }
  Kokkos::deep_copy(parameters_, host);
  pack();
}

template class Mlp<float>;
template class Mlp<double>;

}  // namespace ebmpi::network
