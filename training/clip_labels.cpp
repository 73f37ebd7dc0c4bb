// SPDX-License-Identifier: Apache-2.0
// Reads and writes labels.json.
#include "clip_labels.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "novelty/error.h"

namespace novelty {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLeastTrainFrames = 8;  // what `novelty train` needs
constexpr const char* kForm =
    R"(write "CLIP": {"frames": N, "train": [[A, B]], "normal": [[A, B]], "novel": [[A, B]]})";

/// One clip of the file, for errors.
struct Place {
  std::string file, clip;

  [[noreturn]] void refuse(const std::string& what, const std::string& remedy) const {
    throw Error(ErrorKind::kFormat, file, "clip \"" + clip + "\": " + what, remedy);
  }
};

Json json_of(const LabelRanges& ranges) {
  Json list = Json::array();
  for (const LabelRange& range : ranges) list.push_back({range.first, range.last});
  return list;
}

std::string text_of(const LabelRange& range) {
  return json_of({range}).front().dump();
}

bool is_count(const Json& value) {
  return value.is_number_integer() && value.get<std::int64_t>() >= 0 &&
         value.get<std::int64_t>() < (std::int64_t{1} << 40);
}

LabelRange range_of(const Json& value, const std::string& name, const Place& place) {
  if (!value.is_array() || value.size() != 2 || !is_count(value[0]) || !is_count(value[1]))
    place.refuse("\"" + name + "\" holds " + value.dump() + ", which is no range", kForm);
  const LabelRange range{value[0].get<std::size_t>(), value[1].get<std::size_t>()};
  if (range.first > range.last)
    place.refuse("\"" + name + "\" range " + text_of(range) + " ends before it begins",
                 "write the first frame first");
  return range;
}

LabelRanges ranges_of(const Json& clip, const std::string& name, const Place& place) {
  if (!clip.contains(name)) return {};
  const Json& list = clip.at(name);
  if (!list.is_array()) place.refuse("\"" + name + "\" is no list of ranges", kForm);
  LabelRanges ranges;
  for (const Json& value : list) ranges.push_back(range_of(value, name, place));
  return ranges;
}

/// Within the clip, in order, and none on another: over all three lists.
void check_ranges(const ClipLabels& labels, const Place& place) {
  std::vector<std::pair<LabelRange, std::string>> all;
  for (const auto& [name, ranges] :
       {std::pair{"train", &labels.train}, {"normal", &labels.normal}, {"novel", &labels.novel}}) {
    const auto out_of_order = std::adjacent_find(
        ranges->begin(), ranges->end(),
        [](const LabelRange& a, const LabelRange& b) { return b.first < a.first; });
    if (out_of_order != ranges->end())
      place.refuse("\"" + std::string(name) + "\" range " + text_of(*out_of_order) +
                       " comes before an earlier one",
                   "put them in order of time");
    for (const LabelRange& range : *ranges) all.emplace_back(range, name);
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.first.first < b.first.first; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [range, name] = all[i];
    if (range.last >= labels.frames)
      place.refuse("\"" + name + "\" range " + text_of(range) + " is outside of its " +
                       std::to_string(labels.frames) + " frames",
                   "frames count from 0, and both ends are included");
    if (i > 0 && range.first <= all[i - 1].first.last)
      place.refuse("\"" + name + "\" range " + text_of(range) + " overlaps \"" + all[i - 1].second +
                       "\" range " + text_of(all[i - 1].first),
                   "a frame is in one range at most; both ends are included");
  }
}

std::size_t frame_count(const LabelRanges& ranges) {
  std::size_t count = 0;
  for (const LabelRange& range : ranges) count += range.size();
  return count;
}

ClipLabels clip_of(const Json& clip, const Place& place) {
  if (!clip.is_object()) place.refuse("is no object", kForm);
  if (!clip.contains("frames") || !is_count(clip.at("frames")))
    place.refuse("\"frames\" is missing or no count", kForm);
  ClipLabels labels{clip.at("frames").get<std::size_t>(), ranges_of(clip, "train", place),
                    ranges_of(clip, "normal", place), ranges_of(clip, "novel", place)};
  check_ranges(labels, place);
  if (const std::size_t count = frame_count(labels.train); count < kLeastTrainFrames)
    place.refuse("\"train\" has " + std::to_string(count) + " frames to learn from",
                 "give at least " + std::to_string(kLeastTrainFrames) +
                     " normal frames, better several hundred");
  if (labels.normal.empty() && labels.novel.empty())
    place.refuse("has nothing to test", "give \"normal\" or \"novel\" ranges");
  return labels;
}

bool is_named(const std::string& clip, const std::string& name) {
  return clip == name || clip.substr(0, clip.rfind('.')) == name;
}

bool any_contains(const LabelRanges& ranges, std::size_t frame) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [frame](const LabelRange& range) { return range.contains(frame); });
}

}  // namespace

LabelledClips parse_labels(std::string_view text, const std::string& where) {
  const Json all = parse_json(text, where);
  if (!all.is_object()) throw Error(ErrorKind::kFormat, where, "is no object of clips", kForm);
  LabelledClips clips;
  for (const auto& [name, value] : all.items()) {
    if (value.is_string()) continue;
    const Place place{where, name};
    if (name.empty() || name.find('/') != std::string::npos)
      place.refuse("is no file name", "clips lie in one folder");
    clips.emplace(name, clip_of(value, place));
  }
  if (clips.empty()) throw Error(ErrorKind::kFormat, where, "labels no clip", kForm);
  return clips;
}

LabelledClips read_labels(const std::string& path) {
  const auto bytes = read_file(path);
  return parse_labels({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

std::string labels_text(const LabelledClips& clips) {
  std::string text =
      "{\n  \"about\": \"Frame ranges (from 0, both ends included); frames in no range are not "
      "used.\"";
  for (const auto& [name, labels] : clips)
    text += ",\n  " + Json(name).dump() + ": {\n    \"frames\": " + std::to_string(labels.frames) +
            ",\n    \"train\": " + json_of(labels.train).dump() +
            ",\n    \"normal\": " + json_of(labels.normal).dump() +
            ",\n    \"novel\": " + json_of(labels.novel).dump() + "\n  }";
  return text + "\n}\n";
}

LabelledClips chosen_clips(const LabelledClips& clips, const std::vector<std::string>& names) {
  if (names.empty()) return clips;
  LabelledClips chosen;
  for (const std::string& name : names) {
    const auto found = std::find_if(clips.begin(), clips.end(),
                                    [&](const auto& clip) { return is_named(clip.first, name); });
    std::string known;
    for (const auto& [clip, labels] : clips) known += (known.empty() ? "" : ", ") + clip;
    if (found == clips.end())
      throw Error(ErrorKind::kSettings, name, "no such clip in the labels", "there are " + known);
    chosen.insert(*found);
  }
  return chosen;
}

const char* label_of(const ClipLabels& labels, std::size_t frame) {
  if (any_contains(labels.novel, frame)) return "novel";
  if (any_contains(labels.normal, frame)) return "normal";
  return any_contains(labels.train, frame) ? "train" : nullptr;
}

}  // namespace novelty
