// SPDX-License-Identifier: Apache-2.0
// Stands in for the review server in a build without libsoup.
#include "novelty/error.h"
#include "review_server.h"

namespace novelty {

void serve_review(const ReviewServer& /*server*/) {
  throw Error(ErrorKind::kUnsupported, "--serve", "this build has no libsoup",
              "build with libsoup-3.0-dev, or open the page that novelty review DIR writes");
}

}  // namespace novelty
