// SPDX-License-Identifier: Apache-2.0
// What the program writes: JSON lines, charts and the report.
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "json_lines.h"
#include "made_files.h"
#include "novelty/error.h"
#include "report.h"
#include "scoring_run.h"
#include "svg_chart.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::TempDir;
using testing::text_of;

TEST(JsonLines, AppearsOnlyWhenWhole) {
  const TempDir folder;
  const std::string path = folder / "s.jsonl";
  testing::write_text(path, "old\n");
  {
    JsonLines lines(path);
    lines.write("{}");
  }
  EXPECT_EQ(text_of(path), "old\n");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  JsonLines lines(path);
  lines.write("{\"a\":1}");
  lines.write("{\"a\":2}");
  lines.commit();
  EXPECT_EQ(text_of(path), "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST(JsonLines, RefusesAtOnceWhatCannotBeWritten) {
  const TempDir folder;
  EXPECT_THROW(JsonLines(folder / "no/such/folder.jsonl"), Error);
  EXPECT_THROW(JsonLines{folder.path()}, Error);
}

TEST(JsonLines, ReportsAFullDisk) {
  JsonLines lines("/dev/full");
  EXPECT_THROW(
      {
        lines.write("{}");
        lines.commit();
      },
      Error);
}

TEST(PlaceOf, NamesTheNinthOfTheHighestRegionOrPatch) {
  FrameScore score;
  score.regions = {{0.7F, 0.0F, 0.2F, 0.2F, 1}};
  EXPECT_EQ(place_of(score), "upper right");
  score.regions.clear();
  score.map_size = 3;
  score.map.assign(9, 0);
  score.map[4] = 1;
  EXPECT_EQ(place_of(score), "middle");
  score.map[6] = 2;
  EXPECT_EQ(place_of(score), "lower left");
}

TEST(Charts, StandEmptyConstantAndBrokenValues) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& values :
       {std::vector<double>{}, {1.0}, {0, 0, 0}, {nan, 1, nan}, std::vector<double>(5000, 2.5)})
    for (const std::string& svg : {line_chart({{"x", "a", values}}, {{"t", 1.5}}, "step"),
                                   histogram({{"x", "a", values}}, {{"t", 1.5}}, "score")}) {
      EXPECT_TRUE(svg.starts_with("<svg") && svg.ends_with("</svg>"));
      EXPECT_EQ(svg.find("nan"), std::string::npos);
      EXPECT_EQ(svg.find("inf"), std::string::npos);
    }
}

/// Footage of which only the labels matter.
class NamedFootage : public Footage {
 public:
  std::string identity() override { return "{}"; }
  double interval_s() override { return 0.1; }
  std::size_t count() override { return 10; }
  bool next(FrameView& /*frame*/) override { return false; }
  void rewind(std::size_t /*n*/) override {}
  std::string label(std::size_t index) override { return "<frame " + std::to_string(index) + ">"; }
  std::vector<std::string> warnings() const override { return {}; }
};

TEST(Report, IsOneFileThatHoldsAllAndEscapesText) {
  const TempDir folder;
  TrainingReport report;
  report.untrained_teacher = true;
  report.facts_json = R"({"training":{"seed":7,"source":"<script>"}})";
  report.step_loss = {1, 0.5, 0.25};
  report.train_scores = {0.1, 0.2};
  report.holdout_scores = {0.1, 0.3};
  report.threshold = 0.4;
  report.warnings = {"a & b"};
  report.least_normal = {{3, 0.3, 4, std::vector<std::uint8_t>(48, 90), 2, {0, 0.5F, 1, 2}}};
  NamedFootage footage;
  write_report(report, footage, folder / "r.html");
  const std::string page = text_of(folder / "r.html");
  for (const char* part : {"data:image/jpeg;base64,", "&lt;frame 3&gt;", "a &amp; b",
                           "training.seed", "&lt;script&gt;", "demonstration only", "<svg", "0.4"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  for (const char* part : {"<script", "src=\"http", "href=", "<frame"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace novelty
