// SPDX-License-Identifier: Apache-2.0
// NoveltyMeta: what a frame scored, as a GstCustomMeta on its buffer. Field by field in
// docs/metadata.md.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "novelty/detector.h"

namespace novelty {

inline constexpr const char* kNoveltyMetaName = "NoveltyMeta";

/// A shared reference to immutable bytes; null where there are none.
using SharedBytes = std::shared_ptr<GBytes>;

/// The fields of the meta. Copies share `map` and `regions`.
struct NoveltyMeta {
  double score = 0;      ///< image score, larger is more novel
  double drift = 0;      ///< what `score` was lowered by (property adapt)
  double p_value = 1;    ///< probability of such a score in normal footage, (0, 1]
  double threshold = 0;  ///< score at and over which a frame is novel
  double smoothed = 0;   ///< the score after temporal smoothing
  bool novel = false;    ///< the frame feeds an event
  bool held = false;     ///< in an event only because of the hold time
  std::string event_id;  ///< of the open event the frame lies in, else empty
  std::string camera;    ///< the element's `camera`
  std::string
      scene_change;  ///< why nothing is scored into events now; empty: the scene is as learnt
  GstClockTime scored_pts = GST_CLOCK_TIME_NONE;  ///< PTS of the frame that was scored
  std::uint64_t age_ns = 0;                       ///< this frame's PTS minus scored_pts
  std::string model_id;                           ///< SHA-256 of the model bundle
  int map_size = 0;                               ///< side of the map, in patches
  SharedBytes map;  ///< [map_size, map_size] float16, 0 = normal, 1 = normal footage's extreme
  int region_count = 0;
  SharedBytes regions;  ///< [region_count, 5] float32: x, y, width, height in [0,1], p-value
};

/// Packs a map to float16. Thread: any.
SharedBytes pack_map(std::span<const float> map);

/// Packs regions to rows of five float32. Thread: any.
SharedBytes pack_regions(std::span<const Region> regions);

/// The map of `meta` as float32 [map_size, map_size]; empty when it has none.
std::vector<float> unpack_map(const NoveltyMeta& meta);

/// The regions of `meta`.
std::vector<Region> unpack_regions(const NoveltyMeta& meta);

/// Registers the meta once per process, also when another library registered the name before.
/// Thread: any.
void register_novelty_meta();

/// Puts `meta` on `buffer`, which must be writable, in the place of one that is there.
void add_novelty_meta(GstBuffer* buffer, const NoveltyMeta& meta);

/// What `buffer` carries; nothing without a meta, or when its sizes contradict its bytes.
/// Thread: any.
std::optional<NoveltyMeta> read_novelty_meta(GstBuffer* buffer);

}  // namespace novelty
