// SPDX-License-Identifier: Apache-2.0
// The doctor's judgement: what each fact means and what helps.
#include "doctor.h"

#include <array>
#include <cstdio>

namespace novelty {
namespace {

using Level = Finding::Level;

Finding judge_gstreamer(const MachineFacts& facts) {
  if (facts.gstreamer_old)
    return {Level::kFail, "GStreamer", facts.gstreamer_version + " is too old",
            "install GStreamer 1.20 or newer"};
  return {Level::kOk, "GStreamer", facts.gstreamer_version, {}};
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

Finding judge_plugin(const MachineFacts& facts) {
  if (!facts.plugin_blacklist.empty())
    return {Level::kFail, "plugin",
            joined(facts.plugin_blacklist) +
                " is blacklisted: it could not "
                "be loaded once",
            "see why with 'gst-inspect-1.0 FILE', then delete ~/.cache/gstreamer-1.0"};
  if (!facts.plugin_file)
    return {Level::kFail, "plugin", "GStreamer does not find 'novelty'",
            "install it, or set GST_PLUGIN_PATH to the folder of libgstnovelty.so"};
  if (!facts.missing_elements_of_plugin.empty())
    return {Level::kFail, "plugin",
            *facts.plugin_file + " lacks " + joined(facts.missing_elements_of_plugin),
            "an old plugin is found first: check GST_PLUGIN_PATH"};
  return {Level::kOk, "plugin", *facts.plugin_file, {}};
}

Finding judge_elements(const MachineFacts& facts) {
  Finding finding{Level::kOk, "elements", "those for files, cameras and recording are there", {}};
  if (facts.missing_elements.empty()) return finding;
  finding = {Level::kWarn, "elements", "", "apt-get install"};
  for (const NeededElement& element : facts.missing_elements) {
    if (element.required) finding.level = Level::kFail;
    finding.fact +=
        (finding.fact.empty() ? "no " : ", no ") + element.name + " (" + element.purpose + ")";
    if (finding.remedy.find(element.package) == std::string::npos)
      finding.remedy += " " + element.package;
  }
  return finding;
}

Finding judge_backend(const MachineFacts& facts) {
  if (facts.backend_description.empty())
    return {Level::kFail, "LibTorch", facts.backend_fault,
            "build with LibTorch, or set NOVELTY_BACKEND_DIR to the folder of libnovelty-torch.so"};
  return {Level::kOk, "LibTorch", facts.backend_description, {}};
}

Finding judge_cpu(const MachineFacts& facts) {
  if (!facts.is_x86) return {Level::kOk, "CPU", "not x86: portable code is used", {}};
  if (facts.has_avx2) return {Level::kOk, "CPU", "has AVX2", {}};
  return {Level::kWarn, "CPU", "has no AVX2: scoring will be several times slower",
          "in a virtual machine, pass the host's CPU through"};
}

Finding judge_gpu(const MachineFacts& facts) {
  switch (facts.gpu) {
    case MachineFacts::Gpu::kUsed:
      return {Level::kOk, "GPU", facts.gpu_detail, {}};
    case MachineFacts::Gpu::kIdle:
      return {Level::kWarn, "GPU", "not used: " + facts.gpu_detail,
              "install the CUDA backend, or build it with nvcc 12.8 or newer; the CPU is used "
              "meanwhile"};
    case MachineFacts::Gpu::kBroken:
      return {Level::kWarn, "GPU", facts.gpu_detail,
              "reinstall the NVIDIA driver; the CPU is used meanwhile"};
    case MachineFacts::Gpu::kNone:
      break;
  }
  return {Level::kOk, "GPU", "none: CPU only, which is fine", {}};
}

Finding judge_teacher(const MachineFacts& facts) {
  if (!facts.teacher.empty()) return {Level::kOk, "teacher", facts.teacher, {}};
  return {
      Level::kFail, "teacher", facts.teacher_fault,
      "set NOVELTY_WEIGHTS to a timm Vision Transformer's *.safetensors, or reinstall the program"};
}

Finding judge_python(const MachineFacts& facts) {
  if (facts.python_fault.empty())
    return {Level::kOk, "Python", "/usr/bin/python3 has gi and Gst", {}};
  return {Level::kWarn, "Python", "no GStreamer from Python: " + facts.python_fault,
          "apt-get install python3-gi gir1.2-gstreamer-1.0, and use /usr/bin/python3"};
}

Finding judge_disk(const MachineFacts& facts) {
  constexpr std::uint64_t kFail = 64ULL << 20U;  // a model and its work files
  constexpr std::uint64_t kWarn = 2ULL << 30U;   // a long training's cache of features
  std::array<char, 64> size{};
  std::snprintf(size.data(), size.size(), "%.1f GB free in ",
                static_cast<double>(facts.disk_free_bytes) * 1e-9);
  const Level level = facts.disk_free_bytes < kFail   ? Level::kFail
                      : facts.disk_free_bytes < kWarn ? Level::kWarn
                                                      : Level::kOk;
  return {level, "disk", size.data() + facts.disk_place,
          level == Level::kOk ? "" : "free space, or work in another folder"};
}

}  // namespace

std::vector<Finding> judge(const MachineFacts& facts) {
  return {judge_gstreamer(facts), judge_plugin(facts), judge_elements(facts),
          judge_backend(facts),   judge_cpu(facts),    judge_gpu(facts),
          judge_teacher(facts),   judge_python(facts), judge_disk(facts)};
}

}  // namespace novelty
