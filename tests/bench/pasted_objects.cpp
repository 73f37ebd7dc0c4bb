// SPDX-License-Identifier: Apache-2.0
// Foreign objects for a clip: boxes cut from labelled photographs, and where they are pasted.
#include "pasted_objects.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "base/rng.h"
#include "novelty/error.h"

namespace novelty::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kPerson = 0;
constexpr int kLeastSide = 40;                           // pixels of the photograph
constexpr double kLeastShare = 0.03, kMostShare = 0.15;  // of the frame
constexpr double kMostOfSide = 0.9;

struct LabelledBox {
  fs::path image;
  int kind;
  double x, y, width, height;  // centre and size, shares of the image
};

std::vector<fs::path> files_below(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == extension) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// All boxes of objects that are no person, in order; the set has labels without a photograph.
std::vector<LabelledBox> boxes_in(const std::string& folder) {
  std::vector<LabelledBox> boxes;
  for (const fs::path& labels : files_below(fs::path(folder) / "labels" / "train2017", ".txt")) {
    const fs::path image =
        fs::path(folder) / "images" / "train2017" / labels.filename().replace_extension(".jpg");
    if (!fs::exists(image)) continue;
    std::ifstream file(labels);
    for (LabelledBox box{image, 0, 0, 0, 0, 0};
         file >> box.kind >> box.x >> box.y >> box.width >> box.height;)
      if (box.kind != kPerson) boxes.push_back(box);
  }
  return boxes;
}

// The pixels within the box; empty when they are too few.
cv::Mat cut(const LabelledBox& box) {
  const cv::Mat image = cv::imread(box.image.string(), cv::IMREAD_COLOR);
  if (image.empty())
    throw Error(ErrorKind::kRead, box.image.string(), "cannot be read", "give COCO128's folder");
  const auto place = [](double share, int side) { return static_cast<int>(share * side); };
  const cv::Rect rect(place(box.x - box.width / 2, image.cols),
                      place(box.y - box.height / 2, image.rows), place(box.width, image.cols),
                      place(box.height, image.rows));
  const cv::Rect inside = rect & cv::Rect(0, 0, image.cols, image.rows);
  if (inside.width < kLeastSide || inside.height < kLeastSide) return {};
  return image(inside).clone();
}

std::vector<std::uint8_t> i420_of(const cv::Mat& object, const PixelBox& box) {
  cv::Mat scaled, planes;
  cv::resize(object, scaled, {box.width, box.height}, 0, 0, cv::INTER_AREA);
  cv::cvtColor(scaled, planes, cv::COLOR_BGR2YUV_I420);
  return {planes.data, planes.data + planes.total()};
}

int even(double value) {
  return static_cast<int>(value / 2) * 2;
}

// False when the object does not fit the frame in that size.
bool place(const cv::Mat& object, const PlacementRange& range, Rng& rng, Placement& placement) {
  const double share = kLeastShare + rng.uniform() * (kMostShare - kLeastShare);
  const double scale = std::sqrt(share * range.width * range.height / double(object.total()));
  PixelBox& box = placement.box;
  box.width = even(object.cols * scale);
  box.height = even(object.rows * scale);
  if (box.width > kMostOfSide * range.width || box.height > kMostOfSide * range.height)
    return false;
  box.x = even(rng.uniform() * (range.width - box.width));
  box.y = even(rng.uniform() * (range.height - box.height));
  const std::size_t starts = range.last + 2 - range.first - range.run_in - range.frames;
  placement.first = range.first + range.run_in + rng.below(starts);
  placement.frames = range.frames;
  placement.i420 = i420_of(object, box);
  return true;
}

void copy_rows(const std::uint8_t* from, std::ptrdiff_t from_stride, std::uint8_t* to,
               std::ptrdiff_t to_stride, int width, int height) {
  for (int y = 0; y < height; ++y) std::copy_n(from + y * from_stride, width, to + y * to_stride);
}

}  // namespace

std::vector<Placement> draw_placements(const std::string& folder, std::size_t count,
                                       const PlacementRange& range, std::uint64_t seed) {
  std::vector<LabelledBox> boxes = boxes_in(folder);
  Rng rng(seed);
  for (std::size_t i = boxes.size(); i > 1; --i) std::swap(boxes[i - 1], boxes[rng.below(i)]);
  std::vector<Placement> placements;
  for (std::size_t i = 0; i < boxes.size() && placements.size() < count; ++i) {
    Placement placement;
    placement.name = boxes[i].image.stem().string() + " class " + std::to_string(boxes[i].kind);
    const cv::Mat object = cut(boxes[i]);
    if (!object.empty() && place(object, range, rng, placement))
      placements.push_back(std::move(placement));
  }
  return placements;
}

I420Copy::I420Copy(const FrameView& frame) : view_(frame) {
  if (frame.format != PixelFormat::kI420)
    throw Error(ErrorKind::kUnsupported, "clip", "is not decoded as I420", "convert it to 4:2:0");
  const int width = frame.width, height = frame.height;
  const int half_width = (width + 1) / 2, half_height = (height + 1) / 2;
  const std::array<std::pair<int, int>, 3> sizes{
      {{width, height}, {half_width, half_height}, {half_width, half_height}}};
  bytes_.resize(static_cast<std::size_t>(width) * height +
                2 * static_cast<std::size_t>(half_width) * half_height);
  std::uint8_t* to = bytes_.data();
  for (std::size_t plane = 0; plane < sizes.size(); ++plane) {
    const auto [columns, rows] = sizes[plane];
    copy_rows(frame.planes[plane].data, frame.planes[plane].stride_bytes, to, columns, columns,
              rows);
    view_.planes[plane] = {to, columns};
    to += static_cast<std::ptrdiff_t>(columns) * rows;
  }
}

void I420Copy::paste(const Placement& placement) {
  const PixelBox& box = placement.box;
  const std::uint8_t* from = placement.i420.data();
  for (std::size_t plane = 0; plane < 3; ++plane) {
    const int half = plane == 0 ? 1 : 2;
    const int columns = box.width / half, rows = box.height / half;
    const PlaneView& target = view_.planes[plane];
    std::uint8_t* to = bytes_.data() + (target.data - bytes_.data()) +
                       box.y / half * target.stride_bytes + box.x / half;
    copy_rows(from, columns, to, target.stride_bytes, columns, rows);
    from += static_cast<std::ptrdiff_t>(columns) * rows;
  }
}

}  // namespace novelty::bench
