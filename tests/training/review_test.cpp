// SPDX-License-Identifier: Apache-2.0
// What `novelty review` finds in a folder, and what its page and feedback make of hostile files.
#include "review_page.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "feedback_file.h"
#include "made_files.h"
#include "marked_footage.h"
#include "novelty/error.h"
#include "recordings.h"
#include "review_folder.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::TempDir;
using testing::write_text;

constexpr std::int64_t kSecond = 1'000'000'000;

/// A clip of ten seconds with an event from its third to its seventh.
json sidecar(const std::string& file, int version = 2) {
  json made{{"schema", "novelty-recording"},
            {"version", version},
            {"kind", "clip"},
            {"file", file},
            {"camera", "gate"},
            {"model_id", "abc"},
            {"begin_ns", 100 * kSecond},
            {"end_ns", 110 * kSecond},
            {"begin_utc", "2026-03-02T06:00:00.250Z"},
            {"frames", 100},
            {"truncated", false},
            {"events",
             {{{"id", "01A"},
               {"begin_ns", 103 * kSecond},
               {"end_ns", 107 * kSecond},
               {"peak_ns", 105 * kSecond},
               {"peak_score", 31.5},
               {"peak_p_value", 1e-6},
               {"threshold", 19.5},
               {"region", {{"x", 0.1}, {"y", 0.2}, {"width", 0.3}, {"height", 0.4}}},
               {"frames", 41}}}}};
  if (version == 1) return made;
  made["recovered"] = true;
  made["continues"] = "before";
  made["scores"] = {{"time_ns", {100 * kSecond, 105 * kSecond, 110 * kSecond}},
                    {"score", {1.0, 31.5, 2.0}},
                    {"p_value", {1.0, 1e-6, 1.0}},
                    {"threshold", {19.5, 19.5, 19.5}}};
  made["events"][0]["poster"] = "clip_01A.jpg";
  made["events"][0]["poster_map"] = "clip_01A_map.jpg";
  return made;
}

class Review : public ::testing::Test {
 protected:
  void write(const std::string& name, const json& made) const {
    write_text(folder_ / name, made.dump());
  }
  void write(const std::string& name, const std::string& text) const {
    write_text(folder_ / name, text);
  }
  FoundRecordings find() const { return find_recordings(folder_.path()); }

  TempDir folder_;
};

TEST_F(Review, ReadsBothVersions) {
  std::filesystem::create_directories(folder_ / "a/b");
  write("a/b/clip.json", sidecar("clip.mp4"));
  for (const char* name :
       {"a/b/clip.mp4", "a/b/clip_01A.jpg", "a/b/clip_01A_map.jpg", "a/b/clip.pin"})
    write(name, std::string("x"));
  write("old.json", sidecar("old.mp4", 1));
  write("old.mp4", std::string("x"));
  const FoundRecordings found = find();
  ASSERT_EQ(found.recordings.size(), 2U);
  const FoundRecording& old = found.recordings.at(0);
  EXPECT_EQ(old.folder + old.file, "old.mp4");
  EXPECT_TRUE(old.curve.time_ns.empty());
  EXPECT_FALSE(old.recovered || old.gone || old.pinned || old.continued);
  const FoundRecording& clip = found.recordings.at(1);
  EXPECT_EQ(clip.folder, "a/b/");
  EXPECT_TRUE(clip.recovered && clip.pinned && clip.continued);
  EXPECT_EQ(clip.begin_utc_ms, 1'772'431'200'250);
  EXPECT_EQ(clip.curve.time_ns, (std::vector<std::int64_t>{0, 5 * kSecond, 10 * kSecond}));
  const FoundEvent& event = clip.events.at(0);
  EXPECT_EQ(event.begin_ns, 3 * kSecond);
  EXPECT_EQ(event.peak_ns, 5 * kSecond);
  EXPECT_EQ(event.peak_score, 31.5);
  EXPECT_EQ(event.region->height, 0.4);
  EXPECT_EQ(event.poster_map, "clip_01A_map.jpg");
  EXPECT_EQ(files_of(found),
            (std::set<std::string, std::less<>>{"a/b/clip.mp4", "a/b/clip_01A.jpg",
                                                "a/b/clip_01A_map.jpg", "old.mp4"}));
}

TEST_F(Review, SkipsAndCountsWhatIsNoSidecar) {
  write("feedback.json", std::string("{}"));  // no recording, but ours
  write("foreign.json", std::string("{\"schema\":\"other\"}"));
  write("later.json", json{{"schema", "novelty-recording"}, {"version", 3}});
  write("cut.json", sidecar("clip.mp4").dump().substr(0, 200));
  write("empty.json", std::string());
  write("list.json", std::string("[1,2]"));
  write("deep.json", std::string(5'000'000, '['));
  write("bytes.json", std::string("{\"schema\":\"novelty-recording\",\"file\":\"\xff\xfe\"}"));
  write("large.json", std::string(kMaxSidecarBytes + 1, ' '));
  json backwards = sidecar("clip.mp4");
  backwards["end_ns"] = 1;
  write("backwards.json", backwards);
  write(".json\xff.json", sidecar("clip.mp4"));
  const FoundRecordings found = find();
  EXPECT_TRUE(found.recordings.empty());
  EXPECT_EQ(found.foreign, 2U);
  EXPECT_EQ(found.broken, 6U);
  EXPECT_EQ(found.too_large, 1U);
  EXPECT_EQ(found.unreadable, 1U);
}

TEST_F(Review, NamesNothingOutsideTheFolder) {
  const TempDir outside;
  write_text(outside / "secret.mp4", "x");
  int number = 0;
  for (const std::string& name : {outside / "secret.mp4", std::string("../secret.mp4"),
                                  std::string(".."), std::string("a/b.mp4"), std::string()})
    write(std::to_string(number++) + ".json", sidecar(name));
  json poster = sidecar("clip.mp4");
  poster["events"][0]["poster"] = "../x.jpg";
  poster["events"][0]["poster_map"] = "link.jpg";
  write("poster.json", poster);
  write("link.json", sidecar("link.mp4"));
  std::filesystem::create_symlink(outside / "secret.mp4", folder_ / "link.mp4");
  std::filesystem::create_symlink(outside / "secret.mp4", folder_ / "link.jpg");
  std::filesystem::create_directory_symlink(outside.path(), folder_ / "elsewhere");
  write_text(outside / "there.json", sidecar("secret.mp4").dump());
  const FoundRecordings found = find();
  ASSERT_EQ(found.recordings.size(), 2U);
  EXPECT_EQ(found.broken, 5U);
  for (const FoundRecording& recording : found.recordings) {
    EXPECT_TRUE(recording.gone) << recording.file;
    EXPECT_EQ(recording.events.at(0).poster + recording.events.at(0).poster_map, "");
  }
  EXPECT_TRUE(files_of(found).empty());
}

TEST_F(Review, MendsWrongTypesAndTimes) {
  json made = sidecar("clip.mp4");
  made["camera"] = 7;
  made["model_id"] = std::string(1000, 'x');
  made["begin_utc"] = "yesterday";
  made["frames"] = -3;
  made["scores"]["score"] = {1.0};
  made["events"][0]["begin_ns"] = -1;
  made["events"][0]["end_ns"] = 9e18;
  made["events"][0]["peak_score"] = nullptr;
  made["events"][0]["region"]["x"] = 7;
  made["events"].push_back("event");
  write("clip.json", made);
  const FoundRecording found = find().recordings.at(0);
  EXPECT_EQ(found.camera + found.model_id, "");
  EXPECT_FALSE(found.begin_utc_ms);
  EXPECT_EQ(found.frames, 0);
  EXPECT_TRUE(found.curve.time_ns.empty());
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].begin_ns, 0);
  EXPECT_EQ(found.events[0].end_ns, 10 * kSecond);
  EXPECT_FALSE(found.events[0].peak_score);
  EXPECT_EQ(found.events[0].region->x, 1);
}

TEST_F(Review, RefusesWhatIsNoFolder) {
  EXPECT_THROW(find_recordings(folder_ / "none"), Error);
  write("file", std::string("x"));
  EXPECT_THROW(find_recordings(folder_ / "file"), Error);
}

TEST_F(Review, TakesUpTheFeedbackThatIsThereAndKeepsWhatItCannotRead) {
  EXPECT_EQ(stored_feedback(folder_.path()), "");
  const std::string mark =
      R"({"path":"a.mp4","normal":[{"event_id":"x","begin_ns":1,"end_ns":2}]})";
  write("feedback.json",
        R"({"schema":"novelty-feedback","version":1,"recordings":[)" + mark + "]}");
  const json data = json::parse(review_data({}, page_of_folder(folder_.path())));
  EXPECT_EQ(data["feedback"]["recordings"][0]["path"], "a.mp4");
  write("feedback.json", std::string("{"));
  EXPECT_THROW(page_of_folder(folder_.path()), Error);
}

TEST_F(Review, TextNeverBecomesMarkup) {
  const std::string hostile = "</script><script>alert(1)</script><!--{{script}}";
  json made = sidecar("clip.mp4");
  made["camera"] = hostile;
  made["events"][0]["id"] = hostile;
  write("clip.json", made);
  ReviewPage facts = page_of_folder(folder_.path());
  facts.title = hostile;
  const std::string page = review_page(find(), facts);
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(page.find("<!--{{"), std::string::npos);
  std::size_t scripts = 0;
  for (std::size_t at = page.find("<script"); at != std::string::npos;
       at = page.find("<script", at + 1))
    ++scripts;
  EXPECT_EQ(scripts, 2U);
  const std::string mark = "id=\"data\">";
  const std::size_t begin = page.find(mark) + mark.size();
  const json data = json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  EXPECT_EQ(data["recordings"][0]["camera"], hostile);
}

TEST_F(Review, CurvesAreThinnedAndKeepTheirPeak) {
  json made = sidecar("clip.mp4");
  json times = json::array(), scores = json::array(), thresholds = json::array();
  for (int i = 0; i < 3000; ++i) {
    times.push_back(100 * kSecond + i * 3'000'000LL);
    scores.push_back(i == 1234 ? 99.0 : 1.0 + i % 7);
    thresholds.push_back(19.5);
  }
  made["scores"] = {{"time_ns", times}, {"score", scores}, {"threshold", thresholds}};
  write("clip.json", made);
  const json curve = json::parse(review_data(find(), {}))["recordings"][0]["curve"];
  EXPECT_LE(curve["v"].size(), 600U);
  EXPECT_EQ(curve["v"].size(), curve["t"].size());
  EXPECT_EQ(curve["h"], 19.5);
  const auto peak = std::find(curve["v"].begin(), curve["v"].end(), 99.0);
  ASSERT_NE(peak, curve["v"].end());
  EXPECT_EQ(curve["t"][static_cast<std::size_t>(peak - curve["v"].begin())], 1234 * 3);
}

TEST_F(Review, ServesOnlyFilesThatAreStillTheRecordings) {
  write("clip.mp4", std::string("x"));
  const int file = open_recorded_file(folder_.path(), "clip.mp4");
  EXPECT_GE(file, 0);
  ::close(file);
  std::filesystem::create_symlink("/etc/passwd", folder_ / "link.mp4");
  EXPECT_EQ(open_recorded_file(folder_.path(), "link.mp4"), -1);
  EXPECT_EQ(open_recorded_file(folder_.path(), "gone.mp4"), -1);
  EXPECT_EQ(open_recorded_file(folder_.path(), "../clip.mp4"), -1);
}

json feedback(const std::string& path) {
  return {{"schema", "novelty-feedback"},
          {"version", 1},
          {"recordings",
           {{{"path", path},
             {"camera", "gate"},
             {"model_id", "abc"},
             {"normal",
              {{{"event_id", "01A"}, {"begin_ns", 500'000'000}, {"end_ns", 900'000'000}}}}}}}};
}

std::string fault_of(const std::string& text) {
  try {
    parse_feedback(text, "feedback.json");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(FeedbackFile, IsReadBackAsWritten) {
  const FeedbackFile read = parse_feedback(feedback("a/clip.mp4").dump(), "f");
  ASSERT_EQ(read.recordings.size(), 1U);
  EXPECT_EQ(read.recordings[0].path, "a/clip.mp4");
  EXPECT_EQ(read.recordings[0].normal.at(0).end_ns, 900'000'000);
  EXPECT_EQ(json::parse(feedback_text(read)), feedback("a/clip.mp4"));
}

TEST(FeedbackFile, RefusesWhatItIsNot) {
  EXPECT_NE(fault_of("{").find("is not JSON"), std::string::npos);
  EXPECT_NE(fault_of("{}").find("no feedback of novelty review"), std::string::npos);
  json later = feedback("a.mp4");
  later["version"] = 2;
  EXPECT_NE(fault_of(later.dump()).find("another version"), std::string::npos);
  for (const char* path : {"/etc/passwd", "../a.mp4", "a/../../b.mp4", ""})
    EXPECT_NE(fault_of(feedback(path).dump()).find("leads out"), std::string::npos) << path;
  json timeless = feedback("a.mp4");
  timeless["recordings"][0]["normal"][0]["begin_ns"] = -1;
  EXPECT_NE(fault_of(timeless.dump()).find("no times"), std::string::npos);
}

class MarkedFootage : public ::testing::Test {
 protected:
  std::unique_ptr<Footage> open(const json& made) const {
    write_text(folder_ / "feedback.json", made.dump());
    return open_marked_footage(folder_ / "feedback.json", "abc");
  }
  std::string fault_of(const json& made) const {
    try {
      open(made);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  TempDir folder_;
};

TEST_F(MarkedFootage, IsTheFramesOfTheEventsAndWholeStills) {
  testing::make_video(folder_ / "clip.mp4", 20);  // at 10 fps
  testing::make_image(folder_ / "still.jpg", 160, 120, 0x336699);
  json made = feedback("clip.mp4");
  made["recordings"].push_back(feedback("still.jpg")["recordings"][0]);
  made["recordings"][1]["model_id"] = "other";
  const auto footage = open(made);
  ASSERT_EQ(footage->count(), 6U);
  EXPECT_EQ(footage->label(0), "frame 5");
  EXPECT_EQ(footage->label(4), "frame 9");
  ASSERT_EQ(footage->warnings().size(), 1U);
  EXPECT_NE(footage->warnings()[0].find("1 of 2 recordings were made with another model"),
            std::string::npos);
  FrameView frame;
  std::size_t frames = 0;
  while (footage->next(frame)) ++frames;
  EXPECT_EQ(frames, 6U);
  footage->rewind(3);
  for (frames = 0; footage->next(frame);) ++frames;
  EXPECT_EQ(frames, 3U);
}

TEST_F(MarkedFootage, SaysInOneLineWhatIsWrong) {
  json none = feedback("clip.mp4");
  none["recordings"] = json::array();
  EXPECT_NE(fault_of(none).find("nothing is marked"), std::string::npos);
  EXPECT_NE(fault_of(feedback("clip.mp4")).find("the recording is not there"), std::string::npos);
  testing::make_video(folder_ / "clip.mp4", 3);
  EXPECT_NE(fault_of(feedback("clip.mp4")).find("ends before the event"), std::string::npos);
  const TempDir outside;
  testing::make_video(outside / "clip.mp4", 20);
  std::filesystem::create_symlink(outside / "clip.mp4", folder_ / "link.mp4");
  EXPECT_NE(fault_of(feedback("link.mp4")).find("link out of the folder"), std::string::npos);
}

}  // namespace
}  // namespace novelty
