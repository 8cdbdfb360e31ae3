// SPDX-License-Identifier: Apache-2.0
#include "network/flow.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/random.hpp"

namespace ebmpi::network {

using core::ExecutionSpace;
using core::PanelMatrix;

namespace {

/// Element (row, column) of the matrix U of a step, from its tensor `mixing`.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar upper(const Scalar* mixing, int dimension, int row, int column) {
  const Scalar element = mixing[row * dimension + column];
  return row < column ? element : row == column ? Kokkos::exp(element) : Scalar(0);
}

template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar lower(const Scalar* mixing, int dimension, int row, int column) {
  return row > column ? mixing[row * dimension + column] : row == column ? Scalar(1) : Scalar(0);
}

template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void set(const PanelMatrix<Scalar>& matrix, int row, int column, Scalar value) {
  const_cast<Scalar*>(matrix.data)[PanelMatrix<Scalar>::position(row, column, matrix.columns)] = value;
}

/// Row `row` of M = P L U, and its column in Mᵀ.
template <class Scalar>
KOKKOS_FUNCTION void pack_row(const FlowStep<Scalar>& step, const Scalar* mixing, int dimension, int row) {
  const int from = step.order[row];
  for (int column = 0; column < dimension; ++column) {
    Scalar sum = 0;
    for (int k = 0; k <= from && k <= column; ++k)
      sum += lower(mixing, dimension, from, k) * upper(mixing, dimension, k, column);
    set(step.mix, row, column, sum);
    set(step.mix_reverse, column, row, sum);
  }
}

/// Column `column` of M⁻¹ = U⁻¹ L⁻¹ Pᵀ by two substitutions in place.
template <class Scalar, class Inverse>
KOKKOS_FUNCTION void pack_inverse_column(const FlowStep<Scalar>& step, const Scalar* mixing,
                                         const Inverse& inverse, int number, int dimension, int column) {
  for (int row = 0; row < dimension; ++row) {
    Scalar value = row == step.order[column] ? Scalar(1) : Scalar(0);
    for (int k = 0; k < row; ++k) value -= mixing[row * dimension + k] * inverse(number, k, column);
    inverse(number, row, column) = value;
  }
  for (int row = dimension - 1; row >= 0; --row) {
    Scalar value = inverse(number, row, column);
    for (int k = row + 1; k < dimension; ++k)
      value -= mixing[row * dimension + k] * inverse(number, k, column);
    value *= Kokkos::exp(-mixing[row * dimension + row]);
    inverse(number, row, column) = value;
    set(step.unmix, row, column, value);
    set(step.unmix_reverse, column, row, value);
  }
}

void append_step(ParameterLayout& layout, const FlowShape& shape, int step) {
  const std::string prefix = "steps." + std::to_string(step) + ".";
  layout.append(prefix + "shift", {shape.dimension});
  layout.append(prefix + "log_scale", {shape.dimension});
  if (shape.mixing == Mixing::linear) layout.append(prefix + "mixing", {shape.dimension, shape.dimension});
  const ParameterLayout conditioner = mlp_layout(shape.conditioner());
  for (const ParameterTensor& tensor : conditioner.tensors())
    layout.append(prefix + tensor.name, tensor.shape);
}

}  // namespace

std::int64_t FlowShape::weights() const {
  const std::int64_t mixing_weights =
      mixing == Mixing::linear ? static_cast<std::int64_t>(dimension) * dimension : 0;
  return couplings * (conditioner().weights() + mixing_weights);
}

ParameterLayout flow_layout(const FlowShape& shape) {
  ParameterLayout layout;
  for (int step = 0; step < shape.couplings; ++step) append_step(layout, shape, step);
  return layout;
}

std::vector<int> flow_order(int dimension, int step) {
  std::vector<int> order(static_cast<std::size_t>(dimension));
  std::iota(order.rbegin(), order.rend(), 0);
  if (dimension == 2) return order;
  const core::PhiloxKey key =
      core::stream_key(static_cast<std::uint64_t>(dimension), core::Purpose::flow_layers);
  std::vector<std::uint32_t> rank(order.size());
  for (std::size_t i = 0; i < rank.size(); ++i)
    rank[i] = core::draw(key, i, static_cast<std::uint32_t>(step), 0).word[0];
  std::ranges::stable_sort(order, {}, [&](int i) { return rank[static_cast<std::size_t>(i)]; });
  return order;
}

template <class Scalar>
Flow<Scalar>::Flow(FlowShape shape)
    : shape_(std::move(shape)),
      layout_(flow_layout(shape_)),
      parameters_("ebmpi::network::flow_parameters", layout_.size()),
      log_volumes_("ebmpi::network::flow_log_volumes", shape_.couplings),
      scales_("ebmpi::network::flow_scales", 2 * shape_.couplings * shape_.dimension),
      orders_("ebmpi::network::flow_orders", shape_.couplings * shape_.dimension),
      steps_("ebmpi::network::flow_steps", shape_.couplings) {
  if (shape_.dimension < 2 || shape_.couplings < 1)
    throw std::invalid_argument("a flow has at least two coordinates and one coupling");
  const int d = shape_.dimension;
  if (shape_.mixing == Mixing::linear) {
    panels_ = decltype(panels_)("ebmpi::network::flow_panels",
                                4 * static_cast<std::size_t>(shape_.couplings) *
                                    static_cast<std::size_t>(PanelMatrix<Scalar>::size(d, d)));
    inverse_ = decltype(inverse_)("ebmpi::network::flow_inverse", shape_.couplings, d, d);
    mixing_gradient_ = Buffer("ebmpi::network::mixing_gradient", shape_.couplings * d * d);
  }
  upload_orders();
  lay_out_steps();
}

template <class Scalar>
void Flow<Scalar>::upload_orders() {
  const auto host = Kokkos::create_mirror_view(orders_);
  for (int step = 0; step < shape_.couplings; ++step) {
    const std::vector<int> order = flow_order(shape_.dimension, step);
    std::ranges::copy(order, host.data() + static_cast<std::ptrdiff_t>(step) * shape_.dimension);
  }
  Kokkos::deep_copy(orders_, host);
}

template <class Scalar>
void Flow<Scalar>::lay_out_steps() {
  const int d = shape_.dimension;
  const auto host = Kokkos::create_mirror_view(steps_);
  const bool is_linear = shape_.mixing == Mixing::linear;
  const Scalar* panel = panels_.data();
  const auto next_panel = [&] {
    const PanelMatrix<Scalar> matrix{panel, d, d};
    panel += PanelMatrix<Scalar>::size(d, d);
    return matrix;
  };
  for (int k = 0; k < shape_.couplings; ++k) {
    FlowStep<Scalar>& step = host(k);
    const int first = k * tensors_of_step();
    const auto offset = [&](int tensor) {
      return layout_.tensors()[static_cast<std::size_t>(first + tensor)].offset;
    };
    step.first_slot = first;
    step.shift_index = offset(0);
    step.log_scale_index = offset(1);
    step.shift = parameters_.data() + step.shift_index;
    step.scale = scales_.data() + static_cast<std::ptrdiff_t>(2 * k) * d;
    step.inverse_scale = step.scale + d;
    step.order = orders_.data() + static_cast<std::ptrdiff_t>(k) * d;
    if (is_linear) {
      step.mixing_index = offset(2);
      step.mix = next_panel();
      step.mix_reverse = next_panel();
      step.unmix = next_panel();
      step.unmix_reverse = next_panel();
    }
    const int tensor = is_linear ? 3 : 2;
    conditioners_.emplace_back(shape_.conditioner(),
                               ParameterPlace<Scalar>{parameters_, offset(tensor), first + tensor});
    step.conditioner = conditioners_.back().view();
  }
  Kokkos::deep_copy(steps_, host);
  view_ = {steps_.data(),
           log_volumes_.data(),
           shape_.couplings,
           d,
           shape_.kept(),
           shape_.moved(),
           static_cast<int>(layout_.tensors().size()),
           shape_.mixing,
           conditioners_.front().view()};
}

template <class Scalar>
void Flow<Scalar>::pack() const {
  for (const Mlp<Scalar>& conditioner : conditioners_) conditioner.pack();
  const int d = shape_.dimension;
  const bool is_linear = shape_.mixing == Mixing::linear;
  const auto parameters = parameters_;
  const auto log_volumes = log_volumes_;
  const auto scales = scales_;
  const auto steps = steps_;
  const auto inverse = inverse_;
  const Kokkos::RangePolicy<ExecutionSpace> rows(0, shape_.couplings * d);
  Kokkos::parallel_for(
      "ebmpi::network::pack_flow", rows, KOKKOS_LAMBDA(int item) {
        const int number = item / d, row = item % d;
        const FlowStep<Scalar>& step = steps(number);
        const Scalar* const mixing = parameters.data() + step.mixing_index;
        if (is_linear) {
          pack_row(step, mixing, d, row);
          pack_inverse_column(step, mixing, inverse, number, d, row);
        }
        const Scalar* const log_scale = parameters.data() + step.log_scale_index;
        scales(2 * number * d + row) = Kokkos::exp(log_scale[row]);
        scales(2 * number * d + d + row) = Kokkos::exp(-log_scale[row]);
        if (row > 0) return;
        Scalar volume = 0;
        for (int i = 0; i < d; ++i) volume += (is_linear ? mixing[i * d + i] : Scalar(0)) - log_scale[i];
        log_volumes(number) = volume;
      });
}

template <class Scalar>
void Flow<Scalar>::initialize(std::uint64_t seed) {
  const auto host = Kokkos::create_mirror_view(parameters_);
  Kokkos::deep_copy(host, Scalar(0));
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::flow_layers);
  const MlpShape conditioner = shape_.conditioner();
  const int before = tensors_of_step() - 2 * conditioner.layers();
  for (int step = 0; step < shape_.couplings; ++step) {
    for (int number = 0; number < 2 * (conditioner.layers() - 1); ++number) {
      const ParameterTensor& tensor =
          layout_.tensors()[static_cast<std::size_t>(step * tensors_of_step() + before + number)];
      const double bound = 1.0 / std::sqrt(static_cast<double>(conditioner.layer_inputs(number / 2)));
      for (std::int64_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
        const core::PhiloxBlock bits = core::draw(key, static_cast<std::uint64_t>(i), 0, 0);
        host(i) = static_cast<Scalar>(bound * (2.0 * core::uniform<double>(bits.word[0]) - 1.0));
      }
    }
  }
  Kokkos::deep_copy(parameters_, host);
  pack();
}

template <class Scalar>
void Flow<Scalar>::normalize_step(int step, const std::vector<double>& mean,
                                  const std::vector<double>& deviation) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), parameters_);
  const auto first = static_cast<std::size_t>(step * tensors_of_step());
  for (int i = 0; i < shape_.dimension; ++i) {
    const auto at = static_cast<std::size_t>(i);
    host(layout_.tensors()[first].offset + i) = static_cast<Scalar>(mean[at]);
    host(layout_.tensors()[first + 1].offset + i) = static_cast<Scalar>(std::log(deviation[at]));
  }
  Kokkos::deep_copy(parameters_, host);
  pack();
}

template <class Scalar>
void Flow<Scalar>::see_through(const std::vector<double>& scale, const std::vector<double>& shift) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), parameters_);
  std::vector<double> mean, deviation;
  for (int i = 0; i < shape_.dimension; ++i) {
    const auto at = static_cast<std::size_t>(i);
    mean.push_back((static_cast<double>(host(layout_.tensors()[0].offset + i)) - shift[at]) / scale[at]);
    deviation.push_back(std::exp(static_cast<double>(host(layout_.tensors()[1].offset + i))) / scale[at]);
  }
  normalize_step(0, mean, deviation);
}

template <class Scalar>
void Flow<Scalar>::complete_gradient(double log_volume_weight, const Buffer& gradient) const {
  const int d = shape_.dimension;
  const auto parameters = parameters_;
  const auto steps = steps_;
  const auto weight = static_cast<Scalar>(log_volume_weight);
  const Kokkos::RangePolicy<ExecutionSpace> scales(0, shape_.couplings * d);
  Kokkos::parallel_for(
      "ebmpi::network::complete_scales", scales,
      KOKKOS_LAMBDA(int item) { gradient(steps(item / d).log_scale_index + item % d) -= weight; });
  if (shape_.mixing == Mixing::permutation) return;
  // With G = Pᵀ ∂/∂M: ∂/∂L = G Uᵀ below the diagonal, ∂/∂U = Lᵀ G above it and on it.
  const Buffer result = mixing_gradient_;
  const Kokkos::RangePolicy<ExecutionSpace> elements(0, shape_.couplings * d * d);
  Kokkos::parallel_for(
      "ebmpi::network::complete_mixing", elements, KOKKOS_LAMBDA(int item) {
        const FlowStep<Scalar>& step = steps(item / (d * d));
        const int i = item / d % d, j = item % d;
        const Scalar* const mixing = parameters.data() + step.mixing_index;
        const Scalar* const of_matrix = gradient.data() + step.mixing_index;
        Scalar sum = 0;
        for (int row = 0; row < d; ++row) {
          const int at = step.order[row];  // row `row` of M is row `at` of L U
          if (i > j && at == i) {
            for (int k = j; k < d; ++k) sum += of_matrix[row * d + k] * upper(mixing, d, j, k);
          } else if (i <= j) {
            sum += lower(mixing, d, at, i) * of_matrix[row * d + j];
          }
        }
        result(item) = i == j ? sum * Kokkos::exp(mixing[i * d + i]) + weight : sum;
      });
  Kokkos::parallel_for(
      "ebmpi::network::place_mixing", elements, KOKKOS_LAMBDA(int item) {
        gradient(steps(item / (d * d)).mixing_index + item % (d * d)) = result(item);
      });
}

template class Flow<float>;
template class Flow<double>;

}  // namespace ebmpi::network
