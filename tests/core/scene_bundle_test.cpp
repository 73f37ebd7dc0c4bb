// SPDX-License-Identifier: Apache-2.0
// The scene reference in a model file: round trip, absence, and damaged ones.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/json.h"
#include "bundle/bundle.h"
#include "novelty/error.h"
#include "refused_bundle.h"
#include "small_bundle.h"
#include "test_scene.h"

namespace novelty {
namespace {

using nlohmann::json;
using testing::expect_refused;
using testing::SmallBundle;

std::vector<std::byte> bytes_with_scene() {
  SmallBundle small;
  small.bundle.scene = testing::drawn_reference(112);
  small.bundle.scene.tells[3] = false;
  return testing::bytes_of(small);
}

void expect_facts_refused(const std::string& part, const std::function<void(json&)>& damage) {
  const auto bytes = bytes_with_scene();
  json facts = json::parse(parse_bundle(bytes, {}).info.facts_json);
  damage(facts["scene"]);
  expect_refused(testing::with_facts(bytes, facts.dump()), part);
}

void expect_tensor_refused(const std::string& name,
                           const std::function<void(SceneReference&)>& damage) {
  SmallBundle small;
  small.bundle.scene = testing::drawn_reference(112);
  damage(small.bundle.scene);
  try {
    testing::bytes_of(small);
    ADD_FAILURE() << "written with a bad " << name;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
  }
}

TEST(SceneBundle, RoundTrips) {
  const SceneReference written = testing::drawn_reference(112);
  const Bundle read = parse_bundle(bytes_with_scene(), {});
  EXPECT_TRUE(read.info.scene_guard);
  EXPECT_EQ(read.scene.luma, written.luma);
  EXPECT_EQ(read.scene.edges, written.edges);
  EXPECT_EQ(read.scene.contrast, written.contrast);
  EXPECT_EQ(read.scene.chroma, written.chroma);
  EXPECT_EQ(read.scene.similarity, written.similarity);
  EXPECT_EQ(read.scene.aspect, written.aspect);
  EXPECT_EQ(read.scene.tells, (std::array<bool, 4>{true, true, true, false}));
}

TEST(SceneBundle, IsOptional) {
  const Bundle read = parse_bundle(testing::bytes_of(SmallBundle()), {});
  EXPECT_FALSE(read.info.scene_guard);
  EXPECT_TRUE(read.scene.empty());
}

TEST(SceneBundle, ChecksEveryFact) {
  expect_facts_refused("scene.similarity", [](json& scene) { scene["similarity"] = 0; });
  expect_facts_refused("scene.similarity", [](json& scene) { scene.erase("similarity"); });
  expect_facts_refused("scene.aspect", [](json& scene) { scene["aspect"] = -1; });
  expect_facts_refused("scene.tells.moved", [](json& scene) { scene["tells"]["moved"] = 1; });
  expect_facts_refused("scene.tells", [](json& scene) { scene["tells"] = "all"; });
  expect_facts_refused("scene", [](json& scene) { scene = 3; });
}

TEST(SceneBundle, ChecksEveryTensor) {
  expect_tensor_refused("scene.luma", [](SceneReference& scene) { scene.luma[7] = 2; });
  expect_tensor_refused("scene.edges", [](SceneReference& scene) { scene.edges[7] = {0, -3}; });
  expect_tensor_refused("scene.contrast", [](SceneReference& scene) { scene.contrast[7] = -1; });
  expect_tensor_refused("scene.chroma", [](SceneReference& scene) { scene.chroma[7] = 2; });
}

TEST(SceneBundle, NeedsTheTensorsOfItsFacts) {
  const auto with = bytes_with_scene();
  const std::string facts = parse_bundle(with, {}).info.facts_json;
  expect_refused(testing::with_facts(testing::bytes_of(SmallBundle()), facts), "scene.luma");
}

}  // namespace
}  // namespace novelty
