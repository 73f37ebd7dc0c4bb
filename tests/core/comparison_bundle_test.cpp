// SPDX-License-Identifier: Apache-2.0
// Model bundles of students that are compared in other ways: what is stored, and what is refused.
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "bundle/bundle.h"
#include "novelty/error.h"
#include "refused_bundle.h"
#include "small_bundle.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::expect_refused;
using testing::SmallBundle;

/// A student with a head; `values` must outlive it.
void compare_by_layer(SmallBundle& small, const std::vector<float>& values) {
  Bundle& bundle = small.bundle;
  bundle.teacher.comparison =
      bundle.student.comparison = {1, TokenNorm::kLayer, TokenLoss::kSmoothL1};
  const std::int64_t width = small.config.width;
  bundle.student.head = {
      {"weight", view_of(values, {width, width})},
      {"bias", view_of(std::span(values).first(static_cast<std::size_t>(width)), {width})}};
}

std::string format_of(const std::vector<std::byte>& bytes) {
  return SafetensorsFile::parse(bytes, {}).metadata().at("novelty.format");
}

TEST(ComparisonBundle, RoundTripsComparisonAndHead) {
  SmallBundle small;
  const std::vector<float> values(64, 0.5F);
  compare_by_layer(small, values);
  const auto bytes = testing::bytes_of(small);
  EXPECT_EQ(format_of(bytes), "3") << "earlier versions would score it wrongly";
  const Bundle read = parse_bundle(bytes, "m.novelty");
  EXPECT_EQ(read.teacher.comparison, small.bundle.teacher.comparison);
  EXPECT_EQ(read.student.comparison, small.bundle.student.comparison);
  EXPECT_EQ(to_floats(read.student.head.at("weight"), "weight"), values);
  EXPECT_EQ(to_floats(read.student.head.at("bias"), "bias"), std::vector<float>(8, 0.5F));
}

TEST(ComparisonBundle, OfThePapersWaySaysNothingAndIsOfTheOlderFormat) {
  const SmallBundle small;
  const auto bytes = testing::bytes_of(small);
  EXPECT_EQ(format_of(bytes), "2");
  const Bundle read = parse_bundle(bytes, "m.novelty");
  EXPECT_EQ(read.student.comparison, TokenComparison{});
  EXPECT_TRUE(read.student.head.empty());
  EXPECT_FALSE(json::parse(read.info.facts_json).contains("comparison"));
}

TEST(ComparisonBundle, RefusesWhatDoesNotGoTogether) {
  SmallBundle small;
  const std::vector<float> values(64, 0.5F);
  compare_by_layer(small, values);
  const auto bytes = testing::bytes_of(small);
  const SafetensorsFile file = SafetensorsFile::parse(bytes, {});
  TensorMap tensors = file.tensors();
  tensors.erase("student.head.bias");
  expect_refused(testing::sealed(tensors, file.metadata()), "student.head.bias");
  tensors = file.tensors();
  tensors.at("student.head.weight").shape = {4, 16};
  expect_refused(testing::sealed(tensors, file.metadata()), "student.head.weight");
  const json facts = json::parse(file.metadata().at("novelty.facts"));
  const auto with = [&](const char* fact, const json& value) {
    json altered = facts;
    altered["comparison"][fact] = value;
    return testing::with_facts(bytes, altered.dump());
  };
  expect_refused(with("layers", 0), "layers");
  expect_refused(with("layers", 1.5), "layers");
  expect_refused(with("normalisation", "batch"), "normalisation");
  expect_refused(with("loss", "hinge"), "loss");
  EXPECT_THROW(parse_bundle(with("layers", 2), "m.novelty"), Error)
      << "more than the networks have";
}

}  // namespace
}  // namespace novelty
