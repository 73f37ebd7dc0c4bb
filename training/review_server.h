// SPDX-License-Identifier: Apache-2.0
// Serves the review page and the recordings to a browser on this machine. `_soup` does it with
// libsoup, `_none` stands in where that is missing.
#pragma once

#include <string>

namespace novelty {

struct ReviewServer {
  std::string folder;  ///< of the recordings; feedback.json is written there
  int port = 0;        ///< 0 = a free one
};

/// Serves on the loopback interface until SIGINT or SIGTERM; says on stdout where. Whoever does not
/// know the random part of the address gets nothing, nor does a page of another origin. Reads the
/// recordings anew whenever the page is asked for.
/// Throws: Error (kNotFound, kRead; kResource: the port is taken; kUnsupported: built without
/// libsoup).
void serve_review(const ReviewServer& server);

}  // namespace novelty
