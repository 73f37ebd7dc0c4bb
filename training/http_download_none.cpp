// SPDX-License-Identifier: Apache-2.0
// Says that this build cannot download.
#include "http_download.h"
#include "novelty/error.h"

namespace novelty {

void download(const HttpDownload& request) {
  throw Error(ErrorKind::kUnsupported, request.url, "this program was built without libcurl",
              request.by_hand);
}

}  // namespace novelty
