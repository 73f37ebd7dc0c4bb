// SPDX-License-Identifier: Apache-2.0
// Every script of pipelines/, run as a user would.
#include <gio/gio.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "fixture.h"

namespace novelty::testing {
namespace {

using Scripts = WithFootage;

// A server in a process of its own, killed at the end.
class RtspServer {
 public:
  explicit RtspServer(const std::string& program) {
    process_ =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, nullptr, program.c_str(), "4", nullptr);
    if (process_ == nullptr) return;
    GDataInputStream* lines = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process_));
    gchar* line = g_data_input_stream_read_line(lines, nullptr, nullptr, nullptr);
    url_ = line != nullptr ? line : "";
    g_free(line);
    g_object_unref(lines);
  }
  ~RtspServer() {
    if (process_ == nullptr) return;
    g_subprocess_force_exit(process_);
    g_subprocess_wait(process_, nullptr, nullptr);
    g_object_unref(process_);
  }
  RtspServer(const RtspServer&) = delete;
  RtspServer& operator=(const RtspServer&) = delete;

  const std::string& url() const { return url_; }

 private:
  GSubprocess* process_ = nullptr;
  std::string url_;
};

TEST_F(Scripts, FileWritesAClipOfTheEvent) {
  const Finished done = run({script("file.sh"), model(), video(), in_folder("clips")});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_NE(done.output.find("novelty-begin"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("novelty-end"), std::string::npos) << done.output;
  EXPECT_EQ(count_files("clips", ".json"), 1U);
  EXPECT_EQ(count_files("clips", ".part"), 0U);
}

TEST_F(Scripts, FileTellsItsUsageWithoutArguments) {
  const Finished done = run({script("file.sh")});
  EXPECT_EQ(done.status, 2);
  EXPECT_NE(done.output.find("usage: file.sh MODEL VIDEO"), std::string::npos) << done.output;
}

TEST_F(Scripts, FileSaysThatTheModelIsMissing) {
  const Finished done = run({script("file.sh"), in_folder("none.novelty"), video()});
  EXPECT_NE(done.status, 0);
  EXPECT_NE(done.output.find("none.novelty"), std::string::npos) << done.output;
}

TEST_F(Scripts, DoorwayCountsOnlyThere) {
  const std::string left = "0,0 0.5,0 0.5,1 0,1", all = "0,0 1,0 1,1 0,1; 0.2,0.2 0.4,0.2 0.4,0.4";
  const Finished seen = run({script("doorway.sh"), model(), video(), all, in_folder("clips")});
  EXPECT_EQ(seen.status, 0) << seen.output;
  EXPECT_NE(seen.output.find("novelty-begin"), std::string::npos) << seen.output;
  const Finished still = run(
      {script("doorway.sh"), model(), video(), left, in_folder("more"), "0,0 0.45,0 0.45,1 0,1"});
  EXPECT_NE(still.status, 0);
  EXPECT_NE(still.output.find("roi and ignore: no patch"), std::string::npos) << still.output;
}

TEST_F(Scripts, TestSourceRunsLiveWithOverlay) {
  const Finished done = run({script("testsrc.sh"), model(), "fakesink", "30"});
  EXPECT_EQ(done.status, 0) << done.output;
}

TEST_F(Scripts, CameraWritesStillsFromAReplacedSource) {
  const Finished done =
      run({script("camera.sh"), model(), "/dev/video0", in_folder("stills"), "fakesink"},
          {"SOURCE=videotestsrc is-live=true pattern=white num-buffers=30 ! "
           "video/x-raw,width=160,height=120,framerate=15/1"});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_GE(count_files("stills", ".jpg"), 1U) << done.output;
}

TEST_F(Scripts, CameraSaysThatThereIsNone) {
  const Finished done = run({script("camera.sh"), model(), "/dev/video-none"});
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.output.find("no camera at /dev/video-none"), std::string::npos) << done.output;
}

TEST_F(Scripts, RealCameraRuns) {
  if (!std::filesystem::exists("/dev/video0")) GTEST_SKIP() << "no camera at /dev/video0";
  const Finished done =
      run({script("camera.sh"), model(), "/dev/video0", in_folder("stills"), "fakesink"},
          {"SOURCE=v4l2src num-buffers=30"});
  EXPECT_EQ(done.status, 0) << done.output;
}

TEST_F(Scripts, RtspRecordsFromARealServer) {
  const RtspServer server(built("tests/pipelines/rtsp_server"));
  ASSERT_EQ(server.url().rfind("rtsp://127.0.0.1:", 0), 0U) << server.url();
  const Finished done = run({script("rtsp.sh"), model(), server.url(), in_folder("clips"), "gate"});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_NE(done.output.find("novelty-begin"), std::string::npos) << done.output;
  EXPECT_GE(count_files("clips", ".json"), 1U) << done.output;
}

TEST_F(Scripts, TwoCamerasRecordApart) {
  const std::string uri = "file://" + video();
  const Finished done =
      run({script("two_cameras.sh"), model(), uri, model(), uri, in_folder("clips")});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_EQ(count_files("clips/a", ".json"), 1U) << done.output;
  EXPECT_EQ(count_files("clips/b", ".json"), 1U) << done.output;
}

TEST_F(Scripts, EventsTableListsWhatWasRecorded) {
  ASSERT_EQ(run({script("file.sh"), model(), video(), in_folder("clips")}).status, 0);
  const Finished done = run({script("events_table.py"), in_folder("clips")});
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.output.find("peak score"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("00:0"), std::string::npos) << done.output;
}

void write_text(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST_F(Scripts, EventsTableComparesWithLabels) {
  write_text(in_folder("labels.json"), R"({"about": "", "cell.mp4": {"fps": 10, "visits": [
      {"frames": [20, 39], "kind": "ball", "place": "floor", "area": 0.02},
      {"frames": [60, 79], "kind": "absent", "place": "belt", "area": 0.01}]}})");
  write_text(in_folder("clips/a.json"),
             R"({"events": [{"begin_ns": 2300000000}, {"begin_ns": 5000000000}]})");
  const Finished done =
      run({script("events_table.py"), "--labels", in_folder("labels.json"), in_folder("clips")});
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.output.find("found after 0.3 s"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("1.0 % of the picture: missed"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("1 of 2 objects found, 1 false events."), std::string::npos)
      << done.output;
}

}  // namespace
}  // namespace novelty::testing
