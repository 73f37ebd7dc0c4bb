// SPDX-License-Identifier: Apache-2.0
// Trains a model from C++: pictures from memory in, a bundle out.
//
//   04_train MODEL [TEACHER.safetensors]
//
// The "scene" is a grey gradient with a bright bar that moves; a real program would fill the buffer
// from its camera.

#include <iostream>
#include <string>
#include <vector>

#include <novelty/error.h>
#include <novelty/trainer.h>

namespace {

constexpr int kWidth = 160, kHeight = 120;
constexpr std::size_t kFrames = 24;

class MovingBar : public novelty::FrameSource {
 public:
  // Whatever pins the pictures down: it goes into the bundle and guards --resume.
  std::string identity() override { return R"({"scene": "moving bar", "frames": 24})"; }
  double interval_s() override { return 0.04; }
  std::size_t count() override { return kFrames; }
  void rewind(std::size_t n) override { next_ = n; }

  bool next(novelty::FrameView& frame) override {
    if (next_ == kFrames) return false;
    const int bar = static_cast<int>(next_++ * 5 % kWidth);
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        const bool lit = x >= bar && x < bar + 10;
        pixels_[y * kWidth + x] = static_cast<std::uint8_t>(lit ? 230 : 40 + y);
      }
    }
    frame.format = novelty::PixelFormat::kGray8;
    frame.width = kWidth;
    frame.height = kHeight;
    frame.range = novelty::ColorRange::kFull;
    frame.planes[0] = {pixels_.data(), kWidth};
    return true;
  }

 private:
  std::vector<std::uint8_t> pixels_ = std::vector<std::uint8_t>(kWidth * kHeight);
  std::size_t next_ = 0;
};

void train_model(const char* model, const char* teacher) {
  MovingBar source;
  novelty::TrainingOptions options;
  options.output = model;
  options.teacher_path = teacher;
  options.epochs = 1;
  const novelty::TrainingReport report =
      novelty::train(source, options, [](const novelty::TrainingProgress& progress) {
        std::cout << "\r" << progress.done << "/" << progress.total << std::flush;
        return true;  // false would stop and keep a checkpoint
      });
  std::cout << "\nteacher " << report.teacher_name << ", threshold " << report.threshold << '\n';
  for (const std::string& warning : report.warnings) std::cout << "note: " << warning << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: 04_train MODEL [TEACHER.safetensors]\n";
    return 2;
  }
  try {
    train_model(argv[1], argc == 3 ? argv[2] : "");
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
