// SPDX-License-Identifier: Apache-2.0
// Reduces a picture to its points and takes their edges.
#include "scene/scene_picture.h"

#include <algorithm>
#include <array>
#include <string>

#include "novelty/error.h"

namespace novelty {
namespace {

using Plane = std::array<float, kScenePoints>;

// A gradient of this length counts half: a hundredth of the range, just over a camera's noise.
constexpr float kHalfLength = 0.01F;
constexpr int kSurround = 3;  // points to each side that make up a point's surroundings

// The means of each point's share of the picture, one plane a channel.
void reduce(std::span<const float> patches, std::size_t size, std::size_t patch,
            std::array<Plane, 3>& planes) {
  const std::size_t grid = size / patch;
  std::vector<std::size_t> point(size);
  std::array<float, kSceneSide> count{};
  for (std::size_t i = 0; i < size; ++i) ++count[point[i] = i * kSceneSide / size];
  for (Plane& plane : planes) plane.fill(0);
  const float* value = patches.data();
  for (std::size_t p = 0; p < grid * grid; ++p)
    for (Plane& plane : planes)
      for (std::size_t y = 0; y < patch; ++y) {
        float* row = plane.data() + point[p / grid * patch + y] * kSceneSide;
        const std::size_t* column = point.data() + p % grid * patch;
        for (std::size_t x = 0; x < patch; ++x) row[column[x]] += *value++;
      }
  for (Plane& plane : planes)
    for (std::size_t i = 0; i < kScenePoints; ++i)
      plane[i] /= count[i / kSceneSide] * count[i % kSceneSide];
}

std::size_t clamped(std::size_t at, int offset) {
  const int moved = static_cast<int>(at) + offset;
  return static_cast<std::size_t>(std::clamp(moved, 0, static_cast<int>(kSceneSide) - 1));
}

// What of a point is not its surroundings': soft shadows and slopes of light go.
void subtract_surroundings(std::span<const float> luma, Plane& out) {
  constexpr float kCount = (2 * kSurround + 1) * (2 * kSurround + 1);
  Plane rows{};
  for (std::size_t y = 0; y < kSceneSide; ++y)
    for (std::size_t x = 0; x < kSceneSide; ++x)
      for (int d = -kSurround; d <= kSurround; ++d)
        rows[y * kSceneSide + x] += luma[y * kSceneSide + clamped(x, d)];
  for (std::size_t y = 0; y < kSceneSide; ++y)
    for (std::size_t x = 0; x < kSceneSide; ++x) {
      float sum = 0;
      for (int d = -kSurround; d <= kSurround; ++d) sum += rows[clamped(y, d) * kSceneSide + x];
      out[y * kSceneSide + x] = luma[y * kSceneSide + x] - sum / kCount;
    }
}

std::complex<float> gradient_at(const Plane& plane, std::size_t y, std::size_t x) {
  const auto at = [&](std::size_t row, std::size_t column) {
    return plane[row * kSceneSide + column];
  };
  return {(at(y, clamped(x, 1)) - at(y, clamped(x, -1))) / 2,
          (at(clamped(y, 1), x) - at(clamped(y, -1), x)) / 2};
}

}  // namespace

void describe(std::span<const float> patches, int input_size, int patch_size, ScenePicture& out) {
  const auto size = static_cast<std::size_t>(input_size);
  if (patches.size() != 3 * size * size)
    throw Error(ErrorKind::kSettings, "frame",
                "has " + std::to_string(patches.size()) + " values, not those of the model's input",
                "prepare() it with the same detector");
  std::array<Plane, 3> planes;
  reduce(patches, size, static_cast<std::size_t>(patch_size), planes);
  const auto& [red, green, blue] = planes;
  out.luma.resize(kScenePoints);
  for (std::size_t i = 0; i < kScenePoints; ++i)
    out.luma[i] = 0.299F * red[i] + 0.587F * green[i] + 0.114F * blue[i];
  out.cell_chroma.assign(2 * kCells, 0);
  each_point([&](std::size_t cell, std::size_t i) {
    out.cell_chroma[2 * cell] += (planes[2][i] - out.luma[i]) / kPointsPerCell;
    out.cell_chroma[2 * cell + 1] += (planes[0][i] - out.luma[i]) / kPointsPerCell;
  });
  describe_luma(out);
}

void describe_luma(ScenePicture& out) {
  Plane detail;
  subtract_surroundings(out.luma, detail);
  out.edges.resize(kScenePoints);
  out.contrast.assign(kCells, 0);
  out.cell_luma.assign(kCells, 0);
  each_point([&](std::size_t cell, std::size_t i) {
    const auto gradient = gradient_at(detail, i / kSceneSide, i % kSceneSide);
    const float length = std::abs(gradient);
    out.edges[i] = gradient / (length + kHalfLength);
    out.contrast[cell] += length / kPointsPerCell;
    out.cell_luma[cell] += out.luma[i] / kPointsPerCell;
  });
}

}  // namespace novelty
