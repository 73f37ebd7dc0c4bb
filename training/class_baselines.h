// SPDX-License-Identifier: Apache-2.0
// What simple rankings by the teacher's features, as it comes, make of the same images.
#pragma once

#include <string>
#include <vector>

#include "class_data.h"
#include "progress.h"

namespace novelty {

struct ClassOptions;

/// A way to rank, and the AUROC of each task, in the tasks' order.
struct ClassBaseline {
  std::string name;   ///< in files: "knn-cls"
  std::string title;  ///< for people
  std::vector<double> auroc;

  double mean() const;
};

/// Ranks the test images by what the models of `options` were trained on:
/// - knn-cls, knn-mean: mean cosine distance to the two nearest training images, of the [CLS] token
///   (DN2, Bergman et al. 2020) or the mean patch token;
/// - mahalanobis-cls, -mean, -both: Mahalanobis distance to the mean training image, of either or
///   both in a row, each of length 1; a hundredth of the mean variance is added to all.
/// The teacher sees each image once. The result is kept in OUT/baselines.json, and taken from there
/// when it is of the same images, teacher and tasks. Throws: Error (kWrite; kCancelled on Ctrl-C).
std::vector<ClassBaseline> class_baselines(const ClassOptions& options, const ClassData& data,
                                           Progress& progress);

}  // namespace novelty
