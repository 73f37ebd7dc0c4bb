// SPDX-License-Identifier: Apache-2.0
// The safetensors format: round trips, and files that are not what they should be.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <span>

#include "base/file.h"
#include "base/half.h"
#include "base/safetensors.h"
#include "novelty/error.h"
#include "temp_dir.h"

namespace novelty {
namespace {

/// A file of `header` and `data_size` bytes of data.
std::vector<std::byte> file_of(const std::string& header, std::size_t data_size) {
  std::vector<std::byte> bytes(8 + header.size() + data_size);
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(header.size() >> (8 * i));
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(Safetensors, RoundTripsTensorsAndMetadata) {
  const std::vector<float> a{1, -2.5F, 3}, b{7};
  const std::vector<std::uint16_t> halves{float_to_half(0.5F), float_to_half(-4)};
  const TensorMap tensors{{"b", view_of(a, {3, 1})},
                          {"a", view_of(b, {})},
                          {"none", view_of({}, {0, 5})},
                          {"half", {DType::kF16, {2}, std::as_bytes(std::span(halves))}}};
  const std::map<std::string, std::string> metadata{{"key", "\"quoted\"\nline"}, {"z", ""}};
  const auto bytes = serialize_safetensors(tensors, metadata);
  EXPECT_EQ(bytes, serialize_safetensors(tensors, metadata));
  const auto file = SafetensorsFile::parse(bytes, "x");
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.tensors().size(), 4U);
  EXPECT_EQ(to_floats(file.at("b"), "b"), a);
  EXPECT_EQ(file.at("b").shape, (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(file.at("a").element_count(), 1);
  EXPECT_EQ(file.at("none").element_count(), 0);
  EXPECT_EQ(to_floats(file.at("half"), "half"), (std::vector<float>{0.5F, -4}));
}

TEST(Safetensors, AlignsTheDataToEightBytes) {
  const std::vector<float> values{1};
  for (int length = 1; length <= 9; ++length) {
    const auto bytes = serialize_safetensors(
        {{std::string(static_cast<std::size_t>(length), 'n'), view_of(values, {1})}}, {});
    EXPECT_EQ((bytes.size() - sizeof(float)) % 8, 0U);
  }
}

TEST(Safetensors, KeepsItsTensorsWhenMovedOrCopied) {
  const std::vector<float> values{1, 2};
  auto first =
      SafetensorsFile::parse(serialize_safetensors({{"a", view_of(values, {2})}}, {}), "x");
  const SafetensorsFile copy = first;
  const SafetensorsFile moved = std::move(first);
  EXPECT_EQ(to_floats(copy.at("a"), "a"), values);
  EXPECT_EQ(to_floats(moved.at("a"), "a"), values);
}

TEST(Safetensors, IsNotTouchedByTruncationAfterReading) {
  const novelty::testing::TempDir folder;
  const std::vector<float> values(100000, 1);
  write_file_atomically(folder / "a",
                        serialize_safetensors({{"a", view_of(values, {100000})}}, {}));
  const auto file = SafetensorsFile::read(folder / "a");
  std::ofstream(folder / "a", std::ios::trunc).close();
  EXPECT_EQ(to_floats(file.at("a"), "a"), values);
}

TEST(Safetensors, NamesAMissingTensor) {
  const auto file = SafetensorsFile::parse(file_of("{}", 0), "file");
  try {
    file.at("absent");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "file: tensor \"absent\" is missing");
  }
}

TEST(Safetensors, AcceptsPaddingAndAnyOrderOfEntries) {
  const std::string header =
      R"({"a":)" + entry("I8", "[1]", "[4,5]") + R"(,"b":)" + entry("F32", "[1]", "[0,4]") + "}   ";
  EXPECT_EQ(SafetensorsFile::parse(file_of(header, 5), "x").tensors().size(), 2U);
}

struct BadHeader {
  const char* name;
  std::string header;
  std::size_t data_size;
};
void PrintTo(const BadHeader& bad, std::ostream* out) {
  *out << bad.name;
}

std::string one(const std::string& tensor) {
  return R"({"a":)" + tensor + "}";
}
std::string two(const std::string& first, const std::string& second) {
  return R"({"a":)" + first + R"(,"b":)" + second + "}";
}

class BadSafetensors : public ::testing::TestWithParam<BadHeader> {};

TEST_P(BadSafetensors, IsRefusedByName) {
  try {
    SafetensorsFile::parse(file_of(GetParam().header, GetParam().data_size), "file");
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kFormat);
    EXPECT_TRUE(std::string(e.what()).starts_with("file: ")) << e.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Safetensors, BadSafetensors,
    ::testing::Values(
        BadHeader{"NotJson", "{\"a\":", 0}, BadHeader{"List", "[]", 0},
        BadHeader{"Deep", "{\"a\":" + std::string(100000, '['), 0},
        BadHeader{"SameNameTwice",
                  two(entry("I8", "[1]", "[0,1]"), "0")
                      .replace(two(entry("I8", "[1]", "[0,1]"), "0").find("\"b\""), 3, "\"a\""),
                  1},
        BadHeader{"MetadataList", R"({"__metadata__":[]})", 0},
        BadHeader{"MetadataNumber", R"({"__metadata__":{"a":1}})", 0},
        BadHeader{"TensorNumber", one("3"), 0}, BadHeader{"TensorEmpty", one("{}"), 0},
        BadHeader{"UnknownField",
                  one(R"({"dtype":"I8","shape":[1],"data_offsets":[0,1],"more":1})"), 1},
        BadHeader{"MissingField", one(R"({"dtype":"I8","shape":[1],"other":[0,1]})"), 1},
        BadHeader{"UnknownType", one(entry("F8", "[1]", "[0,1]")), 1},
        BadHeader{"TypeNumber", one(R"({"dtype":1,"shape":[1],"data_offsets":[0,1]})"), 1},
        BadHeader{"ShapeText", one(entry("I8", "\"1\"", "[0,1]")), 1},
        BadHeader{"NegativeSize", one(entry("I8", "[-1]", "[0,1]")), 1},
        BadHeader{"FractionSize", one(entry("I8", "[1.0]", "[0,1]")), 1},
        BadHeader{"HugeSize", one(entry("I8", "[9223372036854775808]", "[0,1]")), 1},
        BadHeader{"OverflowingShape", one(entry("F32", "[4294967296,4294967296]", "[0,0]")), 0},
        BadHeader{"OverflowingBytes", one(entry("F32", "[4611686018427387904]", "[0,0]")), 0},
        BadHeader{"ManyDimensions", one(entry("I8", "[1,1,1,1,1,1,1,1,1]", "[0,1]")), 1},
        BadHeader{"ShapeTooSmall", one(entry("F32", "[1]", "[0,8]")), 8},
        BadHeader{"ShapeTooLarge", one(entry("F32", "[3]", "[0,8]")), 8},
        BadHeader{"OneOffset", one(entry("I8", "[1]", "[0]")), 1},
        BadHeader{"OffsetsSwapped", one(entry("I8", "[1]", "[1,0]")), 1},
        BadHeader{"BeyondTheEnd", one(entry("I8", "[2]", "[0,2]")), 1},
        BadHeader{"GapAtTheStart", one(entry("I8", "[1]", "[1,2]")), 2},
        BadHeader{"BytesLeftOver", one(entry("I8", "[1]", "[0,1]")), 2},
        BadHeader{"Overlap", two(entry("I8", "[2]", "[0,2]"), entry("I8", "[2]", "[1,3]")), 3},
        BadHeader{"Gap", two(entry("I8", "[1]", "[0,1]"), entry("I8", "[1]", "[2,3]")), 3}),
    [](const auto& row) { return row.param.name; });

TEST(Safetensors, RefusesImpossibleHeaderLengths) {
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3},
                                     std::uint64_t{100'000'001}, UINT64_MAX, UINT64_MAX - 7}) {
    auto bytes = file_of("{}", 0);
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_THROW(SafetensorsFile::parse(bytes, "x"), Error) << length;
  }
  for (std::size_t size = 0; size < 10; ++size) {
    auto bytes = file_of("{}", 0);
    bytes.resize(size);
    EXPECT_THROW(SafetensorsFile::parse(bytes, "x"), Error) << size;
  }
}

TEST(Safetensors, FloatsMustBeFiniteFloats) {
  const std::vector<float> bad{1, std::nanf("")}, infinite{INFINITY};
  const std::vector<std::uint8_t> bytes{1};
  EXPECT_THROW(to_floats(view_of(bad, {2}), "a"), Error);
  EXPECT_THROW(to_floats(view_of(infinite, {1}), "a"), Error);
  EXPECT_THROW(to_floats({DType::kU8, {1}, std::as_bytes(std::span(bytes))}, "a"), Error);
  const std::vector<std::uint16_t> nan{0x7fc0};
  EXPECT_THROW(to_floats({DType::kBf16, {1}, std::as_bytes(std::span(nan))}, "a"), Error);
}

}  // namespace
}  // namespace novelty
