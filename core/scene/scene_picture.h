// SPDX-License-Identifier: Apache-2.0
// A small description of a whole picture: where its edges run, how bright and coloured it is.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace novelty {

inline constexpr std::size_t kSceneSide = 56;  ///< points a side
inline constexpr std::size_t kScenePoints = kSceneSide * kSceneSide;
inline constexpr std::size_t kCellSide = 14;  ///< cells a side, of 4 x 4 points
inline constexpr std::size_t kCells = kCellSide * kCellSide;

/// Reusable: the vectors keep their memory.
struct ScenePicture {
  std::vector<float> luma;  ///< [kSceneSide, kSceneSide], [0, 1]
  /// [kSceneSide, kSceneSide]: gradient of the luma less its surroundings (x + iy), its length
  /// squashed to [0, 1) so that faint edges that stay in place count like strong ones
  std::vector<std::complex<float>> edges;
  std::vector<float> contrast;     ///< [kCells] mean length of that gradient, not squashed
  std::vector<float> cell_luma;    ///< [kCells] mean
  std::vector<float> cell_chroma;  ///< [kCells, 2] mean of B' - Y' and R' - Y'
};

/// Whether pictures of that side can be described.
constexpr bool describable(int input_size) {
  return input_size >= static_cast<int>(kSceneSide);
}

/// Fills `out` from patches [(input_size/patch_size)^2, 3*patch_size*patch_size] in [0, 1], R'G'B'
/// channel-major in a patch. Needs describable(input_size).
/// Thread: any, one per `out`. Throws: Error(kSettings) on patches of another size.
void describe(std::span<const float> patches, int input_size, int patch_size, ScenePicture& out);

/// The parts that follow from out.luma: edges, contrast and cell_luma.
void describe_luma(ScenePicture& out);

/// Calls `visit(cell, point)` for all points.
template <typename Visit>
void each_point(Visit visit) {
  constexpr std::size_t kStep = kSceneSide / kCellSide;
  for (std::size_t y = 0; y < kSceneSide; ++y)
    for (std::size_t x = 0; x < kSceneSide; ++x)
      visit(y / kStep * kCellSide + x / kStep, y * kSceneSide + x);
}

inline constexpr float kPointsPerCell = static_cast<float>(kScenePoints) / kCells;

}  // namespace novelty
