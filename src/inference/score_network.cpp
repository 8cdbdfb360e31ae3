// SPDX-License-Identifier: Apache-2.0
#include "inference/score_network.hpp"

#include "core/error.hpp"
#include "core/fixed_point.hpp"
#include "core/tile_rows.hpp"
#include "core/to_device.hpp"
#include "network/evaluate_outputs.hpp"
#include "network/mlp.hpp"
#include "objective/score_regression.hpp"
#include "optimizer/optimizer.hpp"
#include "training/blocks.hpp"
#include "training/tensors.hpp"

namespace ebmpi::inference {
namespace {

using core::FixedPointSum;

/// The slots of the sums: the network's tensors, then the loss terms.
std::vector<std::int64_t> slot_sizes(const network::ParameterLayout& layout, int terms) {
  std::vector<std::int64_t> sizes;
  for (const network::ParameterTensor& tensor : layout.tensors()) sizes.push_back(tensor.size());
  sizes.insert(sizes.end(), static_cast<std::size_t>(terms), 1);
  return sizes;
}

network::MlpShape shape_of(const NetworkSettings& settings, std::int64_t columns, std::int64_t parameters) {
  return {.inputs = static_cast<int>(columns),
          .hidden = settings.hidden,
          .activation = settings.activation,
          .outputs = static_cast<int>(parameters),
          .log_normalizer = network::LogNormalizer::none};
}

template <class Scalar>
class ScoreMlp final : public ScoreNetwork {
public:
  ScoreMlp(const comm::Communicator& communicator, const comm::ShardMap& shards,
           const NetworkSettings& settings, std::int64_t simulations, std::int64_t columns,
           std::int64_t parameters)
      : communicator_(communicator),
        settings_(settings),
        simulations_(simulations),
        network_(shape_of(settings, columns, parameters)),
        optimizer_({}, network_.layout().size()),
        inputs_("ebmpi::inference::inputs", shards.owned_slice(simulations).size(), columns),
        targets_("ebmpi::inference::targets", shards.owned_slice(simulations).size(), parameters),
        objective_(objective::make_score_regression<Scalar>(targets_)),
        sums_(slot_sizes(network_.layout(), objective_->terms()), core::ExecutionSpace().concurrency()),
        gradient_("ebmpi::inference::gradient", network_.layout().size()) {
    network_.initialize(settings.seed);
    make_blocks(shards);
  }

  ShardedRows with_outputs(const ShardedRows& rows, const Standardization& standardization) const override {
    const auto columns = static_cast<std::size_t>(rows.columns);
    const auto outputs = static_cast<std::size_t>(network_.shape().outputs);
    const core::Rows<Scalar> x("ebmpi::inference::rows", rows.owned.size(), columns);
    const core::Rows<Scalar> y("ebmpi::inference::outputs", rows.owned.size(), outputs);
    upload(rows, &standardization, x);
    network::evaluate_outputs(core::ExecutionSpace(), network_.view(), x, y);
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), y);
    ShardedRows result{rows.total, rows.owned, static_cast<std::int64_t>(columns + outputs), {}};
    result.values.reserve(static_cast<std::size_t>(rows.owned.size()) * (columns + outputs));
    for (std::int64_t row = 0; row < rows.owned.size(); ++row) {
      const std::span<const double> own = rows.row(rows.owned.first + row);
      result.values.insert(result.values.end(), own.begin(), own.end());
      for (std::size_t i = 0; i < outputs; ++i)
        result.values.push_back(static_cast<double>(host(row, static_cast<std::int64_t>(i))));
    }
    return result;
  }

  void train(const ShardedRows& rows, const Standardization& standardization,
             const ShardedRows& proposals) override {
    upload(rows, &standardization, inputs_);
    upload(proposals, nullptr, targets_);
    for (std::int64_t update = 0; update < settings_.updates; ++update) {
      accumulate_gradient();
      sums_.quotient(static_cast<double>(simulations_), network_.layout().size(), gradient_);
      optimizer_.update(++updates_, settings_.learning_rate, gradient_, network_.parameters());
      network_.pack();
    }
  }

  void write(io::FileWriter& file) const override {
    const network::ParameterLayout& layout = network_.layout();
    training::write_tensors(file, "/model", layout, network_.parameters());
    for (const auto& [name, buffer] : optimizer_.state())
      training::write_tensors(file, "/optimizer/" + name, layout, buffer);
    file.write_replicated("/optimizer/exponents", {static_cast<std::int64_t>(sums_.exponents().size())},
                          std::span<const std::int64_t>(sums_.exponents()));
    file.attribute("/optimizer", "updates", updates_);
  }

  void read(const io::FileReader& file) override {
    const network::ParameterLayout& layout = network_.layout();
    training::read_tensors(file, "/model", layout, network_.parameters());
    for (const auto& [name, buffer] : optimizer_.state())
      training::read_tensors(file, "/optimizer/" + name, layout, buffer);
    sums_.set_exponents(file.read_replicated<std::int64_t>("/optimizer/exponents").values);
    updates_ = file.integer_attribute("/optimizer", "updates");
    network_.pack();
  }

private:
  void make_blocks(const comm::ShardMap& shards) {
    std::vector<objective::SampleBlock> blocks;
    const std::int64_t first_row = shards.owned_slice(simulations_).first;
    for (std::int64_t shard = 0; shard < shards.shards(); ++shard) {
      const comm::IndexRange slice = shards.slice(simulations_, shard);
      all_blocks_ += training::block_count(slice.size(), core::tile_size);
      if (shard < shards.owned().first || shard >= shards.owned().last) continue;
      training::append_blocks(blocks, {slice.first - first_row, slice.size(), slice.first}, core::tile_size,
                              objective::Role::data);
    }
    blocks_ = core::to_device<objective::SampleBlock>(blocks, "ebmpi::inference::blocks");
  }

  /// Standardised where it is told how.
  static void upload(const ShardedRows& rows, const Standardization* standardization,
                     const core::Rows<Scalar>& device) {
    const auto host = Kokkos::create_mirror_view(device);
    for (std::int64_t row = 0; row < rows.owned.size(); ++row) {
      for (std::int64_t i = 0; i < rows.columns; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const double value = rows.row(rows.owned.first + row)[at];
        host(row, i) = static_cast<Scalar>(
            standardization ? (value - standardization->mean[at]) / standardization->deviation[at] : value);
      }
    }
    Kokkos::deep_copy(device, host);
  }

  void accumulate_gradient() {
    const objective::JetBatch<Scalar> batch{inputs_,
                                            blocks_,
                                            static_cast<std::uint32_t>(updates_),
                                            static_cast<std::int64_t>(inputs_.extent(0)),
                                            {}};
    FixedPointSum::Verdict verdict = FixedPointSum::Verdict::repeat;
    while (verdict == FixedPointSum::Verdict::repeat) {
      sums_.clear();
      objective_->add(core::ExecutionSpace(), network_.view(), batch, objective::Task::gradient,
                      sums_.adder(), sums_.workers());
      sums_.collect();
      communicator_.sum(sums_.sums());
      communicator_.max(sums_.peaks());
      verdict = sums_.judge(all_blocks_);
    }
    if (verdict == FixedPointSum::Verdict::good) return;
    throw core::DivergenceError(
        "the network that learns the score diverged (its gradient is NaN or infinite); use a smaller "
        "optimizer.learning_rate, or inference.features = \"quadratic\"");
  }

  const comm::Communicator& communicator_;
  NetworkSettings settings_;
  std::int64_t simulations_;
  network::Mlp<Scalar> network_;
  optimizer::Optimizer<Scalar> optimizer_;
  core::Rows<Scalar> inputs_, targets_;  // (n, D), (n, d)
  std::unique_ptr<objective::Objective<Scalar>> objective_;
  FixedPointSum sums_;
  Kokkos::View<Scalar*, core::MemorySpace> gradient_;                      // (P)
  Kokkos::View<const objective::SampleBlock*, core::MemorySpace> blocks_;  // (blocks)
  std::int64_t all_blocks_ = 0;
  std::int64_t updates_ = 0;
};

}  // namespace

std::unique_ptr<ScoreNetwork> make_score_network(const comm::Communicator& communicator,
                                                 const comm::ShardMap& shards,
                                                 const NetworkSettings& settings, std::int64_t simulations,
                                                 std::int64_t columns, std::int64_t parameters) {
  if (settings.precision == config::Precision::double_precision) {
    return std::make_unique<ScoreMlp<double>>(communicator, shards, settings, simulations, columns,
                                              parameters);
  }
  return std::make_unique<ScoreMlp<float>>(communicator, shards, settings, simulations, columns, parameters);
}

}  // namespace ebmpi::inference
