// SPDX-License-Identifier: Apache-2.0
// Which tensors make up a stored PictureDensity, and what must hold for them.
#include "bundle/picture_facts.h"

#include <string>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr const char* kMean = "picture.mean";
constexpr const char* kWhitening = "picture.whitening";

std::vector<float> floats(const SafetensorsFile& file, const char* name,
                          const std::vector<std::int64_t>& shape) {
  const TensorView& tensor = file.at(name);
  if (tensor.dtype != DType::kF32 || tensor.shape != shape)
    throw Error(ErrorKind::kFormat, file.where(),
                std::string("tensor \"") + name + "\" is not float32 of the networks' sizes");
  return to_floats(tensor, file.where() + ": " + name);
}

}  // namespace

void add_picture_tensors(const PictureDensity& density, TensorMap& tensors) {
  if (density.empty()) return;
  const auto size = static_cast<std::int64_t>(density.mean.size());
  tensors[kMean] = view_of(density.mean, {size});
  tensors[kWhitening] = view_of(density.whitening, {size, size});
}

PictureDensity read_picture_density(const SafetensorsFile& file, std::size_t width) {
  PictureDensity density;
  if (!file.tensors().contains(kMean)) return density;
  const auto size = static_cast<std::int64_t>(2 * width);
  density.mean = floats(file, kMean, {size});
  density.whitening = floats(file, kWhitening, {size, size});
  return density;
}

}  // namespace novelty
