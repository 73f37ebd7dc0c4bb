// SPDX-License-Identifier: Apache-2.0
// `novelty evaluate classes` as a user runs it, with the stand-in backend, which knows brightness.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "child.h"
#include "made_files.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::ChildResult;
using testing::text_of;

class EvaluateClasses : public ::testing::Test {
 protected:
  EvaluateClasses() {
    draw("train/dark", 24, 0x202020);
    draw("train/bright", 24, 0xc0c0c0);
    draw("test/dark", 6, 0x202020);
    draw("test/bright", 5, 0xc0c0c0);
    testing::make_tiny_teacher(file("t.safetensors"));
  }

  // Images of about one brightness, each a little brighter than the one before.
  void draw(const std::string& folder, unsigned count, unsigned rgb) const {
    std::filesystem::create_directories(file("data/" + folder));
    for (unsigned i = 0; i < count; ++i)
      testing::make_image(file("data/" + folder + "/" + std::to_string(100 + i) + ".png"), 32, 32,
                          rgb + i % 7 * 0x010101);
  }

  std::string file(const std::string& name) const { return folder_ / name; }

  std::vector<std::string> command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{testing::novelty_program(), "evaluate", "classes"};
    for (const char* part : {"--data", "data", "--out", "out", "--teacher", "t.safetensors"})
      all.emplace_back(part);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ChildResult run(const std::vector<std::string>& more = {}) const {
    return testing::run_child(command(more), folder_.path());
  }
  json result() const { return json::parse(text_of(file("out/result.json"))); }

  testing::TempDir folder_;
};

TEST_F(EvaluateClasses, RanksEachClassAgainstAllAndKeepsWhatIsThere) {
  const ChildResult first = run();
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_NE(first.out.find("mean"), std::string::npos) << first.out;
  for (const char* name : {"report.html", "scores.jsonl", "models/dark.novelty", "models/dark.html",
                           "models/bright.novelty"})
    EXPECT_TRUE(std::filesystem::is_regular_file(file(std::string("out/") + name))) << name;
  const json one = result();
  EXPECT_EQ(one.at("classes").at("dark").at("auroc").at("score"), 1.0) << one;
  EXPECT_EQ(one.at("classes").at("dark").at("normal"), 6);
  EXPECT_EQ(one.at("classes").at("dark").at("novel"), 5);
  EXPECT_EQ(one.at("classes").at("bright").at("trained"), 24);
  EXPECT_EQ(one.at("scored"), "test");

  for (const char* name :
       {"knn-cls", "knn-mean", "mahalanobis-cls", "mahalanobis-mean", "mahalanobis-both"}) {
    EXPECT_EQ(one.at("baselines").at(name).at("per_class").at("dark"), 1.0) << name;
    EXPECT_EQ(one.at("baselines").at(name).at("mean_auroc"), 1.0) << name;
  }
  EXPECT_NE(first.out.find("mean of k-NN, [CLS]: 100.00"), std::string::npos) << first.out;

  const std::string page = text_of(file("out/report.html"));
  for (const char* part : {"ROC: dark, AUROC 100.00", "Scores: bright", "Most confused",
                           "dark, normal", "bright, novel", "data:image/"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(page.find("Beside the paper"), std::string::npos) << "it has no such data";

  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("distilling"), std::string::npos) << again.err;
  EXPECT_EQ(again.err.find("scoring"), std::string::npos) << again.err;
  EXPECT_EQ(again.err.find("baselines"), std::string::npos) << again.err;
  EXPECT_EQ(result().at("classes"), one.at("classes"));
  EXPECT_EQ(result().at("baselines"), one.at("baselines"));

  testing::write_text(file("out/baselines.json"), "{\"of\": 3, \"auroc\": []}");
  EXPECT_NE(run().err.find("baselines"), std::string::npos) << "a damaged file is made anew";
  EXPECT_EQ(result().at("baselines"), one.at("baselines"));
  EXPECT_NE(run({"--classes", "dark"}).err.find("baselines"), std::string::npos) << "others";
}

TEST_F(EvaluateClasses, SaysHowManyFalseAlarmsFindAlmostAll) {
  ASSERT_EQ(run({"--classes", "dark"}).status, 0);
  const json dark = result().at("classes").at("dark");
  EXPECT_EQ(dark.at("average_precision"), 1.0);
  EXPECT_EQ(dark.at("fpr_at_95_tpr"), 0.0);
  EXPECT_EQ(result().at("mean_auroc"), 1.0);
  EXPECT_EQ(result().at("per_class").at("dark"), 1.0);
}

TEST_F(EvaluateClasses, TheOneClassCanBeTheNovelOne) {
  draw("train/middle", 24, 0x303030);
  draw("test/middle", 4, 0x303030);
  const ChildResult one = run({"--protocol", "all-vs-one", "--classes", "bright"});
  ASSERT_EQ(one.status, 0) << one.err;
  const json bright = result().at("classes").at("all-but-bright");
  EXPECT_EQ(bright.at("trained"), 48) << "dark and middle";
  EXPECT_EQ(bright.at("normal"), 10);
  EXPECT_EQ(bright.at("novel"), 5);
  EXPECT_EQ(bright.at("auroc").at("score"), 1.0);
  EXPECT_EQ(result().at("protocol"), "all-vs-one");
  EXPECT_NE(text_of(file("out/report.html")).find("All classes against one"), std::string::npos);
}

TEST_F(EvaluateClasses, HalvesOfTheClassesAreTheFourOfThePaper) {
  draw("train/a", 12, 0x282828);
  draw("test/a", 3, 0x282828);
  draw("train/z", 12, 0xb8b8b8);
  draw("test/z", 2, 0xb8b8b8);
  const ChildResult halves = run({"--protocol", "half-vs-half", "--train-count", "12"});
  ASSERT_EQ(halves.status, 0) << halves.err;
  const json all = result().at("classes");  // a, bright, dark, z
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(all.at("first-half").at("normal"), 3 + 5);
  EXPECT_EQ(all.at("second-half").at("normal"), 6 + 2);
  EXPECT_EQ(all.at("even").at("normal"), 3 + 6);
  EXPECT_EQ(all.at("even").at("trained"), 24);
  EXPECT_EQ(all.at("odd").at("novel"), 3 + 6);
  EXPECT_EQ(all.at("even").at("auroc").at("score"), 1.0) << "both dark";
}

TEST_F(EvaluateClasses, MosaicsAskForOneForeignTileAndWhereItIs) {
  const ChildResult strict = run({"--protocol", "mosaic-strict", "--train-count", "16"});
  ASSERT_EQ(strict.status, 0) << strict.err;
  const json one = result().at("classes").at("dark");
  EXPECT_EQ(one.at("trained"), 16);
  EXPECT_EQ(one.at("normal"), 1000);
  EXPECT_EQ(one.at("novel"), 1000);
  EXPECT_GT(one.at("auroc").at("score").get<double>(), 0.9) << "a bright one among dark ones";
  EXPECT_GT(one.at("auroc").at("tiles").get<double>(), 0.9);
  EXPECT_NE(strict.out.find("foreign tiles, bright: "), std::string::npos) << strict.out;
  const std::string page = text_of(file("out/report.html"));
  EXPECT_NE(page.find("Where the foreign image is"), std::string::npos);
  EXPECT_NE(page.find("dark-and-one-foreign, novel"), std::string::npos);

  // The same models; other images, that must not pass for those scored before.
  const ChildResult none = run({"--protocol", "mosaic-none", "--train-count", "16"});
  ASSERT_EQ(none.status, 0) << none.err;
  EXPECT_EQ(none.err.find("distilling"), std::string::npos) << none.err;
  EXPECT_NE(none.err.find("scoring"), std::string::npos) << none.err;
  EXPECT_FALSE(result().at("classes").at("dark").at("auroc").contains("tiles"));
}

TEST_F(EvaluateClasses, SeveralSeedsGiveAMeanAndADeviation) {
  const ChildResult both = run({"--seed", "4", "--seeds", "2", "--classes", "dark"});
  ASSERT_EQ(both.status, 0) << both.err;
  EXPECT_NE(both.out.find("of 2 seeds"), std::string::npos) << both.out;
  EXPECT_EQ(result().at("seeds"), json({4, 5}));
  EXPECT_TRUE(result().at("classes").at("dark").at("auroc_deviation").is_number());
  for (const char* name : {"seed-4", "seed-5"})
    EXPECT_TRUE(std::filesystem::is_regular_file(
        file(std::string("out/") + name + "/models/dark.novelty")));
  EXPECT_NE(text_of(file("out/report.html")).find("\u00b1"), std::string::npos);
}

TEST_F(EvaluateClasses, ThePapersPresetAndTuningAreToldApart) {
  ASSERT_EQ(run({"--classes", "dark"}).status, 0);
  const ChildResult plain = run({"--classes", "dark", "--fine-tune", "none"});
  ASSERT_EQ(plain.status, 0) << plain.err;
  EXPECT_NE(plain.err.find("distilling"), std::string::npos) << "another model than the kept one";
  EXPECT_EQ(result().at("fine_tuning"), "none");
  const ChildResult paper = run({"--classes", "dark", "--preset", "paper"});
  ASSERT_EQ(paper.status, 0) << paper.err;
  EXPECT_EQ(result().at("preset"), "paper");
  EXPECT_EQ(result().at("fine_tuning"), "defend");
  EXPECT_EQ(result().at("classes").at("dark").at("auroc").at("density"), 0.5) << "it has none";
  EXPECT_NE(paper.out.find("collapsed"), std::string::npos) << "the stand-in's DEFEND does";
}

TEST_F(EvaluateClasses, TheNetworksCanSeeAnotherSize) {
  ASSERT_EQ(run({"--classes", "dark"}).status, 0);
  const ChildResult large = run({"--classes", "dark", "--input-size", "96"});
  ASSERT_EQ(large.status, 0) << large.err;
  EXPECT_NE(large.err.find("distilling"), std::string::npos) << "another model than the kept one";
  EXPECT_EQ(result().at("input_size"), 96);
  EXPECT_EQ(result().at("classes").at("dark").at("auroc").at("score"), 1.0);
  const ChildResult again = run({"--classes", "dark", "--input-size", "96"});
  EXPECT_EQ(again.err.find("distilling"), std::string::npos) << again.err;
  const ChildResult odd = run({"--classes", "dark", "--input-size", "50"});
  EXPECT_EQ(odd.status, 1);
  EXPECT_NE(odd.err.find("no multiple"), std::string::npos) << odd.err;
}

TEST_F(EvaluateClasses, HoldsOutTrainingImagesForChoosing) {
  const ChildResult held = run({"--classes", "dark", "--holdout", "4", "--train-count", "16"});
  ASSERT_EQ(held.status, 0) << held.err;
  const json one = result();
  EXPECT_EQ(one.at("classes").size(), 1U);
  EXPECT_EQ(one.at("classes").at("dark").at("trained"), 16);
  EXPECT_EQ(one.at("classes").at("dark").at("normal"), 4);
  EXPECT_EQ(one.at("classes").at("dark").at("novel"), 4);
  EXPECT_EQ(text_of(file("out/scores.jsonl")).find("test/"), std::string::npos);
}

TEST_F(EvaluateClasses, GoesOnWithScoresThatAKillCutOff) {
  ASSERT_EQ(run().status, 0);
  const json whole = result();
  std::string text = text_of(file("out/scores.jsonl"));
  testing::write_text(file("out/scores.jsonl"), text.substr(0, text.size() / 2));
  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("distilling"), std::string::npos) << again.err;
  EXPECT_EQ(text_of(file("out/scores.jsonl")), text);
  EXPECT_EQ(result().at("classes"), whole.at("classes"));
}

TEST_F(EvaluateClasses, KeepsFinishedClassesOnCtrlC) {
  testing::Child child(command(), folder_.path());
  ASSERT_TRUE(child.wait_until(
      [&] { return child.err().find("dark (2/2) distilling") != std::string::npos; }));
  child.send(SIGINT);
  const ChildResult stopped = child.finish();
  EXPECT_EQ(stopped.status, 130);
  EXPECT_NE(stopped.err.find("run it again to go on"), std::string::npos) << stopped.err;
  const ChildResult again = run();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("bright (1/2) distilling"), std::string::npos) << again.err;
}

TEST_F(EvaluateClasses, RefusesFaultsBeforeItTrains) {
  const auto expect_refused = [&](const std::vector<std::string>& more, int status,
                                  const std::string& words) {
    const ChildResult result = run(more);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("distilling"), std::string::npos) << result.err;
  };
  expect_refused({"--classes", "dim"}, 1, "there is no class \"dim\"");
  expect_refused({"--protocol", "one"}, 1, "use one-vs-all");
  expect_refused({"--protocol", "half-vs-half", "--classes", "dark"}, 1, "takes all classes");
  expect_refused({"--preset", "photo"}, 1, "there is no preset \"photo\"");
  expect_refused({"--fine-tune", "x"}, 1, "use contrast");
  expect_refused({"--seeds", "0"}, 2, "--seeds");
  expect_refused({"--holdout", "24"}, 1, "leaves none");
  expect_refused({"--train-count", "3"}, 2, "--train-count");
  expect_refused({"--data", "gone"}, 1, "gone");
  expect_refused({"--data", "data/train"}, 1, "has no test images");
  expect_refused({"--data", "data/test"}, 1, "fewer than two classes");
  expect_refused({"more"}, 2, "--data");
}

TEST_F(EvaluateClasses, ImagesAreTrainedOnAsWholesUnlessToldOtherwise) {
  const auto train = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{testing::novelty_program(),
                                 "train",
                                 "data/train/dark",
                                 "-o",
                                 "m.novelty",
                                 "--teacher",
                                 "t.safetensors",
                                 "--epochs",
                                 "1"};
    all.insert(all.end(), more.begin(), more.end());
    const ChildResult trained = testing::run_child(all, folder_.path());
    EXPECT_EQ(trained.status, 0) << trained.err;
    const ChildResult info =
        testing::run_child({testing::novelty_program(), "info", "m.novelty"}, folder_.path());
    return trained.out + info.out;
  };
  const std::string semantic = train({});
  EXPECT_NE(semantic.find("preset:  semantic"), std::string::npos) << semantic;
  EXPECT_NE(semantic.find("score        of whole pictures"), std::string::npos) << semantic;
  const std::string camera = train({"--preset", "camera"});
  EXPECT_EQ(camera.find("semantic"), std::string::npos) << camera;
  EXPECT_NE(camera.find("preset       camera"), std::string::npos) << camera;
}

}  // namespace
}  // namespace novelty
