// SPDX-License-Identifier: Apache-2.0
// Registers, fills and reads NoveltyMeta.
#include "noveltymeta.h"

#include <cstring>
#include <limits>
#include <mutex>

#include "base/half.h"

namespace novelty {
namespace {

constexpr std::size_t kRegionValues = 5;

// Takes over a copy of `bytes`.
SharedBytes share(const void* bytes, std::size_t size) {
  return {g_bytes_new(bytes, size), g_bytes_unref};
}

double double_of(const GstStructure* fields, const char* name, double fallback) {
  double value = fallback;
  gst_structure_get_double(fields, name, &value);
  return value;
}

bool bool_of(const GstStructure* fields, const char* name) {
  gboolean value = FALSE;
  gst_structure_get_boolean(fields, name, &value);
  return value != FALSE;
}

int int_of(const GstStructure* fields, const char* name) {
  int value = 0;
  gst_structure_get_int(fields, name, &value);
  return value;
}

std::uint64_t uint64_of(const GstStructure* fields, const char* name, std::uint64_t fallback) {
  guint64 value = fallback;
  gst_structure_get_uint64(fields, name, &value);
  return value;
}

std::string string_of(const GstStructure* fields, const char* name) {
  const char* text = gst_structure_get_string(fields, name);
  return text == nullptr ? std::string() : text;
}

SharedBytes bytes_of(const GstStructure* fields, const char* name) {
  const GValue* value = gst_structure_get_value(fields, name);
  if (value == nullptr || !G_VALUE_HOLDS(value, G_TYPE_BYTES)) return nullptr;
  auto* bytes = static_cast<GBytes*>(g_value_dup_boxed(value));
  return bytes == nullptr ? nullptr : SharedBytes(bytes, g_bytes_unref);
}

std::size_t size_of(const SharedBytes& bytes) {
  return bytes == nullptr ? 0 : g_bytes_get_size(bytes.get());
}

template <typename T>
std::vector<T> copy_of(const SharedBytes& bytes) {
  std::vector<T> values(size_of(bytes) / sizeof(T));
  if (!values.empty())
    std::memcpy(values.data(), g_bytes_get_data(bytes.get(), nullptr), values.size() * sizeof(T));
  return values;
}

bool sizes_agree(const NoveltyMeta& meta) {
  if (meta.map_size < 0 || meta.region_count < 0) return false;
  const auto side = static_cast<std::uint64_t>(meta.map_size);
  const auto rows = static_cast<std::uint64_t>(meta.region_count);
  return size_of(meta.map) == side * side * sizeof(std::uint16_t) &&
         size_of(meta.regions) == rows * kRegionValues * sizeof(float);
}

void fill(GstStructure* fields, const NoveltyMeta& meta) {
  gst_structure_set(
      fields, "score", G_TYPE_DOUBLE, meta.score, "drift", G_TYPE_DOUBLE, meta.drift, "p-value",
      G_TYPE_DOUBLE, meta.p_value, "threshold", G_TYPE_DOUBLE, meta.threshold, "smoothed",
      G_TYPE_DOUBLE, meta.smoothed, "novel", G_TYPE_BOOLEAN, static_cast<gboolean>(meta.novel),
      "held", G_TYPE_BOOLEAN, static_cast<gboolean>(meta.held), "event-id", G_TYPE_STRING,
      meta.event_id.c_str(), "camera", G_TYPE_STRING, meta.camera.c_str(), "scene-change",
      G_TYPE_STRING, meta.scene_change.c_str(), "scored-pts", G_TYPE_UINT64,
      static_cast<guint64>(meta.scored_pts), "age", G_TYPE_UINT64,
      static_cast<guint64>(meta.age_ns), "model-id", G_TYPE_STRING, meta.model_id.c_str(),
      "map-size", G_TYPE_INT, meta.map_size, "map", G_TYPE_BYTES, meta.map.get(), "n-regions",
      G_TYPE_INT, meta.region_count, "regions", G_TYPE_BYTES, meta.regions.get(), nullptr);
}

}  // namespace

SharedBytes pack_map(std::span<const float> map) {
  std::vector<std::uint16_t> halves;
  halves.reserve(map.size());
  for (const float value : map) halves.push_back(float_to_half(value));
  return share(halves.data(), halves.size() * sizeof(std::uint16_t));
}

SharedBytes pack_regions(std::span<const Region> regions) {
  std::vector<float> values;
  values.reserve(regions.size() * kRegionValues);
  for (const Region& r : regions)
    values.insert(values.end(), {r.x, r.y, r.width, r.height, r.p_value});
  return share(values.data(), values.size() * sizeof(float));
}

std::vector<float> unpack_map(const NoveltyMeta& meta) {
  std::vector<float> map;
  for (const std::uint16_t half : copy_of<std::uint16_t>(meta.map))
    map.push_back(half_to_float(half));
  return map;
}

std::vector<Region> unpack_regions(const NoveltyMeta& meta) {
  const auto values = copy_of<float>(meta.regions);
  std::vector<Region> regions;
  for (std::size_t i = 0; i + kRegionValues <= values.size(); i += kRegionValues)
    regions.push_back({values[i], values[i + 1], values[i + 2], values[i + 3], values[i + 4]});
  return regions;
}

void register_novelty_meta() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Registering a name twice is an error, and the application may have done it already.
    if (gst_meta_get_info(kNoveltyMetaName) != nullptr) return;
    const gchar* no_tags[] = {nullptr};
    gst_meta_register_custom(kNoveltyMetaName, no_tags, nullptr, nullptr, nullptr);
  });
}

void add_novelty_meta(GstBuffer* buffer, const NoveltyMeta& meta) {
  GstCustomMeta* custom = gst_buffer_get_custom_meta(buffer, kNoveltyMetaName);
  if (custom == nullptr) custom = gst_buffer_add_custom_meta(buffer, kNoveltyMetaName);
  if (custom != nullptr) fill(gst_custom_meta_get_structure(custom), meta);
}

std::optional<NoveltyMeta> read_novelty_meta(GstBuffer* buffer) {
  GstCustomMeta* custom = gst_buffer_get_custom_meta(buffer, kNoveltyMetaName);
  if (custom == nullptr) return std::nullopt;
  const GstStructure* fields = gst_custom_meta_get_structure(custom);
  NoveltyMeta meta;
  meta.score = double_of(fields, "score", 0);
  meta.drift = double_of(fields, "drift", 0);
  meta.p_value = double_of(fields, "p-value", 1);
  meta.threshold = double_of(fields, "threshold", 0);
  meta.smoothed = double_of(fields, "smoothed", 0);
  meta.novel = bool_of(fields, "novel");
  meta.held = bool_of(fields, "held");
  meta.event_id = string_of(fields, "event-id");
  meta.camera = string_of(fields, "camera");
  meta.scene_change = string_of(fields, "scene-change");
  meta.scored_pts = uint64_of(fields, "scored-pts", GST_CLOCK_TIME_NONE);
  meta.age_ns = uint64_of(fields, "age", 0);
  meta.model_id = string_of(fields, "model-id");
  meta.map_size = int_of(fields, "map-size");
  meta.map = bytes_of(fields, "map");
  meta.region_count = int_of(fields, "n-regions");
  meta.regions = bytes_of(fields, "regions");
  if (!sizes_agree(meta)) return std::nullopt;
  return meta;
}

}  // namespace novelty
