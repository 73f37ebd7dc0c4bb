// SPDX-License-Identifier: Apache-2.0
// Pipelines with hand-made verdicts that end in noveltyrecord, and what they left on the disk.
#include "record_harness.h"

#include <gst/app/gstappsink.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <utility>

#include "noveltymeta.h"

namespace novelty::testing {
namespace {

namespace fs = std::filesystem;

constexpr GstClockTime kPatience = 100 * GST_SECOND;  // a busy machine is no failure

std::vector<float> some_map() {
  std::vector<float> map(64, 0);
  map[27] = map[28] = 3;
  return map;
}

NoveltyMeta meta_of(const Mark& mark, GstClockTime pts) {
  static const std::vector<float> map = some_map();
  static const std::vector<Region> regions{
      {.x = 0.375F, .y = 0.375F, .width = 0.25F, .height = 0.125F, .p_value = 0.001F}};
  NoveltyMeta meta;
  meta.score = mark.score;
  meta.threshold = 2;
  meta.p_value = 0.001;
  meta.novel = !mark.event.empty() && !mark.held;
  meta.held = mark.held;
  meta.event_id = mark.event;
  meta.camera = mark.camera;
  meta.model_id = "model";
  meta.scored_pts = pts;
  meta.map_size = 8;
  meta.map = pack_map(map);
  meta.region_count = 1;
  meta.regions = pack_regions(regions);
  return meta;
}

enum class Codec { kOther, kH264, kH265 };

bool is_picture(Codec codec, unsigned char head) {
  const unsigned type = codec == Codec::kH264 ? head & 31U : head >> 1U & 63U;
  return codec == Codec::kH264 ? type >= 1 && type <= 5 : type < 32;
}

// In a file NAL units follow lengths of four bytes.
std::string pixels_of(const std::string& bytes, Codec codec) {
  if (codec == Codec::kOther) return bytes;
  std::string pixels;
  for (std::size_t at = 0; at + 4 < bytes.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length = length << 8U | static_cast<unsigned char>(bytes[at + i]);
    if (is_picture(codec, static_cast<unsigned char>(bytes[at + 4])))
      pixels += bytes.substr(at, length + 4);
    at += 4 + length;
  }
  return pixels;
}

Codec codec_of(GstSample* sample) {
  const GstStructure* caps = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
  if (gst_structure_has_name(caps, "video/x-h264") != FALSE) return Codec::kH264;
  return gst_structure_has_name(caps, "video/x-h265") != FALSE ? Codec::kH265 : Codec::kOther;
}

FileUnit unit_of(GstSample* sample) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  std::string bytes(gst_buffer_get_size(buffer), '\0');
  gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
  return {static_cast<std::int64_t>(GST_BUFFER_PTS(buffer)),
          static_cast<std::int64_t>(GST_BUFFER_DTS(buffer)), pixels_of(bytes, codec_of(sample)),
          bytes.size(), !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)};
}

// Hands every sample that leaves `description`, whose end is an appsink called out, to `take`.
bool pull(const std::string& description, const std::function<void(GstSample*)>& take) {
  GstElement* pipeline = gst_parse_launch(description.c_str(), nullptr);
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), kPatience)) {
    take(sample);
    gst_sample_unref(sample);
  }
  const bool whole = gst_app_sink_is_eos(GST_APP_SINK(out)) != FALSE;
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(out);
  gst_object_unref(pipeline);
  return whole;
}

std::string text_of(GstMessage* message) {
  GError* what = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
    gst_message_parse_warning(message, &what, nullptr);
  } else {
    gst_message_parse_error(message, &what, nullptr);
  }
  std::string text = what->message;
  g_error_free(what);
  return text;
}

}  // namespace

Marks marks_of(std::vector<Span> spans) {
  return [spans = std::move(spans)](int frame) {
    for (const Span& span : spans) {
      if (frame >= span.first && frame <= span.last) return Mark{span.event, 5.0 + frame / 100.0};
    }
    return Mark{};
  };
}

Marker::Marker(GstElement* pipeline, const std::string& element, Marks marks)
    : marks_(std::move(marks)) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline), element.c_str());
  GstPad* pad = gst_element_get_static_pad(found, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, mark, this, nullptr);
  gst_object_unref(pad);
  gst_object_unref(found);
}

GstPadProbeReturn Marker::mark(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& self = *static_cast<Marker*>(data);
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  info->data = buffer;
  const int frame = self.frame_++;
  if (self.before_frame) self.before_frame(frame);
  add_novelty_meta(buffer, meta_of(self.marks_(frame), GST_BUFFER_PTS(buffer)));
  return GST_PAD_PROBE_OK;
}

RecordedPipeline::RecordedPipeline(const std::string& description)
    : pipeline_(gst_parse_launch(description.c_str(), nullptr)),
      bus_(gst_element_get_bus(pipeline_)) {}

RecordedPipeline::~RecordedPipeline() {
  stop();
  gst_object_unref(bus_);
  gst_object_unref(pipeline_);
}

void RecordedPipeline::run() {
  play();
  wait_for(GST_MESSAGE_EOS);
}

bool RecordedPipeline::wait_for(GstMessageType type, const std::string& name) {
  constexpr auto kAll = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR |
                                                    GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
  while (GstMessage* message = gst_bus_timed_pop_filtered(bus_, kPatience, kAll)) {
    const GstMessageType got = GST_MESSAGE_TYPE(message);
    const bool named = name.empty() || gst_message_has_name(message, name.c_str());
    note(message);
    gst_message_unref(message);
    if (got == type && named) return true;
    if (got == GST_MESSAGE_ERROR) return false;
  }
  return false;
}

void RecordedPipeline::note(GstMessage* message) {
  if (gst_message_has_name(message, "novelty-recorded")) {
    const GstStructure* fields = gst_message_get_structure(message);
    recorded.emplace_back(gst_structure_get_string(fields, "location"));
    event_ids.emplace_back(gst_structure_get_string(fields, "event-ids"));
    order.emplace_back("recorded");
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    order.emplace_back("eos");
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
    order.emplace_back("warning");
    warning = text_of(message);
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    order.emplace_back("error");
    error = text_of(message);
  }
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

nlohmann::json sidecar_of(const std::string& recording) {
  std::ifstream file(fs::path(recording).replace_extension(".json"));
  return nlohmann::json::parse(file);
}

Decoded decode(const std::string& path) {
  Decoded decoded;
  decoded.whole = pull(
      "filesrc location=" + path + " ! decodebin ! video/x-raw(ANY) ! appsink name=out sync=false",
      [&](GstSample* sample) {
        const GstBuffer* buffer = gst_sample_get_buffer(sample);
        const GstClockTime pts = GST_BUFFER_PTS(buffer);
        if (decoded.frames++ == 0) decoded.first_pts = pts;
        const bool timed = GST_BUFFER_DURATION_IS_VALID(buffer);
        decoded.end_ns = static_cast<std::int64_t>(pts + (timed ? GST_BUFFER_DURATION(buffer) : 0));
      });
  return decoded;
}

std::vector<FileUnit> units_of(const std::string& path) {
  std::vector<FileUnit> units;
  pull("filesrc location=" + path + " ! parsebin ! appsink name=out sync=false",
       [&](GstSample* sample) { units.push_back(unit_of(sample)); });
  return units;
}

std::string demuxed(const std::string& path, const std::string& track) {
  const bool mp4 = fs::path(path).extension() == ".mp4";
  return "filesrc location=" + path + " ! " + (mp4 ? "qtdemux" : "matroskademux") + " name=d  d." +
         track;
}

std::vector<FileUnit> units_of_track(const std::string& path, const std::string& track) {
  std::vector<FileUnit> units;
  pull(demuxed(path, track) + " ! appsink name=out sync=false",
       [&](GstSample* sample) { units.push_back(unit_of(sample)); });
  return units;
}

std::vector<double> loudness_of(const std::string& path) {
  constexpr GstClockTime kStep = 10 * GST_MSECOND;
  std::vector<double> loudness;
  pull(demuxed(path, "audio_0") +
           " ! decodebin ! audioconvert ! audio/x-raw,format=F32LE,channels=1 "
           "! appsink name=out sync=false",
       [&](GstSample* sample) {
         GstBuffer* buffer = gst_sample_get_buffer(sample);
         int rate = 1;
         gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "rate",
                               &rate);
         std::vector<float> samples(gst_buffer_get_size(buffer) / sizeof(float));
         gst_buffer_extract(buffer, 0, samples.data(), samples.size() * sizeof(float));
         for (std::size_t i = 0; i < samples.size(); ++i) {
           const GstClockTime at =
               GST_BUFFER_PTS(buffer) + gst_util_uint64_scale_int(i, GST_SECOND, rate);
           loudness.resize(std::max<std::size_t>(loudness.size(), at / kStep + 1));
           loudness[at / kStep] = std::max<double>(loudness[at / kStep], std::abs(samples[i]));
         }
       });
  return loudness;
}

int position_in(const std::vector<FileUnit>& whole, const std::vector<FileUnit>& part) {
  if (part.empty()) return -1;
  const auto first = std::find_if(whole.begin(), whole.end(), [&](const FileUnit& unit) {
    return unit.pixels == part.front().pixels;
  });
  if (whole.end() - first < static_cast<std::ptrdiff_t>(part.size())) return -1;
  const std::int64_t offset = first->pts_ns - part.front().pts_ns;
  const bool same = std::equal(
      part.begin(), part.end(), first, [&](const FileUnit& mine, const FileUnit& theirs) {
        // files count in ticks of their own
        return mine.pixels == theirs.pixels &&
               std::abs(theirs.pts_ns - mine.pts_ns - offset) < GST_MSECOND;
      });
  return same ? static_cast<int>(first - whole.begin()) : -1;
}

double mean_luma(const std::string& path) {
  double mean = -1;
  pull("filesrc location=" + path +
           " ! decodebin ! videoconvert ! video/x-raw,format=GRAY8 ! appsink name=out sync=false",
       [&](GstSample* sample) {
         GstMapInfo map;
         if (gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ) == FALSE) return;
         mean = std::accumulate(map.data, map.data + map.size, 0.0) / static_cast<double>(map.size);
         gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
       });
  return mean;
}

Hidden::Hidden(const std::vector<const char*>& names) {
  for (const char* name : names) {
    GstPluginFeature* feature = gst_registry_lookup_feature(gst_registry_get(), name);
    if (feature == nullptr) continue;
    gst_registry_remove_feature(gst_registry_get(), feature);
    features_.push_back(feature);
  }
}

Hidden::~Hidden() {
  for (GstPluginFeature* feature : features_) {
    gst_registry_add_feature(gst_registry_get(), feature);
    gst_object_unref(feature);
  }
}

bool is_installed(const char* element) {
  GstElementFactory* factory = gst_element_factory_find(element);
  if (factory != nullptr) gst_object_unref(factory);
  return factory != nullptr;
}

}  // namespace novelty::testing
