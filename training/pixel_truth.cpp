// SPDX-License-Identifier: Apache-2.0
// Masks and maps at one size, with OpenCV.
#include "pixel_truth.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "picture.h"

namespace novelty {

std::uint32_t mask_regions(const std::string& path, int side, std::uint32_t first,
                           std::span<std::uint32_t> out) {
  Picture picture = read_picture({path, path});
  const cv::Mat colour(picture.height, picture.width, CV_8UC3, picture.bgr.data());
  cv::Mat grey, small, regions;
  cv::cvtColor(colour, grey, cv::COLOR_BGR2GRAY);
  cv::resize(grey, small, {side, side}, 0, 0, cv::INTER_NEAREST);
  const int count = cv::connectedComponents(small > 127, regions, 8, CV_32S);
  std::transform(regions.begin<int>(), regions.end<int>(), out.begin(), [first](int region) {
    return region == 0 ? 0 : first + static_cast<std::uint32_t>(region) - 1;
  });
  return static_cast<std::uint32_t>(count) - 1;
}

void pixel_values(std::span<const float> values, int grid, int side, std::span<float> out) {
  const std::vector<float> copy(values.begin(), values.end());
  const cv::Mat map(grid, grid, CV_32F, const_cast<float*>(copy.data()));
  cv::Mat large(side, side, CV_32F, out.data());
  cv::resize(map, large, {side, side}, 0, 0, cv::INTER_LINEAR);
}

}  // namespace novelty
