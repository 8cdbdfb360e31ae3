// SPDX-License-Identifier: Apache-2.0
#include "comm/agreement.hpp"

#include <new>
#include <stdexcept>
#include <system_error>

#include "core/error.hpp"

namespace ebmpi::comm {

Failure failure_of(const std::function<void()>& work, int rank) {
  const std::string where = "rank " + std::to_string(rank);
  try {
    work();
  } catch (const core::Error& error) {
    return {static_cast<FailureKind>(error.code()), error.what()};
  } catch (const std::bad_alloc&) {
    return {FailureKind::bad_input,
            where +
                " ran out of memory (an allocation was refused); use more nodes, fewer ranks "
                "on a node, a smaller population or batch, or less data"};
  } catch (const std::system_error& error) {
    return {FailureKind::file_error, "a file operation failed on " + where + " (" + error.what() +
                                         "); check that the path exists, may be accessed and has space left"};
  } catch (const std::exception& error) {
    return {FailureKind::program_fault,
            std::string(error.what()) + " (on " + where + "); this is a fault of the program"};
  } catch (...) {
    return {FailureKind::program_fault,
            "an unknown error was thrown (on " + where + "); this is a fault of the program"};
  }
  return {};
}

void throw_failure(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::bad_input:
      throw core::InputError(failure.text);
    case FailureKind::file_error:
      throw core::FileError(failure.text);
    case FailureKind::diverged:
      throw core::DivergenceError(failure.text);
    case FailureKind::stopped_early:
      throw core::Error(core::ExitCode::stopped_early, failure.text);
    case FailureKind::program_fault:
    case FailureKind::none:
      break;
  }
  throw std::runtime_error(failure.text);
}

}  // namespace ebmpi::comm
