// SPDX-License-Identifier: Apache-2.0
// A PictureDensity as tensors of a bundle.
#pragma once

#include "base/safetensors.h"
#include "scoring/picture_density.h"

namespace novelty {

/// Adds the `picture.*` tensors to `tensors`, as views of `density`; none when it is empty.
void add_picture_tensors(const PictureDensity& density, TensorMap& tensors);

/// The inverse; empty when the file has none. width: of the teacher.
/// Throws: Error(kFormat) when a tensor is of another size or kind, or a value not finite.
PictureDensity read_picture_density(const SafetensorsFile& file, std::size_t width);

}  // namespace novelty
