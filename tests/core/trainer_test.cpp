// SPDX-License-Identifier: Apache-2.0
// Whole training runs with a tiny teacher, interrupted and resumed; run once with the stand-in
// backend and once with LibTorch.
#include "novelty/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "bundle/bundle.h"
#include "engine/backend.h"
#include "engine/cpu_engine.h"
#include "nn/init.h"
#include "novelty/detector.h"
#include "novelty/error.h"
#include "novelty/recalibration.h"
#include "trainer/plan.h"
#include "trainer/shared_teacher.h"
#include "trainer_fixture.h"

namespace novelty {
namespace {

using testing::hash_of_file;
using testing::tiny_teacher_config;
using testing::TrainerTest;
using testing::WalkingBar;

TEST_F(TrainerTest, WritesAModelThatScoresAsTheReportSays) {
  WalkingBar source(20);
  const TrainingOptions chosen = options("m.novelty");
  const TrainingReport report = train(source, chosen);
  EXPECT_FALSE(std::filesystem::exists(chosen.output + ".work"));
  const auto detector = Detector::load(chosen.output, {"auto", 1, "fp32"});
  EXPECT_EQ(detector->info().id, report.model_id);
  EXPECT_EQ(detector->info().training_frames, 15);
  EXPECT_EQ(detector->info().calibration_frames, 5);
  EXPECT_EQ(detector->info().teacher_name, "tiny.augreg.safetensors");
  EXPECT_EQ(detector->info().teacher_sha256, hash_of_file(chosen.teacher_path));
  EXPECT_DOUBLE_EQ(detector->event_options().threshold, report.threshold);
  EXPECT_DOUBLE_EQ(detector->info().threshold_p_value, detector->p_value(report.threshold));
  ASSERT_EQ(report.holdout_scores.size(), 5U);
  PreparedFrame prepared;
  const auto scratch = detector->make_scratch();
  FrameScore score;
  FrameView frame;
  source.rewind(15);
  for (std::size_t i = 0; source.next(frame); ++i) {
    detector->prepare(frame, prepared);
    detector->score(prepared, *scratch, score);
    EXPECT_DOUBLE_EQ(score.score, report.holdout_scores[i]);
    EXPECT_FALSE(score.novel);
  }
}

TEST_F(TrainerTest, LearnsTheSceneForItsGuard) {
  WalkingBar source(20);
  train(source, options("m.novelty"));
  const auto detector = Detector::load(folder_ / "m.novelty");
  EXPECT_TRUE(detector->info().scene_guard);
  SceneGuard guard = detector->make_scene_guard();
  PreparedFrame prepared;
  FrameView frame;
  source.rewind(0);
  for (std::int64_t n = 0; source.next(frame); ++n) {
    detector->prepare(frame, prepared);
    EXPECT_FALSE(guard.push(n * 100'000'000, prepared.patches).held) << n;
  }
  const std::vector<float> black(prepared.patches.size());
  EXPECT_TRUE(guard.push(2'000'000'000, black).held);
  EXPECT_EQ(guard.push(3'000'000'000, black).change, SceneChange::kCovered);
}

TEST_F(TrainerTest, ReportsWhatItDid) {
  WalkingBar source(20);
  std::vector<TrainingStage> stages;
  const TrainingReport report =
      train(source, options("m.novelty"), [&](const TrainingProgress& progress) {
        EXPECT_LE(progress.done, progress.total);
        if (stages.empty() || stages.back() != progress.stage) stages.push_back(progress.stage);
        return true;
      });
  EXPECT_EQ(stages,
            (std::vector<TrainingStage>{TrainingStage::kFeatures, TrainingStage::kDistillation,
                                        TrainingStage::kCalibration, TrainingStage::kWriting}));
  EXPECT_LT(report.step_loss.back(), report.step_loss.front());
  EXPECT_EQ(report.train_scores.size(), 15U);
  ASSERT_EQ(report.most_normal.size(), 2U);
  ASSERT_EQ(report.least_normal.size(), 2U);
  EXPECT_LE(report.most_normal[0].score, report.most_normal[1].score);
  EXPECT_LE(report.most_normal[1].score, report.least_normal[1].score);
  EXPECT_GE(report.least_normal[0].score, report.least_normal[1].score);
  EXPECT_GE(report.least_normal[0].index, 15U);
  EXPECT_EQ(report.least_normal[0].rgb.size(), 64U * 64 * 3);
  EXPECT_EQ(report.least_normal[0].map.size(), 16U);
  ASSERT_EQ(report.warnings.size(), 1U);  // the footage is half a second long
  EXPECT_NE(report.warnings[0].find("cannot be promised"), std::string::npos) << report.warnings[0];
  const auto facts = nlohmann::json::parse(report.facts_json);
  EXPECT_NE(report.facts_json.find("walking bar"), std::string::npos);
  EXPECT_EQ(report.facts_json.find(folder_.path()), std::string::npos) << "a path in the facts";
}

TEST_F(TrainerTest, GivesTheSameBytesAgainAndOthersForAnotherSeed) {
  WalkingBar source(12);
  train(source, options("a.novelty"));
  train(source, options("b.novelty"));
  TrainingOptions seeded = options("c.novelty");
  seeded.seed = 1;
  train(source, seeded);
  EXPECT_EQ(hash_of_file(folder_ / "a.novelty"), hash_of_file(folder_ / "b.novelty"));
  EXPECT_NE(hash_of_file(folder_ / "a.novelty"), hash_of_file(folder_ / "c.novelty"));
}

TEST_F(TrainerTest, ResumesToTheSameBytesFromEveryStage) {
  WalkingBar source(12);
  train(source, options("whole.novelty"));
  const std::string expected = hash_of_file(folder_ / "whole.novelty");
  const std::pair<TrainingStage, std::size_t> points[] = {
      {TrainingStage::kFeatures, 1},     {TrainingStage::kFeatures, 2},
      {TrainingStage::kFeatures, 5},     {TrainingStage::kDistillation, 1},
      {TrainingStage::kDistillation, 4}, {TrainingStage::kDistillation, 6},
      {TrainingStage::kCalibration, 1},  {TrainingStage::kCalibration, 2},
      {TrainingStage::kWriting, 1}};
  for (const auto& [stage, units] : points) {
    TrainingOptions part = options("part.novelty");
    ASSERT_TRUE(cancelled_at(part, stage, units)) << static_cast<int>(stage) << " " << units;
    EXPECT_FALSE(std::filesystem::exists(part.output));
    part.resume = true;
    train(source, part);
    EXPECT_EQ(hash_of_file(part.output), expected) << static_cast<int>(stage) << " " << units;
    std::filesystem::remove(part.output);
  }
}

TEST_F(TrainerTest, ResumesAfterManyInterruptions) {
  WalkingBar source(12);
  train(source, options("whole.novelty"));
  TrainingOptions part = options("part.novelty");
  part.resume = true;  // without a work folder it just starts
  for (const auto stage : {TrainingStage::kFeatures, TrainingStage::kFeatures,
                           TrainingStage::kDistillation, TrainingStage::kDistillation})
    ASSERT_TRUE(cancelled_at(part, stage, 3));
  train(source, part);
  EXPECT_EQ(hash_of_file(part.output), hash_of_file(folder_ / "whole.novelty"));
}

TEST_F(TrainerTest, ResumesWithAHalfWrittenRecord) {
  WalkingBar source(12);
  train(source, options("whole.novelty"));
  TrainingOptions part = options("part.novelty");
  ASSERT_TRUE(cancelled_at(part, TrainingStage::kFeatures, 4));
  const std::string cache = part.output + ".work/cache.bin";
  std::filesystem::resize_file(cache, std::filesystem::file_size(cache) - 1000);
  part.resume = true;
  train(source, part);
  EXPECT_EQ(hash_of_file(part.output), hash_of_file(folder_ / "whole.novelty"));
}

TEST_F(TrainerTest, RefusesToResumeAnotherRun) {
  TrainingOptions part = options("part.novelty");
  ASSERT_TRUE(cancelled_at(part, TrainingStage::kDistillation, 2));
  WalkingBar source(12);
  part.resume = true;
  part.mask = "none";
  const std::string text = failure(source, part, ErrorKind::kSettings);
  EXPECT_NE(text.find("different: mask ("), std::string::npos) << text;
  part.resume = false;  // afresh instead
  train(source, part);
  EXPECT_TRUE(std::filesystem::exists(part.output));
}

TEST_F(TrainerTest, HoldsOutAChoiceOfUnorderedPictures) {
  WalkingBar source(20, false);
  const TrainingReport report = train(source, options("m.novelty"));
  EXPECT_EQ(report.holdout_scores.size(), 5U);
  std::size_t first = 20;
  for (const auto& frames : {report.most_normal, report.least_normal})
    for (const auto& frame : frames) first = std::min(first, frame.index);
  EXPECT_LT(first, 15U);
}

TEST_F(TrainerTest, TheSemanticPresetScoresPicturesAsWholes) {
  WalkingBar source(16, false);
  TrainingOptions chosen = options("m.novelty");
  chosen.preset = "semantic";
  const TrainingReport report = train(source, chosen);
  const auto detector = Detector::load(chosen.output, {"auto", 1, "fp32"});
  EXPECT_EQ(detector->info().preset, "semantic");
  EXPECT_FALSE(detector->info().scene_guard);
  const auto scratch = detector->make_scratch();
  FrameScore score, masked;
  std::vector<std::uint8_t> left(16, 0);
  std::fill_n(left.begin(), 8, std::uint8_t{1});
  std::size_t place = 0;
  for (const std::size_t at : split_pictures(16, false, chosen.holdout, chosen.seed).holdout) {
    const PreparedFrame prepared = picture(source, at, *detector);
    detector->score(prepared, *scratch, score);
    detector->score(prepared, *scratch, masked, left);
    EXPECT_NEAR(score.score, score.discrepancy + score.density, 1e-5);
    EXPECT_LE(masked.score, score.score);
    EXPECT_FLOAT_EQ(static_cast<float>(score.score),
                    static_cast<float>(report.holdout_scores.at(place++)));
  }
  recalibrate(source, {chosen.output, folder_ / "again.novelty", {}, 1});
  EXPECT_FALSE(read_bundle(folder_ / "again.novelty").picture.empty());
}

TEST_F(TrainerTest, TheSemanticPresetFineTunesItsTeacher) {
  WalkingBar source(16, false);
  TrainingOptions chosen = options("m.novelty");
  chosen.preset = "semantic";
  const TrainingReport report = train(source, chosen);
  EXPECT_EQ(report.fine_tuning_loss.size(), 4U) << "four passes over eleven pictures at once";
  const Bundle tuned = read_bundle(chosen.output);
  EXPECT_EQ(tuned.info.teacher_fine_tuning, "contrast");
  EXPECT_EQ(tuned.info.teacher_sha256, hash_of_file(chosen.teacher_path)) << "what it began as";
  chosen.fine_tuning = "none";
  EXPECT_TRUE(train(source, chosen).fine_tuning_loss.empty());
  const Bundle plain = read_bundle(chosen.output);
  EXPECT_EQ(plain.info.teacher_fine_tuning, "none");
  const auto bias = [](const Bundle& bundle) {
    return to_floats(bundle.teacher.tensors.at("norm.bias"), "norm.bias");
  };
  EXPECT_NE(bias(tuned), bias(plain));
}

TEST_F(TrainerTest, TheSemanticPresetLeavesACompactTeacherAsItIs) {
  TrainingOptions chosen = options("m.novelty");
  chosen.preset = "semantic";
  EXPECT_EQ(fine_tuning_of(chosen), "contrast");
  const VitWeights weights = init_untrained_teacher(tiny_teacher_config(), 3);
  TensorMap tensors;
  for (const auto& [name, shape] : vit_tensor_shapes(tiny_teacher_config()))
    tensors[name] = view_of(weights.at(name), shape);
  chosen.teacher_path = folder_ / "compact.safetensors";
  write_file_atomically(chosen.teacher_path,
                        serialize_safetensors(tensors, {{"distilled_from", "vit.augreg"}}));
  EXPECT_EQ(fine_tuning_of(chosen), "none");
  chosen.fine_tuning = "contrast";
  EXPECT_EQ(fine_tuning_of(chosen), "contrast") << "asked for";
}

TEST_F(TrainerTest, ResumesFineTuningToTheSameBytes) {
  WalkingBar source(16, false);
  TrainingOptions part = options("part.novelty");
  part.preset = "semantic";
  train(source, part);
  const std::string expected = hash_of_file(part.output);
  std::filesystem::remove(part.output);
  for (const std::size_t units : {1U, 2U, 4U, 6U}) {  // two are the pictures, four the steps
    WalkingBar same(16, false);
    std::size_t seen = 0;
    EXPECT_THROW(train(same, part,
                       [&](const TrainingProgress& progress) {
                         return progress.stage != TrainingStage::kFineTuning || ++seen < units;
                       }),
                 Error);
    EXPECT_EQ(seen, units);
    part.resume = true;
    train(same, part);
    EXPECT_EQ(hash_of_file(part.output), expected) << units;
    std::filesystem::remove(part.output);
    part.resume = false;
  }
}

TEST_F(TrainerTest, UndoesFineTuningThatCollapsed) {
  if (backend_for("auto").description.find("stand-in") == std::string::npos)
    GTEST_SKIP() << "only the stand-in's DEFEND collapses for certain";
  WalkingBar source(16, false);
  TrainingOptions chosen = options("m.novelty");
  chosen.fine_tuning = "defend";
  const TrainingReport report = train(source, chosen);
  const auto told = std::count_if(
      report.warnings.begin(), report.warnings.end(),
      [](const std::string& one) { return one.find("collapsed and was undone") != one.npos; });
  EXPECT_EQ(told, 1);
  const Bundle bundle = read_bundle(chosen.output);
  EXPECT_EQ(bundle.info.teacher_fine_tuning, "none");
  const VitWeights before = init_untrained_teacher(tiny_teacher_config(), 3);
  EXPECT_EQ(to_floats(bundle.teacher.tensors.at("norm.bias"), "norm.bias"), before.at("norm.bias"));
}

TEST_F(TrainerTest, ThePaperPresetScoresByTheDiscrepancyAlone) {
  WalkingBar source(16, false);
  TrainingOptions chosen = options("m.novelty");
  chosen.preset = "paper";
  const TrainingReport report = train(source, chosen);
  EXPECT_EQ(report.fine_tuning_loss.size(), 3U) << "three epochs of one batch";
  const Bundle bundle = read_bundle(chosen.output);
  EXPECT_TRUE(bundle.density.empty());
  EXPECT_TRUE(bundle.picture.empty());
  EXPECT_EQ(bundle.info.student_depth, bundle.info.teacher_depth);
  EXPECT_EQ(bundle.score.top_share, 1);
  const auto detector = Detector::load(chosen.output, {"auto", 1, "fp32"});
  FrameScore score;
  detector->score(picture(source, 3, *detector), *detector->make_scratch(), score);
  EXPECT_NEAR(score.score, score.discrepancy, 1e-6);
  EXPECT_EQ(score.density, 0);
}

TEST_F(TrainerTest, RefusesAFineTuningThatIsNone) {
  WalkingBar source(12);
  TrainingOptions chosen = options("m.novelty");
  chosen.fine_tuning = "contrasts";
  EXPECT_NE(failure(source, chosen, ErrorKind::kSettings).find("use contrast, defend"),
            std::string::npos);
}

TEST_F(TrainerTest, ChecksThePrecisionsThatThisMachineHas) {
  WalkingBar source(20);
  const TrainingOptions chosen = options("m.novelty");
  train(source, chosen);
  const Bundle bundle = read_bundle(chosen.output);
  for (const std::string precision : {"bf16", "int8"}) {
    const bool is_quick = kernels_for({1, precision}).isa != std::string("plain");
    EXPECT_EQ(bundle.drift.contains(precision), is_quick) << precision;
  }
  EXPECT_EQ(bundle.teacher.ranges.size(), 3U * bundle.info.teacher_depth);
  EXPECT_EQ(bundle.student.ranges.size(), 3U * bundle.info.student_depth);
  const auto detector = Detector::load(chosen.output);
  EXPECT_EQ(detector->info().precision, allowed_precision(bundle.drift, "auto"));
}

TEST_F(TrainerTest, ModelsThatShareATeacherScoreAsTheDetectorDoes) {
  if (backend_for("auto").description.find("stand-in") != std::string::npos)
    GTEST_SKIP() << "the stand-in's students are no networks like its teacher";
  WalkingBar source(16, false);
  TrainingOptions chosen = options("m.novelty");
  chosen.preset = "semantic";
  std::vector<Bundle> models;
  std::vector<std::shared_ptr<const Detector>> detectors;
  for (const std::uint64_t seed : {0, 1}) {
    chosen.seed = seed;
    train(source, chosen);
    models.push_back(read_bundle(chosen.output));
    detectors.push_back(Detector::load(chosen.output, {"auto", 1, "fp32"}));
  }
  SharedTeacher shared(std::move(models), 2);
  std::vector<float> batch;
  std::vector<FrameScore> wanted;
  for (const std::size_t at : {3, 7}) {
    for (const auto& detector : detectors) {
      const PreparedFrame prepared = picture(source, at, *detector);
      detector->score(prepared, *detector->make_scratch(), wanted.emplace_back());
      if (detector == detectors.front())
        batch.insert(batch.end(), prepared.patches.begin(), prepared.patches.end());
    }
  }
  const auto scores = shared.score(batch, 2);
  ASSERT_EQ(scores.size(), wanted.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_NEAR(scores[i].score, wanted[i].score, 1e-3 * (1 + std::abs(wanted[i].score)));
    EXPECT_NEAR(scores[i].density, wanted[i].density, 1e-3 * (1 + std::abs(wanted[i].density)));
  }
}

TEST_F(TrainerTest, ReplacesAnOlderModelOnlyWhenDone) {
  WalkingBar source(12);
  const TrainingOptions chosen = options("m.novelty");
  train(source, chosen);
  const std::string before = hash_of_file(chosen.output);
  ASSERT_TRUE(cancelled_at(chosen, TrainingStage::kWriting, 1));
  EXPECT_EQ(hash_of_file(chosen.output), before);
}

TEST_F(TrainerTest, RefusesBadInputInOneLine) {
  WalkingBar few(7), source(12);
  TrainingOptions chosen = options("m.novelty");
  EXPECT_NE(failure(few, chosen, ErrorKind::kSettings).find("at least 8"), std::string::npos);
  WalkingBar short_source(12);
  short_source.end_at(5);
  EXPECT_NE(failure(short_source, chosen, ErrorKind::kRead).find("5 of 12"), std::string::npos);
  chosen.output = folder_ / "none/m.novelty";
  failure(source, chosen, ErrorKind::kWrite);
  chosen = options("m.novelty");
  chosen.teacher_path = folder_ / "none.safetensors";
  failure(source, chosen, ErrorKind::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(chosen.output));
}

TEST_F(TrainerTest, ChecksEveryOption) {
  WalkingBar source(12);
  const auto refused = [&](auto change) {
    TrainingOptions chosen = options("m.novelty");
    change(chosen);
    EXPECT_FALSE(failure(source, chosen, ErrorKind::kSettings).empty());
  };
  refused([](TrainingOptions& o) { o.output = ""; });
  refused([](TrainingOptions& o) { o.preset = "none"; });
  refused([](TrainingOptions& o) { o.mask = "half"; });
  refused([](TrainingOptions& o) { o.mask_ratio = 0.99; });
  refused([](TrainingOptions& o) { o.layers = 65; });
  refused([](TrainingOptions& o) { o.normalisation = "batch"; });
  refused([](TrainingOptions& o) { o.loss = "hinge"; });
  refused([](TrainingOptions& o) { o.student_width = 100; });
  refused([](TrainingOptions& o) { o.student_depth = -1; });
  refused([](TrainingOptions& o) { o.mask_ratio = std::nan(""); });
  refused([](TrainingOptions& o) { o.epochs = -1; });
  refused([](TrainingOptions& o) { o.batch_size = -1; });
  refused([](TrainingOptions& o) { o.learning_rate = std::nan(""); });
  refused([](TrainingOptions& o) { o.holdout = 0; });
  refused([](TrainingOptions& o) { o.holdout = 0.6; });
  refused([](TrainingOptions& o) { o.threads = 65; });
}

}  // namespace
}  // namespace novelty
