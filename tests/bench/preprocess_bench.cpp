// SPDX-License-Identifier: Apache-2.0
// How long a frame takes to become patches: median of many runs on one core, fixed content.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "image/preprocess.h"

namespace {

constexpr int kWarmUps = 10;
constexpr int kRuns = 101;

double milliseconds_of_one(const novelty::FrameView& frame, novelty::PreprocessScratch& scratch,
                           std::vector<float>& patches) {
  const auto start = std::chrono::steady_clock::now();
  novelty::preprocess(frame, 224, 16, scratch, patches);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  return took.count();
}

double median_ms(const novelty::FrameView& frame) {
  novelty::PreprocessScratch scratch;
  std::vector<float> patches;
  std::vector<double> times;
  for (int i = 0; i < kWarmUps + kRuns; ++i) {
    const double ms = milliseconds_of_one(frame, scratch, patches);
    if (i >= kWarmUps) times.push_back(ms);
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

novelty::FrameView frame_in(const std::vector<std::uint8_t>& bytes, novelty::PixelFormat format,
                            int width, int height) {
  novelty::FrameView frame{format, width, height};
  const auto* data = bytes.data();
  const std::ptrdiff_t area = static_cast<std::ptrdiff_t>(width) * height;
  switch (format) {
    case novelty::PixelFormat::kNv12:
      frame.planes = {{{data, width}, {data + area, width}, {}}};
      break;
    case novelty::PixelFormat::kYuy2:
      frame.planes[0] = {data, width * 2};
      break;
    case novelty::PixelFormat::kRgb:
      frame.planes[0] = {data, width * 3};
      break;
    default:
      frame.planes[0] = {data, width * 4};
  }
  return frame;
}

}  // namespace

int main() {
  const std::vector<std::pair<int, int>> sizes = {{640, 360}, {1920, 1080}, {3840, 2160}};
  const std::vector<std::pair<novelty::PixelFormat, const char*>> formats = {
      {novelty::PixelFormat::kNv12, "NV12"},
      {novelty::PixelFormat::kYuy2, "YUY2"},
      {novelty::PixelFormat::kRgb, "RGB"},
      {novelty::PixelFormat::kBgrx, "BGRx"}};
  std::vector<std::uint8_t> bytes(4 * 3840 * 2160);
  novelty::Rng rng(1);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  for (const auto& [width, height] : sizes) {
    for (const auto& [format, name] : formats) {
      const double ms = median_ms(frame_in(bytes, format, width, height));
      std::printf("%dx%d %s to 224: median %.3f ms\n", width, height, name, ms);
    }
  }
  return 0;
}
