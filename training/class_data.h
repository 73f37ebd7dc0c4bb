// SPDX-License-Identifier: Apache-2.0
// A set of images in classes: train/CLASS/IMAGE and test/CLASS/IMAGE, in a folder or a tar.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "image_files.h"

namespace novelty {

/// Images by class, in the order of their names.
using ImagesByClass = std::map<std::string, std::vector<ImageFile>>;

struct ClassData {
  ImagesByClass train, test;
};

/// Images that lie elsewhere are left out.
/// Throws: Error (kNotFound, kRead; kFormat: fewer than two classes in `train`, or one of `test`
/// that is not among them).
ClassData read_class_data(const std::string& path);

/// Takes the last `count` training images of every class as `test`, for choosing without the test
/// images. Throws: Error(kSettings) when a class has no image left to train on.
void hold_out(ClassData& data, std::size_t count);

/// The training data's classes, or those of `list` ("cat,dog"). Throws: Error (kSettings on a name
/// that is not among them; kFormat when one has no test images, or no other class has).
std::vector<std::string> chosen_classes(const ClassData& data, const std::string& list);

}  // namespace novelty
