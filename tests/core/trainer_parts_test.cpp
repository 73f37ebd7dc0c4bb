// SPDX-License-Identifier: Apache-2.0
// The parts of the trainer that need no backend: plan, feature cache, variations, work folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <set>

#include "novelty/error.h"
#include "temp_dir.h"
#include "trainer/feature_cache.h"
#include "trainer/plan.h"
#include "trainer/recipe.h"
#include "trainer/variation.h"
#include "trainer/work_folder.h"

namespace novelty {
namespace {

using testing::TempDir;

TEST(Split, HoldsOutTheEndOfTimeOrderedFootage) {
  const Split split = split_pictures(10, true, 0.2, 7);
  EXPECT_EQ(split.training, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(split.holdout, (std::vector<std::size_t>{5, 6, 7, 8, 9}));
  EXPECT_EQ(split_pictures(55, true, 0.2, 7).holdout.front(), 44U);
}

TEST(Split, HoldsOutASeededChoiceOfUnorderedPictures) {
  const Split split = split_pictures(100, false, 0.2, 7);
  EXPECT_EQ(split.holdout.size(), 20U);
  EXPECT_TRUE(std::is_sorted(split.holdout.begin(), split.holdout.end()));
  EXPECT_TRUE(std::is_sorted(split.training.begin(), split.training.end()));
  std::set<std::size_t> all(split.training.begin(), split.training.end());
  all.insert(split.holdout.begin(), split.holdout.end());
  EXPECT_EQ(all.size(), 100U);
  EXPECT_LT(split.holdout.front(), 80U);
  EXPECT_EQ(split_pictures(100, false, 0.2, 7).holdout, split.holdout);
  EXPECT_NE(split_pictures(100, false, 0.2, 8).holdout, split.holdout);
}

TEST(Split, RefusesTooFewPicturesAndSaysHowManyAreNeeded) {
  try {
    split_pictures(7, true, 0.2, 0);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings);
    EXPECT_NE(std::string(error.what()).find("7 pictures"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("at least 8"), std::string::npos);
  }
  EXPECT_EQ(split_pictures(8, true, 0.2, 0).holdout.size(), 4U);
}

TEST(Batches, CoverAnEpochOnceAndDependOnTheStepOnly) {
  std::vector<std::size_t> seen;
  for (std::size_t step = 3; step < 6; ++step)
    for (const std::size_t record : batch_of_step(step, 12, 4, 1)) seen.push_back(record);
  std::sort(seen.begin(), seen.end());
  std::vector<std::size_t> all(12);
  std::iota(all.begin(), all.end(), std::size_t{0});
  EXPECT_EQ(seen, all);
  EXPECT_EQ(batch_of_step(4, 12, 4, 1), batch_of_step(4, 12, 4, 1));
  EXPECT_NE(batch_of_step(4, 12, 4, 1), batch_of_step(4, 12, 4, 2));
}

TEST(Batches, AreSmallerWhenThereAreFewerRecords) {
  EXPECT_EQ(steps_per_epoch(5, 16), 1U);
  EXPECT_EQ(batch_of_step(9, 5, 16, 1).size(), 5U);
}

TEST(LearningRate, WarmsUpThenFallsToZero) {
  EXPECT_DOUBLE_EQ(learning_rate_at(0, 100, 1.0, 0.1), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(9, 100, 1.0, 0.1), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(55, 100, 1.0, 0.1), 0.5);
  EXPECT_NEAR(learning_rate_at(99, 100, 1.0, 0.1), 0, 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate_at(0, 1, 1.0, 0.1), 1.0);
}

constexpr FeatureLayout kLayout{5, 3, 2, 1, 2};

void append_records(FeatureCache& cache, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto base = static_cast<float>(cache.size());
    const std::vector<float> patches{base, 0.25F, 0.5F, 0.75F, 1}, tokens{-1, base, 0.125F};
    const std::vector<float> attention{0.1F, base};
    const std::vector<float> cls{-base}, targets{base, 3};
    cache.append({patches, tokens, attention, cls, targets}, 1);
  }
}

TEST(FeatureCache, GivesBackWhatWasWritten) {
  const TempDir folder;
  FeatureCache cache(folder / "cache.bin", kLayout);
  append_records(cache, 4);
  std::vector<float> patches(5), tokens(3), attention(2), cls(1), targets(2);
  cache.load(2, {patches, tokens, attention, cls, targets});
  EXPECT_EQ(patches, (std::vector<float>{2, 0.25F, 0.5F, 0.75F, 1}));
  EXPECT_EQ(tokens, (std::vector<float>{-1, 2, 0.125F}));
  EXPECT_EQ(attention, (std::vector<float>{0.1F, 2}));
  EXPECT_EQ(cls, std::vector<float>{-2});
  EXPECT_EQ(targets, (std::vector<float>{2, 3}));
  std::vector<float> alone(2);
  cache.load(3, {.targets = alone});
  EXPECT_EQ(alone, (std::vector<float>{3, 3}));
}

TEST(FeatureCache, KeepsWholeRecordsOfACutFile) {
  const TempDir folder;
  const std::string path = folder / "cache.bin";
  { append_records(*std::make_unique<FeatureCache>(path, kLayout), 4); }
  const std::size_t record = kLayout.record_bytes();
  for (const std::size_t bytes : {4 * record - 1, 3 * record + 1, 3 * record, record - 1}) {
    std::filesystem::resize_file(path, bytes);
    FeatureCache cache(path, kLayout);
    EXPECT_EQ(cache.size(), bytes / record);
    EXPECT_EQ(std::filesystem::file_size(path), bytes / record * record);
  }
}

TEST(FeatureCache, DropsADamagedRecordAndAllBehindIt) {
  const TempDir folder;
  const std::string path = folder / "cache.bin";
  { append_records(*std::make_unique<FeatureCache>(path, kLayout), 4); }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(2 * kLayout.record_bytes() + 7));
  file.put('\x55');
  file.close();
  EXPECT_EQ(FeatureCache(path, kLayout).size(), 2U);
}

TEST(FeatureCache, RefusesASecondRun) {
  const TempDir folder;
  const FeatureCache first(folder / "cache.bin", kLayout);
  EXPECT_THROW(FeatureCache(folder / "cache.bin", kLayout), Error);
}

TEST(FeatureCache, ReportsAFullDisk) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  FeatureCache cache("/dev/full", kLayout);
  try {
    append_records(cache, 1);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWrite);
    EXPECT_NE(std::string(error.what()).find("No space"), std::string::npos) << error.what();
  }
}

TEST(Variation, OfNoStrengthLeavesThePictureAlone) {
  std::vector<float> patches(4 * 3 * 4), before;
  for (std::size_t i = 0; i < patches.size(); ++i) patches[i] = static_cast<float>(i * 5) / 255;
  before = patches;
  Rng rng(1);
  vary({}, 4, 2, rng, patches);
  EXPECT_EQ(patches, before);
}

TEST(Variation, ShiftsByWholePixelsAcrossPatchBorders) {
  // 4x4 in patches of 2; the red value of a pixel is 51 times its column.
  std::vector<float> patches(4 * 3 * 4, 0);
  for (std::size_t patch = 0; patch < 4; ++patch)
    for (std::size_t i = 0; i < 4; ++i)
      patches[patch * 12 + i] = static_cast<float>(patch % 2 * 2 + i % 2) / 5;
  Variation right;
  right.shift_x = 1;
  Rng rng(1);
  vary(right, 4, 2, rng, patches);
  EXPECT_FLOAT_EQ(patches[0], 1.0F / 5);
  EXPECT_FLOAT_EQ(patches[1], 2.0F / 5);
  EXPECT_FLOAT_EQ(patches[12], 3.0F / 5);
  EXPECT_FLOAT_EQ(patches[13], 3.0F / 5);  // the edge repeats
}

TEST(Variation, AppliesGammaThenGainThenOffsetAndClamps) {
  std::vector<float> patches{0.5F, 0.5F, 1.0F};
  Variation change;
  change.gamma = 2;
  change.gain = {1, 2, 1};
  change.offset = 0.1;
  Rng rng(1);
  vary(change, 1, 1, rng, patches);
  EXPECT_FLOAT_EQ(patches[0], 89.0F / 255);  // 0.35, rounded as a camera does
  EXPECT_FLOAT_EQ(patches[1], 153.0F / 255);
  EXPECT_FLOAT_EQ(patches[2], 1.0F);
}

// The red channel of a picture of one patch, all other channels black.
std::vector<float> red_picture(int size, const std::function<float(int, int)>& value) {
  const auto pixels = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
  std::vector<float> patches(3 * pixels, 0);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) patches[static_cast<std::size_t>(y * size + x)] = value(x, y);
  return patches;
}

TEST(Variation, BlursByTheBinomialMean) {
  auto patches = red_picture(3, [](int x, int y) { return x == 1 && y == 1 ? 0.8F : 0.0F; });
  Variation change;
  change.blur = 1;
  Rng rng(1);
  vary(change, 3, 3, rng, patches);
  EXPECT_FLOAT_EQ(patches[4], 51.0F / 255);              // a quarter
  EXPECT_FLOAT_EQ(patches[1], std::round(25.5F) / 255);  // an eighth
  EXPECT_FLOAT_EQ(patches[0], 13.0F / 255);              // a sixteenth: 12.75
}

TEST(Variation, ShadesBilinearlyBetweenItsPoints) {
  auto patches = red_picture(5, [](int, int) { return 0.4F; });
  Variation change;
  change.shade = {1, 1, 2, 1, 1, 2, 1, 1, 2};  // brighter on the right
  Rng rng(1);
  vary(change, 5, 5, rng, patches);
  EXPECT_FLOAT_EQ(patches[10], 102.0F / 255);
  EXPECT_FLOAT_EQ(patches[12], 102.0F / 255);
  EXPECT_FLOAT_EQ(patches[13], 153.0F / 255);
  EXPECT_FLOAT_EQ(patches[14], 204.0F / 255);
}

TEST(Variation, IsDrawnWithinItsSpreads) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    Rng rng(4, i);
    const Variation drawn = draw_variation(rng);
    EXPECT_LE(std::abs(drawn.shift_x), 1);
    EXPECT_LE(std::abs(std::log(drawn.gamma)), 0.2);
    EXPECT_LE(std::abs(std::log(drawn.gain[1])), 0.48);
    EXPECT_LE(std::abs(std::log(drawn.gain[1] / drawn.gain[2])), 0.16 + 1e-12);
    EXPECT_GE(drawn.blur, 0);
    EXPECT_LE(drawn.blur, 1);
    for (const double shade : drawn.shade) EXPECT_LE(std::abs(std::log(shade)), 0.2);
    EXPECT_LE(std::abs(drawn.offset), 10.0 / 255);
    EXPECT_GE(drawn.noise, 0);
    EXPECT_LE(drawn.noise, 4.0 / 255);
  }
}

TEST(Recipe, VariesShortFootageMoreAndTrainsLongFootageLonger) {
  const auto recipe = [](std::size_t pictures) { return resolve_recipe({}, pictures); };
  EXPECT_EQ(recipe(44).variants, 8U);
  EXPECT_EQ(recipe(44).steps, 350U);
  EXPECT_EQ(recipe(120).variants, 3U);
  EXPECT_EQ(recipe(4000).variants, 1U);
  EXPECT_EQ(recipe(4000).steps, 1500U);  // three epochs of 8000 records
  TrainingOptions options;
  options.epochs = 2;
  options.batch_size = 10;
  EXPECT_EQ(resolve_recipe(options, 4000).steps, 1600U);
}

TEST(Variation, NoiseHasTheStandardDeviationAskedFor) {
  std::vector<float> patches(3 * 64 * 64, 0.5F);
  Variation noisy;
  noisy.noise = 0.05;
  Rng rng(3);
  vary(noisy, 64, 64, rng, patches);
  double sum = 0, squares = 0;
  for (const float value : patches) sum += value - 0.5, squares += (value - 0.5) * (value - 0.5);
  const auto count = static_cast<double>(patches.size());
  EXPECT_NEAR(sum / count, 0, 0.002);
  EXPECT_NEAR(std::sqrt(squares / count), 0.05, 0.002);
}

TEST(WorkFolder, GoesOnOnlyWhenAskedTo) {
  const TempDir folder;
  const std::string output = folder / "m.novelty";
  EXPECT_FALSE(WorkFolder(output, R"({"seed":1})", true).resumed());
  EXPECT_TRUE(WorkFolder(output, R"({"seed":1})", true).resumed());
  std::ofstream(output + ".work/cache.bin") << "x";
  EXPECT_FALSE(WorkFolder(output, R"({"seed":1})", false).resumed());
  EXPECT_FALSE(std::filesystem::exists(output + ".work/cache.bin"));
}

TEST(WorkFolder, NamesWhatDiffersFromTheRunItIsOf) {
  const TempDir folder;
  const std::string output = folder / "m.novelty";
  { const WorkFolder first(output, R"({"seed":1,"threads":2,"mask":"none"})", false); }
  try {
    const WorkFolder second(output, R"({"seed":2,"threads":3,"mask":"none"})", true);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSettings);
    EXPECT_NE(std::string(error.what()).find("different: seed, threads ("), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace novelty
