// SPDX-License-Identifier: Apache-2.0
// Images of products as MVTec AD lays them out: CATEGORY/train/good, CATEGORY/test/DEFECT,
// CATEGORY/ground_truth/DEFECT.
#pragma once

#include <string>
#include <vector>

#include "class_data.h"

namespace novelty {

/// One category: what is good is normal, every kind of defect novel.
struct InspectionSet {
  ClassData data;  ///< classes "good" and the defects'; those of defects have masks
  ClassTask task;  ///< named by the category
};

/// Whether `path` is a folder of such categories, or one of them.
bool is_mvtec(const std::string& path);

/// The categories in `path` in the order of their names, or those that `list` names
/// ("bottle,cable"). Throws: Error (kSettings: no such category; kFormat: one without defects, a
/// defect without its mask, or a mask of another size than its image; kRead).
std::vector<InspectionSet> read_mvtec(const std::string& path, const std::string& list);

}  // namespace novelty
