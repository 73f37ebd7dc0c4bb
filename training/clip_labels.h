// SPDX-License-Identifier: Apache-2.0
// Which frames of test clips are normal and which novel: reads and writes labels.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace novelty {

/// Frame numbers from 0, both ends included.
struct LabelRange {
  std::size_t first = 0, last = 0;

  std::size_t size() const { return last - first + 1; }
  bool contains(std::size_t frame) const { return first <= frame && frame <= last; }
};
using LabelRanges = std::vector<LabelRange>;  ///< ascending and disjoint

/// What the frames of one clip are; frames in no range are not used.
struct ClipLabels {
  std::size_t frames = 0;
  LabelRanges train;   ///< normal, to learn from; at least 8 frames
  LabelRanges normal;  ///< normal, to test with
  LabelRanges novel;   ///< each range one thing to be found
};
using LabelledClips = std::map<std::string, ClipLabels>;

/// Reads {"CLIP": {"frames": N, "train": [[A, B], ...], "normal": ..., "novel": ...}, ...}; other
/// keys of a clip, and texts beside the clips, are notes. `where` names the text in errors.
/// Throws: Error(kFormat) on ranges that are out of order, overlap or leave the clip, on an empty
/// "train" and on a clip with nothing to test.
LabelledClips parse_labels(std::string_view text, const std::string& where);

/// parse_labels of a file. Throws: Error, also kNotFound and kRead.
LabelledClips read_labels(const std::string& path);

/// The text of labels.json.
std::string labels_text(const LabelledClips& clips);

/// The clips named in `names`, with or without the ending; all when there are none.
/// Throws: Error(kSettings) naming those that there are.
LabelledClips chosen_clips(const LabelledClips& clips, const std::vector<std::string>& names);

/// What frame `frame` is: "train", "normal", "novel", or null when it is in no range.
const char* label_of(const ClipLabels& labels, std::size_t frame);

/// The frames of a text of 0 and 1, separated by white space or commas; 1 = novel.
/// Throws: Error(kFormat).
std::vector<std::uint8_t> parse_frame_flags(std::string_view text, const std::string& where);

/// A flag a mask in `folder`, in the order of the names: novel when any pixel is not black.
/// Throws: Error.
std::vector<std::uint8_t> read_mask_flags(const std::string& folder);

/// Labels of a clip whose frames are flagged 0 (normal) or 1 (novel), with `train` to learn from.
/// Throws: Error(kSettings) when `train` leaves the clip or holds a novel frame.
ClipLabels labels_of_flags(std::span<const std::uint8_t> flags, const LabelRanges& train,
                           const std::string& where);

}  // namespace novelty
