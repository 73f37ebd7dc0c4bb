// SPDX-License-Identifier: Apache-2.0
// Whether two networks go together as teacher and student.
#pragma once

#include <string>

#include "engine/backend.h"

namespace novelty {

/// Throws: Error(kUnsupported) unless both see the same patches, are compared alike, have as many
/// blocks as that takes, and the student gives tokens of the teacher's width, by a head of the
/// right sizes where the comparison asks for one; (kFormat) when a head is not of its sizes.
void check_pair(const NetworkView& teacher, const NetworkView& student, const std::string& where);

/// Whether every backend can compare the tokens of a network: the paper's way, without a head.
bool is_plain(const NetworkView& network);

/// Whether the student needs a head to be compared. Widths of teacher and student.
bool needs_head(const TokenComparison& comparison, int teacher_width, int student_width);

}  // namespace novelty
