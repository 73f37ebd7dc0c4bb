// SPDX-License-Identifier: Apache-2.0
// What the review page and its server know of a folder of recordings.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "recordings.h"
#include "review_page.h"

namespace novelty {

inline constexpr const char* kFeedbackName = "feedback.json";

/// What is in `folder`'s feedback file, as its text; empty where there is none. One that is damaged
/// is not taken for none, lest it be written over. Throws: Error.
std::string stored_feedback(const std::string& folder);

/// The facts of a page on `folder`. Throws: Error as `stored_feedback`.
ReviewPage page_of_folder(const std::string& folder);

/// The files that belong to recordings, relative to their folder.
std::set<std::string, std::less<>> files_of(const FoundRecordings& found);

/// Opens `name`, one of `files_of`, for reading; -1 when it is gone or has become a link meanwhile.
int open_recorded_file(const std::string& folder, const std::string& name);

/// The content type that browsers play or show such a file by.
const char* media_type_of(std::string_view name);

}  // namespace novelty
