// SPDX-License-Identifier: Apache-2.0
#include "training/learner.hpp"

#include <algorithm>
#include <cmath>

#include "comm/device_memory.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {

using core::ExecutionSpace;
using core::FixedPointSum;

namespace {

/// The slots of the sums: the tensors, then the loss terms.
std::vector<std::int64_t> slot_sizes(const network::ParameterLayout& layout, int terms) {
  std::vector<std::int64_t> sizes;
  for (const network::ParameterTensor& tensor : layout.tensors()) sizes.push_back(tensor.size());
  sizes.insert(sizes.end(), static_cast<std::size_t>(terms), 1);
  return sizes;
}

/// The decay at update `number` (from 1) that makes the moving average one of the parameters after updates 1
/// to `number`, with weights that fall by `decay` an update and add up to 1: the initial parameters have no
/// part in it. Kingma and Ba 2015, arXiv 1412.6980, section 3.
double average_decay(double decay, std::int64_t number) {
  const double count = static_cast<double>(number);
  return decay * (1.0 - std::pow(decay, count - 1.0)) / (1.0 - std::pow(decay, count));
}

}  // namespace

template <class Scalar>
Learner<Scalar>::Learner(const comm::Communicator& communicator, const config::OptimizerSection& settings,
                         Subject subject, PhaseClock& clock)
    : communicator_(communicator),
      settings_(settings),
      layout_(subject.layout),
      parameters_(subject.parameters),
      average_(subject.average),
      matrices_(std::move(subject.regularized)),
      optimizer_(optimizer_settings(settings), layout_.size()),
      regularizer_(regularizer_settings(settings), matrices_),
      norm_(layout_.size()),
      sums_(slot_sizes(layout_, subject.terms), ExecutionSpace().concurrency(),
            comm::device_memory_is_accepted(communicator) ? core::SumPlace::device : core::SumPlace::host),
      reduction_(communicator, sums_, subject.early_layers),
      gradient_("ebmpi::training::gradient", layout_.size()),
      control_(static_cast<std::size_t>(sums_.slots()) + 1),
      terms_(static_cast<std::size_t>(subject.terms)),
      clock_(clock) {}

template <class Scalar>
void Learner<Scalar>::keep_spectral_norm(std::uint64_t seed) {
  spectral_norm_.emplace(matrices_);
  spectral_norm_->initialize(seed, parameters_);
}

template <class Scalar>
std::pair<StopReason, FixedPointSum::Verdict> Learner<Scalar>::reduce(std::int64_t addends, StopReason wish) {
  const PhaseClock::Scope reduction(clock_, Phase::reduction);
  reduction_.send_rest();
  const StopReason agreed = agree(wish);
  reduction_.wait();
  const FixedPointSum::Verdict verdict = sums_.judge(addends);
  if (verdict == FixedPointSum::Verdict::good) {
    for (std::size_t term = 0; term < terms_.size(); ++term)
      terms_[term] = sums_.value(layout_.size() + static_cast<std::int64_t>(term));
  }
  return {agreed, verdict};
}

/// One small reduction finds the largest addends of all ranks and whether any rank wants to stop.
template <class Scalar>
StopReason Learner<Scalar>::agree(StopReason wish) {
  const std::span<std::int64_t> peaks = sums_.peaks();
  std::copy(peaks.begin(), peaks.end(), control_.begin());
  control_.back() = static_cast<std::int64_t>(wish);
  communicator_.max(std::span<std::int64_t>(control_));
  std::copy(control_.begin(), control_.end() - 1, peaks.begin());
  return static_cast<StopReason>(control_.back());
}

template <class Scalar>
const typename Learner<Scalar>::Buffer& Learner<Scalar>::mean_gradient(std::int64_t batch_size) {
  sums_.quotient(static_cast<double>(batch_size), layout_.size(), gradient_);
  return gradient_;
}

template <class Scalar>
void Learner<Scalar>::update(std::int64_t number, double learning_rate, NormWish wish) {
  if (spectral_norm_) spectral_norm_->project_gradient(gradient_, parameters_);
  clip(wish);
  optimizer_.update(number, learning_rate, gradient_, parameters_);
  regularizer_.apply(learning_rate, parameters_);
  if (spectral_norm_) spectral_norm_->normalize(parameters_);
  optimizer::update_average(average_decay(settings_.ema, number), parameters_, average_);
}

template <class Scalar>
void Learner<Scalar>::clip(NormWish wish) {
  const double bound = settings_.gradient_clip;
  if (bound == 0.0 && wish == NormWish::unwanted) return;
  gradient_norm_ = norm_(gradient_);
  if (bound > 0.0) norm_.clip(gradient_, gradient_norm_, bound);
}

template <class Scalar>
bool Learner<Scalar>::is_finite() {
  return std::isfinite(norm_(parameters_)) && std::isfinite(norm_(average_));
}

template class Learner<float>;
template class Learner<double>;

}  // namespace ebmpi::training
