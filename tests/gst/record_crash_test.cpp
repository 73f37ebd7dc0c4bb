// SPDX-License-Identifier: Apache-2.0
// noveltyrecord killed in the middle of an event: what is on disk, and what the next start makes of
// it. Three kills, one for each container; with NOVELTY_SOAK set 21.
#include <fcntl.h>
#include <gst/base/gstbasesink.h>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>

#include "noveltymeta.h"
#include "record_run.h"
#include "temp_dir.h"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using novelty::testing::decode;
using novelty::testing::FrameMark;
using novelty::testing::names_in;
using novelty::testing::one_event;
using novelty::testing::RecordRun;
using novelty::testing::TempDir;

constexpr int kRate = 15;
constexpr std::int64_t kSecond = 1'000'000'000;

std::string g_program;

bool is_soak() {
  return std::getenv("NOVELTY_SOAK") != nullptr;
}

// Event A is over after a second, B begins at 3 s and never is. A busy machine's encoder may leave
// out many frames between, which must not make one clip of them.
FrameMark mark_of(int frame) {
  if (frame >= 10 && frame <= 15) return {"A", 5, {}};
  return frame >= 45 ? FrameMark{"B", 6, {}} : FrameMark{};
}

// Tells the running time of each encoded frame that comes to the recorder.
GstPadProbeReturn tell_time(GstPad* pad, GstPadProbeInfo* info, gpointer) {
  GstElement* sink = gst_pad_get_parent_element(pad);
  const GstSegment* segment = &GST_BASE_SINK(sink)->segment;
  const guint64 running = gst_segment_to_running_time(
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
  gst_object_unref(sink);
  std::printf("%lld\n", static_cast<long long>(running));
  return GST_PAD_PROBE_OK;
}

// The program that is killed.
int record_until_killed(const std::string& location, const std::string& sound) {
  RecordRun run({.record = "pre-roll=0.3 post-roll=0.1 location=" + location,
                 .marks = mark_of,
                 .frames = -1,
                 .rate = kRate,
                 .live = true,
                 .source = "pattern=ball",
                 .size = is_soak() ? "width=320,height=240" : "width=64,height=48",
                 .sound = sound});
  run.play();
  GstElement* recorder = gst_bin_get_by_name(GST_BIN(run.pipeline()), "recorder");
  GstPad* pad = gst_element_get_static_pad(recorder, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, tell_time, nullptr, nullptr);
  gst_object_unref(pad);
  gst_object_unref(recorder);
  run.listen(3600);
  return 0;
}

// That program, running.
class Victim {
 public:
  explicit Victim(const std::string& location, const std::string& sound = {}) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl(g_program.c_str(), g_program.c_str(), "--record", location.c_str(), sound.c_str(),
            nullptr);
      _exit(127);
    }
    close(ends[1]);
    lines_ = fdopen(ends[0], "r");
  }
  ~Victim() {
    kill();
    std::fclose(lines_);
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  /// Until it has recorded up to a running time; false when it ends before.
  bool wait_until(double seconds) {
    while (last_ns_ < static_cast<std::int64_t>(seconds * 1e9)) {
      if (!read_line()) return false;
    }
    return true;
  }

  /// kill -9. The running time of the last frame that came to its recorder.
  std::int64_t kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      pid_ = -1;
      while (read_line()) {
      }
    }
    return last_ns_;
  }

 private:
  bool read_line() {
    std::array<char, 64> line{};
    if (std::fgets(line.data(), line.size(), lines_) == nullptr) return false;
    if (std::strchr(line.data(), '\n') != nullptr)
      last_ns_ = std::strtoll(line.data(), nullptr, 10);
    return true;
  }

  pid_t pid_ = -1;
  std::FILE* lines_ = nullptr;
  std::int64_t last_ns_ = 0;
};

Json read_json(const std::string& path) {
  std::ifstream file(path);
  return Json::parse(file, nullptr, false);
}

// A recorder that sees nothing novel, until it has recovered one recording.
void start_again(const std::string& location, bool expect_recovery) {
  RecordRun next({.record = "location=" + location, .frames = -1, .live = true});
  next.play();
  if (expect_recovery) {
    EXPECT_TRUE(next.wait_for("recorded", 30)) << next.error;
  } else {
    next.listen(1);
  }
  EXPECT_TRUE(next.warnings.empty()) << next.warnings.front();
}

void expect_recovered(const fs::path& clip, std::int64_t last_ns, std::int64_t begin_ns) {
  const Json facts = read_json(fs::path(clip).replace_extension(".json"));
  ASSERT_TRUE(facts.is_object()) << clip;
  EXPECT_EQ(facts["recovered"], true);
  EXPECT_EQ(facts["kind"], "clip");
  EXPECT_EQ(facts["file"], clip.filename().string());
  EXPECT_EQ(facts["camera"], "door");
  EXPECT_EQ(facts["model_id"], "c0ffee0000000000");
  ASSERT_EQ(facts["events"].size(), 1U);
  EXPECT_EQ(facts["events"][0]["id"], "B");
  const auto decoded = decode(clip);
  EXPECT_TRUE(decoded.whole);
  EXPECT_EQ(decoded.frames, facts["frames"]);
  EXPECT_NEAR(facts["end_ns"].get<double>() - facts["begin_ns"].get<double>(),
              static_cast<double>(decoded.end_ns), 1e6);
  const std::int64_t lost_ns = last_ns - (begin_ns + decoded.end_ns);
  EXPECT_LE(lost_ns, kSecond) << clip;
  std::printf("  lost %.2f s of %.1f s\n", static_cast<double>(lost_ns) / 1e9,
              static_cast<double>(last_ns - begin_ns) / 1e9);
}

void expect_whole(const fs::path& clip) {
  const auto decoded = decode(clip);
  EXPECT_TRUE(decoded.whole);
  EXPECT_EQ(read_json(fs::path(clip).replace_extension(".json"))["frames"], decoded.frames);
}

void expect_survives_a_kill(const std::string& ending, double at_seconds,
                            const std::string& sound = {}) {
  SCOPED_TRACE(ending + " killed at " + std::to_string(at_seconds));
  const TempDir folder;
  const std::string location = folder / ("door_%{event}" + ending);
  Victim victim(location, sound);
  const std::string open = folder / ("door_B" + ending + ".part");
  ASSERT_TRUE(victim.wait_until(at_seconds));
  const std::int64_t last_ns = victim.kill();

  ASSERT_TRUE(fs::exists(open)) << ::testing::PrintToString(names_in(folder.path()));
  EXPECT_GT(decode(open).frames, 0);  // playable as it lies there
  // On a busy machine the encoder may not have been ready for A.
  std::vector<std::string> left{"door_B.json", "door_B" + ending};  // B's peak is not told of yet
  if (fs::exists(folder / "door_A.json")) {
    expect_whole(folder / ("door_A" + ending));
    left.insert(left.begin(),
                {"door_A.json", "door_A" + ending, "door_A_A.jpg", "door_A_A_map.jpg"});
  }

  const Json note = read_json(folder / "door_B.part.json");
  ASSERT_TRUE(note.is_object());
  start_again(location, true);
  const std::string clip = folder / ("door_B" + ending);
  expect_recovered(clip, last_ns, note["begin_running_ns"]);
  EXPECT_EQ(names_in(folder.path()), left);
  // qtdemux 1.22 reads one track alone of fragments whose data comes before their index.
  if (sound.empty() || ending == ".mp4") return;
  const auto heard = novelty::testing::units_of_track(clip, "audio_0");
  ASSERT_FALSE(heard.empty());
  EXPECT_NEAR(static_cast<double>(heard.back().pts_ns), static_cast<double>(decode(clip).end_ns),
              1e9);
}

TEST(RecordCrash, LosesASecondAtMostAndFinishesAtTheNextStart) {
  const bool soak = is_soak();
  std::mt19937 random(20260131);
  std::uniform_real_distribution<double> moment(4, soak ? 9 : 5);
  for (int i = 0; i < (soak ? 7 : 1); ++i) {
    for (const char* ending : {".mp4", ".webm", ".mkv"}) {
      expect_survives_a_kill(ending, moment(random));
    }
  }
}

TEST(RecordCrash, LosesNoMoreWithSound) {
  for (const char* ending : {".mp4", ".mkv"})
    expect_survives_a_kill(ending, 4.5,
                           "audiotestsrc is-live=true wave=white-noise ! record.audio_0");
}

TEST(RecordCrash, LeavesALivingRecorderAlone) {
  const TempDir folder;
  const std::string location = folder / "door_%{event}.mp4";
  Victim living(location);
  ASSERT_TRUE(living.wait_until(4));
  start_again(location, false);
  const std::string open = folder / "door_B.mp4.part";
  ASSERT_TRUE(fs::exists(open));
  const auto before = fs::file_size(open);
  ASSERT_TRUE(living.wait_until(6.5));
  EXPECT_GT(fs::file_size(open), before);
}

TEST(RecordCrash, LeavesALivingRecorderOfTheSameProcessAlone) {
  const TempDir folder;
  const std::string location = folder / "%{event}.mp4";
  RecordRun living({.record = "pre-roll=0 post-roll=0 location=" + location,
                    .marks = one_event("A", 0, 1 << 30),
                    .frames = -1,
                    .live = true});
  living.play();
  living.listen(1.5);
  start_again(location, false);
  EXPECT_TRUE(fs::exists(folder / "A.mp4.part"));
  living.stop();
  EXPECT_EQ(names_in(folder.path()),
            (std::vector<std::string>{"A.json", "A.mp4", "A_A.jpg", "A_A_map.jpg"}));
  EXPECT_FALSE(read_json(folder / "A.json").value("recovered", false));
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

constexpr const char* kNote =
    R"({"schema": "novelty-recording", "version": 2, "kind": "clip", "file": "X.mp4",
        "begin_ns": 0, "events": [{"id": "E"}]})";

TEST(RecordCrash, RemovesWhatHoldsNoFootage) {
  const TempDir folder;
  write_text(folder / "X.part.json", kNote);
  write_text(folder / "X.mp4.part", "");
  write_text(folder / "X_E.jpg", "a poster");
  write_text(folder / "X.json.part", "{");
  write_text(folder / "Y.part.json", "");
  start_again(folder.path(), false);
  EXPECT_TRUE(names_in(folder.path()).empty()) << testing::PrintToString(names_in(folder.path()));
}

TEST(RecordCrash, GivesTheNameToAClipThatOnlyLackedIt) {
  const TempDir folder;
  write_text(folder / "X.part.json", kNote);
  write_text(folder / "X.json", kNote);
  write_text(folder / "X.mp4.part", "whole");
  start_again(folder.path(), false);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"X.json", "X.mp4"}));
}

TEST(RecordCrash, TouchesNothingThatIsNotOurs) {
  const TempDir folder;
  const std::vector<std::string> names{"a.mp4.part",  "a.part.json",       "b.part.json",   "c.mp4",
                                       "d.part.json", "download.mp4.part", "link.part.json"};
  write_text(folder / "a.mp4.part", "not ours");
  write_text(folder / "a.part.json", "{}");
  write_text(folder / "b.part.json", "no JSON");
  write_text(folder / "c.mp4", "a film");
  write_text(folder / "d.part.json",
             R"({"schema": "novelty-recording", "kind": "clip", "file": "../c.mp4"})");
  write_text(folder / "download.mp4.part", "a download");
  const TempDir elsewhere;
  write_text(elsewhere / "X.part.json", kNote);
  fs::create_symlink(elsewhere / "X.part.json", folder / "link.part.json");
  start_again(folder.path(), false);
  EXPECT_EQ(names_in(folder.path()), names);
  EXPECT_EQ(names_in(elsewhere.path()), std::vector<std::string>{"X.part.json"});
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  novelty::register_novelty_meta();
  if (argc == 4 && std::string(argv[1]) == "--record") {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    return record_until_killed(argv[2], argv[3]);
  }
  g_program = fs::read_symlink("/proc/self/exe");
  return RUN_ALL_TESTS();
}
