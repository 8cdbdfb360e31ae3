// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <vector>

#include "core/pack.hpp"
#include "core/tile_product.hpp"
#include "network/activation_derivatives.hpp"
#include "network/parameter_layout.hpp"

namespace ebmpi::network {

/// Whether log Z is learned beside the energy.
enum class LogNormalizer { none, learned };

/// The shape of a multilayer perceptron: inputs-hidden…-outputs, with the activation between its layers. An
/// energy has one output; a score network one for each coordinate.
struct MlpShape {
  int inputs = 1;
  std::vector<int> hidden;
  Activation activation = Activation::silu;
  int outputs = 1;
  LogNormalizer log_normalizer = LogNormalizer::none;

  int layers() const { return static_cast<int>(hidden.size()) + 1; }
  int layer_inputs(int layer) const { return layer == 0 ? inputs : hidden[layer - 1]; }
  int layer_outputs(int layer) const { return layer + 1 == layers() ? outputs : hidden[layer]; }
  /// Weights of all matrices: the W of the cost table (energy 2W, score 4W, parameter gradient 6W floating
  /// point operations).
  std::int64_t weights() const;
};

/// Tensors `layers.<n>.weight` (out, in) and `layers.<n>.bias` (out), in that order, so that tensor 2n is the
/// n-th weight; last, where it is learned, `log_normalizer` (1), c of p(x) = exp(-E(x) + c), which estimates
/// -log Z.
ParameterLayout mlp_layout(const MlpShape& shape);

/// What a kernel needs to know of one dense layer.
template <class Scalar>
struct DenseLayer {
  core::PanelMatrix<Scalar> forward;  // W (outputs, inputs)
  core::PanelMatrix<Scalar> reverse;  // Wᵀ (inputs, outputs)
  const Scalar* bias = nullptr;       // (outputs)
  int inputs = 0;
  int outputs = 0;
  int first_unit = 0;             // hidden units in the layers before
  int weight_slot = 0;            // tensor number of the weight; the bias follows it
  std::int64_t weight_index = 0;  // offsets in the flat buffer
  std::int64_t bias_index = 0;
};

/// The handle that kernels hold.
template <class Scalar>
struct MlpView {
  const DenseLayer<Scalar>* layers = nullptr;  // (layer_count), in device memory
  int layer_count = 0;
  int tensors = 0;  // in the layout
  int inputs = 0;
  int outputs = 1;
  int widest = 0;        // largest number of units in a hidden layer
  int hidden_units = 0;  // units in all hidden layers
  Activation activation = Activation::silu;
  const Scalar* log_normalizer = nullptr;  // null where it is not learned
  std::int64_t log_normalizer_index = 0;   // offset in the flat buffer
};

/// Where the parameters of a network that is part of a larger model stand among those of the whole.
template <class Scalar>
struct ParameterPlace {
  Kokkos::View<Scalar*, core::MemorySpace> whole;
  std::int64_t offset = 0;  ///< of its first number
  int first_slot = 0;       ///< number of its first tensor
};

/// A multilayer perceptron: its flat parameters and the two packed copies of each weight matrix that the tile
/// product reads.
template <class Scalar>
class Mlp {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  explicit Mlp(MlpShape shape);
  /// One whose parameters are part of a larger buffer: kernels then add its gradient at its place there.
  Mlp(MlpShape shape, const ParameterPlace<Scalar>& place);

  const MlpShape& shape() const { return shape_; }
  const ParameterLayout& layout() const { return layout_; }
  /// All parameters, (layout().size()). After a change `pack` must be called before the next kernel uses
  /// `view`.
  const Buffer& parameters() const { return parameters_; }
  void pack() const;
  MlpView<Scalar> view() const { return view_; }

  /// Uniform in ±1/√inputs for weights and biases, PyTorch's default for a linear layer, each number a pure
  /// function of (seed, position). The log normaliser starts at 0.
  void initialize(std::uint64_t seed);

private:
  void lay_out(const ParameterPlace<Scalar>& place);

  MlpShape shape_;
  ParameterLayout layout_;
  Buffer parameters_;
  Kokkos::View<Scalar*, core::MemorySpace> panels_;
  Kokkos::View<DenseLayer<Scalar>*, core::MemorySpace> layers_;
  MlpView<Scalar> view_;
};

}  // namespace ebmpi::network
