// SPDX-License-Identifier: Apache-2.0
// Every program of examples/, run as its head says.
#include <fstream>

#include "fixture.h"

namespace novelty::testing {
namespace {

using Examples = WithFootage;

void write_white_ppm(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << "P6\n32 24\n255\n" << std::string(32 * 24 * 3, '\xff');
}

TEST_F(Examples, ScoresAPicture) {
  write_white_ppm(in_folder("white.ppm"));
  const Finished done = run({built("examples/01_score_image"), model(), in_folder("white.ppm")});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_NE(done.output.find("novel"), std::string::npos) << done.output;
}

TEST_F(Examples, ScoreImageRefusesWhatIsNoPicture) {
  const Finished done = run({built("examples/01_score_image"), model(), model()});
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.output.find("not an 8-bit binary PPM"), std::string::npos) << done.output;
}

TEST_F(Examples, ReadsEventsInCpp) {
  const Finished done = run({built("examples/02_read_events"), model(), video()});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_NE(done.output.find("score "), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("novelty-begin"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("novelty-end"), std::string::npos) << done.output;
}

TEST_F(Examples, ReadsEventsInPython) {
  if (run({"/usr/bin/python3", "-c", "import gi; gi.require_version('Gst', '1.0')"}).status != 0) {
    GTEST_SKIP() << "python3-gi or gir1.2-gstreamer-1.0 is not installed";
  }
  const Finished done =
      run({"/usr/bin/python3", variable("NOVELTY_SOURCE_ROOT") + "/examples/03_read_events.py",
           model(), video()});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_NE(done.output.find("strongest patch"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("begin"), std::string::npos) << done.output;
}

TEST_F(Examples, TrainsFromCpp) {
  const std::string backend = variable("NOVELTY_TORCH_DIR");
  if (backend.empty()) GTEST_SKIP() << "built without LibTorch";
  const Finished done = run({built("examples/04_train"), in_folder("bar.novelty")},
                            {"NOVELTY_BACKEND_DIR=" + backend}, 240);
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_NE(done.output.find("untrained teacher"), std::string::npos) << done.output;
  EXPECT_TRUE(std::filesystem::exists(in_folder("bar.novelty")));
}

}  // namespace
}  // namespace novelty::testing
