// SPDX-License-Identifier: Apache-2.0
#include "evaluation/evaluate_rows.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "network/evaluate.hpp"

namespace ebmpi::evaluation {
namespace {

/// Numbers of a piece: large enough to keep all threads of a node busy.
constexpr std::int64_t piece_numbers = std::int64_t{1} << 21;

/// The buffers of one piece after another.
template <class Scalar>
class Piece {
public:
  Piece(const training::Model<Scalar>& model, std::int64_t most_rows, Gradients gradients)
      : model_(model),
        wants_gradients_(gradients == Gradients::wanted),
        data_(most_rows * model.transform.dimension()),
        model_space_(most_rows * model.transform.model_dimension()) {}

  /// Row-major (rows, D), to be filled before `evaluate`.
  std::span<double> data(std::int64_t rows) {
    return std::span(data_).first(static_cast<std::size_t>(rows * model_.transform.dimension()));
  }

  EvaluatedRows<Scalar> evaluate(std::int64_t first, std::int64_t rows) {
    const std::int64_t dimension = model_.transform.model_dimension();
    const auto z = std::span(model_space_).first(static_cast<std::size_t>(rows * dimension));
    model_.transform.to_model(data(rows), z);
    const core::Rows<Scalar> x("ebmpi::evaluation::rows", rows, dimension);
    core::Rows<Scalar> slopes;
    if (wants_gradients_) slopes = core::Rows<Scalar>("ebmpi::evaluation::gradients", rows, dimension);
    const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::evaluation::energies", rows);
    const auto x_host = Kokkos::create_mirror_view(x);
    std::transform(z.begin(), z.end(), x_host.data(),
                   [](double value) { return static_cast<Scalar>(value); });
    Kokkos::deep_copy(x, x_host);
    network::evaluate(core::ExecutionSpace(), model_.energy(), x, energies, slopes);
    energies_.resize(static_cast<std::size_t>(rows));
    copy_out(energies, energies_.data());
    if (wants_gradients_) {
      copy_out(slopes, z.data());
      gradients_.resize(data(rows).size());
      model_.transform.score_to_data(z, gradients_);
    }
    return {first, energies_, gradients_};
  }

private:
  template <class View, class Number>
  static void copy_out(const View& device, Number* to) {
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), device);
    std::copy_n(host.data(), host.size(), to);
  }

  const training::Model<Scalar>& model_;
  bool wants_gradients_;
  std::vector<double> data_;         // (most_rows, D)
  std::vector<double> model_space_;  // (most_rows, K)
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

comm::IndexRange own_rows(const comm::Communicator& communicator, std::int64_t total) {
  return comm::balanced_slice(total, communicator.size(), communicator.rank());
}

template <class Scalar>
void check_dimension(const training::Model<Scalar>& model, const io::DatasetReader& reader) {
  const std::int64_t expected = model.transform.dimension();
  if (reader.columns() == expected) return;
  throw core::InputError(reader.name().text() + " has " + std::to_string(reader.columns()) +
                         " columns (the model " + model.checkpoint + " was trained on " +
                         std::to_string(expected) + "); name a data set of that dimension as FILE.h5:path");
}

template <class Scalar>
void evaluate_rows(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                   const io::DatasetReader& reader, Gradients gradients,
                   const std::function<void(const EvaluatedRows<Scalar>&)>& use) {
  check_dimension(model, reader);
  const comm::IndexRange own = own_rows(communicator, reader.rows());
  const std::int64_t longest = comm::balanced_slice(reader.rows(), communicator.size(), 0).size();
  const std::int64_t most =
      std::min(longest, std::max<std::int64_t>(core::tile_size, piece_numbers / reader.columns()));
  Piece<Scalar> piece(model, most, gradients);
  for (std::int64_t done = 0; done < longest; done += most) {
    const std::int64_t first = std::min(own.last, own.first + done);
    const std::int64_t rows = std::min(most, own.last - first);
    communicator.together([&] { reader.read_rows(first, rows, piece.data(rows)); });
    reader.check_finite(first, piece.data(rows));
    communicator.together([&] {
      const EvaluatedRows<Scalar> evaluated = piece.evaluate(first, rows);
      check_energies(reader, evaluated);
      use(evaluated);
    });
  }
}

template void check_dimension(const training::Model<float>&, const io::DatasetReader&);
template void check_dimension(const training::Model<double>&, const io::DatasetReader&);
template void evaluate_rows(const comm::Communicator&, const training::Model<float>&,
                            const io::DatasetReader&, Gradients,
                            const std::function<void(const EvaluatedRows<float>&)>&);
template void evaluate_rows(const comm::Communicator&, const training::Model<double>&,
                            const io::DatasetReader&, Gradients,
                            const std::function<void(const EvaluatedRows<double>&)>&);

}  // namespace ebmpi::evaluation
