// SPDX-License-Identifier: Apache-2.0
// The resampling kernels of each instruction set of this machine against those without any.
#include "image/band_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"

namespace novelty {
namespace {

class BandKernelsTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    kernels_ = band_kernels_of(GetParam());
    if (!kernels_) GTEST_SKIP() << "this machine has no " << GetParam();
  }

  std::vector<float> random_floats(std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(rng_.normal());
    return values;
  }

  static void expect_alike(const std::vector<float>& found, const std::vector<float>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      ASSERT_NEAR(found[i], expected[i], 1e-5 * (1 + std::abs(double{expected[i]}))) << i;
  }

  Rng rng_{1};
  const BandKernels* kernels_ = nullptr;
  const BandKernels& plain_ = *band_kernels_of("plain");
};

// Rows end where their memory ends: a sanitizer sees what reads beyond.
TEST_P(BandKernelsTest, BlendRowsOfEveryLength) {
  constexpr int kTaps = 5, kSourceRows = 20;
  for (const int row_bytes : {1, 15, 16, 17, 63, 64, 65, 200}) {
    for (const int count : {1, 7, kBandRows}) {
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(row_bytes) * kSourceRows);
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng_.next());
      const auto weights = random_floats(std::size_t{kBandRows} * kTaps);
      BandTaps taps{count, row_bytes, {}, {}, {}};
      for (int i = 0; i < count; ++i) {
        taps.data[i] = bytes.data() + std::ptrdiff_t{i % kBandRows} * row_bytes;
        taps.weights[i] = &weights[static_cast<std::size_t>(i) * kTaps];
        taps.taps[i] = 1 + i % kTaps;
      }
      const auto columns = static_cast<std::size_t>(row_bytes + kBandRows - 1) / kBandRows;
      std::vector<float> found(columns * kBandRows * kBandRows, NAN), expected = found;
      kernels_->blend(taps, row_bytes, found.data());
      plain_.blend(taps, row_bytes, expected.data());
      expect_alike(found, expected);
      double first = 0;
      for (int k = 0; k < taps.taps[0]; ++k)
        first += double{weights[static_cast<std::size_t>(k)]} *
                 bytes[static_cast<std::size_t>(k) * static_cast<std::size_t>(row_bytes)];
      EXPECT_NEAR(found[0], first, 1e-3);
    }
  }
}

TEST_P(BandKernelsTest, FilterSamplesThatLieApart) {
  const auto band = random_floats(std::size_t{40} * kBandRows);
  const std::vector<int> first{0, 2, 5}, taps{1, 4, 3};
  const auto weights = random_floats(12);
  for (const int step : {1, 4}) {
    std::vector<float> found(3 * kBandRows), expected = found;
    const ColumnTaps columns{3, 4, first.data(), taps.data(), weights.data()};
    kernels_->filter(columns, band.data(), 1, step, found.data());
    plain_.filter(columns, band.data(), 1, step, expected.data());
    expect_alike(found, expected);
    EXPECT_NEAR(found[0], weights[0] * band[kBandRows], 1e-6);
  }
}

TEST_P(BandKernelsTest, TurnColumnsIntoRows) {
  const auto from = random_floats(std::size_t{2} * kBandRows * kBandRows);
  constexpr int kSquareStride = 300;
  std::vector<float> to(kSquareStride + kBandRows * kBandRows);
  kernels_->turn(from.data(), 2 * kBandRows, kSquareStride, to.data());
  for (std::size_t x = 0; x < 2 * kBandRows; ++x) {
    for (std::size_t y = 0; y < kBandRows; ++y) {
      EXPECT_EQ(to[x / kBandRows * kSquareStride + y * kBandRows + x % kBandRows],
                from[x * kBandRows + y]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, BandKernelsTest, ::testing::Values("plain", "avx2", "avx512"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace novelty
