// SPDX-License-Identifier: Apache-2.0
// The scene-change guard on a drawn room: every reason, what is none, and the time it takes.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "novelty/error.h"
#include "novelty/scene_guard.h"
#include "scene/fourier.h"
#include "scene/judge.h"
#include "test_scene.h"

namespace novelty {
namespace {

using testing::drawn_reference;
using testing::drawn_room;
using testing::kScenePatch;
using testing::patches_of;
using testing::picture_of;
using testing::RgbFrame;

constexpr int kInput = 112;
constexpr std::uint64_t kUnseen = 100;  // a moment that was not learnt
constexpr std::int64_t kFrameNs = 40'000'000;

const std::shared_ptr<const SceneJudge>& room_judge() {
  static const auto judge = std::make_shared<const SceneJudge>(drawn_reference(kInput));
  return judge;
}

std::string change_of(const RgbFrame& frame) {
  return scene_change_name(room_judge()->judge(picture_of(frame, kInput)));
}

RgbFrame room() {
  return drawn_room(kUnseen);
}

TEST(Fourier, CorrelatesAtTheShift) {
  constexpr std::size_t kCount = kFourierSize * kFourierSize;
  std::vector<std::complex<float>> a(kCount), b(kCount);
  a[5 * kFourierSize + 7] = {1, 2};
  b[2 * kFourierSize + 60] = {1, 2};
  fourier_transform(a, FourierDirection::kForward);
  fourier_transform(b, FourierDirection::kForward);
  for (std::size_t i = 0; i < kCount; ++i) a[i] *= std::conj(b[i]);
  fourier_transform(a, FourierDirection::kInverse);
  const std::size_t shift = 3 * kFourierSize + (7 + 64 - 60);
  EXPECT_NEAR(a[shift].real() / kCount, 5, 1e-3);
  EXPECT_NEAR(a[shift + 1].real() / kCount, 0, 1e-3);
}

TEST(ScenePicture, KnowsBrightnessAndColourOfItsCells) {
  RgbFrame frame{56, 56, 0, std::vector<std::uint8_t>(std::size_t{56} * 56 * 3, 51)};
  for (std::size_t i = 0; i < frame.rgb.size(); i += 3) frame.rgb[i] = 102;
  const ScenePicture picture = picture_of(frame, 112);
  const float luma = 0.2F + 0.299F * 0.2F;
  EXPECT_NEAR(picture.cell_luma[0], luma, 1e-4);
  EXPECT_NEAR(picture.cell_chroma[2 * 195], 0.2F - luma, 1e-4);
  EXPECT_NEAR(picture.cell_chroma[2 * 195 + 1], 0.4F - luma, 1e-4);
  for (const auto& edge : picture.edges) EXPECT_LT(std::abs(edge), 1e-3);
}

TEST(ScenePicture, RefusesPatchesOfAnotherSize) {
  ScenePicture picture;
  EXPECT_THROW(describe(std::vector<float>(100), 112, 16, picture), Error);
}

TEST(SceneReference, NeedsPicturesOfOneScene) {
  EXPECT_TRUE(learn_scene({}, 1).empty());
  std::vector<ScenePicture> pictures;
  pictures.reserve(6);
  for (int i = 0; i < 6; ++i)
    pictures.push_back(picture_of(testing::moved(room(), {.shift_x = 0.11 * i}), kInput));
  EXPECT_TRUE(learn_scene(pictures, 1).empty()) << "a camera that pans has no reference";
}

TEST(SceneReference, GivesUpWhatTheTrainingPicturesShow) {
  std::vector<ScenePicture> pictures;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const RgbFrame frame = drawn_room(i);
    pictures.push_back(picture_of(i < 4 ? testing::lit(frame, 0.3, 0.3) : frame, kInput));
  }
  const SceneReference reference = learn_scene(pictures, 16.0 / 9);
  ASSERT_FALSE(reference.empty());
  EXPECT_TRUE(reference.tells[0]);
  EXPECT_FALSE(reference.tells[2]) << "lights go off in this footage";
  const SceneJudge judge(reference);
  EXPECT_EQ(judge.judge(pictures[0]), SceneChange::kNone);
}

TEST(SceneJudge, LetsTheSceneItselfPass) {
  EXPECT_EQ(change_of(room()), "");
  for (const double gain : {0.75, 1.25}) EXPECT_EQ(change_of(testing::lit(room(), gain, gain)), "");
  EXPECT_EQ(change_of(testing::moved(room(), {.shift_x = 1.0 / 224})), "") << "vibration";
}

TEST(SceneJudge, LetsObjectsPassUpToTwoFifthsOfTheFrame) {
  for (const int level : {0, 60, 200, 255})
    for (const double x : {0.0, 0.3, 0.6})
      for (const double gain : {0.75, 1.0, 1.25}) {
        const testing::Box box{x, 0, 0.4, 1, static_cast<std::uint8_t>(level)};
        EXPECT_EQ(change_of(testing::lit(testing::with_box(room(), box), gain, gain)), "")
            << level << " at " << x << ", times " << gain;
      }
  EXPECT_EQ(change_of(testing::behind_cloth(room(), 0.4)), "");
}

struct ReasonCase {
  const char* name;
  const char* reason;
  std::function<RgbFrame(const RgbFrame&)> change;
};

class Reasons : public ::testing::TestWithParam<ReasonCase> {};

TEST_P(Reasons, AreTold) {
  EXPECT_EQ(change_of(GetParam().change(room())), GetParam().reason);
}

auto move(const testing::Move& move) {
  return [move](const RgbFrame& frame) { return testing::moved(frame, move); };
}
auto light(double left, double right) {
  return [=](const RgbFrame& frame) { return testing::lit(frame, left, right); };
}
auto cloth(double share) {
  return [=](const RgbFrame& frame) { return testing::behind_cloth(frame, share); };
}

INSTANTIATE_TEST_SUITE_P(
    Drawn, Reasons,
    ::testing::Values(ReasonCase{"Right", "moved", move({.shift_x = 0.05})},
                      ReasonCase{"Up", "moved", move({.shift_y = -0.05})},
                      ReasonCase{"Turned", "moved", move({.turn_degrees = 5})},
                      ReasonCase{"TurnedBack", "moved", move({.turn_degrees = -12})},
                      ReasonCase{"ZoomedIn", "moved", move({.zoom = 1.2})},
                      ReasonCase{"ZoomedOut", "moved", move({.zoom = 0.8})},
                      ReasonCase{"Dark", "covered", testing::dark},
                      ReasonCase{"BehindCloth", "covered", cloth(1)},
                      ReasonCase{"MostlyBehindCloth", "covered", cloth(0.8)},
                      ReasonCase{"LightsOff", "relit", light(0.3, 0.3)},
                      ReasonCase{"LightsOn", "relit", light(2.5, 2.5)},
                      ReasonCase{"LitFromTheRight", "relit", light(0.4, 1.6)},
                      ReasonCase{"Infrared", "infrared", testing::colourless},
                      ReasonCase{"Unfocused", "covered",
                                 [](const RgbFrame& f) { return testing::unfocused(f, 0.05); }}),
    [](const auto& row) { return row.param.name; });

// Frames of the room, changed or not, one every 40 ms.
class Watch {
 public:
  SceneState push(const RgbFrame& frame, std::int64_t step_ns = kFrameNs) {
    now_ns_ += step_ns;
    return guard_.push(now_ns_, patches_of(frame, kInput));
  }
  /// The last state after that many frames.
  SceneState push(const RgbFrame& frame, int count) {
    SceneState state;
    for (int i = 0; i < count; ++i) state = push(frame);
    return state;
  }
  SceneGuard& guard() { return guard_; }
  void go_back(std::int64_t ns) { now_ns_ -= ns; }

 private:
  SceneGuard guard_{room_judge(), kInput, kScenePatch};
  std::int64_t now_ns_ = 0;
};

TEST(SceneGuard, HoldsAtOnceAndRaisesAfterHalfASecond) {
  Watch watch;
  EXPECT_FALSE(watch.push(room(), 10).held);
  const RgbFrame dark = testing::dark(room());
  SceneState state = watch.push(dark);
  EXPECT_TRUE(state.held);
  EXPECT_EQ(state.change, SceneChange::kNone);
  EXPECT_EQ(watch.push(dark, 12).change, SceneChange::kNone);  // 480 ms
  EXPECT_EQ(watch.push(dark).change, SceneChange::kCovered);
}

TEST(SceneGuard, CountsTimeAndNotFrames) {
  Watch watch;
  const RgbFrame dark = testing::dark(room());
  watch.push(dark);
  EXPECT_EQ(watch.push(dark, std::int64_t{1'000'000'000}).change, SceneChange::kCovered);
}

TEST(SceneGuard, LetsAShortChangePass) {
  Watch watch;
  watch.push(testing::dark(room()), 8);
  watch.push(room(), 7);
  EXPECT_FALSE(watch.push(room()).held);
  EXPECT_EQ(watch.push(testing::dark(room()), 8).change, SceneChange::kNone);
}

TEST(SceneGuard, KeepsTheReasonAndClearsAfterASecondOfTheScene) {
  Watch watch;
  watch.push(testing::dark(room()), 14);
  EXPECT_EQ(watch.push(testing::lit(room(), 0.3, 0.3), 5).change, SceneChange::kCovered);
  EXPECT_EQ(watch.push(room(), 20).change, SceneChange::kCovered);
  watch.push(testing::dark(room()));  // starts the second anew
  EXPECT_EQ(watch.push(room(), 25).change, SceneChange::kCovered);
  const SceneState state = watch.push(room());
  EXPECT_EQ(state.change, SceneChange::kNone);
  EXPECT_FALSE(state.held);
}

TEST(SceneGuard, RearmsOnThePresentPicture) {
  Watch watch;
  const RgbFrame other = testing::moved(room(), {.shift_x = 0.1});
  EXPECT_EQ(watch.push(other, 14).change, SceneChange::kMoved);
  watch.guard().rearm();
  EXPECT_FALSE(watch.push(other).held);
  EXPECT_FALSE(watch.push(other, 20).held);
  EXPECT_EQ(watch.push(room(), 14).change, SceneChange::kMoved) << "back is a move as well";
}

TEST(SceneGuard, TakesARepeatedPictureLikeAPushedOne) {
  Watch watch;
  watch.push(testing::dark(room()));
  const std::int64_t first = kFrameNs;
  EXPECT_EQ(watch.guard().repeat(first + kFrameNs).change, SceneChange::kNone);
  EXPECT_EQ(watch.guard().repeat(first + 500'000'000).change, SceneChange::kCovered);
  watch.guard().rearm();
  EXPECT_FALSE(watch.guard().repeat(first + 540'000'000).held);
}

TEST(SceneGuard, StartsItsTimersAnewWhenTimeGoesBack) {
  Watch watch;
  watch.push(testing::dark(room()), 12);
  watch.go_back(400'000'000);
  EXPECT_EQ(watch.push(testing::dark(room()), 12).change, SceneChange::kNone);
  EXPECT_EQ(watch.push(testing::dark(room()), 2).change, SceneChange::kCovered);
}

TEST(SceneGuard, ForgetsTheFlagOnReset) {
  Watch watch;
  watch.push(testing::dark(room()), 14);
  watch.guard().reset();
  EXPECT_FALSE(watch.push(room()).held);
}

TEST(SceneGuard, SaysNothingWithoutAReference) {
  SceneGuard guard(nullptr, kInput, kScenePatch);
  EXPECT_FALSE(guard.able());
  EXPECT_FALSE(guard.push(0, {}).held);
  guard.rearm();
  EXPECT_EQ(guard.push(1, {}).change, SceneChange::kNone);
}

TEST(SceneGuard, RefusesPatchesOfAnotherSize) {
  SceneGuard guard(room_judge(), kInput, kScenePatch);
  EXPECT_THROW(guard.push(0, std::vector<float>(12)), Error);
}

}  // namespace
}  // namespace novelty
