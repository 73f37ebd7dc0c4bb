// SPDX-License-Identifier: Apache-2.0
// Options of the student.
#include "student_options.h"

namespace novelty {

std::vector<GOptionEntry> StudentOptions::entries() {
  return {
      option("epochs", 0, G_OPTION_ARG_INT64, &epochs, "Passes over the footage; 0 = the preset's",
             "N"),
      option("mask", 0, G_OPTION_ARG_STRING, mask.slot(),
             "Patches the student does not see: guided-keep (default), guided-drop, random or none",
             "KIND"),
      option("mask-ratio", 0, G_OPTION_ARG_DOUBLE, &mask_ratio, "Share of them (0.5)", "SHARE"),
      option("layers", 0, G_OPTION_ARG_INT64, &layers,
             "Last blocks whose tokens the student learns to give (1; inspection 5)", "N"),
      option("normalisation", 0, G_OPTION_ARG_STRING, normalisation.slot(),
             "Of tokens before they are compared: l2 (default), layer (inspection's) or none",
             "KIND"),
      option("loss", 0, G_OPTION_ARG_STRING, loss.slot(),
             "Distance of tokens: squared (default), smooth-l1 (inspection's) or cosine", "KIND"),
      option("student-width", 0, G_OPTION_ARG_INT64, &width,
             "Width of the student, a multiple of 64 (the teacher's)", "N"),
      option("student-depth", 0, G_OPTION_ARG_INT64, &depth,
             "Blocks of the student (half the teacher's, at most 4; paper, inspection: all)", "N")};
}

void StudentOptions::apply(TrainingOptions& training) const {
  if (mask.given()) training.mask = mask.text();
  training.mask_ratio = mask_ratio;
  training.normalisation = normalisation.text();
  training.loss = loss.text();
  training.layers = static_cast<int>(option_in_range("layers", layers, 0, 64));
  training.student_width = static_cast<int>(option_in_range("student-width", width, 0, 4096));
  training.student_depth = static_cast<int>(option_in_range("student-depth", depth, 0, 64));
  training.epochs = static_cast<int>(option_in_range("epochs", epochs, 0, 1'000'000));
}

}  // namespace novelty
