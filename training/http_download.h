// SPDX-License-Identifier: Apache-2.0
// Fetches one file over HTTP, going on where an earlier try broke off. `_curl` does it with
// libcurl,
// `_none` stands in where that is missing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace novelty {

struct HttpDownload {
  std::string url;
  std::string path;     ///< what is there already is taken as the beginning; it is flushed to disk
  std::string by_hand;  ///< the remedy without network
  /// Bytes so far, and of how many (0 = not known); false stops. Called often.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

/// Follows redirects (from https only to https) and the usual proxy variables.
/// Throws: Error (kNotFound: 404; kRead: not reached, refused, broken off; kWrite; kCancelled;
/// kUnsupported: built without libcurl). What came stays in `path`.
void download(const HttpDownload& request);

}  // namespace novelty
