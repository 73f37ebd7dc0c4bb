// SPDX-License-Identifier: Apache-2.0
// A set of images in classes: train/CLASS/IMAGE and test/CLASS/IMAGE, in a folder or a tar, or
// records of binary files.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "image_files.h"

namespace novelty {

/// Images by class, in the order of their names.
using ImagesByClass = std::map<std::string, std::vector<ImageFile>>;

struct ClassData {
  ImagesByClass train, test;
};

/// By folders, images that lie elsewhere are left out; or what read_record_data gives.
/// Throws: Error (kNotFound, kRead; kFormat: fewer than two classes in `train`, or one of `test`
/// that is not among them).
ClassData read_class_data(const std::string& path);

/// Takes the last `count` training images of every class as `test`, for choosing without the test
/// images. Throws: Error(kSettings) when a class has no image left to train on.
void hold_out(ClassData& data, std::size_t count);

/// What a model is to know as normal, and what it is to tell from that.
struct ClassTask {
  std::string name;
  std::set<std::string> normal;
  std::set<std::string> novel{};  ///< empty: all other classes; images of neither are left out
  std::string model{};            ///< what its model is called; empty: `name`

  const std::string& model_name() const { return model.empty() ? name : model; }
  bool is_novel(const std::string& of_class) const {
    return novel.empty() ? !normal.contains(of_class) : novel.contains(of_class);
  }
  bool counts(const std::string& of_class) const {
    return normal.contains(of_class) || is_novel(of_class);
  }
};

/// The tasks of a protocol: "one-vs-all" (each class normal), "all-vs-one" (all but one normal) or
/// "half-vs-half" (the first and the second half of the classes in the order of their names, those
/// at even and those at odd places; for an even number of classes), of the classes that `list`
/// names ("cat,dog": of those normal, or novel; half-vs-half has none to name), or of all.
/// Throws: Error (kSettings on the protocol or a name that is not among the classes; kFormat when a
/// class has no test images, or no other class has).
std::vector<ClassTask> tasks_of(const ClassData& data, const std::string& protocol,
                                const std::string& list);

}  // namespace novelty
