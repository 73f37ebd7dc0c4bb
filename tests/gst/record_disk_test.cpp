// SPDX-License-Identifier: Apache-2.0
// noveltyrecord in a live pipeline whose disk fails: the frame rate stays, one warning is told, and
// recording resumes. Mounts need root; the frozen disk (NOVELTY_SOAK) a loop device as well.
#include <fcntl.h>
#include <grp.h>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "noveltymeta.h"
#include "record_run.h"
#include "temp_dir.h"

namespace {

namespace fs = std::filesystem;
using novelty::testing::decode;
using novelty::testing::FrameMark;
using novelty::testing::names_in;
using novelty::testing::RecordOptions;
using novelty::testing::RecordRun;
using novelty::testing::TempDir;

constexpr int kRate = 15;
constexpr double kKeptRate = 0.9;
constexpr uid_t kNobody = 65534;

std::string g_program;

bool runs(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

std::string write_text(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  return path;
}

// A third of a second in every two is an event: its clip is closed before the next one's begins.
RecordOptions live_options(const std::string& location) {
  return {.record = "pre-roll=0 post-roll=0 location=" + location,
          .marks =
              [](int frame) {
                const int event = frame / (2 * kRate);
                return frame % (2 * kRate) < 5 ? FrameMark{"E" + std::to_string(event), 5, {}}
                                               : FrameMark{};
              },
          .frames = -1,
          .rate = kRate,
          .live = true,
          .source = "pattern=ball",
          .size = "width=160,height=120"};
}

void report(const char* disk, double before, double during) {
  std::printf("  %s: %.1f frames a second before, %.1f while the disk fails\n", disk, before,
              during);
}

// Fails the disk under a running recorder and mends it.
void expect_goes_on(const char* disk, const std::string& location,
                    const std::function<void()>& fail, const std::function<void()>& mend) {
  RecordRun run(live_options(location));
  run.play();
  ASSERT_TRUE(run.wait_for("recorded", 20)) << run.error;
  const double before = run.measure_rate(1);
  ASSERT_TRUE(run.warnings.empty()) << run.warnings.front();
  fail();
  ASSERT_TRUE(run.wait_for("warning", 20));
  const double during = run.measure_rate(2);
  report(disk, before, during);
  EXPECT_GE(during, kKeptRate * before);
  EXPECT_EQ(run.warnings.size(), 1U);
  mend();
  run.recorded.clear();
  EXPECT_TRUE(run.wait_for("info", 20));
  EXPECT_TRUE(run.wait_for("recorded", 20));
  EXPECT_EQ(run.warnings.size(), 1U);
  run.stop();
  for (const std::string& path : run.recorded) EXPECT_TRUE(decode(path).whole) << path;
}

// A file system in memory, of half a megabyte; none without the right to mount.
class Tmpfs {
 public:
  Tmpfs() { mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=512k") == 0; }
  ~Tmpfs() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  Tmpfs(const Tmpfs&) = delete;
  Tmpfs& operator=(const Tmpfs&) = delete;

  bool is_mounted() const { return mounted_; }
  bool remount(unsigned long flags) {
    for (int i = 0; i < 200; ++i) {  // refused while a file is open for writing
      if (mount(nullptr, folder_.path().c_str(), nullptr, MS_REMOUNT | flags, nullptr) == 0) {
        return true;
      }
      usleep(10'000);
    }
    return false;
  }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempDir folder_;
  bool mounted_ = false;
};

TEST(RecordDisk, GoesOnWhenItIsFull) {
  Tmpfs disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  const std::string filler = disk / "filler";
  expect_goes_on(
      "full", disk / "events", [&] { runs("dd if=/dev/zero of=" + filler + " bs=4k"); },
      [&] { fs::remove(filler); });
}

TEST(RecordDisk, GoesOnWhenItIsReadOnly) {
  Tmpfs disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  expect_goes_on(
      "read-only", disk / "events", [&] { ASSERT_TRUE(disk.remount(MS_RDONLY)); },
      [&] { ASSERT_TRUE(disk.remount(0)); });
}

TEST(RecordDisk, GoesOnWhenTheFolderIsGone) {
  const TempDir folder;
  const std::string events = folder / "events";
  expect_goes_on(
      "folder replaced by a file", events,
      [&] {
        while (fs::exists(events)) {
          std::error_code ignored;
          fs::remove_all(events, ignored);
        }
        write_text(events, "a file");
      },
      [&] { fs::remove(events); });
}

TEST(RecordDisk, MakesTheFolderAgain) {
  const TempDir folder;
  RecordRun run(live_options(folder / "events"));
  run.play();
  ASSERT_TRUE(run.wait_for("recorded", 20)) << run.error;
  std::error_code ignored;
  fs::remove_all(folder / "events", ignored);
  run.listen(0.3);
  run.recorded.clear();
  EXPECT_TRUE(run.wait_for("recorded", 20));
  EXPECT_TRUE(fs::exists(run.recorded.back()));
}

// What becomes of a full disk's clip: it is finished when there is room.
TEST(RecordDisk, FinishesTheClipThatFilledItWhenThereIsRoom) {
  Tmpfs disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  RecordOptions options = live_options(disk / "");
  options.marks = [](int frame) { return frame < 5 * kRate ? FrameMark{"A", 5, {}} : FrameMark{}; };
  options.source = "pattern=snow";
  write_text(disk / "filler", std::string(200'000, 'x'));
  RecordRun run(options);
  run.play();
  ASSERT_TRUE(run.wait_for("warning", 20));
  fs::remove(disk / "filler");
  EXPECT_TRUE(run.wait_for("recorded", 20));
  run.stop();
  EXPECT_GT(decode(disk / "door_A.mp4").frames, 5);
  EXPECT_EQ(names_in(disk / "").size(), 2U);
}

// An event that outlasts the failure: what comes after is recorded while it goes on.
TEST(RecordDisk, GoesOnInAnEventThatIsNotOver) {
  Tmpfs disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no right to mount a tmpfs";
  constexpr int kEnd = 14 * kRate;
  RecordOptions options = live_options(disk / "");
  options.marks = [](int frame) { return frame < kEnd ? FrameMark{"A", 5, {}} : FrameMark{}; };
  const std::string filler = disk / "filler";
  RecordRun run(options);
  run.play();
  run.listen(1);
  runs("dd if=/dev/zero of=" + filler + " bs=4k");
  ASSERT_TRUE(run.wait_for("warning", 20));
  fs::remove(filler);
  EXPECT_TRUE(run.wait_for("info", 20)) << "recording again";
  run.listen(1);
  run.stop();
  EXPECT_EQ(run.warnings.size(), 1U);
  int most = 0;  // the rest of the event, beside what was saved of its beginning
  for (const std::string& path : run.recorded) {
    EXPECT_NE(path.find("door_A"), std::string::npos) << path;
    most = std::max(most, decode(path).frames);
  }
  EXPECT_GT(most, 3 * kRate);
}

// The part that runs as an ordinary user: root may write everywhere.
int lose_the_right(const std::string& folder) {
  const fs::path events = folder + "/events";
  expect_goes_on(
      "permission withdrawn", events,
      [&] { fs::permissions(events, fs::perms::owner_read | fs::perms::owner_exec); },
      [&] { fs::permissions(events, fs::perms::owner_all); });
  return testing::Test::HasFailure() ? 1 : 0;
}

TEST(RecordDisk, GoesOnWhenTheRightIsWithdrawn) {
  const TempDir folder;
  if (geteuid() != 0) {
    EXPECT_EQ(lose_the_right(folder.path()), 0);
    return;
  }
  ASSERT_EQ(chown(folder.path().c_str(), kNobody, kNobody), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    const bool lowered = setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0;
    if (lowered) {
      execl(g_program.c_str(), g_program.c_str(), "--withdrawn", folder.path().c_str(), nullptr);
    }
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    GTEST_SKIP() << "an ordinary user cannot run " << g_program;
  }
  EXPECT_EQ(status, 0);
}

// An ext4 in a file, which can be frozen. Thaws by itself after a while, whatever happens.
class LoopDisk {
 public:
  LoopDisk() {
    const std::string image = outside_ / "image";
    mounted_ = runs("truncate -s 32M " + image) && runs("mkfs.ext4 -q -F " + image) &&
               runs("mount -o loop " + image + " " + folder_.path());
  }
  ~LoopDisk() {
    thaw();
    if (mounted_) runs("umount -l " + folder_.path());
  }
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  bool is_mounted() const { return mounted_; }
  bool freeze() {
    runs("(sleep 60; fsfreeze -u " + folder_.path() + ") >/dev/null 2>&1 &");
    return runs("fsfreeze -f " + folder_.path());
  }
  void thaw() { runs("fsfreeze -u " + folder_.path()); }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempDir outside_, folder_;
  bool mounted_ = false;
};

std::int64_t resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::strtoll(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

// Many events while nothing answers: the pipeline plays, memory stays bounded, and later ones are
// recorded.
TEST(RecordDisk, GoesOnWhenItIsFrozen) {
  if (std::getenv("NOVELTY_SOAK") == nullptr) GTEST_SKIP() << "half a minute: ./run soak";
  LoopDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no loop device, or no right to mount";
  RecordOptions options = live_options(disk / "events");
  options.source = "pattern=snow";
  options.size = "width=640,height=480";
  RecordRun run(options);
  run.play();
  ASSERT_TRUE(run.wait_for("recorded", 20)) << run.error;
  const double before = run.measure_rate(3);
  ASSERT_TRUE(disk.freeze());
  run.listen(3);
  const std::int64_t memory_kb = resident_kb();
  const double during = run.measure_rate(25);
  const std::int64_t grown_kb = resident_kb() - memory_kb;
  report("frozen", before, during);
  std::printf("  frozen: memory grew by %lld kB, %zu warnings\n", (long long)grown_kb,
              run.warnings.size());
  EXPECT_GE(during, kKeptRate * before);
  EXPECT_LT(grown_kb, 160 << 10);  // the recorder's queue, its ring and the muxer's
  EXPECT_LE(run.warnings.size(), 1U);
  disk.thaw();
  run.recorded.clear();
  EXPECT_TRUE(run.wait_for("recorded", 30));
  run.listen(3);
  run.stop();
  for (const std::string& path : run.recorded) EXPECT_TRUE(decode(path).whole) << path;
}

// Stopping while the disk is frozen takes a bounded time.
TEST(RecordDisk, StopsWhenItIsFrozen) {
  if (std::getenv("NOVELTY_SOAK") == nullptr) GTEST_SKIP() << "half a minute: ./run soak";
  LoopDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no loop device, or no right to mount";
  RecordRun run(live_options(disk / "events"));
  run.play();
  ASSERT_TRUE(run.wait_for("recorded", 20)) << run.error;
  ASSERT_TRUE(disk.freeze());
  run.listen(3);
  const gint64 begin = g_get_monotonic_time();
  run.stop();
  const double took = static_cast<double>(g_get_monotonic_time() - begin) / 1e6;
  std::printf("  stopped in %.1f s\n", took);
  EXPECT_LT(took, 30);
  disk.thaw();
  run.listen(2);  // what was left behind comes to its end
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  novelty::register_novelty_meta();
  if (argc == 3 && std::string(argv[1]) == "--withdrawn") return lose_the_right(argv[2]);
  g_program = fs::read_symlink("/proc/self/exe");
  return RUN_ALL_TESTS();
}
