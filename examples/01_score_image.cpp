// SPDX-License-Identifier: Apache-2.0
// Scores one picture with libnovelty alone: no GStreamer, no OpenCV.
//
//   01_score_image MODEL PICTURE.ppm
//
// prints the score, its p-value, and where the novelty lies. PICTURE is a binary PPM (P6, 8 bit).

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <novelty/detector.h>
#include <novelty/error.h>

namespace {

struct Picture {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

Picture read_ppm(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int maximum = 0;
  Picture picture;
  file >> magic >> picture.width >> picture.height >> maximum;
  file.get();
  if (!file || magic != "P6" || maximum != 255 || picture.width < 1 || picture.height < 1 ||
      picture.width > 32768 || picture.height > 32768) {
    throw novelty::Error(novelty::ErrorKind::kFormat, path, "not an 8-bit binary PPM");
  }
  picture.rgb.resize(std::size_t{3} * picture.width * picture.height);
  file.read(reinterpret_cast<char*>(picture.rgb.data()),
            static_cast<std::streamsize>(picture.rgb.size()));
  if (!file) throw novelty::Error(novelty::ErrorKind::kFormat, path, "truncated");
  return picture;
}

novelty::FrameView view_of(const Picture& picture) {
  novelty::FrameView view;
  view.format = novelty::PixelFormat::kRgb;
  view.width = picture.width;
  view.height = picture.height;
  view.planes[0] = {picture.rgb.data(), std::ptrdiff_t{3} * picture.width};
  return view;
}

void score_picture(const char* model, const char* path) {
  const auto detector = novelty::Detector::load(model);  // once
  const auto scratch = detector->make_scratch();         // one a thread
  novelty::PreparedFrame prepared;
  novelty::FrameScore result;

  const Picture picture = read_ppm(path);
  detector->prepare(view_of(picture), prepared);
  detector->score(prepared, *scratch, result);

  std::cout << "score " << result.score << ", p-value " << result.p_value << ": "
            << (result.novel ? "novel" : "normal") << '\n';
  for (const novelty::Region& region : result.regions) {
    std::cout << "  at x " << region.x << " y " << region.y << " width " << region.width
              << " height " << region.height << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: 01_score_image MODEL PICTURE.ppm\n";
    return 2;
  }
  try {
    score_picture(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
