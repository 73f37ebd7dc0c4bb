// SPDX-License-Identifier: Apache-2.0
// Puts a published teacher's weights into the user's cache, checked.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "teacher_catalogue.h"

namespace novelty {

struct FetchOptions {
  std::string folder;       ///< the user's cache; made when it is not there
  bool unverified = false;  ///< take what has no pinned digest
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;  ///< false stops
};

struct FetchedTeacher {
  std::string path;
  std::string sha256;
  bool was_there = false;
};

/// Downloads into FOLDER/NAME.safetensors.part, checks the digest (and that it is a network that
/// can be loaded), then renames; goes on with a .part that is there. A file that is there is
/// checked. Throws: Error (kUnsupported: this version cannot load it; kFormat: a wrong digest, or
/// no ViT; kSettings: no digest is pinned, unless `unverified`; kResource: another download runs;
/// and what `download` throws).
FetchedTeacher fetch_teacher(const KnownTeacher& teacher, const FetchOptions& options);

}  // namespace novelty
