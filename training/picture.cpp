// SPDX-License-Identifier: Apache-2.0
// Decodes an image with OpenCV, and draws heat maps for the report.
#include "picture.h"

#include <algorithm>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr int kMaxSide = 32768;  // FrameView's limit

cv::Mat decode(std::span<const std::byte> bytes) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  if (bytes.empty()) return {};
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1,
                        const_cast<std::byte*>(bytes.data()));  // only read
  try {
    return cv::imdecode(encoded, cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {
    return {};
  }
}

cv::Mat view_rgb(std::span<const std::uint8_t> rgb, int width, int height) {
  return {height, width, CV_8UC3, const_cast<std::uint8_t*>(rgb.data())};  // only read
}

}  // namespace

FrameView Picture::view() const {
  FrameView view;
  view.format = PixelFormat::kBgr;
  view.width = width;
  view.height = height;
  view.range = ColorRange::kFull;
  view.planes[0] = {bgr.data(), static_cast<std::ptrdiff_t>(width) * 3};
  return view;
}

namespace {

cv::Mat decode_or_throw(std::span<const std::byte> bytes, const std::string& where) {
  cv::Mat image = decode(bytes);
  if (image.empty())
    throw Error(ErrorKind::kFormat, where, "is no readable image", "remove or replace it");
  if (image.cols > kMaxSide || image.rows > kMaxSide)
    throw Error(ErrorKind::kFormat, where, "is over 32768 pixels a side", "scale it down");
  return image;
}

cv::Mat mosaic_of(const std::vector<ImageFile>& tiles) {
  cv::Mat whole;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    cv::Mat tile = decode_or_throw(read_image_file(tiles[i]), tiles[i].name);
    if (i == 0) {
      if (2 * std::max(tile.cols, tile.rows) > kMaxSide)
        throw Error(ErrorKind::kFormat, tiles[i].name, "is too large for a mosaic",
                    "scale it down");
      whole.create(2 * tile.rows, 2 * tile.cols, CV_8UC3);
    }
    const cv::Size size(whole.cols / 2, whole.rows / 2);
    if (tile.size() != size) cv::resize(tile, tile, size, 0, 0, cv::INTER_AREA);
    const auto place = static_cast<int>(i);
    tile.copyTo(whole({place % 2 * size.width, place / 2 * size.height, size.width, size.height}));
  }
  return whole;
}

Picture picture_of(const cv::Mat& image) {
  Picture picture{image.cols, image.rows, {}};
  const auto row_bytes = static_cast<std::size_t>(image.cols) * 3;
  picture.bgr.resize(row_bytes * static_cast<std::size_t>(image.rows));
  for (int y = 0; y < image.rows; ++y)
    std::memcpy(picture.bgr.data() + row_bytes * static_cast<std::size_t>(y), image.ptr(y),
                row_bytes);
  return picture;
}

}  // namespace

Picture decode_picture(std::span<const std::byte> bytes, const std::string& where) {
  return picture_of(decode_or_throw(bytes, where));
}

Picture read_picture(const ImageFile& file) {
  if (file.tiles.empty()) return decode_picture(read_image_file(file), file.name);
  return picture_of(mosaic_of(file.tiles));
}

std::vector<std::uint8_t> encode_jpeg(std::span<const std::uint8_t> rgb, int width, int height) {
  cv::Mat bgr;
  cv::cvtColor(view_rgb(rgb, width, height), bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(".jpg", bgr, bytes, {cv::IMWRITE_JPEG_QUALITY, 88}))
    throw Error(ErrorKind::kResource, "report", "a picture cannot be encoded");
  return bytes;
}

std::vector<std::uint8_t> encode_png(std::span<const std::uint8_t> grey, int width, int height) {
  const cv::Mat image(height, width, CV_8U, const_cast<std::uint8_t*>(grey.data()));
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(".png", image, bytes))
    throw Error(ErrorKind::kResource, "PNG", "a picture cannot be encoded");
  return bytes;
}

std::vector<std::uint8_t> paint_heat(std::span<const std::uint8_t> rgb, int size,
                                     std::span<const float> map, int map_size, int side) {
  cv::Mat picture;
  cv::resize(view_rgb(rgb, size, size), picture, {side, side}, 0, 0, cv::INTER_CUBIC);
  cv::Mat heat;
  cv::resize(cv::Mat(map_size, map_size, CV_32F, const_cast<float*>(map.data())), heat,
             {side, side}, 0, 0, cv::INTER_LINEAR);
  cv::Mat level;
  heat.convertTo(level, CV_8U, 170, 0);  // 1 = yellow; 1.5 and over = the reddest
  cv::Mat colors;
  cv::applyColorMap(level, colors, cv::COLORMAP_TURBO);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      auto& pixel = picture.at<cv::Vec3b>(y, x);
      const auto& color = colors.at<cv::Vec3b>(y, x);  // B, G, R
      const float alpha = std::clamp(heat.at<float>(y, x), 0.0F, 1.0F) * 0.65F;
      for (int c = 0; c < 3; ++c)
        pixel[c] = cv::saturate_cast<std::uint8_t>(static_cast<float>(pixel[c]) * (1 - alpha) +
                                                   static_cast<float>(color[2 - c]) * alpha);
    }
  return {picture.data, picture.data + picture.total() * picture.elemSize()};
}

}  // namespace novelty
