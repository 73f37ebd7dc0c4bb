// SPDX-License-Identifier: Apache-2.0
// Model bundles with precisions: what is stored, what is refused, and which precision may run.
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "bundle/bundle.h"
#include "engine/cpu_engine.h"
#include "novelty/error.h"
#include "refused_bundle.h"
#include "small_bundle.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::expect_refused;
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

std::string complaint(const PrecisionDrift& drift, const std::string& wanted) {
  try {
    return allowed_precision(drift, wanted);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(PrecisionBundle, ChoosesByItselfOnlyWhatWasCheckedAndMovesLittle) {
  EXPECT_EQ(complaint({{"bf16", 0.03}}, "auto"), is_quicker_in("bf16") ? "bf16" : "fp32");
  EXPECT_EQ(complaint({{"bf16", 0.3}}, "auto"), "fp32");
  EXPECT_EQ(complaint({{"int8", 0.03}}, "auto"), "fp32");
  EXPECT_EQ(complaint({}, "auto"), "fp32");
  EXPECT_EQ(complaint({}, "fp32"), "fp32");
  EXPECT_NE(complaint({}, "half").find("use fp32, bf16 or int8"), std::string::npos);
}

TEST(PrecisionBundle, RefusesWhatMovesTooFarOrWasNotChecked) {
  for (const std::string precision : {"bf16", "int8"}) {
    if (kernels_for({1, precision}).isa == std::string("plain")) {
      EXPECT_NE(complaint({{precision, 0.03}}, precision).find("has no instructions for"),
                std::string::npos);
      continue;
    }
    EXPECT_EQ(complaint({{precision, 0.03}}, precision), precision);
    EXPECT_NE(complaint({{precision, 0.5}}, precision).find("move by 50 %"), std::string::npos);
    EXPECT_NE(complaint({}, precision).find("was not checked in " + precision), std::string::npos);
  }
}

}  // namespace
}  // namespace novelty
