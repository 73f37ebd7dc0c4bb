// SPDX-License-Identifier: Apache-2.0
// Errors, hashes, random numbers, half precision, JSON limits.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/half.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "novelty/error.h"

namespace novelty {
namespace {

TEST(Error, ComposesOneLine) {
  EXPECT_STREQ(Error(ErrorKind::kRead, "a", "b", "c").what(), "a: b (c)");
  EXPECT_STREQ(Error(ErrorKind::kRead, "", "b", "c").what(), "b (c)");
  EXPECT_STREQ(Error(ErrorKind::kRead, "a", "b").what(), "a: b");
  EXPECT_EQ(Error(ErrorKind::kVersion, "a", "b").kind(), ErrorKind::kVersion);
}

TEST(Error, HasNoControlCharactersAndAnEnd) {
  EXPECT_STREQ(Error(ErrorKind::kRead, "a\nb", "c\x1b[31m").what(), "a b: c [31m");
  const std::string text = Error(ErrorKind::kRead, "", std::string(100000, 'x')).what();
  EXPECT_LT(text.size(), 1100U);
}

TEST(Error, CutsBetweenCharacters) {
  std::string text = "a";  // then two-byte characters, so that the limit falls within one
  for (int i = 0; i < 1000; ++i) text += "\xc3\xa4";
  const std::string cut = Error(ErrorKind::kRead, "", text).what();
  EXPECT_EQ(cut.substr(cut.size() - 5), "\xc3\xa4...");
}

std::string hash_of(const std::string& text) {
  return sha256_hex(std::as_bytes(std::span(text)));
}

TEST(Sha256, HashesThePublishedExamples) {  // FIPS 180-4 examples
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnTheCuts) {
  const std::string text(300, 'x');
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t size = 0; size < 200; ++size) {
    Sha256 hash;
    hash.update(bytes.first(size));
    hash.update(bytes.subspan(size, 70));
    ASSERT_EQ(hash.hex_digest(), sha256_hex(bytes.first(size + 70))) << size;
  }
}

TEST(Rng, IsAFunctionOfSeedAndStream) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (std::uint64_t stream = 0; stream < 50; ++stream) {
      firsts.insert(Rng(seed, stream).next());
      ASSERT_EQ(Rng(seed, stream).next(), Rng(seed, stream).next());
    }
  }
  EXPECT_EQ(firsts.size(), 2500U);
}

TEST(Rng, DrawsEvenly) {
  constexpr int kDraws = 100000;
  Rng rng(1);
  double sum = 0, normal_sum = 0, square_sum = 0;
  std::vector<int> counts(7);
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += u;
    const double n = rng.normal();
    normal_sum += n;
    square_sum += n * n;
    ++counts.at(rng.below(counts.size()));
  }
  // Five standard deviations of each mean: 0.29, 1, sqrt(2) and sqrt(1/7 * 6/7) over sqrt(draws).
  EXPECT_NEAR(sum / kDraws, 0.5, 0.0046);
  EXPECT_NEAR(normal_sum / kDraws, 0, 0.016);
  EXPECT_NEAR(square_sum / kDraws, 1, 0.023);
  for (const int count : counts) EXPECT_NEAR(count / double{kDraws}, 1 / 7., 0.0056);
}

TEST(Half, RoundTripsEveryBitPattern) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(half_to_float(float_to_half(value)))) << bits;
    } else {
      ASSERT_EQ(float_to_half(value), half) << bits;
    }
    const float wide = bfloat16_to_float(half);
    if (!std::isnan(wide)) {
      ASSERT_EQ(float_to_bfloat16(wide), half) << bits;
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(half_to_float(float_to_half(1 + 0x1p-11F)), 1);                // a tie: down to even
  EXPECT_EQ(half_to_float(float_to_half(1 + 3 * 0x1p-11F)), 1 + 0x1p-9F);  // a tie: up to even
  EXPECT_EQ(half_to_float(float_to_half(1 + 0x1.2p-11F)), 1 + 0x1p-10F);
  EXPECT_EQ(half_to_float(float_to_half(65519)), 65504);
  EXPECT_EQ(half_to_float(float_to_half(65520)), infinity);
  EXPECT_EQ(half_to_float(float_to_half(-1e9F)), -infinity);
  EXPECT_EQ(half_to_float(float_to_half(0x1p-24F)), 0x1p-24F);  // the smallest there is
  EXPECT_EQ(half_to_float(float_to_half(0x1p-25F)), 0);         // a tie: down to even
  EXPECT_EQ(half_to_float(float_to_half(0x1.1p-25F)), 0x1p-24F);
  EXPECT_EQ(half_to_float(float_to_half(0x1.ffep-15F)), 0x1p-14F);  // up into the normal ones
  EXPECT_EQ(bfloat16_to_float(float_to_bfloat16(1 + 0x1p-8F)), 1);
  EXPECT_EQ(bfloat16_to_float(float_to_bfloat16(1 + 3 * 0x1p-8F)), 1 + 0x1p-6F);
  EXPECT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(std::nanf("1")))));
}

TEST(Json, RefusesWhatTheParserWouldLetPass) {
  const std::string deep(17, '[');
  std::string many = "[0";
  for (int i = 0; i < 1'000'000; ++i) many += ",0";
  for (const std::string& text :
       {std::string(R"({"a":1,"a":1})"), std::string(R"({"x":{"a":1,"a":1}})"),
        deep + std::string(17, ']'), std::string(1'000'000, '['), many + "]", std::string("{"),
        std::string(), std::string("{} x"), std::string("\"\xff\"")}) {
    EXPECT_THROW(parse_json(text, "here"), Error) << text.substr(0, 30);
  }
  EXPECT_NO_THROW(parse_json(R"({"a":{"b":1},"b":{"b":1}, "c":[{"a":0},{"a":0}]})", "here"));
}

}  // namespace
}  // namespace novelty
