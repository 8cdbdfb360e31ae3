// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "core/fixed_point.hpp"
#include "network/parameter_layout.hpp"
#include "optimizer/gradient_norm.hpp"
#include "optimizer/optimizer.hpp"
#include "optimizer/spectral_norm.hpp"
#include "optimizer/weight_regularizer.hpp"
#include "training/gradient_reduction.hpp"
#include "training/phase_clock.hpp"
#include "training/stop.hpp"

namespace ebmpi::training {

/// Whether an update needs the norm of its gradient although nothing is clipped.
enum class NormWish { wanted, unwanted };

/// All that an update of one set of parameters takes: the sums of a step and their reduction over the ranks,
/// clipping, optimizer, regularisers and moving average.
template <class Scalar>
class Learner {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  struct Subject {
    const network::ParameterLayout& layout;
    Buffer parameters;                                // (P)
    Buffer average;                                   // (P), their moving average
    std::vector<optimizer::MatrixSlice> regularized;  // weight matrices
    int terms = 0;  // loss terms, which stand behind the gradient in the sums
    /// Layers of weight and bias whose gradients may be sent while the ones before them are computed; the
    /// others go last.
    int early_layers = 0;
  };

  /// `communicator` and `clock` must outlive it.
  Learner(const comm::Communicator& communicator, const config::OptimizerSection& settings, Subject subject,
          PhaseClock& clock);
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// From now on every weight matrix is kept at spectral norm 1.
  void keep_spectral_norm(std::uint64_t seed);
  optimizer::SpectralNorm<Scalar>* spectral_norm() { return spectral_norm_ ? &*spectral_norm_ : nullptr; }

  /// Collective. Sums what `add(adder, workers)` adds for `blocks` blocks of this rank, until the fixed-point
  /// scales fit; `addends` is how many each number gets over all ranks. `wish` is this rank's wish to stop;
  /// returns what all ranks agree on, or nothing where a sum is not finite.
  template <class Add>
  std::optional<StopReason> accumulate(std::int64_t blocks, std::int64_t addends, StopReason wish,
                                       const Add& add) {
    while (true) {
      launch(blocks, add);
      const auto [agreed, verdict] = reduce(addends, wish);
      if (verdict == core::FixedPointSum::Verdict::not_finite) return std::nullopt;
      if (verdict == core::FixedPointSum::Verdict::good) return agreed;
    }
  }

  /// The loss terms of the last `accumulate`.
  std::span<const double> terms() const { return terms_; }
  /// The gradient of the batch's mean loss, (P), from the sums of the last `accumulate`.
  const Buffer& mean_gradient(std::int64_t batch_size);

  /// Update number `number` (from 1) of the parameters and their average along the mean gradient.
  void update(std::int64_t number, double learning_rate, NormWish wish);
  /// Of the last gradient whose norm was known, before clipping.
  double gradient_norm() const { return gradient_norm_; }

  /// Whether the parameters and their average are finite.
  bool is_finite();

  const network::ParameterLayout& layout() const { return layout_; }
  const Buffer& parameters() const { return parameters_; }
  const Buffer& average() const { return average_; }
  const optimizer::Optimizer<Scalar>& optimizer() const { return optimizer_; }
  /// log2 of the scales of the sums, part of a checkpoint.
  const std::vector<std::int64_t>& exponents() const { return sums_.exponents(); }
  void set_exponents(const std::vector<std::int64_t>& exponents) { sums_.set_exponents(exponents); }

private:
  template <class Add>
  void launch(std::int64_t blocks, const Add& add) {
    const PhaseClock::Scope gradient(clock_, Phase::gradient);
    sums_.clear();
    add(reduction_.begin(blocks), sums_.workers());
  }
  std::pair<StopReason, core::FixedPointSum::Verdict> reduce(std::int64_t addends, StopReason wish);
  StopReason agree(StopReason wish);
  void clip(NormWish wish);

  const comm::Communicator& communicator_;
  config::OptimizerSection settings_;
  network::ParameterLayout layout_;
  Buffer parameters_, average_;
  std::vector<optimizer::MatrixSlice> matrices_;
  optimizer::Optimizer<Scalar> optimizer_;
  optimizer::WeightRegularizer<Scalar> regularizer_;
  std::optional<optimizer::SpectralNorm<Scalar>> spectral_norm_;
  optimizer::GradientNorm<Scalar> norm_;
  core::FixedPointSum sums_;           // gradient (P), loss terms
  GradientReduction reduction_;        // of them
  Buffer gradient_;                    // (P)
  std::vector<std::int64_t> control_;  // peaks of the sums and the wish to stop, reduced together
  std::vector<double> terms_;
  double gradient_norm_ = 0;
  PhaseClock& clock_;
};

}  // namespace ebmpi::training
