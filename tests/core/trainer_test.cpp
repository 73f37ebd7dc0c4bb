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
#include "temp_dir.h"
#include "trainer/plan.h"
#include "trainer/shared_teacher.h"

namespace novelty {
namespace {

using testing::TempDir;

constexpr int kWidth = 72, kHeight = 40;

// A bar that walks over a textured ground, a frame a step.
class WalkingBar : public FrameSource {
 public:
  explicit WalkingBar(std::size_t frames, bool time_ordered = true)
      : frames_(frames), time_ordered_(time_ordered) {}

  std::string identity() override { return R"({"scene":"walking bar"})"; }
  double interval_s() override { return time_ordered_ ? 0.1 : 0; }
  std::size_t count() override { return frames_; }
  void rewind(std::size_t n) override { at_ = n; }

  bool next(FrameView& frame) override {
    if (at_ >= frames_ || at_ >= ends_at_) return false;
    draw(at_++);
    frame.format = PixelFormat::kRgb;
    frame.width = kWidth;
    frame.height = kHeight;
    frame.planes[0] = {pixels_.data(), kWidth * 3};
    return true;
  }

  void end_at(std::size_t frame) { ends_at_ = frame; }

 private:
  void draw(std::size_t number) {
    Rng ground(5), noise(6, number);
    pixels_.resize(static_cast<std::size_t>(kWidth) * kHeight * 3);
    for (std::size_t i = 0; i < pixels_.size(); ++i)
      pixels_[i] = static_cast<std::uint8_t>(60 + ground.below(80) + noise.below(5));
    const std::size_t left = number * 5 % (kWidth - 8);
    for (std::size_t y = 0; y < kHeight; ++y)
      for (std::size_t x = left * 3; x < (left + 8) * 3; ++x) pixels_[y * kWidth * 3 + x] = 230;
  }

  std::size_t frames_;
  bool time_ordered_;
  std::size_t at_ = 0;
  std::size_t ends_at_ = std::numeric_limits<std::size_t>::max();
  std::vector<std::uint8_t> pixels_;
};

VitConfig tiny_config() {
  VitConfig config;
  config.input_size = 64;
  config.width = 64;
  config.depth = 2;
  config.heads = 1;
  config.mlp_width = 128;
  return config;
}

void write_teacher(const std::string& path, VitWeights weights,
                   const VitConfig& config = tiny_config()) {
  TensorMap tensors;
  for (const auto& [name, shape] : vit_tensor_shapes(config))
    tensors[name] = view_of(weights.at(name), shape);
  const std::vector<float> head(10 * 64, 0.5F);
  tensors["head.weight"] = view_of(head, {10, 64});
  write_file_atomically(path, serialize_safetensors(tensors, {}));
}

std::string hash_of_file(const std::string& path) {
  return sha256_hex(read_file(path));
}

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      training_backend();
    } catch (const Error& error) {
      GTEST_SKIP() << "no backend: " << error.what();
    }
    write_teacher(folder_ / "tiny.augreg.safetensors", init_untrained_teacher(tiny_config(), 3));
  }

  TrainingOptions options(const std::string& output) const {
    TrainingOptions options;
    options.output = folder_ / output;
    options.teacher_path = folder_ / "tiny.augreg.safetensors";
    options.epochs = 1;
    options.batch_size = 8;
    options.threads = 1;
    return options;
  }

  // Trains, cancelling at the `units`-th report of `stage`; true when it was cancelled.
  bool cancelled_at(const TrainingOptions& options, TrainingStage stage, std::size_t units) const {
    WalkingBar source(12);
    std::size_t seen = 0;
    try {
      train(source, options, [&](const TrainingProgress& progress) {
        return progress.stage != stage || ++seen < units;
      });
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCancelled) << error.what();
      return true;
    }
    return false;
  }

  static PreparedFrame picture(FrameSource& source, std::size_t at, const Detector& detector) {
    FrameView frame;
    source.rewind(at);
    EXPECT_TRUE(source.next(frame));
    PreparedFrame prepared;
    detector.prepare(frame, prepared);
    return prepared;
  }

  // The error of a training run that must fail.
  static std::string failure(FrameSource& source, const TrainingOptions& options, ErrorKind kind) {
    try {
      train(source, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  const TempDir folder_;
};

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

TEST_F(TrainerTest, EverySwitchOfTheStudentIsInTheModel) {
  if (training_backend().description.starts_with("stand-in")) GTEST_SKIP() << "needs LibTorch";
  TrainingOptions chosen = options("m.novelty");
  chosen.layers = 2;
  chosen.normalisation = "layer";
  chosen.loss = "smooth-l1";
  chosen.student_width = 128;
  chosen.student_depth = 3;
  chosen.mask_ratio = 0.25;
  WalkingBar source(16);
  const TrainingReport report = train(source, chosen);
  const Bundle bundle = read_bundle(chosen.output);
  EXPECT_EQ(bundle.student.config.width, 128);
  EXPECT_EQ(bundle.student.config.depth, 3);
  EXPECT_EQ(bundle.student.config.heads, 2);
  EXPECT_EQ(bundle.student.head.at("weight").shape, (std::vector<std::int64_t>{64, 128}));
  EXPECT_EQ(bundle.student.comparison,
            (TokenComparison{2, TokenNorm::kLayer, TokenLoss::kSmoothL1}));
  const auto detector = Detector::load(chosen.output, {"auto", 1, "fp32"});
  const auto scratch = detector->make_scratch();
  FrameScore score;
  detector->score(picture(source, 15, *detector), *scratch, score);
  EXPECT_FLOAT_EQ(static_cast<float>(score.score),
                  static_cast<float>(report.holdout_scores.back()));
  recalibrate(source, {chosen.output, folder_ / "again.novelty", {}, 1});
  EXPECT_EQ(read_bundle(folder_ / "again.novelty").student.comparison.layers, 2);
}

TEST_F(TrainerTest, RefusesMoreLayersThanThereAreBlocks) {
  TrainingOptions chosen = options("m.novelty");
  chosen.layers = 3;
  WalkingBar source(16);
  try {
    train(source, chosen);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("2 blocks"), std::string::npos) << error.what();
  }
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
  const VitWeights weights = init_untrained_teacher(tiny_config(), 3);
  TensorMap tensors;
  for (const auto& [name, shape] : vit_tensor_shapes(tiny_config()))
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
  const VitWeights before = init_untrained_teacher(tiny_config(), 3);
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

TEST_F(TrainerTest, RefusesTeachersThatCannotTeach) {
  WalkingBar source(12);
  TrainingOptions chosen = options("m.novelty");
  VitWeights broken = init_untrained_teacher(tiny_config(), 3);
  broken.at("norm.weight")[5] = std::nanf("");
  write_teacher(folder_ / "nan.safetensors", broken);
  chosen.teacher_path = folder_ / "nan.safetensors";
  EXPECT_NE(failure(source, chosen, ErrorKind::kFormat).find("norm.weight"), std::string::npos);
  const std::vector<float> values(4, 1);
  write_file_atomically(folder_ / "other.safetensors",
                        serialize_safetensors({{"conv1.weight", view_of(values, {4})}}, {}));
  chosen.teacher_path = folder_ / "other.safetensors";
  EXPECT_THROW(train(source, chosen), Error);
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

TEST_F(TrainerTest, WarnsOfATeacherWhoseNormalisationIsUnknown) {
  WalkingBar source(12);
  TrainingOptions chosen = options("m.novelty");
  write_teacher(folder_ / "mine.safetensors", init_untrained_teacher(tiny_config(), 3));
  chosen.teacher_path = folder_ / "mine.safetensors";
  const TrainingReport report = train(source, chosen);
  ASSERT_EQ(report.warnings.size(), 2U);
  EXPECT_NE(report.warnings[0].find("0.5 is assumed"), std::string::npos);
}

// A file as timm has it: [CLS] without a position.
TEST_F(TrainerTest, TakesTeachersWithRegisters) {
  if (backend_for("auto").description.find("stand-in") != std::string::npos)
    GTEST_SKIP() << "the stand-in fine-tunes no registers";
  VitConfig config = tiny_config();
  config.registers = 4;
  VitWeights weights = init_untrained_teacher(config, 3);
  for (float& value : weights.at("reg_token")) value *= 16;
  weights.at("pos_embed")
      .erase(weights.at("pos_embed").begin(), weights.at("pos_embed").begin() + 64);
  TensorMap tensors;
  for (const auto& [name, shape] : vit_tensor_shapes(config))
    tensors[name] = view_of(weights.at(name),
                            name == "pos_embed" ? std::vector<std::int64_t>{1, 16, 64} : shape);
  TrainingOptions chosen = options("m.novelty");
  chosen.teacher_path = folder_ / "vit_small_patch16_reg4_dinov2.safetensors";
  write_file_atomically(chosen.teacher_path, serialize_safetensors(tensors, {}));
  for (const char* tuning : {"none", "contrast", "defend"}) {
    WalkingBar source(16, false);
    chosen.fine_tuning = tuning;
    chosen.input_size = tuning == std::string("none") ? 96 : 0;
    const TrainingReport report = train(source, chosen);
    const Bundle bundle = read_bundle(chosen.output);
    EXPECT_EQ(bundle.teacher.config.registers, 4);
    EXPECT_EQ(bundle.student.config.registers, 0);
    EXPECT_EQ(bundle.info.input_size, chosen.input_size > 0 ? 96 : 64);
    EXPECT_EQ(to_floats(bundle.teacher.tensors.at("reg_token"), {}) == weights.at("reg_token"),
              tuning != std::string("contrast"))
        << tuning;
    const auto detector = Detector::load(chosen.output, {"auto", 1, "fp32"});
    FrameScore score;
    detector->score(picture(source, 0, *detector), *detector->make_scratch(), score);
    EXPECT_TRUE(std::isfinite(score.score)) << tuning;
  }
}

TEST_F(TrainerTest, TakesDinosPatchesOfEightAndItsNormalisation) {
  WalkingBar source(12);
  VitConfig config = tiny_config();
  config.patch_size = 8;
  TrainingOptions chosen = options("m.novelty");
  chosen.teacher_path = folder_ / "vit_tiny_patch8_64.dino.safetensors";
  write_teacher(chosen.teacher_path, init_untrained_teacher(config, 3), config);
  const TrainingReport report = train(source, chosen);
  for (const std::string& warning : report.warnings)
    EXPECT_EQ(warning.find("normalisation"), std::string::npos) << warning;
  const Bundle bundle = read_bundle(chosen.output);
  EXPECT_EQ(bundle.info.patch_size, 8);
  EXPECT_EQ(bundle.info.grid_size, 8);
  EXPECT_EQ(bundle.teacher.mean, (std::array{0.485F, 0.456F, 0.406F}));
  EXPECT_EQ(bundle.teacher.std, (std::array{0.229F, 0.224F, 0.225F}));
}

}  // namespace
}  // namespace novelty
