// SPDX-License-Identifier: Apache-2.0
// What teacher and student must have in common.
#include "engine/network_pair.h"

#include <algorithm>

#include "novelty/error.h"

namespace novelty {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& problem) {
  throw Error(ErrorKind::kUnsupported, where, problem,
              "train with a student of the teacher's sizes");
}

}  // namespace

bool is_plain(const NetworkView& network) {
  return network.head.empty() && network.comparison == TokenComparison{};
}

bool needs_head(const TokenComparison& comparison, int teacher_width, int student_width) {
  return comparison.norm == TokenNorm::kLayer || teacher_width != student_width;
}

void check_pair(const NetworkView& teacher, const NetworkView& student, const std::string& where) {
  const VitConfig &a = teacher.config, &b = student.config;
  if (a.input_size != b.input_size || a.patch_size != b.patch_size)
    refuse(where, "teacher and student differ in input size or patch size");
  if (teacher.comparison != student.comparison || !teacher.head.empty())
    refuse(where, "teacher and student are not compared alike");
  if (teacher.comparison.layers < 1 || teacher.comparison.layers > std::min(a.depth, b.depth))
    refuse(where, std::to_string(teacher.comparison.layers) +
                      " layers to compare are more than the networks have blocks");
  if (student.head.empty()) {
    if (needs_head(teacher.comparison, a.width, b.width))
      refuse(where, "teacher and student differ in width and there is no head between them");
    return;
  }
  tensor_values(student.head, "weight", {a.width, b.width});
  tensor_values(student.head, "bias", {a.width});
}

}  // namespace novelty
