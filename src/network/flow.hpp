// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "network/mlp.hpp"

namespace ebmpi::network {

/// What mixes the coordinates between two couplings: a fixed permutation, or an invertible matrix that is
/// learned.
enum class Mixing { permutation, linear };

/// f takes data to the normal, g = f⁻¹ the normal to data.
enum class FlowDirection { normalize, generate };

/// The shape of a normalising flow of D coordinates: `couplings` steps, each an activation normalisation, a
/// mixing of the coordinates and an affine coupling.
struct FlowShape {
  int dimension = 2;  ///< D, at least 2
  int couplings = 8;  ///< K, at least 1
  std::vector<int> hidden = {64, 64};
  Activation activation = Activation::silu;
  Mixing mixing = Mixing::linear;

  int kept() const { return dimension - dimension / 2; }  ///< coordinates that a coupling only reads
  int moved() const { return dimension / 2; }             ///< coordinates that it moves
  /// From the kept coordinates to a raw log scale and a shift for each moved one.
  MlpShape conditioner() const { return {kept(), hidden, activation, 2 * moved()}; }
  /// Weights of all matrices: the W of the cost of a pass.
  std::int64_t weights() const;
};

/// For each step k, `steps.<k>.shift` (D), `steps.<k>.log_scale` (D), with linear mixing `steps.<k>.mixing`
/// (D, D), and the conditioner's tensors `steps.<k>.layers.<n>.weight` and `.bias`.
ParameterLayout flow_layout(const FlowShape& shape);

/// The permutation of step `step` on `dimension` coordinates: new coordinate i is old coordinate order[i].
/// With two coordinates they change places; with more it is a fixed shuffle, a function of both numbers
/// alone.
std::vector<int> flow_order(int dimension, int step);

/// What a kernel needs to know of one step.
template <class Scalar>
struct FlowStep {
  const Scalar* shift = nullptr;            // (D), m
  const Scalar* scale = nullptr;            // (D), e^a
  const Scalar* inverse_scale = nullptr;    // (D), e^-a
  const int* order = nullptr;               // (D)
  core::PanelMatrix<Scalar> mix;            // M (D, D)
  core::PanelMatrix<Scalar> mix_reverse;    // Mᵀ
  core::PanelMatrix<Scalar> unmix;          // M⁻¹
  core::PanelMatrix<Scalar> unmix_reverse;  // M⁻ᵀ
  MlpView<Scalar> conditioner;
  int first_slot = 0;  // number of the tensor `shift`; the others follow
  std::int64_t shift_index = 0;
  std::int64_t log_scale_index = 0;
  std::int64_t mixing_index = 0;
};

/// The handle that kernels hold.
template <class Scalar>
struct FlowView {
  const FlowStep<Scalar>* steps = nullptr;  // (couplings), in device memory
  const Scalar* log_volumes = nullptr;  // (couplings), the part of log|det ∂z/∂x| that no sample changes
  int couplings = 0;
  int dimension = 0;
  int kept = 0;
  int moved = 0;
  int tensors = 0;  // in the layout
  Mixing mixing = Mixing::linear;
  MlpView<Scalar> widest;  // any conditioner: they have one shape
};

/// A normalising flow: an invertible map z = f(x) to a standard normal z, so that log q(x) = log N(z) +
/// log|det ∂z/∂x| (Rezende and Mohamed 2015, arXiv 1505.05770). A step is
///     u = (x - m) e^{-a}          activation normalisation (Kingma and Dhariwal 2018, arXiv 1807.03039)
///     c = M u                     M = P L U, or the permutation P alone
///     z = (c_1, (c_2 + t) e^s)    affine coupling (Dinh et al. 2017, arXiv 1605.08803)
/// with r, t = MLP(c_1), c_1 the first `kept` coordinates, and s = 2 tanh(r/2), which keeps a step's scale
/// within e^±2. The tensor `mixing` holds L below the diagonal (ones on it), U above it, and log U_ii on it.
/// The last layer of each conditioner starts at zero and M at P: at first the flow only normalises.
template <class Scalar>
class Flow {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  explicit Flow(FlowShape shape);

  const FlowShape& shape() const { return shape_; }
  const ParameterLayout& layout() const { return layout_; }
  /// All parameters, (layout().size()). After a change `pack` must be called before the next kernel uses
  /// `view`.
  const Buffer& parameters() const { return parameters_; }
  void pack() const;
  FlowView<Scalar> view() const { return view_; }

  /// First parameters, each a pure function of (seed, position); the activation normalisations are the
  /// identity.
  void initialize(std::uint64_t seed);
  /// Sets the activation normalisation of `step` and packs: subtract `mean` (D), divide by `deviation` (D),
  /// which is > 0.
  void normalize_step(int step, const std::vector<double>& mean, const std::vector<double>& deviation);
  /// The flow of y, where its x is `scale` · y + `shift` coordinate by coordinate, scale > 0 (D each): the
  /// first activation normalisation takes the map in. log q of y then includes Σ log scale.
  void see_through(const std::vector<double>& scale, const std::vector<double>& shift);

  /// Kernels add the derivatives with respect to M in place of those with respect to `mixing`, and leave out
  /// what all samples have in common: makes `gradient` (layout().size()) that of the parameters, where
  /// `log_volume_weight` is the sum over samples of the derivatives with respect to log|det ∂z/∂x|.
  void complete_gradient(double log_volume_weight, const Buffer& gradient) const;

private:
  void upload_orders();
  void lay_out_steps();
  int tensors_of_step() const { return static_cast<int>(layout_.tensors().size()) / shape_.couplings; }

  FlowShape shape_;
  ParameterLayout layout_;
  Buffer parameters_;
  Buffer log_volumes_;                               // (couplings)
  Buffer scales_;                                    // (couplings, 2, D), e^a and e^-a
  Kokkos::View<Scalar*, core::MemorySpace> panels_;  // of M, Mᵀ, M⁻¹, M⁻ᵀ of each step
  Kokkos::View<Scalar***, Kokkos::LayoutRight, core::MemorySpace> inverse_;  // (couplings, D, D), M⁻¹
  Buffer mixing_gradient_;                                                   // (couplings · D · D)
  Kokkos::View<int*, core::MemorySpace> orders_;                             // (couplings · D)
  Kokkos::View<FlowStep<Scalar>*, core::MemorySpace> steps_;
  std::vector<Mlp<Scalar>> conditioners_;
  FlowView<Scalar> view_;
};

}  // namespace ebmpi::network
