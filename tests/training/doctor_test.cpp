// SPDX-License-Identifier: Apache-2.0
// The doctor's judgement on machines made up.
#include "doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace novelty {
namespace {

using Level = Finding::Level;

MachineFacts healthy_machine() {
  MachineFacts facts;
  facts.gstreamer_version = "1.22.0";
  facts.plugin_file = "/plugins/libgstnovelty.so";
  facts.backend_description = "LibTorch 2.11.0";
  facts.is_x86 = facts.has_avx2 = true;
  facts.teacher = "/weights/vit.safetensors";
  facts.disk_place = "/data";
  facts.disk_free_bytes = 100'000'000'000;
  return facts;
}

Finding finding_on(const MachineFacts& facts, const std::string& subject) {
  const auto findings = judge(facts);
  const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.subject == subject;
  });
  EXPECT_NE(found, findings.end()) << subject;
  return *found;
}

TEST(Doctor, FindsNothingOnAHealthyMachine) {
  for (const Finding& finding : judge(healthy_machine())) {
    EXPECT_EQ(finding.level, Level::kOk) << finding.subject;
    EXPECT_EQ(finding.remedy, "") << finding.subject;
    EXPECT_NE(finding.fact, "") << finding.subject;
  }
}

struct Ailment {
  const char* name;
  const char* subject;
  Level level;
  const char* words;
  std::function<void(MachineFacts&)> catch_it;
};

void PrintTo(const Ailment& ailment, std::ostream* out) {
  *out << ailment.name;
}

class DoctorFinds : public ::testing::TestWithParam<Ailment> {};

TEST_P(DoctorFinds, TheFaultAndARemedy) {
  MachineFacts facts = healthy_machine();
  GetParam().catch_it(facts);
  const Finding finding = finding_on(facts, GetParam().subject);
  EXPECT_EQ(finding.level, GetParam().level);
  EXPECT_NE(finding.fact.find(GetParam().words), std::string::npos) << finding.fact;
  EXPECT_NE(finding.remedy, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, DoctorFinds,
    ::testing::Values(
        Ailment{"OldGStreamer", "GStreamer", Level::kFail, "too old",
                [](MachineFacts& f) { f.gstreamer_old = true; }},
        Ailment{"NoPlugin", "plugin", Level::kFail, "does not find",
                [](MachineFacts& f) { f.plugin_file.reset(); }},
        Ailment{"Blacklisted", "plugin", Level::kFail, "blacklisted",
                [](MachineFacts& f) { f.plugin_blacklist = {"/p/libgstnovelty.so"}; }},
        Ailment{"OldPlugin", "plugin", Level::kFail, "lacks noveltyrecord",
                [](MachineFacts& f) { f.missing_elements_of_plugin = {"noveltyrecord"}; }},
        Ailment{"NoDecodebin", "elements", Level::kFail, "decodebin",
                [](MachineFacts& f) {
                  f.missing_elements = {{"decodebin", "any", "base", true}};
                }},
        Ailment{"NoH264", "elements", Level::kWarn, "avdec_h264",
                [](MachineFacts& f) {
                  f.missing_elements = {{"avdec_h264", "H", "libav", false}};
                }},
        Ailment{"NoBackend", "LibTorch", Level::kFail, "libtorch_cpu.so: cannot open",
                [](MachineFacts& f) {
                  f.backend_description = "";
                  f.backend_fault = "libtorch_cpu.so: cannot open";
                }},
        Ailment{"NoAvx2", "CPU", Level::kWarn, "no AVX2",
                [](MachineFacts& f) { f.has_avx2 = false; }},
        Ailment{"IdleGpu", "GPU", Level::kWarn, "not used: libnovelty-cuda.so: not found",
                [](MachineFacts& f) {
                  f.gpu = MachineFacts::Gpu::kIdle;
                  f.gpu_detail = "libnovelty-cuda.so: not found";
                }},
        Ailment{"BrokenDriver", "GPU", Level::kWarn, "cuInit",
                [](MachineFacts& f) {
                  f.gpu = MachineFacts::Gpu::kBroken;
                  f.gpu_detail = "cuInit returns 999";
                }},
        Ailment{"NoTeacher", "teacher", Level::kFail, "$NOVELTY_WEIGHTS",
                [](MachineFacts& f) {
                  f.teacher.clear();
                  f.teacher_fault = "$NOVELTY_WEIGHTS: no *.safetensors";
                }},
        Ailment{"NoPython", "Python", Level::kWarn, "No module named 'gi'",
                [](MachineFacts& f) { f.python_fault = "No module named 'gi'"; }},
        Ailment{"LittleDisk", "disk", Level::kWarn, "1.0 GB",
                [](MachineFacts& f) { f.disk_free_bytes = 1'000'000'000; }},
        Ailment{"NoDisk", "disk", Level::kFail, "0.0 GB",
                [](MachineFacts& f) { f.disk_free_bytes = 1000; }}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Doctor, TakesOtherProcessorsAsTheyAre) {
  MachineFacts facts = healthy_machine();
  facts.is_x86 = facts.has_avx2 = false;
  EXPECT_EQ(finding_on(facts, "CPU").level, Level::kOk);
}

}  // namespace
}  // namespace novelty
