// SPDX-License-Identifier: Apache-2.0
// Sets of small images that come as records of binary files: MNIST's and CIFAR's.
#pragma once

#include <string>

#include "class_data.h"

namespace novelty {

/// Whether the folder `path` holds MNIST's idx files (train-images-idx3-ubyte and so on, also
/// compressed, .gz) or CIFAR's binary version (data_batch_1.bin, or train.bin).
bool is_record_data(const std::string& path);

/// The images in memory. Classes are named by the files of names that lie beside CIFAR's, else by
/// their numbers; of CIFAR-100 they are the 20 coarse ones.
/// Throws: Error (kNotFound, kRead; kFormat: another kind of file, one that is cut off, a label
/// that cannot be, or counts that disagree).
ClassData read_record_data(const std::string& path);

}  // namespace novelty
