// SPDX-License-Identifier: Apache-2.0
// Opens what the user gives to learn from.
#include "footage.h"

#include <algorithm>
#include <filesystem>

#include "image_files.h"
#include "image_footage.h"
#include "novelty/error.h"
#include "video_footage.h"

namespace novelty {
namespace {

bool is_image_input(const std::string& input) {
  if (!std::filesystem::exists(input))
    throw Error(ErrorKind::kNotFound, input, "no such file or folder", "check the path");
  return std::filesystem::is_directory(input) || is_image_file(input) || is_tar(input);
}

}  // namespace

bool are_images(const std::vector<std::string>& inputs) {
  const auto images = std::count_if(inputs.begin(), inputs.end(), is_image_input);
  if (images != 0 && images != static_cast<std::ptrdiff_t>(inputs.size()))
    throw Error(ErrorKind::kSettings, "inputs", "videos and images cannot be mixed",
                "give one kind at a time");
  return images != 0;
}

std::unique_ptr<Footage> open_footage(const std::vector<std::string>& inputs,
                                      const FootageOptions& options) {
  if (are_images(inputs)) return std::make_unique<ImageFootage>(inputs, options);
  return std::make_unique<VideoFootage>(inputs, options);
}

std::string base_name(const std::string& path) {
  const std::filesystem::path full(path);
  return (full.has_filename() ? full : full.parent_path()).filename().string();
}

}  // namespace novelty
