// SPDX-License-Identifier: Apache-2.0
// Whole-file reading and atomic writing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace novelty {

/// The whole file, or its first `limit` bytes. Only regular files are read.
/// Throws: Error (kNotFound, kRead, kResource) with the reason of the system.
std::vector<std::byte> read_file(const std::string& path, std::size_t limit = SIZE_MAX);

/// Writes a temporary file beside `path`, fsyncs it, renames it over `path` and fsyncs the folder:
/// after a crash or on a full disk `path` is the old file or the new one, whole; the temporary file
/// is removed on failure. Throws: Error(kWrite).
void write_file_atomically(const std::string& path, std::span<const std::byte> bytes);

/// Throws Error(kWrite) now when a file could not be created at `path` later (no such folder, not
/// writable, is a folder), before hours of work.
void check_writable(const std::string& path);

}  // namespace novelty
