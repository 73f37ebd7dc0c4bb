// SPDX-License-Identifier: Apache-2.0
// Makes labels of a flag a frame, as texts and as folders of masks have them.
#include <algorithm>
#include <filesystem>
#include <string>

#include "clip_labels.h"
#include "image_files.h"
#include "interrupt.h"
#include "novelty/error.h"
#include "picture.h"

namespace novelty {
namespace {

/// The runs of frames from `first` up to `end` - 1 by their flag.
void add_runs(std::span<const std::uint8_t> flags, std::size_t first, std::size_t end,
              ClipLabels& labels) {
  for (std::size_t i = first; i < end;) {
    const std::size_t begin = i;
    while (i < end && flags[i] == flags[begin]) ++i;
    (flags[begin] != 0 ? labels.novel : labels.normal).push_back({begin, i - 1});
  }
}

void check_train(std::span<const std::uint8_t> flags, const LabelRange& range,
                 const std::string& where) {
  const std::string name = std::to_string(range.first) + "-" + std::to_string(range.last);
  if (range.last >= flags.size())
    throw Error(ErrorKind::kSettings, "--train " + name,
                where + " has only " + std::to_string(flags.size()) + " frames",
                "frames count from 0");
  const auto begin = flags.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(range.last) + 1;
  const auto novel = std::find(begin + static_cast<std::ptrdiff_t>(range.first), end, 1);
  if (novel != end)
    throw Error(ErrorKind::kSettings, "--train " + name,
                "frame " + std::to_string(novel - begin) + " of " + where + " is novel",
                "learn from normal frames only");
}

}  // namespace

std::vector<std::uint8_t> parse_frame_flags(std::string_view text, const std::string& where) {
  constexpr std::string_view kBetween = " \t\r\n,;";
  std::vector<std::uint8_t> flags;
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (word != "0" && word != "1")
      throw Error(ErrorKind::kFormat, where,
                  "value " + std::to_string(flags.size() + 1) + " is \"" +
                      std::string(word.substr(0, 20)) + "\"",
                  "write a 0 (normal) or 1 (novel) a frame");
    flags.push_back(word == "1" ? 1 : 0);
    at = text.find_first_not_of(kBetween, end);
  }
  if (flags.empty()) throw Error(ErrorKind::kFormat, where, "is empty", "write a 0 or 1 a frame");
  return flags;
}

std::vector<std::uint8_t> read_mask_flags(const std::string& folder) {
  std::vector<std::uint8_t> flags;
  for (const ImageFile& file : list_images(folder)) {
    throw_if_interrupted();
    const Picture mask = decode_picture(read_image_file(file), file.name);
    flags.push_back(std::any_of(mask.bgr.begin(), mask.bgr.end(), [](auto v) { return v != 0; }));
  }
  return flags;
}

ClipLabels labels_of_flags(std::span<const std::uint8_t> flags, const LabelRanges& train,
                           const std::string& where) {
  ClipLabels labels;
  labels.frames = flags.size();
  labels.train = train;
  std::size_t from = 0;
  for (const LabelRange& range : train) {
    check_train(flags, range, where);
    add_runs(flags, from, range.first, labels);
    from = range.last + 1;
  }
  add_runs(flags, from, flags.size(), labels);
  return labels;
}

}  // namespace novelty
