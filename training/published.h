// SPDX-License-Identifier: Apache-2.0
// What the paper prints for the protocols that can be run here, to stand beside one's own figures.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace novelty {

/// A row of one of the paper's tables, as printed there; none of it was rerun.
struct PublishedRow {
  std::string method, backbone, pre_training;
  std::string mean;  ///< AUROC in percent; "*": rerun by the paper's authors
  std::vector<std::string>
      each;  ///< of each task, in the order of `PublishedTable::tasks`; or empty
};

struct PublishedTable {
  std::string source;              ///< which table
  std::vector<std::string> tasks;  ///< names of ClassTask; empty when the table has means alone
  std::vector<PublishedRow> rows;
};

/// The tables of "Redefining Normal" (ACCV 2024) for these classes, known by their names, and this
/// protocol; empty for data or protocols that it has not.
std::vector<PublishedTable> published_tables(const std::set<std::string>& classes,
                                             const std::string& protocol);

/// The shape of a teacher's or a table's network, "ViT-S/16": of a timm name such as
/// "vit_small_patch16_224.augreg_in21k"; none for a name of another kind.
std::optional<std::string> backbone_of(const std::string& teacher);

}  // namespace novelty
