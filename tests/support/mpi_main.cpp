// SPDX-License-Identifier: Apache-2.0
// Runs MPI tests on every rank. Rank 0 reports as usual; another is silent until something fails on it, and
// then says at once what and on which rank, since a hang of the others may follow.
#include <mpi.h>

#include <Kokkos_Core.hpp>
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

namespace {

constexpr std::chrono::seconds grace{30};

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/// Ends this rank, and with it the job, when the tests have not ended some time after a failure: a rank that
/// left a test early may keep the others waiting in a collective call for ever.
void end_if_stuck(int rank) {
  std::thread([rank] {
    std::this_thread::sleep_for(grace);
    std::cerr << "rank " << rank << ": not done " << grace.count()
              << " s after a failure (other ranks may wait for this one); ending all" << std::endl;
    std::_Exit(EXIT_FAILURE);
  }).detach();
}

class FailureByRank : public Catch::EventListenerBase {
public:
  using Catch::EventListenerBase::EventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& test) override { test_name_ = test.name; }

  void assertionEnded(const Catch::AssertionStats& assertion) override {
    const Catch::AssertionResult& result = assertion.assertionResult;
    if (result.isOk()) return;
    if (rank_ != 0) report(assertion);
    std::cout.flush();
    if (!failed_) end_if_stuck(rank_);
    failed_ = true;
  }

private:
  void report(const Catch::AssertionStats& assertion) const {
    const Catch::AssertionResult& result = assertion.assertionResult;
    std::ostringstream text;
    text << "rank " << rank_ << ": \"" << test_name_ << "\" failed at " << result.getSourceInfo() << ": "
         << result.getExpressionInMacro();
    if (result.hasExpandedExpression()) text << " with " << result.getExpandedExpression();
    for (const Catch::MessageInfo& info : assertion.infoMessages) text << "; " << info.message;
    if (result.hasMessage()) text << "; " << result.getMessage();
    text << '\n';
    std::cerr << text.str() << std::flush;
  }

  std::string test_name_;
  int rank_ = world_rank();
  bool failed_ = false;
};

}  // namespace

CATCH_REGISTER_LISTENER(FailureByRank)

int main(int argc, char* argv[]) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  Kokkos::initialize(argc, argv);
  if (world_rank() != 0) std::cout.rdbuf(nullptr);
  const int result = Catch::Session().run(argc, argv);
  Kokkos::finalize();
  MPI_Finalize();
  return result;
}
