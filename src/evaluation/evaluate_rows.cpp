// SPDX-License-Identifier: Apache-2.0
#include "evaluation/evaluate_rows.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/to_host.hpp"
#include "network/evaluate.hpp"

namespace ebmpi::evaluation {
namespace {

/// Evaluates one piece after another.
template <class Scalar>
class Piece {
public:
  Piece(const training::Model<Scalar>& model, Gradients gradients)
      : model_(model), wants_gradients_(gradients == Gradients::wanted) {}

  EvaluatedRows<Scalar> evaluate(std::int64_t first, std::span<const double> data) {
    const std::int64_t rows = static_cast<std::int64_t>(data.size()) / model_.transform.dimension();
    const std::int64_t dimension = model_.transform.model_dimension();
    model_space_.resize(static_cast<std::size_t>(rows * dimension));
    model_.transform.to_model(data, model_space_);
    const auto x = to_device_rows<Scalar>(model_space_, rows, "ebmpi::evaluation::rows");
    core::Rows<Scalar> slopes;
    if (wants_gradients_) slopes = core::Rows<Scalar>("ebmpi::evaluation::gradients", rows, dimension);
    const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::evaluation::energies", rows);
    network::evaluate(core::ExecutionSpace(), model_.energy(), x, energies, slopes);
    energies_ = core::to_host(energies);
    if (wants_gradients_) {
      std::ranges::copy(core::to_host(slopes), model_space_.begin());
      gradients_.resize(data.size());
      model_.transform.score_to_data(model_space_, gradients_);
    }
    return {first, energies_, gradients_};
  }

private:
  const training::Model<Scalar>& model_;
  bool wants_gradients_;
  std::vector<double> model_space_;  // (B, K)
  std::vector<Scalar> energies_;
  std::vector<double> gradients_;
};

template <class Scalar>
void check_energies(const io::DatasetReader& reader, const EvaluatedRows<Scalar>& rows) {
  const auto bad = std::ranges::find_if(rows.energies, [](Scalar energy) { return !std::isfinite(energy); });
  if (bad == rows.energies.end()) return;
  const std::int64_t row = rows.first + (bad - rows.energies.begin());
  throw core::InputError(reader.name().text() + ": row " + std::to_string(row) +
                         " has no finite energy (it lies too far from the training data for the model's "
                         "precision); remove the row");
}

}  // namespace

template <class Scalar>
void evaluate_rows(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                   const io::DatasetReader& reader, Gradients gradients,
                   const std::function<void(const EvaluatedRows<Scalar>&)>& use) {
  check_dimension(model, reader);
  Piece<Scalar> piece(model, gradients);
  for_each_piece(communicator, reader, NotANumber::refused, [&](std::int64_t first, std::span<double> data) {
    const EvaluatedRows<Scalar> evaluated = piece.evaluate(first, data);
    check_energies(reader, evaluated);
    use(evaluated);
  });
}

template void evaluate_rows(const comm::Communicator&, const training::Model<float>&,
                            const io::DatasetReader&, Gradients,
                            const std::function<void(const EvaluatedRows<float>&)>&);
template void evaluate_rows(const comm::Communicator&, const training::Model<double>&,
                            const io::DatasetReader&, Gradients,
                            const std::function<void(const EvaluatedRows<double>&)>&);

}  // namespace ebmpi::evaluation
