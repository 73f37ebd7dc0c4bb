// SPDX-License-Identifier: Apache-2.0
// Decodes a video file with GStreamer.
#include "video_reader.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gst-plugin/frame_view.h"
#include "interrupt.h"
#include "novelty/error.h"

namespace novelty {
namespace {

struct Unref {
  void operator()(void* object) const { gst_object_unref(object); }
};
template <typename T>
using GstPtr = std::unique_ptr<T, Unref>;

struct MessageUnref {
  void operator()(GstMessage* message) const { gst_message_unref(message); }
};
using MessagePtr = std::unique_ptr<GstMessage, MessageUnref>;

struct SampleUnref {
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
struct CapsUnref {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using SamplePtr = std::unique_ptr<GstSample, SampleUnref>;

// Formats the core takes pass untouched, so that training sees the planes a pipeline sees.
constexpr const char* kPipeline =
    "filesrc name=file ! decodebin name=decode caps=video/x-raw(ANY) expose-all-streams=false ! "
    "videoconvert ! appsink name=sink sync=false max-buffers=4";
constexpr const char* kCaps = "video/x-raw,format=" NOVELTY_VIDEO_FORMATS;
constexpr GstClockTime kPollNs = 50 * GST_MSECOND;
constexpr std::int64_t kDefaultFrameNs =
    40'000'000;  // 25 fps, where neither stamp nor rate is known

void check_file(const std::string& path) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status))
    throw Error(ErrorKind::kNotFound, path, "no such file", "check the path");
  if (std::filesystem::is_directory(status))
    throw Error(ErrorKind::kFormat, path, "is a folder, not a video", "name the files in it");
  if (std::filesystem::is_regular_file(status) && std::filesystem::file_size(path, failure) == 0)
    throw Error(ErrorKind::kFormat, path, "the video is empty (0 bytes)", "record it again");
}

/// A decoder that GStreamer says is missing, as its message tells it; empty when it is none of
/// video (audio decoders are not wanted, and reported missing too).
std::string missing_video_decoder(GstMessage* message) {
  const GstStructure* facts = gst_message_get_structure(message);
  if (facts == nullptr || !gst_structure_has_name(facts, "missing-plugin")) return {};
  const GValue* detail = gst_structure_get_value(facts, "detail");
  if (detail == nullptr || !GST_VALUE_HOLDS_CAPS(detail)) return {};
  const GstCaps* caps = gst_value_get_caps(detail);
  if (gst_caps_is_empty(caps) || gst_caps_is_any(caps)) return {};
  const std::string media = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  if (!media.starts_with("video/") && !media.starts_with("image/")) return {};
  const char* name = gst_structure_get_string(facts, "name");
  return name == nullptr ? media : name;
}

bool is_code(const GError* error, GQuark domain, int code) {
  return g_error_matches(error, domain, code) != FALSE;
}

bool lacks_decoder(const GError* error) {
  return is_code(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) ||
         is_code(error, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND);
}

bool is_no_video(const GError* error) {
  return is_code(error, GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND) ||
         is_code(error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE) ||
         is_code(error, GST_STREAM_ERROR, GST_STREAM_ERROR_DEMUX);
}

GstPtr<GstElement> make_pipeline() {
  GError* error = nullptr;
  GstPtr<GstElement> pipeline(
      gst_parse_launch_full(kPipeline, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error));
  if (error == nullptr) return pipeline;
  const std::string reason = error->message;
  g_error_free(error);
  throw Error(ErrorKind::kBackend, "GStreamer", reason, "install gstreamer1.0-plugins-base");
}

}  // namespace

struct VideoReader::Impl {
  explicit Impl(std::string file);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool pull();
  bool map(VideoFrame& frame);
  void unmap();
  void stamp(VideoFrame& frame);
  void drain_bus();
  [[noreturn]] void fail(const GError* error) const;
  void note_early_end();

  std::string path;
  GstPtr<GstElement> pipeline;
  GstPtr<GstElement> sink;
  GstPtr<GstBus> bus;
  SamplePtr sample;
  GstVideoFrame mapped{};
  bool is_mapped = false;
  std::size_t frames = 0;  // handed out so far
  std::int64_t last_stream_ns = -1;
  std::int64_t frame_ns = kDefaultFrameNs;
  gint64 duration_ns = -1;
  std::string missing_decoder;
  std::string warning;
};

VideoReader::Impl::Impl(std::string file) : path(std::move(file)) {
  check_file(path);
  gst_init(nullptr, nullptr);
  pipeline = make_pipeline();
  auto* bin = GST_BIN(pipeline.get());
  const GstPtr<GstElement> source(gst_bin_get_by_name(bin, "file"));
  g_object_set(source.get(), "location", path.c_str(), nullptr);
  sink.reset(gst_bin_get_by_name(bin, "sink"));
  const std::unique_ptr<GstCaps, CapsUnref> caps(gst_caps_from_string(kCaps));
  gst_app_sink_set_caps(GST_APP_SINK(sink.get()), caps.get());
  bus.reset(gst_element_get_bus(pipeline.get()));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
}

VideoReader::Impl::~Impl() {
  unmap();
  sample.reset();
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

void VideoReader::Impl::unmap() {
  if (is_mapped) gst_video_frame_unmap(&mapped);
  is_mapped = false;
}

void VideoReader::Impl::fail(const GError* error) const {
  if (frames > 0)
    throw Error(ErrorKind::kRead, path,
                "decoding broke off at frame " + std::to_string(frames) + ": " + error->message,
                "repair the file, or take the frames before it with --frames 0-" +
                    std::to_string(frames - 1));
  if (!missing_decoder.empty())
    throw Error(ErrorKind::kUnsupported, path, "GStreamer has no " + missing_decoder,
                "install gstreamer1.0-libav or gstreamer1.0-plugins-good, -bad and -ugly");
  if (lacks_decoder(error))
    throw Error(ErrorKind::kUnsupported, path, "has no video stream",
                "give a video file; unpack compressed archives first");
  if (is_no_video(error))
    throw Error(ErrorKind::kFormat, path, "is not a video GStreamer knows",
                "give a video file, a folder of images or a tar of images");
  throw Error(ErrorKind::kRead, path, std::string("cannot be decoded: ") + error->message);
}

void VideoReader::Impl::drain_bus() {
  constexpr auto kTypes = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);
  while (const MessagePtr message{gst_bus_pop_filtered(bus.get(), kTypes)}) {
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ELEMENT) {
      const std::string decoder = missing_video_decoder(message.get());
      if (!decoder.empty()) missing_decoder = decoder;
      continue;
    }
    GError* error = nullptr;
    gst_message_parse_error(message.get(), &error, nullptr);
    const std::unique_ptr<GError, decltype(&g_error_free)> owner(error, g_error_free);
    fail(error);
  }
}

bool VideoReader::Impl::pull() {
  unmap();
  sample.reset();
  for (;;) {
    throw_if_interrupted();
    sample.reset(gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), kPollNs));
    if (sample != nullptr) return true;
    drain_bus();
    if (gst_app_sink_is_eos(GST_APP_SINK(sink.get())) != FALSE) return false;
  }
}

bool VideoReader::Impl::map(VideoFrame& frame) {
  GstVideoInfo info;
  if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample.get())) == FALSE) return false;
  is_mapped = gst_video_frame_map(&mapped, &info, gst_sample_get_buffer(sample.get()),
                                  GST_MAP_READ) != FALSE;
  if (!is_mapped) return false;
  if (info.fps_n > 0 && info.fps_d > 0)
    frame_ns =
        static_cast<std::int64_t>(gst_util_uint64_scale_int(GST_SECOND, info.fps_d, info.fps_n));
  frame.view = frame_view_of(mapped);
  return true;
}

void VideoReader::Impl::stamp(VideoFrame& frame) {
  const GstClockTime pts = GST_BUFFER_PTS(gst_sample_get_buffer(sample.get()));
  frame.pts_ns = GST_CLOCK_TIME_IS_VALID(pts) ? static_cast<std::int64_t>(pts) : -1;
  const GstClockTime time =
      gst_segment_to_stream_time(gst_sample_get_segment(sample.get()), GST_FORMAT_TIME, pts);
  frame.stream_ns = GST_CLOCK_TIME_IS_VALID(time) ? static_cast<std::int64_t>(time)
                    : last_stream_ns < 0          ? 0
                                                  : last_stream_ns + frame_ns;
  last_stream_ns = frame.stream_ns;
}

void VideoReader::Impl::note_early_end() {
  constexpr std::int64_t kSlackNs = 1'000'000'000;
  if (duration_ns < 0 || last_stream_ns + frame_ns + kSlackNs >= duration_ns) return;
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "its video ends after %.1f s of %.1f s: cut off?",
                static_cast<double>(last_stream_ns + frame_ns) * 1e-9,
                static_cast<double>(duration_ns) * 1e-9);
  warning = path + ": " + text.data();
}

VideoReader::VideoReader(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
VideoReader::~VideoReader() = default;
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;

bool VideoReader::next(VideoFrame& frame) {
  if (!impl_->pull()) {
    if (impl_->frames == 0)
      throw Error(ErrorKind::kFormat, impl_->path, "GStreamer finds no frame in the video",
                  "record it again, or convert it");
    impl_->note_early_end();
    return false;
  }
  if (impl_->frames == 0)
    gst_element_query_duration(impl_->pipeline.get(), GST_FORMAT_TIME, &impl_->duration_ns);
  if (!impl_->map(frame))
    throw Error(ErrorKind::kRead, impl_->path,
                "frame " + std::to_string(impl_->frames) + " cannot be mapped");
  impl_->stamp(frame);
  ++impl_->frames;
  return true;
}

const std::string& VideoReader::warning() const {
  return impl_->warning;
}

}  // namespace novelty
