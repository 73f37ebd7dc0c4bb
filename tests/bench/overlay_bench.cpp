// SPDX-License-Identifier: Apache-2.0
// What drawing a frame of noveltyoverlay costs: processor time of many frames, one thread. A third
// of them render the panel anew.
#include <gst/gst.h>
#include <gst/video/video.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "overlay_painter.h"

namespace {

constexpr int kWidth = 1920, kHeight = 1080, kSide = 14;
constexpr int kFilling = 600;  // frames, 20 s: nothing is drawn while the history fills
constexpr int kMeasured = 51;

double thread_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// A frame whose novel part is a square of `cells` x `cells` patches in the middle.
novelty::NoveltyMeta meta_of(int cells) {
  novelty::NoveltyMeta meta;
  std::vector<float> map(kSide * kSide, 0.2F);
  const int first = (kSide - cells) / 2;
  for (int y = first; y < first + cells; ++y)
    std::fill_n(map.begin() + y * kSide + first, cells, 3.0F);
  meta.map_size = kSide;
  meta.map = novelty::pack_map(map);
  meta.threshold = 10;
  meta.novel = cells > 0;
  if (cells > 0) {
    const auto at = [](int cell) { return static_cast<float>(cell) / kSide; };
    meta.region_count = 1;
    meta.regions = novelty::pack_regions(
        std::vector<novelty::Region>{{at(first), at(first), at(cells), at(cells), 1e-4F}});
  }
  return meta;
}

struct Cost {
  double median_ms, anew_ms;  // of all frames; of those that render the panel
};

Cost cost_of(const std::string& format, int cells) {
  const std::string text = "video/x-raw,format=" + format + ",width=" + std::to_string(kWidth) +
                           ",height=" + std::to_string(kHeight) + ",framerate=30/1";
  GstCaps* caps = gst_caps_from_string(text.c_str());
  GstVideoInfo info;
  gst_video_info_from_caps(&info, caps);
  gst_caps_unref(caps);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
  gst_buffer_memset(buffer, 0, 90, GST_VIDEO_INFO_SIZE(&info));
  GstVideoFrame frame;
  gst_video_frame_map(&frame, &info, buffer, GST_MAP_READWRITE);
  novelty::OverlayPainter painter;
  painter.configure(info);
  novelty::NoveltyMeta meta = meta_of(cells);
  std::vector<double> times;
  for (int i = 0; i < kFilling + kMeasured; ++i) {
    meta.scored_pts = static_cast<GstClockTime>(i) * GST_SECOND / 30;
    meta.score = 5 + i % 7;
    const bool drawn = i >= kFilling;
    const double start = thread_ms();
    painter.draw(frame, meta, {drawn, drawn, drawn, drawn});
    if (drawn) times.push_back(thread_ms() - start);
  }
  gst_video_frame_unmap(&frame);
  gst_buffer_unref(buffer);
  std::sort(times.begin(), times.end());
  return {times[kMeasured / 2], times[kMeasured * 5 / 6]};
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const std::array<std::pair<int, const char*>, 3> scenes{
      {{0, "normal frame"}, {4, "event over 8 % of the frame"}, {14, "all of the frame novel"}}};
  for (const char* format : {"I420", "NV12", "YUY2", "RGB", "BGRx", "GRAY8"})
    for (const auto& [cells, name] : scenes) {
      const Cost cost = cost_of(format, cells);
      std::printf("%dx%d %s, %s: median %.2f ms, with a new panel %.2f ms\n", kWidth, kHeight,
                  format, name, cost.median_ms, cost.anew_ms);
    }
  return 0;
}
