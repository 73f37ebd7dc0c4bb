// SPDX-License-Identifier: Apache-2.0
// What the stages of a training run share.
#include "trainer/run.h"

#include <algorithm>
#include <string>
#include <thread>

#include "novelty/error.h"

namespace novelty {

std::size_t TrainingRun::picture_values() const {
  return static_cast<std::size_t>(config().patch_count()) *
         static_cast<std::size_t>(config().patch_values());
}

VitConfig TrainingRun::student_config() const {
  constexpr int kSmallDepth = 4;
  VitConfig student = config();
  student.registers = 0;
  if (recipe.student_depth > 0)
    student.depth = recipe.student_depth;
  else if (!recipe.whole_student)
    student.depth =
        std::max(std::clamp(student.depth / 2, 1, kSmallDepth), recipe.comparison.layers);
  if (recipe.student_width > 0) {
    student.heads = std::max(1, recipe.student_width * student.heads / student.width);
    student.mlp_width = recipe.student_width * student.mlp_width / student.width;
    student.width = recipe.student_width;
  }
  return student;
}

void TrainingRun::progress(TrainingStage stage, std::size_t done, std::size_t total,
                           double loss) const {
  if (callback && !callback({stage, done, total, loss}))
    throw Error(ErrorKind::kCancelled, options.output, "training was stopped",
                "go on with --resume");
}

int resolved_threads(int threads) {
  if (threads > 0) return threads;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 64);
}

void check_target(double per_hour) {
  if (!(per_hour > 0 && per_hour < 3600))
    throw Error(ErrorKind::kSettings, "target", std::to_string(per_hour) + " is out of range",
                "use over 0 and under 3600 false alarms an hour");
}

void check_progress(const ModelUpdateCallback& callback, const std::string& model, std::size_t done,
                    std::size_t total) {
  if (callback && !callback(done, total))
    throw Error(ErrorKind::kCancelled, model, "stopped, the model is as it was");
}

void visit_pictures(FrameSource& source, std::span<const std::size_t> positions, std::size_t first,
                    const std::function<void(std::size_t, const FrameView&)>& visit) {
  if (first >= positions.size()) return;
  std::size_t at = positions[first];
  source.rewind(at);
  FrameView frame;
  for (std::size_t i = first; i < positions.size(); ++at) {
    if (!source.next(frame))
      throw Error(ErrorKind::kRead, "input",
                  "ended after " + std::to_string(at) + " of " + std::to_string(source.count()) +
                      " pictures",
                  "check the input and try again");
    if (at == positions[i]) visit(i++, frame);
  }
}

}  // namespace novelty
