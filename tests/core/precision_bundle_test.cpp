// SPDX-License-Identifier: Apache-2.0
// Model bundles with precisions: what is stored, what is refused, and which precision may run.
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "bundle/bundle.h"
#include "engine/cpu_engine.h"
#include "novelty/error.h"
#include "small_bundle.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::SmallBundle;

// A bundle whose networks have ranges and which was checked in two precisions.
struct CheckedBundle : SmallBundle {
  CheckedBundle() {
    bundle.drift = {{"bf16", 0.03}, {"int8", 0.5}};
    for (NetworkView* network : {&bundle.teacher, &bundle.student})
      for (const char* layer : {"attn.qkv", "attn.proj", "mlp.fc1"})
        network->ranges[std::string("blocks.0.") + layer] = view_of(range, {config.width});
  }
  std::vector<float> range = std::vector<float>(8, 1.5F);
};

void expect_refused(const std::vector<std::byte>& bytes, const std::string& part) {
  try {
    parse_bundle(bytes, "m.novelty");
    ADD_FAILURE() << "accepted, not refused for: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFormat);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(PrecisionBundle, RoundTripsRangesAndDrift) {
  const CheckedBundle checked;
  const Bundle read = parse_bundle(testing::bytes_of(checked), "m.novelty");
  EXPECT_EQ(read.drift, checked.bundle.drift);
  ASSERT_EQ(read.student.ranges.size(), 3U);
  EXPECT_EQ(to_floats(read.student.ranges.at("blocks.0.mlp.fc1"), "range"), checked.range);
}

TEST(PrecisionBundle, BundlesWithoutItSayNothingOfIt) {
  const SmallBundle small;
  const Bundle read = parse_bundle(testing::bytes_of(small), "m.novelty");
  EXPECT_TRUE(read.drift.empty());
  EXPECT_TRUE(read.teacher.ranges.empty());
  EXPECT_FALSE(json::parse(read.info.facts_json).contains("precision"));
}

TEST(PrecisionBundle, RefusesRangesThatAreWrong) {
  const CheckedBundle checked;
  const auto bytes = testing::bytes_of(checked);
  const SafetensorsFile file = SafetensorsFile::parse(bytes, {});
  const std::string name = "ranges.student.blocks.0.attn.proj";
  TensorMap tensors = file.tensors();
  tensors.at(name).shape = {4, 2};
  expect_refused(testing::sealed(tensors, file.metadata()), name);
  tensors = file.tensors();
  tensors.erase(name);
  expect_refused(testing::sealed(tensors, file.metadata()), name);
  tensors = file.tensors();
  const std::vector<float> negative(8, -1);
  tensors[name] = view_of(negative, {8});
  expect_refused(testing::sealed(tensors, file.metadata()), "negative");
  tensors = file.tensors();
  tensors["ranges.student.blocks.1.attn.proj"] = tensors.at(name);
  expect_refused(testing::sealed(tensors, file.metadata()), "unknown tensors");
  json facts = json::parse(file.metadata().at("novelty.facts"));
  facts["precision"]["calibrated"] = "int8";
  expect_refused(testing::with_facts(bytes, facts.dump()), "calibrated");
  facts["precision"] = {{"calibrated", "fp32"}, {"drift", {{"bf16", -1}}}};
  expect_refused(testing::with_facts(bytes, facts.dump()), "bf16");
}

TEST(PrecisionBundle, AllowsWhatWasCheckedAndMovesLittle) {
  const PrecisionDrift drift{{"bf16", 0.03}, {"int8", 0.5}};
  EXPECT_EQ(allowed_precision(drift, "fp32"), "fp32");
  EXPECT_EQ(allowed_precision(drift, "bf16"), "bf16");
  EXPECT_EQ(allowed_precision(drift, "auto"), is_quicker_in("bf16") ? "bf16" : "fp32");
  EXPECT_EQ(allowed_precision({}, "auto"), "fp32");
  EXPECT_EQ(allowed_precision({{"bf16", 0.3}}, "auto"), "fp32");
  const auto complaint = [](const PrecisionDrift& known, const std::string& wanted) -> std::string {
    try {
      return allowed_precision(known, wanted);
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_NE(complaint(drift, "int8").find("move by 50 %"), std::string::npos);
  EXPECT_NE(complaint({}, "bf16").find("was not checked in bf16"), std::string::npos);
  EXPECT_NE(complaint(drift, "half").find("use fp32, bf16 or int8"), std::string::npos);
}

}  // namespace
}  // namespace novelty
