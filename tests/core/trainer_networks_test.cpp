// SPDX-License-Identifier: Apache-2.0
// Training runs with other teachers and students than the usual ones; with the stand-in backend and
// with LibTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "novelty/recalibration.h"
#include "trainer_fixture.h"

namespace novelty {
namespace {

using testing::tiny_teacher_config;
using testing::TrainerTest;
using testing::WalkingBar;
using testing::write_teacher;

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

TEST_F(TrainerTest, RefusesTeachersThatCannotTeach) {
  WalkingBar source(12);
  TrainingOptions chosen = options("m.novelty");
  VitWeights broken = init_untrained_teacher(tiny_teacher_config(), 3);
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

TEST_F(TrainerTest, WarnsOfATeacherWhoseNormalisationIsUnknown) {
  WalkingBar source(12);
  TrainingOptions chosen = options("m.novelty");
  write_teacher(folder_ / "mine.safetensors", init_untrained_teacher(tiny_teacher_config(), 3));
  chosen.teacher_path = folder_ / "mine.safetensors";
  const TrainingReport report = train(source, chosen);
  ASSERT_EQ(report.warnings.size(), 2U);
  EXPECT_NE(report.warnings[0].find("0.5 is assumed"), std::string::npos);
}

// A file as timm has it: [CLS] without a position.
TEST_F(TrainerTest, TakesTeachersWithRegisters) {
  if (backend_for("auto").description.find("stand-in") != std::string::npos)
    GTEST_SKIP() << "the stand-in fine-tunes no registers";
  VitConfig config = tiny_teacher_config();
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
  VitConfig config = tiny_teacher_config();
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
