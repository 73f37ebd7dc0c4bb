// SPDX-License-Identifier: Apache-2.0
// `novelty info`: what a model is.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "bundle/bundle.h"
#include "command_line.h"
#include "commands.h"
#include "trainer/promise.h"

namespace {

using novelty::ModelInfo;

constexpr novelty::CommandHelp kHelp{
    "novelty info", "MODEL", "Shows what a model is, how it was trained and what it flags.",
    "Examples:\n"
    "  novelty info camera.novelty\n"
    "  novelty info camera.novelty --json | python3 -m json.tool\n"};

void print_text(const novelty::Bundle& bundle) {
  const ModelInfo& info = bundle.info;
  const bool whole_pictures = !bundle.picture.empty();
  const std::string teacher =
      info.untrained_teacher ? "untrained: demonstration only" : info.teacher_name;
  std::printf("model        %s\n", info.path.c_str());
  std::printf("id           %s\n", info.id.c_str());
  std::printf("preset       %s\n", info.preset.c_str());
  std::printf("teacher      %s (%d wide, %d blocks)\n", teacher.c_str(), info.teacher_width,
              info.teacher_depth);
  if (info.teacher_fine_tuning != "none")
    std::printf("             fine-tuned on the training pictures: %s\n",
                info.teacher_fine_tuning.c_str());
  if (!info.teacher_sha256.empty())
    std::printf("             sha256 %s\n", info.teacher_sha256.c_str());
  std::printf("student      %d wide, %d blocks\n", info.student_width, info.student_depth);
  std::printf("input        %dx%d, patches of %d, map of %dx%d\n", info.input_size, info.input_size,
              info.patch_size, info.grid_size, info.grid_size);
  if (whole_pictures)
    std::puts("score        of whole pictures: discrepancy, and density of [CLS] and mean token");
  std::printf("threshold    %.6g (p-value %.3g)\n", info.threshold, info.threshold_p_value);
  std::printf("alarms       %s\n", novelty::promise_text(info).c_str());
  if (const auto warning = novelty::promise_warning(info))
    std::printf("             %s\n", warning->c_str());
  std::printf("scene guard  %s\n", info.scene_guard ? "tells that the camera or the light changed"
                                   : whole_pictures
                                       ? "off: there is no fixed scene to guard"
                                       : "off: the model has no reference; train it again");
  std::printf("learnt from  %lld frames, calibrated on %lld more\n",
              static_cast<long long>(info.training_frames),
              static_cast<long long>(info.calibration_frames));
}

void print_json(const ModelInfo& info) {
  nlohmann::ordered_json facts{{"id", info.id}, {"path", info.path}};
  facts["threshold"] = info.threshold;
  facts["threshold_p_value"] = info.threshold_p_value;
  facts["alarms_per_hour"] = {{"target", info.target_per_hour},
                              {"expected", info.expected_per_hour},
                              {"interval_95", {info.expected_low, info.expected_high}},
                              {"calibration_hours", info.calibration_hours}};
  facts["facts"] = nlohmann::ordered_json::parse(info.facts_json);
  std::puts(facts.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

}  // namespace

int run_info(int argc, char** argv) {
  gboolean json = FALSE;
  const auto inputs = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("json", 0, G_OPTION_ARG_NONE, &json, "Print all facts as JSON")});
  if (inputs.size() != 1) throw novelty::UsageError("give one MODEL");
  const novelty::Bundle bundle = novelty::read_bundle(inputs.front());
  json != FALSE ? print_json(bundle.info) : print_text(bundle);
  return 0;
}
