// SPDX-License-Identifier: Apache-2.0
// Images as training footage.
#include "image_footage.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/sha256.h"
#include "interrupt.h"
#include "novelty/error.h"

namespace novelty {
namespace {

std::vector<ImageFile> choose(const std::vector<ImageFile>& all, const FootageOptions& options) {
  const std::size_t chosen = options.frames.count_within(all.size());
  if (chosen == 0)
    throw Error(ErrorKind::kSettings, "--frames " + options.frames.text(),
                "there are only " + std::to_string(all.size()) + " images", "they count from 0");
  std::vector<ImageFile> files;
  for (std::size_t n = 0; n < std::min(chosen, options.max_frames); ++n)
    files.push_back(all.at(options.frames.nth(even_sample(n, chosen, options.max_frames))));
  return files;
}

}  // namespace

ImageFootage::ImageFootage(const std::vector<std::string>& inputs, FootageOptions options)
    : options_(std::move(options)) {
  std::vector<ImageFile> all;
  for (const std::string& input : inputs)
    for (ImageFile& file : list_images(input)) all.push_back(std::move(file));
  files_ = choose(all, options_);
}

ImageFootage::ImageFootage(std::vector<ImageFile> files) : files_(std::move(files)) {
  options_.max_frames = files_.size();
}

void ImageFootage::check_files() {
  if (checked_) return;
  std::vector<ImageFile> readable;
  std::vector<std::string> warnings;
  Sha256 hash;
  for (const ImageFile& file : files_) {
    throw_if_interrupted();
    try {
      const std::vector<std::byte> bytes = read_image_file(file);
      if (file.tiles.empty()) {
        decode_picture(bytes, file.name);
      } else {
        read_picture(file);
      }
      const std::string digest = sha256_hex(bytes);
      hash.update(std::as_bytes(std::span(digest)));
      readable.push_back(file);
    } catch (const Error& error) {
      warnings.push_back(std::string("left out: ") + error.what());
    }
  }
  if (readable.empty())
    throw Error(ErrorKind::kFormat, files_.front().path, "none of the images can be read",
                "the first fault: " + warnings.front());
  files_ = std::move(readable);
  warnings_ = std::move(warnings);
  content_hash_ = hash.hex_digest();
  checked_ = true;
}

std::string ImageFootage::identity() {
  check_files();
  nlohmann::ordered_json facts{{"kind", "images"}};
  facts["images"] = files_.size();
  facts["sha256"] = content_hash_;
  facts["frames"] = options_.frames.text().empty() ? "all" : options_.frames.text();
  facts["max_frames"] = options_.max_frames;
  return facts.dump();
}

std::size_t ImageFootage::count() {
  check_files();
  return files_.size();
}

bool ImageFootage::next(FrameView& frame) {
  if (next_index_ >= count()) return false;
  throw_if_interrupted();
  const ImageFile& file = files_.at(next_index_);
  current_ = read_picture(file);
  frame = current_.view();
  ++next_index_;
  return true;
}

std::string ImageFootage::label(std::size_t index) {
  check_files();
  return files_.at(index).name;
}

}  // namespace novelty
