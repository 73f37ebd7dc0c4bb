// SPDX-License-Identifier: Apache-2.0
// Warps the reference, and correlates with it over all shifts.
#include "scene/pose_bank.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "scene/fourier.h"

namespace novelty {
namespace {

using Spectrum = std::vector<std::complex<float>>;

// Closer than a correlation's width to each other, up to what a loose bracket does.
constexpr std::array<double, 9> kTurns{0, 3, -3, 6, -6, 10, -10, 15, -15};  // degrees
constexpr std::array<double, 6> kZooms{0.67, 0.8, 0.9, 1.11, 1.25, 1.5};
constexpr int kOwnShift = 1;    // points; vibration and the resampling of the model's input
constexpr float kFloor = 0.1F;  // a picture without edges correlates with nothing

float sample(std::span<const float> luma, double y, double x) {
  const double last = kSceneSide - 1;
  y = std::clamp(y, 0.0, last);
  x = std::clamp(x, 0.0, last);
  const auto top = std::min(static_cast<std::size_t>(y), kSceneSide - 2);
  const auto left = std::min(static_cast<std::size_t>(x), kSceneSide - 2);
  const auto down = static_cast<float>(y - static_cast<double>(top));
  const auto right = static_cast<float>(x - static_cast<double>(left));
  const float* at = luma.data() + top * kSceneSide + left;
  const float upper = at[0] + right * (at[1] - at[0]);
  const float lower = at[kSceneSide] + right * (at[kSceneSide + 1] - at[kSceneSide]);
  return upper + down * (lower - upper);
}

// The luma from a camera turned by `turn` degrees and zoomed; frames are `aspect` times as wide as
// high, points are not.
std::vector<float> warped(const SceneReference& reference, double turn, double zoom) {
  const double angle = turn * std::numbers::pi / 180;
  const double c = std::cos(angle) / zoom;
  const double s = std::sin(angle) / zoom;
  const double middle = (kSceneSide - 1) / 2.0;
  std::vector<float> luma(kScenePoints);
  for (std::size_t i = 0; i < kScenePoints; ++i) {
    const std::size_t row = i / kSceneSide;
    const double y = static_cast<double>(row) - middle;
    const double x = (static_cast<double>(i % kSceneSide) - middle) * reference.aspect;
    luma[i] =
        sample(reference.luma, middle + c * y - s * x, middle + (s * y + c * x) / reference.aspect);
  }
  return luma;
}

Spectrum spectrum_of(std::span<const std::complex<float>> edges) {
  constexpr std::size_t kMargin = (kFourierSize - kSceneSide) / 2;
  Spectrum spectrum(kFourierSize * kFourierSize);
  for (std::size_t i = 0; i < kScenePoints; ++i)
    spectrum[(kMargin + i / kSceneSide) * kFourierSize + kMargin + i % kSceneSide] = edges[i];
  fourier_transform(spectrum, FourierDirection::kForward);
  return spectrum;
}

bool is_own_place(std::size_t index) {
  const auto distance = [](std::size_t shift) {
    return static_cast<int>(std::min(shift, kFourierSize - shift));
  };
  return distance(index / kFourierSize) <= kOwnShift && distance(index % kFourierSize) <= kOwnShift;
}

// The highest correlation over the shifts; not over those that are as good as none, on request.
float highest(const Spectrum& picture, const Spectrum& pose, bool elsewhere, Spectrum& product) {
  product.resize(picture.size());
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const auto a = picture[i];
    const auto b = pose[i];
    product[i] = {a.real() * b.real() + a.imag() * b.imag(),
                  a.imag() * b.real() - a.real() * b.imag()};
  }
  fourier_transform(product, FourierDirection::kInverse);
  float best = 0;
  for (std::size_t i = 0; i < product.size(); ++i)
    if (!elsewhere || !is_own_place(i)) best = std::max(best, product[i].real());
  return best / static_cast<float>(kFourierSize * kFourierSize);
}

}  // namespace

float length_of(std::span<const std::complex<float>> edges) {
  float sum = 0;
  for (const auto& edge : edges) sum += std::norm(edge);
  return std::sqrt(sum);
}

PoseBank::PoseBank(const SceneReference& reference) {
  for (const double turn : kTurns) poses_.push_back(pose_of(reference, turn, 1));
  for (const double zoom : kZooms) poses_.push_back(pose_of(reference, 0, zoom));
}

PoseBank::Pose PoseBank::pose_of(const SceneReference& reference, double turn, double zoom) const {
  if (turn == 0 && zoom == 1)
    return {spectrum_of(reference.edges), length_of(reference.edges), true};
  ScenePicture picture;
  picture.luma = warped(reference, turn, zoom);
  describe_luma(picture);
  return {spectrum_of(picture.edges), length_of(picture.edges), false};
}

double PoseBank::best_elsewhere(const ScenePicture& picture) const {
  const Spectrum spectrum = spectrum_of(picture.edges);
  const float length = length_of(picture.edges);
  Spectrum product;
  float best = 0;
  for (const Pose& pose : poses_)
    best = std::max(best, highest(spectrum, pose.spectrum, pose.upright, product) /
                              (length * pose.length + kFloor));
  return best;
}

}  // namespace novelty
