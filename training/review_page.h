// SPDX-License-Identifier: Apache-2.0
// The page on which people look through recordings and say which of them were false alarms.
#pragma once

#include <string>

#include "recordings.h"

namespace novelty {

struct ReviewPage {
  std::string title;
  std::string base;    ///< from the page to the recordings, a URL that ends in a slash; or empty
  std::string folder;  ///< the recordings' folder, for people
  std::string feedback_json;  ///< what was marked before, see feedback_file.h; empty: nothing
  bool served = false;        ///< marks go to the server, see review_server.h
};

/// One HTML file that needs nothing else but the recordings. No text in it is taken for markup.
std::string review_page(const FoundRecordings& found, const ReviewPage& page);

/// What the page knows, as JSON text that may stand in a <script>. For the page's fields see
/// review/data.js.
std::string review_data(const FoundRecordings& found, const ReviewPage& page);

}  // namespace novelty
