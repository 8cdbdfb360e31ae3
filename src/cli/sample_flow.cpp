// SPDX-License-Identifier: Apache-2.0
#include "cli/sample_flow.hpp"

#include <vector>

#include "comm/shards.hpp"
#include "core/error.hpp"
#include "network/flow_density.hpp"

namespace ebmpi::cli {
namespace {

/// Rows that are on the device at a time.
constexpr std::int64_t piece_rows = 1 << 16;

/// One piece of samples on the host, row-major.
template <class Scalar>
struct Piece {
  std::vector<Scalar> x, model_x, log_density;
};

template <class Scalar>
Piece<Scalar> draw_piece(const training::Model<Scalar>& model, core::PhiloxKey key, std::int64_t first,
                         std::int64_t count) {
  const std::int64_t inner = model.transform.model_dimension(), dimension = model.transform.dimension();
  const core::Rows<Scalar> rows("ebmpi::cli::flow_samples", count, inner);
  const Kokkos::View<Scalar*, core::MemorySpace> values("ebmpi::cli::flow_log_density", count);
  network::draw_flow(core::ExecutionSpace(), model.flow->view(), key, 0, first, rows, values);
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), rows);
  const auto values_host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), values);
  Piece<Scalar> piece;
  piece.model_x.assign(host.data(), host.data() + host.size());
  const std::vector<double> z(piece.model_x.begin(), piece.model_x.end());
  std::vector<double> x(static_cast<std::size_t>(count * dimension));
  model.transform.to_data(z, x);
  piece.x.assign(x.begin(), x.end());
  const double volume = model.transform.has_projection() ? 0.0 : model.transform.log_volume();
  for (std::int64_t row = 0; row < count; ++row)
    piece.log_density.push_back(static_cast<Scalar>(static_cast<double>(values_host(row)) - volume));
  return piece;
}

}  // namespace

template <class Scalar>
Json sample_flow(const comm::Communicator& communicator, const FlowSampleArguments& arguments,
                 const ModelArguments& origin, const training::Model<Scalar>& model) {
  if (!model.flow) {
    throw core::InputError(model.checkpoint +
                           " holds no flow (its run trained none); leave out --from flow, or name a run of "
                           "objective.kind = \"flow_contrastive_estimation\" or \"flow_maximum_likelihood\"");
  }
  const comm::IndexRange own =
      comm::balanced_slice(arguments.count, communicator.size(), communicator.rank());
  const core::PhiloxKey key = core::stream_key(arguments.seed, core::Purpose::flow_samples);
  io::FileWriter file(communicator, arguments.output);
  Piece<Scalar> all;
  for (std::int64_t first = own.first; first < own.last; first += piece_rows) {
    const Piece<Scalar> piece = draw_piece(model, key, first, std::min(piece_rows, own.last - first));
    all.x.insert(all.x.end(), piece.x.begin(), piece.x.end());
    all.model_x.insert(all.model_x.end(), piece.model_x.begin(), piece.model_x.end());
    all.log_density.insert(all.log_density.end(), piece.log_density.begin(), piece.log_density.end());
  }
  write_origin(file, origin, model);
  file.attribute("/", "sampler", std::string("flow"));
  file.attribute("/", "seed", static_cast<std::int64_t>(arguments.seed));
  const std::int64_t dimension = model.transform.dimension(), inner = model.transform.model_dimension();
  file.write_rows("/x", arguments.count, dimension, own.first, std::span<const Scalar>(all.x));
  file.write_rows("/model_x", arguments.count, inner, own.first, std::span<const Scalar>(all.model_x));
  if (!model.transform.has_projection())
    file.write_rows("/log_density", arguments.count, 0, own.first, std::span<const Scalar>(all.log_density));
  file.commit();
  Json json = Json::object();
  json.set("output", arguments.output)
      .set("sampler", std::string("flow"))
      .set("samples", arguments.count)
      .set("dimension", dimension);
  return json;
}

template Json sample_flow(const comm::Communicator&, const FlowSampleArguments&, const ModelArguments&,
                          const training::Model<float>&);
template Json sample_flow(const comm::Communicator&, const FlowSampleArguments&, const ModelArguments&,
                          const training::Model<double>&);

}  // namespace ebmpi::cli
