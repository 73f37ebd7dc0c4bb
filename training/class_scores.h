// SPDX-License-Identifier: Apache-2.0
// The file of scores that an evaluation of classes writes, and goes on with after a stop.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "trainer/shared_teacher.h"

namespace novelty {

/// A JSON line of what was scored, then one an image: its name, class and for each model the score,
/// discrepancy and density. Not thread-safe.
class ClassScores {
 public:
  /// Keeps the whole lines of `path` when its first is `header`, else starts the file anew.
  /// models: scores a line has. Throws: Error(kWrite).
  ClassScores(std::string path, const std::string& header, std::size_t models);

  /// Images that have scores.
  std::size_t size() const { return classes_.size(); }

  /// scores: [models]. Throws: Error(kWrite).
  void add(const std::string& image, const std::string& name, std::vector<PictureScore> scores);

  const std::string& class_of(std::size_t image) const { return classes_[image]; }
  const PictureScore& score(std::size_t image, std::size_t model) const {
    return scores_[image][model];
  }

 private:
  bool take(const std::string& line);
  void write(const std::string& line);

  std::string path_;
  std::size_t models_;
  std::vector<std::string> classes_;
  std::vector<std::vector<PictureScore>> scores_;
  std::ofstream file_;
};

}  // namespace novelty
