// SPDX-License-Identifier: Apache-2.0
// Makes the best of a recording whose writer died or failed.
#include "record_recover.h"

#include <fcntl.h>
#include <gst/gst.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "record_index.h"
#include "record_name.h"
#include "record_part.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

constexpr GstClockTime kPoll = 50 * GST_MSECOND;
constexpr GstClockTime kInspectTimeout = 30 * GST_SECOND;
constexpr std::int64_t kMaxBoxes = 1'000'000;

bool exists(const std::string& path) {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0;
}

GstPadProbeReturn count(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& footage = *static_cast<Footage*>(data);
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  ++footage.frames;
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) return GST_PAD_PROBE_OK;
  const GstClockTime duration =
      GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 0;
  footage.duration_ns =
      std::max(footage.duration_ns, static_cast<std::int64_t>(GST_BUFFER_PTS(buffer) + duration));
  return GST_PAD_PROBE_OK;
}

// Until the end, an error (of a file that was cut off), the time's end, or a stop.
bool wait_for_end(GstElement* pipeline, const std::atomic<bool>& stop) {
  GstBus* bus = gst_element_get_bus(pipeline);
  bool ended = false;
  for (GstClockTime waited = 0; !ended && waited < kInspectTimeout && !stop; waited += kPoll) {
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, kPoll, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    ended = message != nullptr;
    if (ended) gst_message_unref(message);
  }
  gst_object_unref(bus);
  return ended;
}

struct Box {
  std::uint64_t size = 0;
  std::string type;
};

// An MP4 box header; size 0 when there is none.
Box box_at(int file, off_t at) {
  std::array<unsigned char, 16> head{};
  if (pread(file, head.data(), head.size(), at) < 8) return {};
  const auto number = [&](std::size_t from, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | head[from + i];
    return value;
  };
  const std::uint64_t small = number(0, 4);
  return {small == 1 ? number(8, 8) : small,
          std::string(reinterpret_cast<const char*>(head.data()) + 4, 4)};
}

std::string extension_of(const std::string& file) {
  const std::size_t dot = file.rfind('.');
  return dot == std::string::npos ? "" : file.substr(dot);
}

// The footage that can be kept, none without any; the part is cut to it.
std::optional<Footage> salvage(const std::string& part, const std::string& extension,
                               const std::atomic<bool>& stop) {
  if (extension == ".mp4") {
    const std::int64_t whole = whole_fragments(part);
    if (whole == 0) return {};
    if (truncate(part.c_str(), whole) != 0) fail_write(part, "cannot be cut", errno);
  }
  const auto footage = inspect_clip(part, extension, stop);
  if (footage && footage->frames == 0) return {};
  return footage.value_or(Footage{});  // what cannot be looked into is kept
}

// Posters are made before the sidecar names them.
void find_posters(Json& facts, const std::string& base) {
  const std::string folder = base.substr(0, base.rfind('/') + 1);
  const std::string stem = base.substr(folder.size());
  for (Json& event : facts["events"]) {
    const std::string id = safe_name(event.value("id", ""));
    for (const auto& [field, ending] : {std::pair("poster", ".jpg"), {"poster_map", "_map.jpg"}}) {
      const std::string name = std::string(stem).append("_").append(id).append(ending);
      if (exists(folder + name)) event[field] = name;
    }
  }
}

void complete(Json& facts, const Footage& footage) {
  facts["frames"] = footage.frames;
  facts["end_ns"] = facts.value("begin_ns", std::int64_t{0}) + footage.duration_ns;
  facts["recovered"] = true;
}

// A recording on its way from `.part` to its name, for as long as its note is held.
struct Unfinished {
  std::string base, file;
  Json facts;
  PartNote& note;

  std::string folder() const { return base.substr(0, base.rfind('/') + 1); }
  std::string part() const { return folder() + file + ".part"; }
  std::string sidecar() const { return base + ".json"; }

  void name_it() {
    if (std::rename(part().c_str(), (folder() + file).c_str()) != 0) {
      fail_write(folder() + file, "cannot be given its name", errno);
    }
    note.remove();
  }

  void drop() {
    find_posters(facts, base);
    for (const Json& event : facts["events"]) {
      for (const char* field : {"poster", "poster_map"}) {
        if (event.contains(field) && event[field].is_string()) {
          unlink((folder() + event[field].get<std::string>()).c_str());
        }
      }
    }
    unlink((sidecar() + ".part").c_str());
    if (exists(part()) && unlink(part().c_str()) != 0) {
      fail_write(part(), "cannot be removed", errno);
    }
    note.remove();
  }

  RecoveredRecording keep(const Footage& footage) {
    find_posters(facts, base);
    complete(facts, footage);
    flush_to_disk(part());
    write_through(sidecar() + ".part",
                  facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    if (std::rename((sidecar() + ".part").c_str(), sidecar().c_str()) != 0) {
      fail_write(sidecar(), "cannot be given its name", errno);
    }
    name_it();
    RecoveredRecording done{facts.value("kind", ""), folder() + file, sidecar(), {}, {}};
    for (const Json& event : facts["events"]) {
      const std::string id = event.value("id", "");
      if (done.events.empty()) done.first_event = id;
      if (!done.events.empty()) done.events += ',';
      done.events += id;
    }
    return done;
  }
};

std::optional<Unfinished> read_note(const std::string& base, PartNote& note) {
  const std::string json = note.read();
  const auto files = files_of_sidecar(json, base.substr(base.rfind('/') + 1));
  if (!files) {
    if (json.empty()) note.remove();  // its writer died before the first word
    return {};
  }
  Unfinished unfinished{base, files->media, Json::parse(json), note};
  Json& events = unfinished.facts["events"];
  if (!events.is_array()) events = Json::array();
  return unfinished;
}

Recovery finish(Unfinished& unfinished, const std::atomic<bool>& stop,
                std::optional<RecoveredRecording>& recovered) {
  if (exists(unfinished.sidecar())) {  // it died while it gave the names
    if (exists(unfinished.part())) {
      unfinished.name_it();
    } else {
      unfinished.note.remove();
    }
    return Recovery::kDone;
  }
  const bool is_clip = unfinished.facts.value("kind", "") == "clip";
  const auto footage =
      is_clip ? salvage(unfinished.part(), extension_of(unfinished.file), stop) : std::nullopt;
  if (stop) return Recovery::kFailed;
  if (footage) {
    recovered = unfinished.keep(*footage);
  } else {
    unfinished.drop();
  }
  return Recovery::kDone;
}

}  // namespace

std::optional<Footage> inspect_clip(const std::string& path, const std::string& extension,
                                    const std::atomic<bool>& stop) {
  const std::string demuxer = extension == ".mp4" ? "qtdemux" : "matroskademux";
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch_full(
      ("filesrc name=in ! " + demuxer + " name=demux  demux.video_0 ! fakesink name=out sync=false")
          .c_str(),
      nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  g_clear_error(&error);
  if (pipeline == nullptr) return {};
  GstElement* in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  g_object_set(in, "location", path.c_str(), nullptr);
  GstPad* pad = gst_element_get_static_pad(out, "sink");
  Footage footage;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, count, &footage, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  const bool ended = wait_for_end(pipeline, stop);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  for (gpointer object : {gpointer(pad), gpointer(in), gpointer(out), gpointer(pipeline)}) {
    gst_object_unref(object);
  }
  return ended ? std::optional(footage) : std::nullopt;
}

std::int64_t whole_fragments(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat facts {};
  if (file < 0 || fstat(file, &facts) != 0) {
    if (file >= 0) close(file);
    return 0;
  }
  std::int64_t whole = 0;
  bool has_data = false;  // that no index has told of yet
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < kMaxBoxes; ++i) {
    const Box box = box_at(file, at);
    const auto left = static_cast<std::uint64_t>(facts.st_size - at);
    if (box.size < 8 || box.size > left) break;
    at += static_cast<std::int64_t>(box.size);
    const bool is_index = box.type == "moov" || box.type == "moof";
    if (has_data && is_index) whole = at;
    has_data = box.type == "mdat" || (has_data && !is_index);
  }
  close(file);
  return whole;
}

Recovery recover_recording(const std::string& base, const std::atomic<bool>& stop,
                           std::optional<RecoveredRecording>& recovered) {
  try {
    auto note = PartNote::take_over_or_none(base + ".part.json");
    if (!note) return Recovery::kLiving;
    auto unfinished = read_note(base, *note);
    return unfinished ? finish(*unfinished, stop, recovered) : Recovery::kLiving;
  } catch (const std::exception& error) {
    GST_INFO("not recovered: %s", error.what());
    return Recovery::kFailed;
  }
}

}  // namespace novelty
