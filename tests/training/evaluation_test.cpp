// SPDX-License-Identifier: Apache-2.0
// The figures of an evaluation and the files they go into, of made-up scores.
#include "evaluation_result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "class_evaluation.h"
#include "class_report.h"
#include "evaluation_report.h"
#include "published.h"

namespace novelty {
namespace {

using nlohmann::json;

constexpr double kFps = 10;

/// 100 frames: trained on 0 to 19, normal 20 to 49 and 80 to 99, novel 50 to 69.
ClipLabels labels_of_made_clip() {
  return {100, {{0, 19}}, {{20, 49}, {80, 99}}, {{50, 69}}};
}

/// A row whose scores are `normal`, and `novel` from frame 50 to 69; p = 1 / (1 + score). Events
/// lie over `events`.
Track made_track(const std::string& name, double normal, double novel, const LabelRanges& events) {
  Track track{name, name + " row", 5, {}, {}, std::vector<FrameEvent>(100)};
  for (std::size_t i = 0; i < 100; ++i) {
    track.scores.push_back(i >= 50 && i < 70 ? novel : normal);
    track.p_values.push_back(1 / (1 + track.scores.back()));
  }
  for (const LabelRange& range : events)
    for (std::size_t i = range.first; i <= range.last; ++i)
      track.events[i].id = "event" + std::to_string(range.first);
  return track;
}

ReportFrame made_frame(std::size_t index) {
  return {index, 9, 8, std::vector<std::uint8_t>(8 * 8 * 3, 90), 2, {0, 0, 1, 2}};
}

ClipRun made_run(const std::string& name, std::vector<Track> tracks) {
  ClipRun run;
  run.name = name;
  run.labels = labels_of_made_clip();
  run.fps = kFps;
  run.model_id = std::string(64, 'a');
  run.teacher_name = "t";
  run.tracks = std::move(tracks);
  for (std::int64_t i = 0; i < 100; ++i) run.pts_ns.push_back(i * 100'000'000);
  run.times_ns = run.pts_ns;
  run.event_options.min_duration_ns = 200'000'000;
  return run;
}

/// In the second clip the baseline's novel frames score below the first clip's normal ones, and
/// it raises two false events.
std::vector<ClipRun> made_runs() {
  return {made_run("a.mp4", {made_track("novelty", 1, 9, {{52, 71}}),
                             made_track("other", 4, 6, {{50, 69}})}),
          made_run("b.mp4", {made_track("novelty", 1, 9, {{51, 69}}),
                             made_track("other", 1, 2, {{30, 31}, {85, 86}})})};
}

TEST(Measures, TellRankingWithinClipsFromRankingOverAll) {
  const auto rows = measure(made_runs());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].auroc_macro, 1.0);
  EXPECT_EQ(rows[0].auroc_micro, 1.0);
  EXPECT_EQ(rows[1].auroc_macro, 1.0);
  // Novel 6 and 2 against normal 4 and 1, as many each: three of four pairs won.
  EXPECT_NEAR(rows[1].auroc_micro.value(), 0.75, 1e-12);
  EXPECT_EQ(rows[1].literature_micro, 1.0);  // scaled clip by clip
}

TEST(Measures, CountEventsAndTheirTimes) {
  const auto rows = measure(made_runs());
  EXPECT_EQ(rows[0].found, 2U);
  EXPECT_EQ(rows[0].false_events, 0U);
  EXPECT_NEAR(rows[0].delay_mean_s.value(), 0.15, 1e-12);
  EXPECT_NEAR(rows[0].delay_max_s.value(), 0.2, 1e-12);
  EXPECT_NEAR(rows[0].cover.value(), 37.0 / 40, 1e-12);
  EXPECT_EQ(rows[0].clips_passed, 2U);
  EXPECT_EQ(rows[1].found, 1U);
  EXPECT_EQ(rows[1].false_events, 2U);
  EXPECT_NEAR(rows[1].normal_share.value(), 4.0 / 100, 1e-12);
  EXPECT_EQ(rows[1].clips_passed, 1U);
}

TEST(Measures, RateFalseAlarmsByNormalTime) {
  const auto rows = measure(made_runs());
  const double hours = 100 / kFps / 3600;
  EXPECT_NEAR(rows[1].normal_hours, hours, 1e-12);
  EXPECT_EQ(rows[1].false_in_normal, 2U);
  EXPECT_NEAR(rows[1].alarms_per_hour.low, 0.24220927854396496 / hours, 1e-6);
  EXPECT_NEAR(rows[1].alarms_per_hour.high, 7.22468766772396 / hours, 1e-6);
  EXPECT_EQ(rows[0].alarms_per_hour.low, 0);
}

TEST(Measures, LeaveOutWhatAClipCannotTell) {
  std::vector<ClipRun> runs = made_runs();
  for (ClipRun& run : runs) run.labels.novel.clear();
  const auto rows = measure(runs);
  EXPECT_EQ(rows[0].auroc_macro, std::nullopt);
  EXPECT_EQ(rows[0].cover, std::nullopt);
  EXPECT_EQ(rows[0].delay_mean_s, std::nullopt);
  EXPECT_EQ(rows[0].clips_passed, 0U);  // the events are false now
  const json all = json::parse(result_json(runs, rows, {}));
  EXPECT_TRUE(all.at("live").at("novelty").at("auroc_macro").is_null());
  EXPECT_NE(plain_table(runs, rows).find(" - "), std::string::npos);
}

TEST(Hindsight, KnowsTheBestThreshold) {
  const auto rows = measure(made_runs());
  const Hindsight& best = rows[1].clips.at(0).hindsight;
  EXPECT_EQ(best.threshold, 6);  // at 4 all would be one event
  EXPECT_EQ(best.found, 1U);
  EXPECT_EQ(best.false_events, 0U);
  EXPECT_EQ(rows[1].hindsight_found, 2U);  // 1 of 2 was found by the calibrated threshold
  EXPECT_EQ(rows[1].hindsight_false, 0U);
}

TEST(LiteratureScores, LookAheadASecondInAll) {
  const Track track = made_track("x", 0, 10, {});
  const auto scores = literature_scores(track, kFps);
  EXPECT_EQ(scores.at(44), 0);
  EXPECT_NEAR(scores.at(45), 1.0 / 11, 1e-12);
  EXPECT_EQ(scores.at(60), 1);
}

TEST(EvaluationFiles, HaveTheDocumentedKeys) {
  const auto runs = made_runs();
  const auto rows = measure(runs);
  EvaluationOptions options;
  options.seed = 7;
  const json all = json::parse(result_json(runs, rows, options));
  EXPECT_EQ(all.at("seed"), 7);
  for (const char* key :
       {"auroc_macro", "auroc_micro", "novel_ranges", "found", "missed", "false_events",
        "delay_mean_s", "delay_max_s", "cover", "normal_in_events", "false_in_normal",
        "normal_hours", "false_alarms_per_hour", "false_alarms_per_hour_95", "clips_passed",
        "hindsight_found", "hindsight_false_events"})
    EXPECT_TRUE(all.at("live").at("other").contains(key)) << key;
  EXPECT_EQ(all.at("literature").at("other").at("auroc_micro"), 1.0);
  const json& clip = all.at("clips").at("b.mp4").at("rows").at("other");
  EXPECT_EQ(clip.at("false_events"), json::parse("[[30, 31], [85, 86]]"));
  EXPECT_EQ(clip.at("own_events"), json::parse("[null]"));
  EXPECT_EQ(all.at("clips").at("a.mp4").at("rows").at("novelty").at("own_events"),
            json::parse("[[52, 71]]"));
}

TEST(EvaluationFiles, HaveALineAFrameAndAClipsRow) {
  const auto runs = made_runs();
  const std::string text = frames_jsonl(runs.front());
  std::istringstream lines(text);
  std::string line;
  std::size_t n = 0;
  for (; std::getline(lines, line); ++n) {
    const json frame = json::parse(line);
    EXPECT_EQ(frame.at("frame"), n);
    EXPECT_EQ(frame.at("event_id").is_string(), n >= 52 && n <= 71) << n;
    EXPECT_EQ(frame.at("others").at("other").at("in_event"), n >= 50 && n <= 69) << n;
  }
  EXPECT_EQ(n, 100U);
  const std::string csv = result_csv(runs, measure(runs));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5);
  EXPECT_NE(csv.find("\"b.mp4\",other,1,1,1,0,2,0.08,5,0\n"), std::string::npos) << csv;
}

TEST(EvaluationReport, ShowsEventsAndWhatWasMissed) {
  std::vector<ClipRun> runs = made_runs();
  for (ClipRun& run : runs) {
    run.pictures = {{"", 0, made_frame(60)}, {run.tracks[0].events[60].id, 0, made_frame(61)}};
    run.warnings = {"a <b>"};
  }
  runs[1].tracks[0] = made_track("novelty", 1, 9, {{30, 31}});
  runs[1].pictures[1].event_id = "event30";
  const std::string page = evaluation_page(runs, measure(runs));
  for (const char* part : {"a &lt;b&gt;", "found range 1", "MISSED", "FALSE", "class='band novel'",
                           "data:image/jpeg;base64,", "threshold", "<details>", "other row"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  for (const char* outside : {"https://", "src=\"http", "href=", "url(", "<script"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

// A run of one seed over two tasks.
ClassResults made_run(std::uint64_t seed, double first, double second) {
  ClassResults run;
  run.seeds = {seed};
  run.training_s = 10;
  for (const double score : {first, second}) {
    ClassResult& one = run.classes.emplace_back();
    one.name = std::to_string(run.classes.size());
    one.score = score;
    one.false_positive_rate = 1 - score;
  }
  return run;
}

TEST(OverSeeds, GivesMeansAndTheDeviationsOfASample) {
  const ClassResults all =
      over_seeds({made_run(3, 0.8, 0.5), made_run(4, 0.9, 0.5), made_run(5, 1.0, 0.8)});
  EXPECT_EQ(all.seeds, (std::vector<std::uint64_t>{3, 4, 5}));
  EXPECT_EQ(all.training_s, 30);
  EXPECT_NEAR(all.classes.at(0).score, 0.9, 1e-12);
  EXPECT_NEAR(all.classes.at(0).score_deviation, 0.1, 1e-12);
  EXPECT_NEAR(all.classes.at(0).false_positive_rate, 0.1, 1e-12);
  EXPECT_NEAR(all.classes.at(1).score, 0.6, 1e-12);
  EXPECT_NEAR(all.mean().score, 0.75, 1e-12);
  // Of the means 0.65, 0.7 and 0.9.
  EXPECT_NEAR(all.mean().score_deviation, 0.13228756555322954, 1e-12);
  EXPECT_EQ(over_seeds({made_run(1, 0.8, 0.5)}).classes.at(0).score_deviation, 0);
}

TEST(OverSeeds, AveragesWhereItIsNovel) {
  ClassResults first = made_run(1, 0.8, 0.5), second = made_run(2, 0.8, 0.5);
  first.classes[0].pixels = PixelFigures{0.9, 0.5};
  second.classes[0].pixels = PixelFigures{0.7, 0.1};
  first.classes[1].tiles = 0.6;
  second.classes[1].tiles = 0.8;
  const ClassResults all = over_seeds({first, second});
  EXPECT_NEAR(all.classes[0].pixels.value().auroc, 0.8, 1e-12);
  EXPECT_NEAR(all.classes[0].pixels.value().aupro, 0.3, 1e-12);
  EXPECT_FALSE(all.classes[0].tiles);
  EXPECT_NEAR(all.classes[1].tiles.value(), 0.7, 1e-12);
}

TEST(Joined, GivesTheDeviationOfTheMeanOverAllTasks) {
  const ClassResults a = over_seeds({made_run(1, 0.8, 0.5), made_run(2, 0.9, 0.5)});
  const ClassResults b = over_seeds({made_run(1, 0.4, 0.7), made_run(2, 0.4, 0.7)});
  // Of the means 0.6 and 0.625.
  EXPECT_NEAR(joined({a, b}).mean().score_deviation, 0.017677669529663688, 1e-12);
}

const std::set<std::string> kCifar10{"airplane", "automobile", "bird",  "cat",  "deer",
                                     "dog",      "frog",       "horse", "ship", "truck"};

TEST(PublishedTables, AreOfKnownDataAndProtocols) {
  for (const auto& [protocol, mean] :
       {std::pair{"one-vs-all", "98.6"}, {"all-vs-one", "84.3"}, {"half-vs-half", "93.4"}}) {
    const auto tables = published_tables(kCifar10, protocol);
    ASSERT_FALSE(tables.empty()) << protocol;
    EXPECT_EQ(tables.front().rows.back().method, "This paper");
    EXPECT_EQ(tables.front().rows.back().mean, mean);
  }
  EXPECT_TRUE(published_tables({"cat", "dog"}, "one-vs-all").empty());
  EXPECT_TRUE(published_tables(kCifar10, "other").empty());
}

// A slip of the hand would show: the paper rounds its means of these figures.
TEST(PublishedTables, HaveTheMeansOfTheirTasks) {
  for (const char* protocol : {"one-vs-all", "half-vs-half"}) {
    for (const PublishedTable& table : published_tables(kCifar10, protocol)) {
      for (const PublishedRow& row : table.rows) {
        if (table.tasks.empty()) continue;
        ASSERT_EQ(row.each.size(), table.tasks.size()) << row.method;
        double sum = 0;
        for (const std::string& figure : row.each) sum += std::stod(figure);
        EXPECT_NEAR(sum / static_cast<double>(row.each.size()), std::stod(row.mean), 0.16)
            << table.source << " " << row.method;
      }
    }
  }
}

TEST(PublishedTables, SayOfHowManyTasksThisRunIs) {
  ClassResults run = made_run(1, 0.9, 0.8);
  run.teacher_name = "vit_small_patch16_224.augreg";
  run.data_classes = kCifar10;
  run.classes.front().name = "cat";
  const ClassOptions options;
  const std::string page = class_page(run, options);
  EXPECT_NE(page.find("This run, 2 of 10</td><td>ViT-S/16"), std::string::npos);
  EXPECT_NE(page.find("<tr><td>MKD</td><td>ViT-S/16"), std::string::npos) << "of the same network";
  EXPECT_NE(page.find("<tr class=other><td>MSAD"), std::string::npos);
}

TEST(Backbone, IsReadFromNames) {
  EXPECT_EQ(backbone_of("vit_small_patch16_224.augreg_in21k"), "ViT-S/16");
  EXPECT_EQ(backbone_of("vit_tiny_patch16_224.augreg_in21k_ft_in1k"), "ViT-Ti/16");
  EXPECT_EQ(backbone_of("vit_base_patch8_224.dino"), "ViT-B/8");
  EXPECT_EQ(backbone_of("resnet50"), std::nullopt);
}

}  // namespace
}  // namespace novelty
