// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "comm/communicator.hpp"

namespace ebmpi::io {

/// Collective. The contents of a file, which rank 0 reads. Throws core::FileError on every rank.
std::string read_text_file(const comm::Communicator& communicator, const std::string& path);

/// Collective. Rank 0 replaces `path` with a file holding `text`; readers find the old or the new one, never
/// a part. Throws core::FileError on every rank.
void write_text_file_atomic(const comm::Communicator& communicator, const std::string& path,
                            const std::string& text);

/// Collective. Before minutes of work: throws core::FileError on every rank unless rank 0 can make a file at
/// `path`.
void require_writable(const comm::Communicator& communicator, const std::string& path);

/// The contents of a file, read by this rank alone. Throws core::FileError with the system's reason.
std::string read_text_file_here(const std::string& path);

}  // namespace ebmpi::io
