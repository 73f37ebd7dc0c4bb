// SPDX-License-Identifier: Apache-2.0
// The fuzz targets over generated corrupt inputs, in the normal suite: nothing but Error is thrown.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/safetensors.h"
#include "small_bundle.h"
#include "small_png.h"
#include "targets.h"

namespace novelty {
namespace {

using Bytes = std::vector<std::byte>;
using Target = void (*)(std::span<const std::byte>);

Bytes bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Text that means something to a parser of lengths and JSON.
const std::vector<std::string>& tokens() {
  static const std::vector<std::string> all{"{",
                                            "}",
                                            "[",
                                            "]",
                                            "\"",
                                            ",",
                                            ":",
                                            "\\u0000",
                                            "\\ud800",
                                            "-1",
                                            "-0",
                                            "1e9",
                                            "1e999",
                                            "0.5",
                                            "null",
                                            "true",
                                            "18446744073709551615",
                                            "9223372036854775808",
                                            "\xff",
                                            ";",
                                            " 1e-320,nan inf,-0",
                                            "IDAT",
                                            "PLTE",
                                            std::string(40, '['),
                                            std::string(8, '\xff'),
                                            std::string(8, '\0')};
  return all;
}

/// One to four random edits within the first `span` bytes: a flipped bit, a token written over or
/// put in, a piece cut out, the end cut off.
Bytes corrupted(Bytes bytes, std::size_t span, Rng& rng) {
  for (std::uint64_t edits = 1 + rng.below(4); edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = rng.below(std::min(span, bytes.size()));
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const Bytes token = bytes_of(tokens()[rng.below(tokens().size())]);
    const std::size_t length = std::min<std::size_t>(token.size(), bytes.size() - at);
    const auto end = place + static_cast<std::ptrdiff_t>(length);
    switch (rng.below(5)) {
      case 0:
        bytes[at] ^= std::byte{1} << rng.below(8);
        break;
      case 1:
        std::copy_n(token.begin(), length, place);
        break;
      case 2:
        bytes.insert(place, token.begin(), token.end());
        break;
      case 3:
        bytes.erase(place, end);
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

void replay(Target target, const Bytes& valid, std::size_t span, int rounds) {
  ASSERT_NO_THROW(target(valid));
  Rng rng(1);
  for (int i = 0; i < rounds; ++i) {
    const Bytes input = corrupted(valid, span, rng);
    ASSERT_NO_THROW(target(input)) << "round " << i;
  }
}

std::string valid_facts() {
  const testing::SmallBundle small;
  return SafetensorsFile::parse(testing::bytes_of(small), "m").metadata().at("novelty.facts");
}

TEST(FuzzReplay, SafetensorsReaderThrowsErrorsOnly) {
  const std::vector<float> values{1, 2, 3};
  replay(fuzz::safetensors,
         serialize_safetensors({{"a", view_of(values, {3})}, {"b", view_of(values, {1, 3})}},
                               {{"key", "value"}}),
         1000, 20000);
}

TEST(FuzzReplay, BundleReaderThrowsErrorsOnly) {
  const testing::SmallBundle small;
  replay(fuzz::bundle, testing::bytes_of(small), 6000, 1500);
}

TEST(FuzzReplay, FactsReaderThrowsErrorsOnly) {
  replay(fuzz::facts, bytes_of(valid_facts()), 4000, 10000);
}

TEST(FuzzReplay, MaskPolygonsThrowErrorsOnly) {
  replay(fuzz::mask_polygons, bytes_of("0.1,0.2 0.9,0.2 .9,1 1e-1,1; 0,0 1,0 1,1"), 1000, 20000);
}

TEST(FuzzReplay, MaskPngThrowsErrorsOnly) {
  std::vector<std::uint8_t> pixels(16 * 16 * 4);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37);
  replay(fuzz::mask_png, testing::png_of(pixels, 16, 16, 4), 2000, 5000);
}

TEST(FuzzReplay, TakesEmptyInputs) {
  for (const Target target :
       {fuzz::safetensors, fuzz::bundle, fuzz::facts, fuzz::mask_polygons, fuzz::mask_png}) {
    EXPECT_NO_THROW(target({}));
  }
}

}  // namespace
}  // namespace novelty
