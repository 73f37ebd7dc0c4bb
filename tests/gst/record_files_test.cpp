// SPDX-License-Identifier: Apache-2.0
// noveltyrecord's files: names from a template, the disk budget, stills and samples of the normal.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "novelty/error.h"
#include "noveltymeta.h"
#include "record_name.h"
#include "record_normal_set.h"
#include "record_run.h"
#include "temp_dir.h"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using novelty::NameFields;
using novelty::NameTemplate;
using novelty::NormalSet;
using novelty::SmallPicture;
using novelty::testing::decode;
using novelty::testing::FrameMark;
using novelty::testing::names_in;
using novelty::testing::one_event;
using novelty::testing::RecordRun;
using novelty::testing::TempDir;

// 2026-01-31 22:05:09.5 UTC
const NameFields kFields{"clip",           "door",        "EVENT", "0123456789abcdef",
                         1769897109500000, 61'500'000'000};

std::string why_refused(const std::string& location) {
  try {
    const NameTemplate names(location);
  } catch (const novelty::Error& error) {
    return error.what();
  }
  return {};
}

TEST(RecordName, TakesAPlainLocationAsAFolder) {
  for (const char* location : {"events", "events/", "v1.2"}) {
    const NameTemplate names(location);
    EXPECT_EQ(names.expand(kFields), "door_EVENT") << location;
    EXPECT_EQ(names.extension(), "") << location;
  }
  EXPECT_EQ(NameTemplate("").root(), ".");
  EXPECT_EQ(NameTemplate("/").root(), "/");
  EXPECT_EQ(NameTemplate("/a//b/").root(), "/a/b");
}

TEST(RecordName, FillsTheFieldsInUtc) {
  const NameTemplate names("/srv/events/%{camera}/%{date}/%{time}_%{event}.mp4");
  EXPECT_EQ(names.root(), "/srv/events");
  EXPECT_EQ(names.extension(), ".mp4");
  EXPECT_EQ(names.expand(kFields), "door/2026-01-31/22-05-09_EVENT");
  EXPECT_EQ(NameTemplate("%{kind}-%{model}-%{hour}-%{position}.webm").expand(kFields),
            "clip-01234567-22-61500");
  EXPECT_EQ(NameTemplate("a/%{date}").expand(kFields), "2026-01-31/door_EVENT");
  EXPECT_EQ(NameTemplate("a/100%_%{event}.mkv").expand(kFields), "100%_EVENT");
}

TEST(RecordName, MakesOneSafePartOfAValue) {
  const NameTemplate names("root/%{camera}/%{event}.mp4");
  NameFields fields = kFields;
  for (const char* bad :
       {"..", ".", "", "a/b", "../../etc/passwd", "/", "\n", "a\\b", "%{event}"}) {
    fields.camera = bad;
    const std::string path = names.expand(fields);
    EXPECT_EQ(std::count(path.begin(), path.end(), '/'), 1) << bad;
    EXPECT_NE(path.front(), '.') << bad;
    EXPECT_NE(path.front(), '/') << bad;
  }
  fields.camera = std::string(1000, 'x');
  EXPECT_LT(names.expand(fields).size(), 200U);
}

TEST(RecordName, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(why_refused("a/%{cam}.mp4").find("%{cam}"), std::string::npos);
  EXPECT_NE(why_refused("a/%{cam}.mp4").find("camera, event"), std::string::npos);
  EXPECT_NE(why_refused("a/%{event").find("not closed"), std::string::npos);
  EXPECT_NE(why_refused("a/%{camera}/../b.mp4").find(".."), std::string::npos);
  EXPECT_NE(why_refused("a/%{event}.avi").find(".avi"), std::string::npos);
  EXPECT_EQ(why_refused("../a/%{event}.mp4"), "");
}

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  return Json::parse(file, nullptr, false);
}

std::string refusal_of(const std::string& record) {
  RecordRun run({.record = record});
  run.run();
  return run.error;
}

TEST(RecordFiles, RefusesABadTemplateAtTheStart) {
  EXPECT_NE(refusal_of("location=a/%{nothing}.mp4").find("%{nothing}"), std::string::npos);
  EXPECT_NE(refusal_of("location=a/%{event}.jpg").find(".jpg"), std::string::npos);
  EXPECT_NE(refusal_of("what=frames location=a/%{event}.mp4").find(".mp4"), std::string::npos);
}

TEST(RecordFiles, WritesTheContainerThatTheNameEndsWith) {
  for (const char* ending : {".mp4", ".webm", ".mkv"}) {
    const TempDir folder;
    RecordRun run({.record = "location=" + (folder / "%{camera}/%{event}") + ending,
                   .marks = one_event("A", 20, 24)});
    ASSERT_TRUE(run.run()) << run.error;
    ASSERT_EQ(run.recorded, std::vector<std::string>{folder / "door/A" + ending});
    EXPECT_GT(decode(run.recorded[0]).frames, 4);
    EXPECT_EQ(read_json(folder / "door/A.json")["file"], std::string("A") + ending);
  }
}

TEST(RecordFiles, NeverOverwritesWithATemplate) {
  const TempDir folder;
  for (int i = 0; i < 2; ++i) {
    RecordRun run({.record = "location=" + (folder / "same.mkv"), .marks = one_event("A", 20, 24)});
    ASSERT_TRUE(run.run()) << run.error;
  }
  EXPECT_EQ(
      names_in(folder.path()),
      (std::vector<std::string>{"same-2.json", "same-2.mkv", "same-2_A.jpg", "same-2_A_map.jpg",
                                "same.json", "same.mkv", "same_A.jpg", "same_A_map.jpg"}));
}

TEST(RecordFiles, WritesStillsAsPng) {
  const TempDir folder;
  RecordRun run({.record = "what=frames location=" + (folder / "%{event}_%{position}.png"),
                 .marks = one_event("A", 20, 24)});
  ASSERT_TRUE(run.run()) << run.error;
  ASSERT_EQ(run.recorded, std::vector<std::string>{folder / "A_2000.png"});
  EXPECT_EQ(decode(run.recorded[0]).frames, 1);
  const Json facts = read_json(folder / "A_2000.json");
  EXPECT_EQ(facts["kind"], "frame");
  EXPECT_EQ(facts["events"][0]["poster_map"], "A_2000_A_map.jpg");
  EXPECT_EQ(decode(folder / "A_2000_A_map.jpg").frames, 1);
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

// A recording of so many bytes, so many seconds old.
void make_recording(const std::string& folder, const std::string& stem, std::size_t bytes,
                    int age_s, const Json& event = Json::object()) {
  fs::create_directories(folder);
  write_text(folder + "/" + stem + ".mp4", std::string(bytes, 'x'));
  const Json facts{{"schema", "novelty-recording"},
                   {"kind", "clip"},
                   {"file", stem + ".mp4"},
                   {"events", {event}}};
  write_text(folder + "/" + stem + ".json", facts.dump());
  fs::last_write_time(folder + "/" + stem + ".mp4",
                      fs::file_time_type::clock::now() - std::chrono::seconds(age_s));
}

// A recorder that sees nothing novel, for a moment.
std::vector<std::string> keep_order(const std::string& record, double seconds = 0.5) {
  RecordRun run({.record = record, .frames = -1, .live = true});
  run.play();
  run.listen(seconds);
  run.stop();
  run.listen(0.1);
  return run.warnings;
}

TEST(RecordBudget, RemovesTheOldestWithAllTheirFiles) {
  const TempDir folder;
  make_recording(folder.path(), "old", 100'000, 300,
                 {{"poster", "old_E.jpg"}, {"poster_map", "old_E_map.jpg"}});
  write_text(folder / "old_E.jpg", "poster");
  write_text(folder / "old_E_map.jpg", "poster");
  make_recording(folder.path(), "middle", 100'000, 200);
  make_recording(folder.path(), "new", 100'000, 100);
  EXPECT_TRUE(keep_order("max-total-size=210000 location=" + folder.path()).empty());
  EXPECT_EQ(names_in(folder.path()),
            (std::vector<std::string>{"middle.json", "middle.mp4", "new.json", "new.mp4"}));
}

TEST(RecordBudget, RemovesWhatIsTooOldAndTheFoldersItEmpties) {
  const TempDir folder;
  make_recording(folder / "door/2026-01-01", "a", 10, 7200);
  make_recording(folder / "door/2026-01-02", "b", 10, 60);
  keep_order("max-age=3600 location=" + (folder / "%{camera}/%{date}/%{event}.mp4"));
  EXPECT_EQ(names_in(folder / "door"), std::vector<std::string>{"2026-01-02"});
  EXPECT_EQ(names_in(folder / "door/2026-01-02"), (std::vector<std::string>{"b.json", "b.mp4"}));
}

TEST(RecordBudget, KeepsThePinnedAndSaysWhenTheyAloneAreTooMuch) {
  const TempDir folder;
  make_recording(folder.path(), "pinned", 100'000, 300);
  write_text(folder / "pinned.pin", "");
  make_recording(folder.path(), "other", 100'000, 200);
  EXPECT_TRUE(keep_order("max-total-size=150000 location=" + folder.path()).empty());
  const std::vector<std::string> left{"pinned.json", "pinned.mp4", "pinned.pin"};
  EXPECT_EQ(names_in(folder.path()), left);
  const auto warnings = keep_order("max-total-size=50000 location=" + folder.path());
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("pinned"), std::string::npos);
  EXPECT_EQ(names_in(folder.path()), left);
}

TEST(RecordBudget, RemovesNothingThatIsNotARecordingOfOurs) {
  const TempDir elsewhere;
  make_recording(elsewhere / "far", "away", 100'000, 300);
  write_text(elsewhere / "secret.mp4", "secret");
  const TempDir folder;
  const std::string root = folder / "root";
  make_recording(root, "bait", 100'000, 300,
                 {{"poster", "../../victim.jpg"}, {"poster_map", "film.mp4"}});
  write_text(folder / "victim.jpg", "outside");
  write_text(root + "/film.mp4", std::string(100'000, 'f'));
  write_text(root + "/film.json", R"({"title": "not ours"})");
  write_text(root + "/lies.json", R"({"schema": "novelty-recording", "file": "film.mp4"})");
  fs::create_directory_symlink(elsewhere / "far", root + "/link");
  fs::create_symlink(elsewhere / "secret.mp4", root + "/linked.mp4");
  write_text(root + "/linked.json", R"({"schema": "novelty-recording", "file": "linked.mp4"})");
  keep_order("max-total-size=1 location=" + root);
  EXPECT_EQ(names_in(root),
            (std::vector<std::string>{"film.json", "film.mp4", "lies.json", "link"}));
  EXPECT_TRUE(fs::exists(folder / "victim.jpg"));
  EXPECT_TRUE(fs::exists(elsewhere / "secret.mp4"));
  EXPECT_EQ(names_in(elsewhere / "far"), (std::vector<std::string>{"away.json", "away.mp4"}));
}

TEST(RecordBudget, CountsWhatAnOpenClipTakes) {
  const TempDir folder;
  make_recording(folder.path(), "old", 100'000, 300);
  RecordRun run({.record = "pre-roll=0 max-total-size=150000 location=" + folder.path(),
                 .marks = one_event("A", 0, 1 << 30),
                 .frames = -1,
                 .live = true,
                 .source = "pattern=snow",
                 .size = "width=128,height=96"});
  run.play();
  for (int i = 0; i < 20 && fs::exists(folder / "old.mp4"); ++i) run.listen(0.5);
  EXPECT_FALSE(fs::exists(folder / "old.json"));
  EXPECT_TRUE(fs::exists(folder / "door_A.mp4.part"));
  EXPECT_TRUE(run.recorded.empty());
}

TEST(RecordBudget, KeepsToItWhileItRecords) {
  const TempDir folder;
  RecordRun run({.record = "pre-roll=0 post-roll=0 max-total-size=60000 location=" + folder.path(),
                 .marks =
                     [](int frame) {
                       return frame % 20 < 10 ? FrameMark{"E" + std::to_string(frame / 20), 5, {}}
                                              : FrameMark{};
                     },
                 .frames = 400,
                 .source = "pattern=snow"});
  ASSERT_TRUE(run.run()) << run.error;
  run.stop();
  EXPECT_EQ(run.recorded.size(), 20U);
  std::uintmax_t bytes = 0;
  for (const auto& name : names_in(folder.path())) bytes += fs::file_size(folder / name);
  EXPECT_LE(bytes, 60000U);
  EXPECT_GT(bytes, 10000U);
  EXPECT_TRUE(fs::exists(folder / "door_E19.mp4"));
}

std::vector<Json> sidecars_in(const std::string& folder) {
  std::vector<Json> all;
  for (const std::string& name : names_in(folder)) {
    if (fs::path(name).extension() == ".json") all.push_back(read_json(fs::path(folder) / name));
  }
  return all;
}

TEST(RecordNormal, SamplesOnlyQuietFrames) {
  const TempDir folder;
  RecordRun run({.record = "what=normal min-interval=0.5 location=" + folder.path(),
                 .marks =
                     [](int frame) {
                       if (frame >= 40 && frame < 60) return FrameMark{"A", 5, {}};
                       if (frame >= 90 && frame < 110) return FrameMark{"", 1, "moved"};
                       return frame >= 130 && frame < 150 ? FrameMark{"", 3, {}} : FrameMark{};
                     },
                 .frames = 200,
                 .source = "pattern=ball"});
  ASSERT_TRUE(run.run()) << run.error;
  const auto samples = sidecars_in(folder.path());
  EXPECT_GT(samples.size(), 5U);
  EXPECT_EQ(run.recorded.size(), samples.size());
  for (const Json& sample : samples) {
    EXPECT_EQ(sample["kind"], "normal");
    EXPECT_TRUE(sample["events"].empty());
    const int frame = static_cast<int>(sample["begin_ns"].get<std::int64_t>() / 100'000'000);
    for (const auto& [first, last] : {std::pair(36, 64), {86, 114}, {126, 154}}) {
      EXPECT_FALSE(frame >= first && frame < last) << frame;
    }
    EXPECT_EQ(decode(folder / sample["file"].get<std::string>()).frames, 1);
  }
}

TEST(RecordNormal, KeepsOnePictureOfAStillScene) {
  const TempDir folder;
  for (int i = 0; i < 2; ++i) {
    RecordRun run({.record = "what=normal min-interval=0.5 location=" + folder.path(),
                   .source = "pattern=gradient"});
    ASSERT_TRUE(run.run()) << run.error;
  }
  // Two when the hour turns between the runs.
  EXPECT_LE(sidecars_in(folder.path()).size(), 2U);
  EXPECT_GE(sidecars_in(folder.path()).size(), 1U);
}

TEST(RecordNormal, KeepsToItsNumber) {
  const TempDir folder;
  RecordRun run({.record = "what=normal min-interval=0.5 max-samples=48 location=" + folder.path(),
                 .frames = 200,
                 .source = "pattern=ball"});
  ASSERT_TRUE(run.run()) << run.error;
  run.stop();
  EXPECT_GT(run.recorded.size(), 4U);
  // Two an hour; four when the hour turns meanwhile.
  EXPECT_LE(sidecars_in(folder.path()).size(), 4U);
  EXPECT_GE(sidecars_in(folder.path()).size(), 2U);
}

SmallPicture grey(int value) {
  SmallPicture picture{};
  picture.fill(static_cast<std::uint8_t>(value));
  return picture;
}

TEST(RecordNormalSet, ReplacesTheNearestOfAFullHour) {
  NormalSet set(48);  // two an hour
  EXPECT_TRUE(set.decide(3, grey(0)).keep);
  set.add({"a", 3, grey(0)});
  EXPECT_FALSE(set.decide(3, grey(4)).keep);
  EXPECT_TRUE(set.decide(4, grey(4)).keep);
  set.add({"b", 3, grey(100)});
  const auto decision = set.decide(3, grey(80));
  EXPECT_TRUE(decision.keep);
  EXPECT_EQ(decision.replaced, "b");
  EXPECT_EQ(set.size(), 1U);
}

TEST(RecordNormalSet, SeesASmallThingInALargePicture) {
  SmallPicture with_person = grey(100);
  with_person[77] = 60;
  EXPECT_EQ(novelty::distance(grey(100), with_person), 40);
  EXPECT_EQ(novelty::from_hex(novelty::to_hex(with_person)), with_person);
  EXPECT_FALSE(novelty::from_hex("12").has_value());
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  novelty::register_novelty_meta();
  return RUN_ALL_TESTS();
}
