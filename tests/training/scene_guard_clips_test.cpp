// SPDX-License-Identifier: Apache-2.0
// The scene-change guard on real footage: what people, cars and hands must not raise, and what a
// change of the camera must. Skips without the shared clips.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "changed_frame.h"
#include "image/preprocess.h"
#include "novelty/scene_guard.h"
#include "rgb_clip.h"
#include "scene/judge.h"
#include "scene/reference.h"

namespace novelty {
namespace {

using testing::RgbClip;
using testing::RgbFrame;

constexpr int kInput = 224;
constexpr int kPatch = 16;
constexpr std::int64_t kSecond = 1'000'000'000;

struct Clip {
  const char* file;
  std::size_t train_end;  // the range `train` of labels.json is 0 to here
};
constexpr Clip kRoom{"one-by-one-person-detection.mp4", 54};
constexpr Clip kCar{"car-detection.mp4", 48};
constexpr Clip kBottle{"bottle-detection.mp4", 149};

using Change = std::function<RgbFrame(const RgbFrame&)>;

class SceneGuardClips : public ::testing::TestWithParam<Clip> {
 protected:
  void SetUp() override {
    const char* root = std::getenv("NOVELTY_SOURCE_ROOT");
    if (root != nullptr) path_ = std::string(root) + "/../shared/video/" + GetParam().file;
    if (!std::filesystem::exists(path_)) GTEST_SKIP() << "no clip " << GetParam().file;
    learn();
  }

  // As training does: from what it does not hold out of the training range.
  void learn() {
    std::vector<ScenePicture> pictures;
    RgbClip clip(path_);
    RgbFrame frame;
    const std::size_t count = (GetParam().train_end + 1) * 8 / 10;
    while (pictures.size() < count && clip.next(frame)) {
      prepare(frame);
      describe(patches_, kInput, kPatch, pictures.emplace_back());
    }
    const auto reference = learn_scene(pictures, static_cast<double>(frame.width) / frame.height);
    ASSERT_FALSE(reference.empty());
    for (const bool tells : reference.tells) EXPECT_TRUE(tells);
    judge_ = std::make_shared<const SceneJudge>(reference);
  }

  const std::vector<float>& prepare(const RgbFrame& frame) {
    preprocess(frame.view(), kInput, kPatch, scratch_, patches_);
    return patches_;
  }

  /// Frames at which the flag is up, over the whole clip.
  std::size_t flagged(double gain) {
    SceneGuard guard(judge_, kInput, kPatch);
    RgbClip clip(path_);
    RgbFrame frame;
    std::size_t count = 0, frames = 0, suspected = 0;
    for (; clip.next(frame); ++frames) {
      if (gain != 1) frame = testing::lit(frame, gain, gain);
      const SceneState state = guard.push(frame.stream_ns, prepare(frame));
      suspected += state.held ? 1 : 0;
      if (state.change != SceneChange::kNone && ++count < 4)
        ADD_FAILURE() << "frame " << frames << ": " << scene_change_name(state.change);
    }
    EXPECT_GT(frames, 300U);
    RecordProperty("held_frames", static_cast<int>(suspected));
    return count;
  }

  /// What is flagged in the training range after `change` from one second on, and how late.
  struct Raised {
    std::string reason;
    double after_s = 0;
    std::size_t open_frames = 0;  // changed frames at which an event could have begun
  };
  Raised raised(const Change& change) {
    SceneGuard guard(judge_, kInput, kPatch);
    RgbClip clip(path_);
    RgbFrame frame;
    Raised result;
    for (std::size_t n = 0; n <= GetParam().train_end && clip.next(frame); ++n) {
      const bool changed = frame.stream_ns >= kSecond;
      const SceneState state =
          guard.push(frame.stream_ns, prepare(changed ? change(frame) : frame));
      EXPECT_TRUE(changed || !state.held) << "frame " << n;
      result.open_frames += changed && !state.held ? 1 : 0;
      if (state.change == SceneChange::kNone) continue;
      result.reason = scene_change_name(state.change);
      result.after_s = static_cast<double>(frame.stream_ns - kSecond) / 1e9;
      return result;
    }
    return result;
  }

  void expect_raised(const std::string& what, const std::string& reason, const Change& change) {
    SCOPED_TRACE(what);
    const Raised result = raised(change);
    EXPECT_EQ(result.reason, reason);
    EXPECT_LE(result.after_s, 1.0);
    EXPECT_EQ(result.open_frames, 0U);
  }

  void expect_moved(const std::string& what, const testing::Move& move) {
    expect_raised(what, "moved", [&](const RgbFrame& f) { return testing::moved(f, move); });
  }

 private:
  std::string path_;
  PreprocessScratch scratch_;
  std::vector<float> patches_;
  std::shared_ptr<const SceneJudge> judge_;
};

TEST_P(SceneGuardClips, LetPeopleCarsAndHandsPass) {
  EXPECT_EQ(flagged(1), 0U);
}

TEST_P(SceneGuardClips, LetAQuarterLessExposurePass) {
  EXPECT_EQ(flagged(0.75), 0U);
}

TEST_P(SceneGuardClips, LetAQuarterMoreExposurePass) {
  EXPECT_EQ(flagged(1.25), 0U);
}

TEST_P(SceneGuardClips, TellAMovedCamera) {
  expect_moved("right", {.shift_x = 0.05});
  expect_moved("left", {.shift_x = -0.07});
  expect_moved("down", {.shift_y = 0.05});
  expect_moved("both", {.shift_x = 0.1, .shift_y = -0.06});
  expect_moved("far", {.shift_x = 0.3});
  expect_moved("turned", {.turn_degrees = 5});
  expect_moved("turned back", {.turn_degrees = -5});
  expect_moved("turned and shifted", {.shift_x = -0.05, .turn_degrees = 8});
  expect_moved("zoomed in", {.zoom = 1.15});
  expect_moved("zoomed out", {.zoom = 0.87});
}

TEST_P(SceneGuardClips, TellACoveredLens) {
  expect_raised("dark", "covered", testing::dark);
  for (const double share : {0.8, 0.9, 1.0})
    expect_raised(std::to_string(share), "covered",
                  [&](const RgbFrame& f) { return testing::behind_cloth(f, share); });
}

TEST_P(SceneGuardClips, TellALensOutOfFocus) {
  expect_raised("unfocused", "covered",
                [](const RgbFrame& f) { return testing::unfocused(f, 0.035); });
}

TEST_P(SceneGuardClips, TellChangedLight) {
  const auto ramp = [](double left, double right) {
    return [=](const RgbFrame& f) { return testing::lit(f, left, right); };
  };
  expect_raised("off", "relit", ramp(0.3, 0.3));
  expect_raised("on", "relit", ramp(2.5, 2.5));
  expect_raised("from the right", "relit", ramp(0.4, 1.6));
  expect_raised("from the left", "relit", ramp(1.6, 0.4));
}

TEST_P(SceneGuardClips, TellInfrared) {
  expect_raised("infrared", "infrared", testing::colourless);
  expect_raised("brighter", "infrared",
                [](const RgbFrame& f) { return testing::lit(testing::colourless(f), 1.2, 1.2); });
}

std::string name_of(const ::testing::TestParamInfo<Clip>& info) {
  const std::string file = info.param.file;
  return file.substr(0, file.find('-'));
}

INSTANTIATE_TEST_SUITE_P(Clips, SceneGuardClips, ::testing::Values(kRoom, kCar, kBottle), name_of);

}  // namespace
}  // namespace novelty
