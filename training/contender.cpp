// SPDX-License-Identifier: Apache-2.0
// The rows of an evaluation's table, and their calibration.
#include "contender.h"

#include <memory>
#include <utility>

#include "background.h"
#include "image/preprocess.h"
#include "interrupt.h"
#include "trainer/held_out.h"
#include "trainer/plan.h"

namespace novelty {
namespace {

constexpr std::size_t kViews = 96;     // varied views in all, as in training
constexpr double kHeldOutShare = 0.2;  // as in training

/// A part of the model's score. Add a row for a further one.
struct Term {
  const char* name;
  const char* title;
  double FrameScore::*value;
};
constexpr Term kTerms[] = {
    {"discrepancy", "part: student's discrepancy", &FrameScore::discrepancy},
    {"density", "part: density of tokens", &FrameScore::density},
};

Contender contender_of(const Term& term) {
  Contender made;
  made.name = term.name;
  made.title = term.title;
  made.score = [value = term.value](const Sight& sight) { return sight.model.*value; };
  return made;
}

Contender contender_of(const char* name, const char* title,
                       const std::shared_ptr<Background>& background) {
  Contender made;
  made.name = name;
  made.title = title;
  made.score = [background](const Sight& sight) { return background->score(sight.rgb); };
  made.learn = [background](const Sight& sight) { background->learn(sight.rgb); };
  return made;
}

/// Two rows: calibrated with varied views as the model is, and without.
void add_both(const Contender& varied, Contender plain, std::vector<Contender>& all) {
  all.push_back(varied);
  plain.name += "_plain";
  plain.title += ", plain";
  plain.varied = false;
  all.push_back(std::move(plain));
}

/// Shows pictures, and varied views of them, to all contenders.
class Calibrator {
 public:
  Calibrator(std::vector<Contender>& contenders, const Detector& detector, std::uint64_t seed)
      : contenders_(contenders),
        detector_(detector),
        seed_(seed),
        scratch_(detector.make_scratch()),
        clean_(contenders.size()),
        varied_(contenders.size()) {}

  void learn(const FrameView& frame) {
    detector_.prepare(frame, prepared_);
    show([](Contender& contender, std::size_t /*place*/, const Sight& sight) {
      if (contender.learn) contender.learn(sight);
    });
  }

  /// The held-out picture number `place` of `total`.
  void hold_out(const FrameView& frame, std::size_t place, std::size_t total) {
    detector_.prepare(frame, prepared_);
    const std::vector<float> original = prepared_.patches;
    score_into(clean_);
    VitConfig config;
    config.input_size = detector_.info().input_size;
    config.patch_size = detector_.info().patch_size;
    for (const std::size_t view : views_of(place, total, kViews)) {
      prepared_.patches = varied_view(original, config, seed_, view);
      score_into(varied_);
    }
    prepared_.patches = original;
    show([](Contender& contender, std::size_t /*place*/, const Sight& sight) {
      if (contender.learns_on) contender.learn(sight);
    });
  }

  /// interval_s: between the held-out pictures.
  void fit(double interval_s) {
    for (std::size_t i = 0; i < contenders_.size(); ++i) {
      Contender& contender = contenders_[i];
      contender.calibration =
          fit_calibration({clean_[i], contender.varied ? varied_[i] : clean_[i], interval_s},
                          detector_.event_options());
      contender.scale.emplace(contender.calibration);
    }
  }

 private:
  using Scores = std::vector<std::vector<float>>;  // [contenders][pictures]

  template <typename Act>
  void show(const Act& act) {
    const ModelInfo& info = detector_.info();
    const auto rgb = picture_of(prepared_.patches, info.input_size, info.patch_size);
    for (std::size_t i = 0; i < contenders_.size(); ++i) act(contenders_[i], i, {score_, rgb});
  }

  void score_into(Scores& scores) {
    detector_.score(prepared_, *scratch_, score_);
    show([&](Contender& contender, std::size_t place, const Sight& sight) {
      scores[place].push_back(static_cast<float>(contender.score(sight)));
    });
  }

  std::vector<Contender>& contenders_;
  const Detector& detector_;
  std::uint64_t seed_;
  std::unique_ptr<Detector::Scratch> scratch_;
  PreparedFrame prepared_;
  FrameScore score_;
  Scores clean_, varied_;
};

}  // namespace

std::vector<Contender> make_contenders(int input_size, std::size_t expected) {
  std::vector<Contender> all;
  for (const Term& term : kTerms) all.push_back(contender_of(term));
  const auto mog2 = [&] {
    Contender made = contender_of("mog2", "OpenCV MOG2", make_mog2(input_size));
    made.learns_on = true;
    return made;
  };
  const auto difference = [&] {
    return contender_of("median_difference", "difference from the median",
                        make_median_difference(input_size, expected));
  };
  add_both(mog2(), mog2(), all);
  add_both(difference(), difference(), all);
  return all;
}

void calibrate_contenders(std::vector<Contender>& contenders, const Detector& detector,
                          Footage& footage, std::uint64_t seed,
                          const std::function<void(std::size_t, std::size_t)>& progress) {
  const Split split =
      split_pictures(footage.count(), footage.interval_s() > 0, kHeldOutShare, seed);
  Calibrator calibrator(contenders, detector, seed);
  const std::size_t learnt = split.training.size();
  FrameView frame;
  footage.rewind(0);
  for (std::size_t i = 0; i < footage.count() && footage.next(frame); ++i) {
    throw_if_interrupted();
    if (i < learnt)
      calibrator.learn(frame);
    else
      calibrator.hold_out(frame, i - learnt, split.holdout.size());
    progress(i + 1, footage.count());
  }
  calibrator.fit(footage.interval_s());
}

}  // namespace novelty
