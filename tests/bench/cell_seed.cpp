// SPDX-License-Identifier: Apache-2.0
// One drawn work cell: what of the things that do not belong in it is found, and where.
#include "cell_seed.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/file.h"
#include "interrupt.h"
#include "metrics.h"
#include "scene.h"
#include "scene_labels.h"
#include "video_writer.h"

namespace novelty::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMargin = kCellFps / 2;      // frames around a visit in which an event is not false
constexpr int kColumns = 160, kRows = 90;  // points of the picture at which maps are ranked

SceneOptions options_of(std::uint64_t seed) {
  SceneOptions options;
  options.fps = kCellFps;
  options.duration_s = kCellSeconds;
  options.seed = seed;
  options.novel = default_novel_ranges(kCellSeconds * kCellFps, kCellFps, seed);
  return options;
}

LabelRanges label_ranges(const SceneRanges& ranges) {
  LabelRanges made;
  for (const auto& [first, last] : ranges)
    made.push_back({static_cast<std::size_t>(first), static_cast<std::size_t>(last)});
  return made;
}

/// Pixels from left to right and top to bottom, ends excluded.
struct PixelBox {
  double left = 0, top = 0, right = 0, bottom = 0;

  double area() const { return std::max(0.0, right - left) * std::max(0.0, bottom - top); }
};

double iou(const PixelBox& a, const PixelBox& b) {
  const PixelBox both{std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right),
                      std::min(a.bottom, b.bottom)};
  return both.area() / std::max(1e-9, a.area() + b.area() - both.area());
}

/// The exact mask of a frame.
class Mask {
 public:
  Mask(std::vector<std::uint8_t> pixels, int width, int height)
      : pixels_(std::move(pixels)), width_(width), height_(height) {}

  bool at(int x, int y) const { return pixels_[static_cast<std::size_t>(y) * width_ + x] != 0; }

  /// x and y: 0 to 1.
  bool holds(double x, double y) const {
    return at(std::min(width_ - 1, static_cast<int>(x * width_)),
              std::min(height_ - 1, static_cast<int>(y * height_)));
  }

  bool touches(const PixelBox& box) const {
    for (int y = static_cast<int>(box.top); y < static_cast<int>(box.bottom); ++y)
      for (int x = static_cast<int>(box.left); x < static_cast<int>(box.right); ++x)
        if (at(x, y)) return true;
    return false;
  }

  /// Empty for an empty mask.
  PixelBox bounds() const {
    PixelBox box{double(width_), double(height_), 0, 0};
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x)
        if (at(x, y))
          box = {std::min(box.left, double(x)), std::min(box.top, double(y)),
                 std::max(box.right, x + 1.0), std::max(box.bottom, y + 1.0)};
    return box;
  }

  PixelBox scaled(double x, double y, double width, double height) const {
    return {x * width_, y * height_, (x + width) * width_, (y + height) * height_};
  }

 private:
  std::vector<std::uint8_t> pixels_;
  int width_, height_;
};

/// The map between its patches' centres. x and y: 0 to 1.
double map_at(const FrameScore& score, double x, double y) {
  const auto place = [&](double at, int& low, int& high) {
    const double patch = std::clamp(at * score.map_size - 0.5, 0.0, score.map_size - 1.0);
    low = static_cast<int>(patch);
    high = std::min(low + 1, score.map_size - 1);
    return patch - low;
  };
  int left = 0, right = 0, top = 0, bottom = 0;
  const double across = place(x, left, right), down = place(y, top, bottom);
  const auto value = [&](int row, int column) {
    return double(score.map[static_cast<std::size_t>(row) * score.map_size + column]);
  };
  return std::lerp(std::lerp(value(top, left), value(top, right), across),
                   std::lerp(value(bottom, left), value(bottom, right), across), down);
}

/// Where novelty is seen in the frames of the visits.
class Localisation {
 public:
  explicit Localisation(const SceneRenderer& scene)
      : scene_(scene), peaks_(scene.visits().size()) {}

  void take(const ScoredFrame& row) {
    const int frame = static_cast<int>(row.frame);
    const auto& visits = scene_.visits();
    for (std::size_t i = 0; i < visits.size(); ++i)
      if (frame >= visits[i].first && frame <= visits[i].last) take(row, peaks_[i], frame);
  }

  void write(std::size_t visit, Json& json) const {
    const Peak& peak = peaks_[visit];
    json["peak"] = peak.score;
    json["pointed"] = peak.pointed;
    json["touched"] = peak.touched;
    json["iou"] = peak.iou;
  }

  std::optional<double> pixel_auroc() const { return auroc(values_, novel_); }

 private:
  /// Of the visit's frame of the highest score.
  struct Peak {
    double score = std::numeric_limits<double>::lowest();
    bool pointed = false;  ///< the highest patch's centre is in the mask,
    bool touched = false;  ///< or any part of it
    double iou = 0;        ///< of the most novel region's box with the mask's
  };

  void take(const ScoredFrame& row, Peak& peak, int frame) {
    const int width = 640, height = 360;
    const Mask mask(scene_.mask(frame), width, height);
    if (mask.bounds().area() == 0) return;
    rank(*row.result, mask);
    if (row.score <= peak.score) return;
    const FrameScore& score = *row.result;
    const double side = score.map_size;
    const auto best = std::max_element(score.map.begin(), score.map.end()) - score.map.begin();
    const double x = static_cast<double>(best % score.map_size) / side;
    const double y = static_cast<double>(best / score.map_size) / side;
    peak = {row.score, mask.holds(x + 0.5 / side, y + 0.5 / side),
            mask.touches(mask.scaled(x, y, 1 / side, 1 / side)), 0};
    if (score.regions.empty()) return;
    const Region& region = score.regions.front();
    peak.iou = iou(mask.scaled(region.x, region.y, region.width, region.height), mask.bounds());
  }

  void rank(const FrameScore& score, const Mask& mask) {
    for (int row = 0; row < kRows; ++row)
      for (int column = 0; column < kColumns; ++column) {
        const double x = (column + 0.5) / kColumns, y = (row + 0.5) / kRows;
        values_.push_back(map_at(score, x, y));
        novel_.push_back(mask.holds(x, y) ? 1 : 0);
      }
  }

  const SceneRenderer& scene_;
  std::vector<Peak> peaks_;
  std::vector<double> values_;
  std::vector<std::uint8_t> novel_;
};

std::vector<int> begins_of(const Track& track) {
  std::vector<int> begins;
  for (std::size_t i = 0; i < track.events.size(); ++i) {
    const std::string& id = track.events[i].id;
    if (!id.empty() && (i == 0 || id != track.events[i - 1].id))
      begins.push_back(static_cast<int>(i));
  }
  return begins;
}

bool begins_in(const std::vector<int>& begins, const SceneVisit& visit, int before, int after) {
  return std::any_of(begins.begin(), begins.end(), [&](int begin) {
    return begin >= visit.first - before && begin <= visit.last + after;
  });
}

Json row_json(const Track& track, const SceneRenderer& scene, const SceneLabels& labels) {
  const auto begins = begins_of(track);
  const auto [first, last] = labels.normal.front();
  int in_normal = 0, between = 0;
  for (const int begin : begins) {
    const auto& visits = scene.visits();
    const bool near = std::any_of(visits.begin(), visits.end(), [&](const SceneVisit& visit) {
      return begins_in({begin}, visit, kMargin, kMargin);
    });
    if (near || begin < first) continue;
    (begin <= last ? in_normal : between) += 1;
  }
  int in_events = 0;
  for (int i = first; i <= last; ++i) in_events += track.events[i].id.empty() ? 0 : 1;
  return {{"title", track.title},
          {"threshold", track.threshold},
          {"false_in_normal", in_normal},
          {"false_between", between},
          {"normal_in_events", in_events / double(last - first + 1)}};
}

Json visit_json(const SceneVisit& visit, const ClipRun& run) {
  Json json{{"frames", {visit.first, visit.last}},
            {"kind", kind_name(visit)},
            {"place", place_name(visit)},
            {"moving", visit.moving()},
            {"area", visit.area},
            {"contrast", visit.contrast}};
  for (const Track& track : run.tracks)
    json["found"][track.name] = begins_in(begins_of(track), visit, 0, 0);
  return json;
}

bool holds(const std::filesystem::path& path, const std::string& text) {
  if (!std::filesystem::exists(path)) return false;
  const auto bytes = read_file(path.string());
  return std::ranges::equal(bytes, std::as_bytes(std::span(text)));
}

/// Unless a clip with these labels is there: drawn anew it would have other bytes in its header,
/// and what was learnt from it would not count.
void draw(const SceneRenderer& scene, const std::filesystem::path& path, const std::string& labels,
          Progress& progress, const std::string& prefix) {
  std::filesystem::path beside = path;
  beside.replace_extension(".json");
  if (std::filesystem::exists(path) && holds(beside, labels)) return;
  const SceneOptions size;
  VideoWriter video(path.string(), size.width, size.height, kCellFps);
  for (int i = 0; i < scene.frame_count(); ++i) {
    throw_if_interrupted();
    video.write(scene.frame(i));
    progress.show(prefix + "drawing", static_cast<std::size_t>(i) + 1, scene.frame_count());
  }
  video.finish();
  write_file_atomically(beside.string(), std::as_bytes(std::span(labels)));
}

}  // namespace

Json measure_seed(std::uint64_t seed, const EvaluationOptions& options, Progress& progress,
                  const std::string& prefix) {
  const SceneOptions drawn = options_of(seed);
  const SceneRenderer scene(drawn);
  const std::string name = "cell-" + std::to_string(seed) + ".mkv";
  const SceneLabels labels = scene_labels(scene.frame_count(), kCellFps, drawn.novel);
  draw(scene, std::filesystem::path(options.data) / name, labels_json(labels, scene.visits(), name),
       progress, prefix);
  const ClipLabels clip{static_cast<std::size_t>(labels.frames), label_ranges(labels.train),
                        label_ranges(labels.normal), label_ranges(labels.novel)};
  Localisation places(scene);
  const ClipRun run = evaluate_clip(options, name, clip, progress, prefix,
                                    [&places](const ScoredFrame& row) { places.take(row); });
  Json json{{"seed", seed}, {"visits", Json::array()}, {"rows", Json::object()}};
  for (std::size_t i = 0; i < scene.visits().size(); ++i) {
    json["visits"].push_back(visit_json(scene.visits()[i], run));
    places.write(i, json["visits"].back());
  }
  json["pixel_auroc"] = places.pixel_auroc().value_or(0.5);
  for (const Track& track : run.tracks) json["rows"][track.name] = row_json(track, scene, labels);
  return json;
}

}  // namespace novelty::bench
