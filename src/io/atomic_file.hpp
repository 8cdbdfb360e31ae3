// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ebmpi::io {

/// What a temporary file's name has in place of the end of its final name.
inline constexpr std::string_view temporary_mark = ".tmp-";

/// `<path>.tmp-<16 random hexadecimal digits>`: new for each attempt, because Open MPI's sharedfp/sm
/// component locks by base name, and a killed run can leave that lock behind for ever.
std::string unique_temporary_name(const std::string& path);

/// Creates an empty file that did not exist. Throws core::FileError with the system's reason.
void create_new_file(const std::string& path);

/// Makes sure that the disk has room for the first `bytes` bytes of an existing file, without changing its
/// length. MPI-IO may lose the error of a full disk (Open MPI 5.0 reports it on stderr and returns success)
/// or hang on it, so it must not meet one. Throws core::FileError with the system's reason.
void reserve_space(const std::string& path, std::int64_t bytes);

/// Makes `temporary` appear as `path`, replacing what was there, so that at every moment, even across a power
/// failure, a reader finds either the old or the complete new file: fsync, rename, fsync of the folder.
/// Throws core::FileError.
void publish_file(const std::string& temporary, const std::string& path);

/// Writes `text` to `path` by this process, replacing it as publish_file does. Throws core::FileError.
void replace_text_file(const std::string& path, const std::string& text);

}  // namespace ebmpi::io
