// SPDX-License-Identifier: Apache-2.0
// Chooses what does not belong in a drawn scene.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>

#include "base/rng.h"
#include "scene_stage.h"
#include "scene_visit.h"

namespace novelty {
namespace {

constexpr std::uint64_t kPlanStream = 0x91a4;
constexpr int kWidth = 640, kHeight = 360;  // a plan does not depend on the picture's size
constexpr double kLeastArea = 0.0105, kMostArea = 0.145;
constexpr double kMostCarried = 0.03;
constexpr double kLeastContrast = 0.102, kMostContrast = 0.4;
constexpr double kMostKeep = 1.5;       // colours are not made more vivid than this
constexpr double kMostOfMotion = 0.03;  // share of a box at rest in which something moves
constexpr int kAbsentOneIn = 8;
constexpr int kPlaceTries = 60;
constexpr double kShrink = 0.85;
constexpr int kFitTries = 5;
constexpr double kFit = 0.02;  // an area may be off by this share

double log_uniform(Rng& rng, double low, double high) {
  return low * std::pow(high / low, rng.uniform());
}

/// All kinds below `count`, shuffled, again and again.
class Deck {
 public:
  Deck(int count, Rng& rng) : kinds_(static_cast<std::size_t>(count)) {
    std::iota(kinds_.begin(), kinds_.end(), 0);
    for (std::size_t i = kinds_.size(); i > 1; --i) std::swap(kinds_[i - 1], kinds_[rng.below(i)]);
  }
  ForeignKind draw() { return static_cast<ForeignKind>(kinds_[next_++ % kinds_.size()]); }

 private:
  std::vector<int> kinds_;
  std::size_t next_ = 0;
};

/// Where in the picture anything ever moves, in coarse cells.
class MotionMap {
 public:
  explicit MotionMap(const SceneStyle& style) {
    SceneStyle unmirrored = style;
    unmirrored.mirrored = false;
    const SceneStage stage(kColumns, kRows, unmirrored, 0);
    std::vector<std::uint8_t> low(kCells * 3, 255), high(kCells * 3, 0);
    for (int i = 0; i < kPhases; ++i) {
      const Picture now = stage.picture({style.cycle_s * i / kPhases}, nullptr);
      for (std::size_t at = 0; at < low.size(); ++at) {
        low[at] = std::min(low[at], now.bgr[at]);
        high[at] = std::max(high[at], now.bgr[at]);
      }
    }
    for (std::size_t i = 0; i < low.size(); ++i)
      if (high[i] - low[i] > kMoves) moves_[i / 3] = 1;
  }

  /// The share of a box in which something moves.
  double share(const SceneBox& box) const {
    int moving = 0, all = 0;
    for (int y = 0; y < kRows; ++y)
      for (int x = 0; x < kColumns; ++x) {
        const double px = (x + 0.5) * kWidth / kColumns, py = (y + 0.5) * kHeight / kRows;
        if (px < box.x || py < box.y || px >= box.x + box.width || py >= box.y + box.height)
          continue;
        ++all;
        moving += moves_[static_cast<std::size_t>(y) * kColumns + x];
      }
    return all == 0 ? 0 : moving / double(all);
  }

 private:
  static constexpr int kColumns = 128, kRows = 72, kPhases = 24, kMoves = 20;
  static constexpr std::size_t kCells = std::size_t{kColumns} * kRows;
  std::array<std::uint8_t, kCells> moves_{};
};

/// Plans one clip's visits, one after the other.
class Planner {
 public:
  Planner(int fps, const SceneStyle& style, std::uint64_t seed, std::size_t visits)
      : rng_(seed, kPlanStream),
        fps_(fps),
        stage_(kWidth, kHeight, style, seed),
        motion_(style),
        moving_kinds_(kForeignKinds, rng_),
        resting_kinds_(kForeignKinds - 1, rng_),  // all but the last, the hand
        absent_(rng_.below(std::clamp<std::size_t>(visits, 1, kAbsentOneIn))),
        may_be_absent_(visits >= 3) {}

  SceneVisit plan(std::size_t index, const std::pair<int, int>& frames) {
    SceneVisit visit;
    visit.first = frames.first;
    visit.last = frames.second;
    if (index % 2 == 0) first_moves_ = rng_.below(2) == 0;
    const bool moving = (index % 2 == 0) == first_moves_;
    visit.absent = may_be_absent_ && index % kAbsentOneIn == absent_;
    if (visit.absent)
      choose_absent(visit, moving);
    else
      choose_foreign(visit, moving);
    return visit;
  }

 private:
  const SceneStyle& style() const { return stage_.style(); }
  double duration_s(const SceneVisit& v) const { return (v.last - v.first + 1) / double(fps_); }
  SceneMoment middle_of(const SceneVisit& v) const { return {(v.first + v.last) / 2.0 / fps_}; }

  void choose_absent(SceneVisit& visit, bool moving) {
    visit.place = moving ? ScenePlace::kBelt : ScenePlace::kWall;
    if (moving)
      visit.missing_part = part_in_view(visit);
    else
      visit.missing = static_cast<Fixture>(1 + rng_.below(3));
    measure(visit);
  }

  /// The part that is farthest from both sides all the while, and not one that is taken.
  std::int64_t part_in_view(const SceneVisit& visit) const {
    const double seconds = middle_of(visit).seconds;
    std::int64_t best = 0;
    double least = INFINITY;
    const auto around =
        static_cast<std::int64_t>(std::floor(part_x(style(), seconds, 0) / kPartSpacing));
    for (std::int64_t number = around - 6; number <= around + 1; ++number) {
      const double away = std::abs(part_x(style(), seconds, number) - kWidth / 2.0);
      if (part_kind(number) == kPartKinds - 1 || away >= least) continue;
      least = away;
      best = number;
    }
    return best;
  }

  void choose_foreign(SceneVisit& visit, bool moving) {
    visit.kind = moving ? moving_kinds_.draw() : resting_kinds_.draw();
    double area = log_uniform(rng_, kLeastArea, kMostArea);
    const double contrast = log_uniform(rng_, kLeastContrast, kMostContrast);
    while (!(moving ? put_moving(visit, area) : put_resting(visit, area)))
      area = std::max(kLeastArea, area * kShrink);
    set_contrast(visit, contrast);
  }

  bool put_moving(SceneVisit& visit, double area) {
    const double along = rng_.uniform(), up = rng_.uniform();
    std::vector<ScenePlace> places{ScenePlace::kRobot};
    if (visit.kind != ForeignKind::kHand) {
      if (belt_speed(style()) * duration_s(visit) < 330) places.push_back(ScenePlace::kBelt);
      if (area <= kMostCarried) places.push_back(ScenePlace::kGripper);
    }
    visit.place = places[rng_.below(places.size())];
    return fit(visit, area, along, up);
  }

  bool put_resting(SceneVisit& visit, double area) {
    for (int i = 0; i < kPlaceTries; ++i) {
      visit.place = rng_.below(2) == 0 ? ScenePlace::kFloor : ScenePlace::kWall;
      const double along = rng_.uniform(), up = rng_.uniform();
      const auto box = box_for(visit, usual_size(visit.kind) * scale_for(visit, area), along, up);
      if (!box || motion_.share(*box) > kMostOfMotion) continue;
      if (fit(visit, area, along, up)) return true;
    }
    return false;
  }

  /// How much larger than usual the object must be to cover `area`, when all of it is seen.
  double scale_for(const SceneVisit& visit, double area) const {
    SceneVisit whole = visit;
    whole.place = ScenePlace::kRobot;
    const Point size = usual_size(visit.kind);
    whole.box = {100, 100, size.x, size.y};
    measure_area(whole);
    return std::sqrt(area / whole.area);
  }

  /// Scales the object until it covers `area`, at `along` and `up` (0 to 1) of where it may be.
  bool fit(SceneVisit& visit, double area, double along, double up) const {
    double scale = scale_for(visit, area);
    for (int i = 0; i < kFitTries; ++i) {
      const auto box = box_for(visit, usual_size(visit.kind) * scale, along, up);
      if (!box) return false;
      visit.box = *box;
      measure_area(visit);
      if (std::abs(visit.area / area - 1) < kFit) return true;
      scale *= std::sqrt(area / std::max(visit.area, 1e-4));
    }
    return false;
  }

  std::optional<SceneBox> box_for(const SceneVisit& visit, Point size, double along,
                                  double up) const {
    const auto between = [](double share, double low, double high) {
      return low + share * (high - low);
    };
    const double belt = kBeltTop + style().belt_dy;
    double left = 6, right = 634 - size.x, top = 26, bottom = belt - 6 - size.y;
    if (visit.place == ScenePlace::kFloor) top = kFloorTop + 16, bottom = 356 - size.y;
    if (visit.place == ScenePlace::kBelt) {
      const double half = belt_speed(style()) * duration_s(visit) / 2;
      left += half, right -= half;
      top = bottom = belt + 26 - size.y;
    }
    if (visit.place == ScenePlace::kRobot) {
      const double middle = kPickX + style().robot_dx - size.x / 2;
      left = std::clamp(middle - 110, 6.0, 630.0), right = std::clamp(middle + 40, 6.0, right);
      top = std::max(4.0, belt - 126 - size.y / 2), bottom = belt - 26 - size.y / 2;
      if (visit.kind == ForeignKind::kHand) top = bottom = 364 - size.y;
    }
    if (visit.place == ScenePlace::kGripper) {
      const Point at = gripper_at(style(), middle_of(visit).seconds);
      left = right = at.x - size.x / 2;
      top = bottom = at.y - 4;
    }
    if (left > right || top > bottom || bottom < 2) return std::nullopt;
    return SceneBox{between(along, left, right), between(up, top, bottom), size.x, size.y};
  }

  std::vector<std::uint8_t> measure_area(SceneVisit& visit) const {
    auto mask = stage_.mask(middle_of(visit), visit);
    visit.area = static_cast<double>(std::count(mask.begin(), mask.end(), 255)) /
                 static_cast<double>(mask.size());
    return mask;
  }

  /// Sets area and contrast, and the middle that a foreign object's colours are muted towards.
  void measure(SceneVisit& visit) const {
    const auto mask = measure_area(visit);
    const Picture with = stage_.picture(middle_of(visit), &visit);
    const Picture without = stage_.picture(middle_of(visit), nullptr);
    visit.middle = mean_colour(visit.absent ? with : without, mask);
    visit.contrast = distance(visit.absent ? without : with, mask, visit.middle);
  }

  void set_contrast(SceneVisit& visit, double wanted) const {
    measure(visit);
    for (int i = 0; i < kFitTries && std::abs(visit.contrast / wanted - 1) > kFit; ++i) {
      visit.keep = std::min(kMostKeep, visit.keep * wanted / std::max(visit.contrast, 1e-3));
      measure(visit);
      if (visit.keep == kMostKeep) return;
    }
  }

  static Colour mean_colour(const Picture& picture, const std::vector<std::uint8_t>& mask) {
    double sums[3] = {}, count = 1e-9;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] == 0) continue;
      count += 1;
      for (std::size_t c = 0; c < 3; ++c) sums[c] += picture.bgr[3 * i + c];
    }
    return {sums[0] / count, sums[1] / count, sums[2] / count};
  }

  static double distance(const Picture& picture, const std::vector<std::uint8_t>& mask,
                         const Colour& from) {
    const double middle[3] = {from.blue, from.green, from.red};
    double sum = 0, count = 1e-9;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] == 0) continue;
      count += 3;
      for (std::size_t c = 0; c < 3; ++c) sum += std::abs(picture.bgr[3 * i + c] - middle[c]);
    }
    return sum / count / 255;
  }

  Rng rng_;
  int fps_;
  SceneStage stage_;
  MotionMap motion_;
  Deck moving_kinds_, resting_kinds_;
  std::size_t absent_;
  bool may_be_absent_;
  bool first_moves_ = false;
};

}  // namespace

const char* kind_name(const SceneVisit& visit) {
  static constexpr std::array<const char*, kForeignKinds> kNames = {
      "parcel", "toolbox", "bottle", "cone", "ball", "sheet", "spanner", "hand"};
  return visit.absent ? "absent" : kNames[static_cast<std::size_t>(visit.kind)];
}

const char* place_name(const SceneVisit& visit) {
  static constexpr std::array<const char*, 5> kNames = {"floor", "wall", "belt", "gripper",
                                                        "robot"};
  return kNames[static_cast<std::size_t>(visit.place)];
}

std::vector<SceneVisit> plan_visits(const std::vector<std::pair<int, int>>& ranges, int fps,
                                    const SceneStyle& style, std::uint64_t seed) {
  std::vector<SceneVisit> visits;
  if (ranges.empty()) return visits;
  Planner planner(fps, style, seed, ranges.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) visits.push_back(planner.plan(i, ranges[i]));
  return visits;
}

}  // namespace novelty
