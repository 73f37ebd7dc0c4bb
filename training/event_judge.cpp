// SPDX-License-Identifier: Apache-2.0
// Judges events by labels.
#include "event_judge.h"

#include <algorithm>
#include <set>

namespace novelty {
namespace {

constexpr double kEarlyS = 0.5;  // an event may begin so much before its range
constexpr double kLateS = 1;     // and so much after its start
constexpr double kLeastCover = 0.8;
constexpr std::size_t kMostBegins = 2;
constexpr double kMostNormalShare = 0.05;

/// The frames of a clip with their times.
class Judge {
 public:
  Judge(std::span<const FrameEvent> frames, const ClipLabels& labels, double fps)
      : frames_(frames), labels_(labels), fps_(fps) {}

  EventVerdict verdict() {
    list_events();
    for (const LabelRange& range : labels_.novel) match(range);
    judge_false();
    judge_normal();
    return std::move(result_);
  }

 private:
  const std::string& id(std::size_t frame) const {
    static const std::string kNone;
    return frame < frames_.size() ? frames_[frame].id : kNone;
  }
  bool begins_within(const LabelRange& event, const LabelRange& range, double end) const {
    const auto begin = static_cast<double>(event.first);
    return static_cast<double>(range.first) - kEarlyS * fps_ <= begin && begin <= end;
  }
  bool begins_in(const LabelRange& event, const LabelRange& range) const {
    return begins_within(event, range, static_cast<double>(range.last));
  }

  void list_events() {
    for (std::size_t i = 0; i < labels_.frames;) {
      const std::size_t first = i++;
      if (id(first).empty()) continue;
      while (i < labels_.frames && id(i) == id(first)) ++i;
      result_.events.push_back({first, i - 1});
    }
  }

  void match(const LabelRange& range) {
    std::optional<std::size_t> own;
    std::size_t begins = 0;
    for (std::size_t k = 0; k < result_.events.size(); ++k) {
      const LabelRange& event = result_.events[k];
      const double latest = static_cast<double>(range.first) + kLateS * fps_;
      if (!own && !used_.contains(k) && begins_within(event, range, latest)) own = k;
      begins += begins_in(event, range) ? 1 : 0;
    }
    if (own) used_.insert(*own);
    result_.own.push_back(own);
    result_.delay_s.push_back(own ? std::optional(delay(result_.events[*own], range))
                                  : std::nullopt);
    result_.cover.push_back(cover(range));
    if (begins > kMostBegins) result_.flickering.push_back(range);
  }

  double delay(const LabelRange& event, const LabelRange& range) const {
    return (static_cast<double>(event.first) - static_cast<double>(range.first)) / fps_;
  }

  double cover(const LabelRange& range) const {
    std::size_t covered = 0;
    for (std::size_t i = range.first; i <= range.last; ++i) covered += id(i).empty() ? 0 : 1;
    return static_cast<double>(covered) / static_cast<double>(range.size());
  }

  void judge_false() {
    const auto within = [](const LabelRanges& ranges, const auto& holds) {
      return std::any_of(ranges.begin(), ranges.end(), holds);
    };
    for (std::size_t k = 0; k < result_.events.size(); ++k) {
      const LabelRange& event = result_.events[k];
      if (used_.contains(k) ||
          within(labels_.novel, [&](const LabelRange& range) { return begins_in(event, range); }))
        continue;
      result_.false_events.push_back(event);
      result_.false_in_normal +=
          within(labels_.normal,
                 [&](const LabelRange& range) { return range.contains(event.first); })
              ? 1
              : 0;
    }
  }

  void judge_normal() {
    for (const LabelRange& event : result_.events) {
      const auto next =
          std::find_if(labels_.normal.begin(), labels_.normal.end(), [&](const LabelRange& range) {
            return range.first > event.first && static_cast<double>(range.size()) >= fps_;
          });
      if (next != labels_.normal.end() && event.last >= next->last)
        result_.unending.push_back(event);
    }
    for (const LabelRange& range : labels_.normal) {
      result_.normal_frames += range.size();
      for (std::size_t i = range.first; i <= range.last; ++i)
        result_.normal_frames_in_events += !id(i).empty() && !frames_[i].held ? 1 : 0;
    }
  }

  std::span<const FrameEvent> frames_;
  const ClipLabels& labels_;
  double fps_;
  EventVerdict result_;
  std::set<std::size_t> used_;  // events that found a range
};

}  // namespace

std::size_t EventVerdict::found() const {
  return static_cast<std::size_t>(
      std::count_if(own.begin(), own.end(), [](const auto& event) { return event.has_value(); }));
}

double EventVerdict::normal_share() const {
  if (normal_frames == 0) return 0;
  return static_cast<double>(normal_frames_in_events) / static_cast<double>(normal_frames);
}

bool EventVerdict::passes() const {
  const bool covered =
      std::all_of(cover.begin(), cover.end(), [](double share) { return share >= kLeastCover; });
  return found() == own.size() && covered && false_events.empty() && flickering.empty() &&
         unending.empty() && normal_share() <= kMostNormalShare;
}

EventVerdict judge_events(std::span<const FrameEvent> frames, const ClipLabels& labels,
                          double fps) {
  return Judge(frames, labels, fps).verdict();
}

}  // namespace novelty
