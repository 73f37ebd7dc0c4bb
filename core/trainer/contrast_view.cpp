// SPDX-License-Identifier: Apache-2.0
// Draws the views of contrastive fine-tuning.
#include "trainer/contrast_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "trainer/picture_part.h"

namespace novelty {
namespace {

// The usual ones of contrastive learning (SimCLR), at less than their usual strength.
constexpr double kLeastArea = 0.25;
constexpr double kLogAspect = 0.2;
constexpr double kJitter = 0.4;   // of brightness, contrast and saturation, as a share
constexpr double kHueTurn = 0.1;  // of a full turn
constexpr double kChangedShare = 0.8, kGreyShare = 0.2;

using Matrix = std::array<std::array<double, 3>, 3>;

constexpr std::array<double, 3> kGrey{0.299, 0.587, 0.114};
constexpr Matrix kToYiq{{{0.299, 0.587, 0.114}, {0.596, -0.274, -0.322}, {0.211, -0.523, 0.312}}};
constexpr Matrix kFromYiq{{{1, 0.956, 0.621}, {1, -0.272, -0.647}, {1, -1.106, 1.703}}};

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 3; ++k) out[i][j] += a[i][k] * b[k][j];
  return out;
}

// x -> grey(x) + factor * (x - grey(x))
Matrix saturation_of(double factor) {
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) out[i][j] = (1 - factor) * kGrey[j] + (i == j ? factor : 0);
  return out;
}

Matrix hue_of(double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return product(kFromYiq, product({{{1, 0, 0}, {0, c, -s}, {0, s, c}}}, kToYiq));
}

ColourChange draw_change(Rng& rng) {
  ColourChange change;
  if (rng.uniform() < kChangedShare) {
    const auto factor = [&] { return 1 + (2 * rng.uniform() - 1) * kJitter; };
    change.brightness = factor();
    change.contrast = factor();
    change.saturation = factor();
    change.hue = (2 * rng.uniform() - 1) * kHueTurn * 2 * std::numbers::pi;
  }
  change.grey = rng.uniform() < kGreyShare;
  return change;
}

}  // namespace

void change_colours(const ColourChange& change, int patch, std::vector<float>& patches) {
  if (patches.empty()) return;
  double sum = 0;
  for (const float value : patches) sum += double{value};
  const double mean = change.brightness * sum / static_cast<double>(patches.size());
  Matrix colours = product(hue_of(change.hue), saturation_of(change.saturation));
  if (change.grey) colours = product(saturation_of(0), colours);
  std::array<std::array<float, 3>, 3> factor{};
  std::array<float, 3> added{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      factor[i][j] = static_cast<float>(colours[i][j] * change.contrast * change.brightness);
      added[i] += static_cast<float>(colours[i][j] * (1 - change.contrast) * mean);
    }
  }
  const auto plane = static_cast<std::size_t>(patch) * static_cast<std::size_t>(patch);
  for (std::size_t first = 0; first < patches.size(); first += 3 * plane) {
    float* red = patches.data() + first;
    for (std::size_t i = 0; i < plane; ++i) {
      const std::array<float, 3> old{red[i], red[i + plane], red[i + 2 * plane]};
      for (std::size_t c = 0; c < 3; ++c)
        red[i + c * plane] = std::clamp(
            factor[c][0] * old[0] + factor[c][1] * old[1] + factor[c][2] * old[2] + added[c], 0.0F,
            1.0F);
    }
  }
}

void ContrastViews::set_picture(const std::vector<float>& patches) {
  picture_ = picture_of(patches, size_, patch_);
}

void ContrastViews::draw(Rng& rng, std::vector<float>& patches) {
  const PicturePart part = draw_part(rng, size_, kLeastArea, 1, kLogAspect);
  preprocess(part_view(picture_, size_, part), size_, patch_, scratch_, patches);
  if (rng.uniform() < 0.5) mirror(size_, patch_, patches);
  change_colours(draw_change(rng), patch_, patches);
}

}  // namespace novelty
