// SPDX-License-Identifier: Apache-2.0
// The results of an evaluation of classes as text, JSON and a page.
#pragma once

#include <string>

#include "class_evaluation.h"

namespace novelty {

/// A table for the terminal.
std::string class_table(const ClassResults& results);

/// All figures, and what they were measured with.
std::string class_json(const ClassResults& results, const ClassOptions& options);

/// One HTML file that needs nothing else.
std::string class_page(const ClassResults& results, const ClassOptions& options);

}  // namespace novelty
