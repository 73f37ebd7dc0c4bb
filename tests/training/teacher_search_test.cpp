// SPDX-License-Identifier: Apache-2.0
// The search for the teacher: places, names, and what is said when there is none.
#include "teacher_search.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "made_files.h"
#include "novelty/error.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::TempDir;

constexpr const char* kTiny = "vit_tiny_patch16_224.augreg_in21k_ft_in1k";

class TeacherSearch : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"given", "variable", "cache", "checkout", "models"}) {
      std::filesystem::create_directories(folder_ / name);
      testing::write_text(folder_ / name + "/b.safetensors", "");
      testing::write_text(folder_ / name + "/a.safetensors", "");
      testing::write_text(folder_ / name + "/0.txt", "");
    }
    places_ = {folder_ / "given", folder_ / "variable", folder_ / "cache", folder_ / "checkout",
               folder_ / "models/a.safetensors"};
  }

  std::string found() const { return find_teacher(places_).path; }

  void expect_failure(ErrorKind kind, const std::string& words) const {
    try {
      ADD_FAILURE() << "found " << found();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }

  TempDir folder_;
  TeacherPlaces places_;
};

TEST_F(TeacherSearch, GoesFromTheNamedToTheUsualPlacesToTheEmbedded) {
  EXPECT_EQ(found(), folder_ / "given/a.safetensors");
  places_.given = folder_ / "given/b.safetensors";
  EXPECT_EQ(found(), folder_ / "given/b.safetensors");
  places_.given.clear();
  EXPECT_EQ(found(), folder_ / "variable/a.safetensors");
  places_.variable.clear();
  EXPECT_EQ(found(), folder_ / "cache/a.safetensors");
  places_.cache = folder_ / "none";
  EXPECT_EQ(found(), folder_ / "checkout/a.safetensors");
  EXPECT_FALSE(find_teacher(places_).embedded);
  places_.checkout.clear();
  EXPECT_EQ(found(), folder_ / "models/a.safetensors");
  EXPECT_TRUE(find_teacher(places_).embedded);
}

TEST_F(TeacherSearch, TakesTheEmbeddedOneByNameThoughOthersAreThere) {
  for (const char* name : {"nano", "vit_nano_patch16_224"}) {
    places_.given = name;
    EXPECT_EQ(found(), folder_ / "models/a.safetensors");
    EXPECT_TRUE(find_teacher(places_).embedded);
  }
}

TEST_F(TeacherSearch, KnowsPublishedTeachersByName) {
  places_.given = "vit_tiny";
  expect_failure(ErrorKind::kNotFound, std::string("novelty weights get ") + kTiny);
  testing::write_text(folder_ / "checkout/" + kTiny + ".safetensors", "");
  EXPECT_EQ(found(), folder_ / "checkout/" + kTiny + ".safetensors");
  testing::write_text(folder_ / "cache/" + kTiny + ".safetensors", "");
  EXPECT_EQ(found(), folder_ / "cache/" + kTiny + ".safetensors");
  places_.given = "vit_small";
  expect_failure(ErrorKind::kSettings, "more of the name");
}

TEST_F(TeacherSearch, RefusesANamedPlaceWithoutWeights) {
  places_.given = folder_.path();
  expect_failure(ErrorKind::kNotFound, "--teacher");
  places_.given.clear();
  places_.variable = folder_ / "none";
  expect_failure(ErrorKind::kNotFound, "$NOVELTY_WEIGHTS");
}

TEST_F(TeacherSearch, SaysWhatHelpsWhereEvenTheEmbeddedOneIsMissing) {
  places_ = {"", "", "", "", folder_ / "none.safetensors"};
  expect_failure(ErrorKind::kNotFound, "reinstall the program");
}

TEST_F(TeacherSearch, DescribesWhatItFound) {
  testing::write_text(folder_ / "cache/a.safetensors", std::string(2'340'000, ' '));
  places_.given = places_.variable = "";
  EXPECT_EQ(find_teacher(places_).text(),
            folder_ / "cache/a.safetensors" + " (2.3 MB, from the cache)");
}

}  // namespace
}  // namespace novelty
