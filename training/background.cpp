// SPDX-License-Identifier: Apache-2.0
// Background subtraction with OpenCV.
#include "background.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>
#include <vector>

namespace novelty {
namespace {

cv::Mat view_of(std::span<const std::uint8_t> rgb, int size) {
  return {size, size, CV_8UC3, const_cast<std::uint8_t*>(rgb.data())};  // only read
}

class Mog2 : public Background {
 public:
  explicit Mog2(int size) : size_(size), model_(cv::createBackgroundSubtractorMOG2()) {}

  double score(std::span<const std::uint8_t> rgb) override {
    if (learnt_ == 0) return 0;
    apply(rgb, 0);
    return static_cast<double>(cv::countNonZero(mask_ == kForeground)) /
           static_cast<double>(mask_.total());
  }

  void learn(std::span<const std::uint8_t> rgb) override {
    ++learnt_;
    // MOG2's own automatic rate, which would count the pictures that were only scored as well.
    apply(rgb, 1.0 / std::min(2 * learnt_, model_->getHistory()));
  }

 private:
  static constexpr int kForeground = 255;  // 127 is a shadow

  void apply(std::span<const std::uint8_t> rgb, double rate) {
    model_->apply(view_of(rgb, size_), mask_, rate);
  }

  int size_;
  int learnt_ = 0;
  cv::Ptr<cv::BackgroundSubtractorMOG2> model_;
  cv::Mat mask_;
};

class MedianDifference : public Background {
 public:
  MedianDifference(int size, std::size_t expected)
      : size_(size), stride_((expected + kMostKept - 1) / kMostKept) {}

  double score(std::span<const std::uint8_t> rgb) override {
    if (kept_.empty()) return 0;
    if (median_.empty()) median_ = median();
    cv::Mat difference;
    cv::absdiff(grey(rgb), median_, difference);
    return cv::mean(difference)[0] / 255;
  }

  void learn(std::span<const std::uint8_t> rgb) override {
    if (learnt_++ % std::max<std::size_t>(stride_, 1) != 0) return;
    kept_.push_back(grey(rgb));
    median_.release();
  }

 private:
  static constexpr std::size_t kMostKept = 64;

  cv::Mat grey(std::span<const std::uint8_t> rgb) const {
    cv::Mat picture;
    cv::cvtColor(view_of(rgb, size_), picture, cv::COLOR_RGB2GRAY);
    return picture;
  }

  cv::Mat median() const {
    cv::Mat result(size_, size_, CV_8UC1);
    std::vector<std::uint8_t> values(kept_.size());
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    for (int y = 0; y < size_; ++y)
      for (int x = 0; x < size_; ++x) {
        for (std::size_t i = 0; i < kept_.size(); ++i) values[i] = kept_[i].at<std::uint8_t>(y, x);
        std::nth_element(values.begin(), middle, values.end());
        result.at<std::uint8_t>(y, x) = *middle;
      }
    return result;
  }

  int size_;
  std::size_t stride_;  // every so many pictures are kept
  std::size_t learnt_ = 0;
  std::vector<cv::Mat> kept_;
  cv::Mat median_;  // of kept_; made by the first score after a change
};

}  // namespace

std::unique_ptr<Background> make_mog2(int size) {
  return std::make_unique<Mog2>(size);
}

std::unique_ptr<Background> make_median_difference(int size, std::size_t expected) {
  return std::make_unique<MedianDifference>(size, expected);
}

}  // namespace novelty
