// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "objective/jet_gradient.hpp"

namespace ebmpi::objective {

/// A loss and the figures that explain it.
struct LossReport {
  double loss = 0;
  std::vector<std::pair<std::string, double>> terms;  ///< by the name of their column

  /// The term of that name. Throws std::out_of_range where there is none.
  double term(const std::string& name) const;
};

/// A training objective: what a step adds up over its samples, and how the sums make a loss. It knows nothing
/// of ranks; the sums are those over all of them.
template <class Scalar>
class Objective {
public:
  virtual ~Objective() = default;

  /// Loss terms, the common ones included.
  virtual int terms() const = 0;
  /// Lanes that a data row takes: 1, or more where it brings its own negatives.
  virtual int group() const = 0;
  /// Addends that a block gives each parameter.
  virtual int passes(int dimension) const = 0;
  /// Work of a data row with all its negatives in units of W, the network's weights: see the cost table of
  /// each objective.
  virtual double work(int dimension) const = 0;

  /// Adds the gradient of the loss, summed over the samples, and its terms.
  virtual void add(const core::ExecutionSpace& space, const network::MlpView<Scalar>& mlp,
                   const JetBatch<Scalar>& batch, Task task, const core::FixedPointAdder& adder,
                   int workers) const = 0;

  /// The loss from the sums of the terms over `rows` data rows.
  virtual LossReport report(std::span<const double> sums, double rows) const = 0;
};

/// The objective of a program, which besides the steps of a block has
///     double work(int dimension) const
///     LossReport report(const double* sums, double rows) const    of its own terms
template <class Scalar, class Program>
class ProgramObjective final : public Objective<Scalar> {
public:
  explicit ProgramObjective(Program program) : program_(std::move(program)) {}

  int terms() const override { return Program::terms + common_terms; }
  int group() const override { return program_.group(); }
  int passes(int dimension) const override { return program_.passes(dimension); }
  double work(int dimension) const override { return program_.work(dimension); }

  void add(const core::ExecutionSpace& space, const network::MlpView<Scalar>& mlp,
           const JetBatch<Scalar>& batch, Task task, const core::FixedPointAdder& adder,
           int workers) const override {
    add_jet_gradients(space, mlp, program_, batch, task, adder, workers);
  }

  LossReport report(std::span<const double> sums, double rows) const override {
    LossReport result = program_.report(sums.data(), rows);
    result.loss += (program_.regularization.energy * sums[Program::terms] +
                    program_.regularization.gradient * sums[Program::terms + 1]) /
                   rows;
    return result;
  }

private:
  Program program_;
};

}  // namespace ebmpi::objective
