// SPDX-License-Identifier: Apache-2.0
// Model bundles: round trips, integrity, and every kind of file that is not one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/file.h"
#include "base/half.h"
#include "base/json.h"
#include "bundle/bundle.h"
#include "novelty/error.h"
#include "small_bundle.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using nlohmann::json;
using novelty::testing::sealed;
using novelty::testing::SmallBundle;
using novelty::testing::TempDir;
using novelty::testing::with_facts;

std::vector<std::byte> text_bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> written(const SmallBundle& small) {
  return novelty::testing::bytes_of(small);
}

/// Expects that `action` throws an Error of `kind` whose text begins with the file's name and holds
/// `part`.
void expect_refused(ErrorKind kind, const std::string& part, const std::function<void()>& action) {
  try {
    action();
    ADD_FAILURE() << "accepted, not refused for: " << part;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

void expect_refused(ErrorKind kind, const std::string& part, const std::vector<std::byte>& bytes) {
  expect_refused(kind, part, [&] { parse_bundle(bytes, "m.novelty"); });
  expect_refused(kind, "m.novelty: ", [&] { parse_bundle(bytes, "m.novelty"); });
}

void expect_equal(const NetworkView& a, const NetworkView& b) {
  EXPECT_EQ(a.config, b.config);
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.std, b.std);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    EXPECT_EQ(b.tensors.at(name).shape, tensor.shape) << name;
    EXPECT_TRUE(std::ranges::equal(b.tensors.at(name).data, tensor.data)) << name;
  }
}

TEST(Bundle, RoundTripsEverything) {
  const TempDir folder;
  SmallBundle small;
  small.bundle.info.teacher_name = "vit ü.safetensors";
  small.bundle.info.teacher_sha256 = std::string(64, 'a');
  small.bundle.info.untrained_teacher = false;
  small.bundle.student.mean = {0.485F, 0.456F, 0.406F};
  const std::string id = write_bundle(small.bundle, folder / "m.novelty");
  const Bundle read = read_bundle(folder / "m.novelty");
  EXPECT_EQ(read.info.id, id);
  EXPECT_EQ(read.info.path, folder / "m.novelty");
  EXPECT_EQ(read.info.preset, "camera");
  EXPECT_EQ(read.info.teacher_name, "vit ü.safetensors");
  EXPECT_EQ(read.info.teacher_sha256, std::string(64, 'a'));
  EXPECT_FALSE(read.info.untrained_teacher);
  EXPECT_EQ(read.info.input_size, 32);
  EXPECT_EQ(read.info.grid_size, 2);
  EXPECT_EQ(read.info.teacher_width, 8);
  EXPECT_EQ(read.info.student_depth, 1);
  EXPECT_EQ(read.info.threshold, 0.7);
  EXPECT_EQ(read.info.threshold_p_value, 1e-3);
  EXPECT_EQ(read.info.training_frames, 40);
  EXPECT_EQ(read.info.calibration_frames, 10);
  EXPECT_EQ(json::parse(read.info.facts_json).at("provenance").at("tool"), "test");
  EXPECT_EQ(read.provenance_json, R"({"tool":"test"})");
  EXPECT_EQ(read.score.top_share, 0.25);
  EXPECT_EQ(read.events.threshold, 0.7);
  EXPECT_EQ(read.events.exit_threshold, 0.6);
  EXPECT_EQ(read.events.smoothing_ns, 1);
  EXPECT_EQ(read.events.min_duration_ns, 2);
  EXPECT_EQ(read.events.hold_ns, 3);
  expect_equal(read.teacher, small.bundle.teacher);
  expect_equal(read.student, small.bundle.student);
}

TEST(Bundle, RoundTripsTheCalibration) {
  const SmallBundle small;
  const Calibration& wanted = small.bundle.calibration;
  const Calibration read = parse_bundle(written(small), "m").calibration;
  EXPECT_EQ(read.scores, wanted.scores);
  EXPECT_EQ(read.views, wanted.views);
  EXPECT_EQ(read.peaks, wanted.peaks);
  EXPECT_EQ(read.peak_start, wanted.peak_start);
  EXPECT_EQ(read.hours, wanted.hours);
  EXPECT_EQ(read.independent, wanted.independent);
  EXPECT_EQ(read.map_zero, wanted.map_zero);
  EXPECT_EQ(read.map_one, wanted.map_one);
  EXPECT_EQ(read.target_per_hour, wanted.target_per_hour);
  EXPECT_EQ(read.threshold, wanted.threshold);
  EXPECT_EQ(read.exit_threshold, wanted.exit_threshold);
}

TEST(Bundle, EqualBundlesGiveEqualBytes) {
  EXPECT_EQ(written(SmallBundle()), written(SmallBundle()));
  SmallBundle other;
  other.bundle.info.training_frames = 41;
  EXPECT_NE(written(other), written(SmallBundle()));
}

TEST(Bundle, RewritingWhatWasReadGivesTheSameBytes) {
  const TempDir folder;
  const auto bytes = written(SmallBundle());
  write_bundle(parse_bundle(bytes, "m"), folder / "copy");
  EXPECT_EQ(read_file(folder / "copy"), bytes);
}

TEST(Bundle, OutlivesItsFile) {
  const TempDir folder;
  const SmallBundle small;
  write_bundle(small.bundle, folder / "m");
  const Bundle read = read_bundle(folder / "m");
  std::ofstream(folder / "m", std::ios::trunc).close();
  expect_equal(read.teacher, small.bundle.teacher);
}

TEST(Bundle, StoresHalvesAsFloatsAndNoHead) {
  SmallBundle small;
  std::vector<std::uint16_t> halves(8, float_to_half(0.5F));
  small.bundle.teacher.tensors["norm.bias"] = {DType::kF16, {8}, std::as_bytes(std::span(halves))};
  small.bundle.teacher.tensors["head.bias"] = view_of(small.teacher["norm.bias"], {8});
  const Bundle read = parse_bundle(written(small), "m");
  EXPECT_EQ(to_floats(read.teacher.tensors.at("norm.bias"), ""), std::vector<float>(8, 0.5F));
  EXPECT_FALSE(read.teacher.tensors.contains("head.bias"));
}

TEST(Bundle, SurvivesTextThatLooksLikeItsHash) {
  SmallBundle small;
  const std::string hash = R"({"novelty.sha256":")" + std::string(64, '1') + R"("})";
  small.bundle.provenance_json = json{{"a", hash}, {"b", "," + hash}, {hash, 1}}.dump();
  EXPECT_EQ(parse_bundle(written(small), "m").info.id.size(), 64U);
}

TEST(Bundle, AnyFlippedBitIsAnError) {
  const auto bytes = written(SmallBundle());
  std::size_t header = 8;
  for (std::size_t i = 0; i < 8; ++i) header += std::to_integer<std::size_t>(bytes[i]) << (8 * i);
  // All of the header, and of the data every 487th byte (the hash makes no difference there).
  for (std::size_t at = 0; at < bytes.size(); at += at < header ? 1 : 487) {
    auto damaged = bytes;
    damaged[at] ^= std::byte{1} << (at % 8);
    EXPECT_THROW(parse_bundle(std::move(damaged), "m"), Error) << at;
  }
}

TEST(Bundle, AnyTruncationIsAnError) {
  const auto bytes = written(SmallBundle());
  for (std::size_t size = 0; size < bytes.size(); size += size < 4000 ? 1 : 131) {
    auto part = bytes;
    part.resize(size);
    expect_refused(ErrorKind::kFormat, "not a novelty model", part);
  }
  auto longer = bytes;
  longer.push_back(std::byte{0});
  expect_refused(ErrorKind::kFormat, "not a novelty model", longer);
}

TEST(Bundle, TellsOtherFilesApart) {
  const TempDir folder;
  expect_refused(ErrorKind::kFormat, "not a novelty model", text_bytes(""));
  expect_refused(ErrorKind::kFormat, "not a novelty model", text_bytes(std::string(5000, 'x')));
  expect_refused(ErrorKind::kFormat, "not a novelty model",
                 text_bytes(std::string("\0\0\0\x20"
                                        "ftypisom\0\0\2\0isomiso2avc1mp41",
                                        32)));
  expect_refused(ErrorKind::kNotFound, "none", [&] { read_bundle(folder / "none"); });
  expect_refused(ErrorKind::kRead, "is a folder", [&] { read_bundle(folder.path()); });
  const SmallBundle small;
  expect_refused(ErrorKind::kFormat, "is a weights file, not a novelty model",
                 serialize_safetensors(small.bundle.teacher.tensors, {{"format", "pt"}}));
}

TEST(Bundle, RefusesADamagedFileOfAHugeVideoWithoutReadingIt) {
  const TempDir folder;
  std::ofstream(folder / "v.mp4") << std::string(
      "\0\0\0\x20"
      "ftypisom",
      12);
  std::filesystem::resize_file(folder / "v.mp4", std::uintmax_t{1} << 40);  // sparse: 1 TiB
  expect_refused(ErrorKind::kFormat, "not a novelty model", [&] { read_bundle(folder / "v.mp4"); });
}

TEST(Bundle, NewerFormatsAskForAnUpdateWhateverElseTheyHold) {
  for (const char* format : {"4", "1000"}) {
    expect_refused(ErrorKind::kVersion, "update gst-novelty",
                   serialize_safetensors({}, {{"novelty.format", format}}));
  }
  for (const char* format : {"", "0", "-1", "1.5", "one", "1 ", "99999999999"}) {
    expect_refused(ErrorKind::kFormat, "unknown format",
                   serialize_safetensors({}, {{"novelty.format", format}}));
  }
}

TEST(Bundle, AnOlderFormatAsksForTrainingAgain) {
  expect_refused(ErrorKind::kVersion, "train it again",
                 serialize_safetensors({}, {{"novelty.format", "1"}}));
}

TEST(Bundle, NeedsHashAndFacts) {
  const std::vector<float> one{1};
  expect_refused(ErrorKind::kFormat, "novelty.sha256",
                 serialize_safetensors({}, {{"novelty.format", "2"}}));
  expect_refused(ErrorKind::kFormat, "novelty.facts", sealed({}, {{"novelty.format", "2"}}));
  expect_refused(ErrorKind::kFormat, "novelty.facts",
                 sealed({}, {{"novelty.format", "2"}, {"novelty.facts", "{"}}));
}

/// One fact made wrong: by JSON pointer; a null value removes it.
struct WrongFact {
  const char* pointer;
  json value;
};

TEST(Bundle, ChecksEveryFact) {
  const auto bytes = written(SmallBundle());
  const json facts = json::parse(parse_bundle(bytes, "m").info.facts_json);
  EXPECT_NO_THROW(parse_bundle(with_facts(bytes, facts.dump()), "m"));
  const double too_large = 1e300;
  const std::vector<WrongFact> wrong{
      {"/preset", 1},
      {"/preset", std::string(1000, 'x')},
      {"/preset", "two\nlines"},
      {"/teacher_origin", json::array()},
      {"/teacher_origin/sha256", "abc"},
      {"/teacher_origin/sha256", std::string(64, 'G')},
      {"/teacher_origin/untrained", 1},
      {"/teacher/input_size", 64},
      {"/teacher/input_size", 33},
      {"/teacher/input_size", -32},
      {"/teacher/input_size", 1.5},
      {"/teacher/input_size", UINT64_MAX},
      {"/teacher/width", 16},
      {"/teacher/depth", 2},
      {"/teacher/heads", 3},
      {"/teacher/registers", 4},
      {"/student/heads", 0},
      {"/student/mlp_width", 17},
      {"/student/patch_size", 32},
      {"/teacher/mean", json::array({0, 0})},
      {"/teacher/mean/0", 1.5},
      {"/teacher/mean/1", nullptr},
      {"/teacher/std/2", 0},
      {"/teacher/std/0", "1"},
      {"/score/top_share", 0},
      {"/score/top_share", 1.01},
      {"/calibration/peak_start", 0.21},
      {"/calibration/hours", 0},
      {"/calibration/hours", too_large},
      {"/calibration/independent", 0.5},
      {"/calibration/map_zero", 1.5},
      {"/calibration/map_one", -too_large},
      {"/calibration/target_per_hour", 0},
      {"/calibration/target_per_hour", 3601},
      {"/calibration/threshold", too_large},
      {"/calibration/exit_threshold", 0.71},
      {"/threshold_p_value", 1.5},
      {"/events/threshold", "0.7"},
      {"/events/exit_threshold", 0.71},
      {"/events/smoothing_ns", -1},
      {"/events/min_duration_ns", 1.5},
      {"/events/hold_ns", INT64_MAX},
      {"/training_frames", -1},
      {"/calibration_frames", INT64_MAX},
      {"/provenance", json::array()},
  };
  for (const auto& [pointer, value] : wrong) {
    json changed = facts;
    changed[json::json_pointer(pointer)] = value;
    SCOPED_TRACE(pointer + (" = " + value.dump().substr(0, 80)));
    expect_refused(ErrorKind::kFormat, "", with_facts(bytes, changed.dump()));
  }
}

TEST(Bundle, NeedsEveryFact) {
  const auto bytes = written(SmallBundle());
  const json facts = json::parse(parse_bundle(bytes, "m").info.facts_json);
  const json flat = facts.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (pointer.starts_with("/provenance/")) continue;
    if (pointer == "/teacher_origin/fine_tuning") continue;  // models from before it was told
    const json::json_pointer place(pointer);
    json changed = facts;
    json& parent = changed[place.parent_pointer()];
    if (parent.is_array()) continue;
    parent.erase(place.back());
    SCOPED_TRACE(pointer);
    expect_refused(ErrorKind::kFormat, place.back() + "\" is missing",
                   with_facts(bytes, changed.dump()));
  }
}

TEST(Bundle, KnowsWhatItsTeacherWentThrough) {
  SmallBundle small;
  small.bundle.info.teacher_fine_tuning = "contrast";
  const auto bytes = written(small);
  const Bundle told = parse_bundle(bytes, "m");
  EXPECT_EQ(told.info.teacher_fine_tuning, "contrast");
  json facts = json::parse(told.info.facts_json);
  facts["teacher_origin"].erase("fine_tuning");
  EXPECT_EQ(parse_bundle(with_facts(bytes, facts.dump()), "m").info.teacher_fine_tuning, "none");
  facts["teacher_origin"]["fine_tuning"] = 3;
  expect_refused(ErrorKind::kFormat, "fine_tuning", with_facts(bytes, facts.dump()));
}

/// Expects that a bundle `change` has been at is not written, and no file is left.
void expect_not_written(ErrorKind kind, const std::string& part,
                        const std::function<void(SmallBundle&)>& change) {
  const TempDir folder;
  SmallBundle small;
  change(small);
  expect_refused(kind, part, [&] { write_bundle(small.bundle, folder / "m"); });
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Bundle, IsNotWrittenWithBadTensors) {
  const auto kind = ErrorKind::kFormat;
  const float nan = std::nanf("");
  expect_not_written(kind, "student.norm.bias", [&](auto& s) { s.student["norm.bias"][3] = nan; });
  expect_not_written(kind, "teacher.cls_token",
                     [&](auto& s) { s.teacher["cls_token"][0] = HUGE_VALF; });
  expect_not_written(kind, "student.norm.bias",
                     [](auto& s) { s.bundle.student.tensors.erase("norm.bias"); });
  expect_not_written(kind, "teacher.norm.bias", [](auto& s) {
    s.bundle.teacher.tensors["norm.bias"] = view_of(s.teacher["pos_embed"], {1, 5, 8});
  });
}

TEST(Bundle, IsNotWrittenWithABadCalibration) {
  const auto refuse = [](const std::string& part, const std::function<void(Calibration&)>& change) {
    expect_not_written(ErrorKind::kFormat, part, [&](auto& s) { change(s.bundle.calibration); });
  };
  refuse("scores", [](auto& c) { c.scores.clear(); });
  refuse("scores", [](auto& c) { std::swap(c.scores[0], c.scores[1]); });
  refuse("scores", [](auto& c) { c.scores.back() = 1e20F; });
  refuse("views", [](auto& c) { c.views[0] = std::nanf(""); });
  refuse("views", [](auto& c) { c.views.clear(); });
  refuse("peaks", [](auto& c) { c.peaks.clear(); });
  refuse("peaks", [](auto& c) { c.peaks[0] = static_cast<float>(c.peak_start - 1); });
  refuse("map_one", [](auto& c) { c.map_one = c.map_zero; });
  refuse("hours", [](auto& c) { c.hours = std::nan(""); });
  refuse("threshold", [](auto& c) { c.threshold = HUGE_VAL; });
}

TEST(Bundle, IsNotWrittenWithNetworksThatDoNotPair) {
  expect_not_written(ErrorKind::kUnsupported, "differ", [](SmallBundle& s) {
    VitConfig wider = s.config;
    wider.width = 16;
    s.student = init_student(wider, 2);
    s.bundle.student.config = wider;
    s.bundle.student.tensors.clear();
    for (const auto& [name, shape] : vit_tensor_shapes(wider)) {
      s.bundle.student.tensors[name] = view_of(s.student.at(name), shape);
    }
  });
}

TEST(Bundle, KeepsTheRegistersOfATeacher) {
  SmallBundle small;
  const std::vector<float> registers(static_cast<std::size_t>(2) * 8, 0.5F);
  small.bundle.teacher.config.registers = 2;
  small.bundle.teacher.tensors["reg_token"] = view_of(registers, {1, 2, 8});
  const auto bytes = written(small);
  expect_equal(parse_bundle(bytes, "m").teacher, small.bundle.teacher);
  EXPECT_EQ(parse_bundle(bytes, "m").student.config.registers, 0);
  const json facts = json::parse(parse_bundle(bytes, "m").info.facts_json);
  EXPECT_FALSE(facts.at("student").contains("registers"));
  for (const json& wrong : {json(0), json(1), json(3), json(-2), json("2"), json(1e300)}) {
    json changed = facts;
    changed["teacher"]["registers"] = wrong;
    expect_refused(ErrorKind::kFormat, "", with_facts(bytes, changed.dump()));
  }
  json silent = facts;
  silent["teacher"].erase("registers");
  expect_refused(ErrorKind::kFormat, "", with_facts(bytes, silent.dump()));
}

TEST(Bundle, IsNotWrittenWithAProvenanceThatIsNoObject) {
  for (const char* text : {"", "[]", "{", "{\"a\":1,\"a\":2}"}) {
    expect_not_written(ErrorKind::kSettings, "provenance",
                       [&](SmallBundle& s) { s.bundle.provenance_json = text; });
  }
}

TEST(Bundle, KeepsTheOldFileWhenItCannotBeWritten) {
  const TempDir folder;
  const SmallBundle small;
  write_bundle(small.bundle, folder / "m");
  const auto before = read_file(folder / "m");
  SmallBundle bad;
  bad.student["norm.bias"][0] = std::nanf("");
  EXPECT_THROW(write_bundle(bad.bundle, folder / "m"), Error);
  EXPECT_EQ(read_file(folder / "m"), before);
  expect_refused(ErrorKind::kWrite, "cannot write",
                 [&] { write_bundle(small.bundle, folder / "none/m"); });
}

TEST(Bundle, UnknownTensorsAreRefused) {
  const auto file = SafetensorsFile::parse(written(SmallBundle()), "m");
  for (const char* name : {"other", "teacher.blocks.0.ls1.gamma", "student.extra"}) {
    auto tensors = file.tensors();
    tensors[name] = tensors.at("student.norm.bias");
    EXPECT_THROW(parse_bundle(sealed(tensors, file.metadata()), "m"), Error) << name;
  }
}

TEST(Bundle, ARealWeightsFileIsNotAModel) {
  const char* root = std::getenv("NOVELTY_SOURCE_ROOT");
  const std::string path =
      std::string(root ? root : ".") +
      "/../shared/weights/vit_tiny_patch16_224.augreg_in21k_ft_in1k.safetensors";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  expect_refused(ErrorKind::kFormat, "weights file", [&] { read_bundle(path); });
}

}  // namespace
}  // namespace novelty
