// SPDX-License-Identifier: Apache-2.0
// Reads MVTec AD's layout.
#include "mvtec_data.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "interrupt.h"
#include "novelty/error.h"
#include "picture.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGood = "good";
constexpr const char* kLayout =
    "lay it out as CATEGORY/train/good, CATEGORY/test/DEFECT and CATEGORY/ground_truth/DEFECT";

// Empty where there is none, or it cannot be read.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure))
    if (entry->is_directory(failure) && !entry->path().filename().string().starts_with('.'))
      folders.push_back(entry->path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

// Other classes to train on make it a set of classes, one of which is called "good".
bool is_category(const fs::path& folder) {
  const auto train = folders_in(folder / "train");
  return train.size() == 1 && train.front().filename() == kGood &&
         !folders_in(folder / "test").empty();
}

std::vector<fs::path> categories_in(const std::string& path) {
  if (is_category(path)) return {fs::canonical(path)};
  std::vector<fs::path> categories = folders_in(path);
  std::erase_if(categories, [](const fs::path& folder) { return !is_category(folder); });
  return categories;
}

std::vector<fs::path> chosen(std::vector<fs::path> categories, const std::string& list) {
  if (list.empty()) return categories;
  std::set<std::string> names;
  std::istringstream text(list);
  for (std::string name; std::getline(text, name, ',');) {
    const auto is_it = [&](const fs::path& folder) { return folder.filename() == name; };
    if (std::none_of(categories.begin(), categories.end(), is_it))
      throw Error(ErrorKind::kSettings, "--classes " + list,
                  "there is no category \"" + name + "\"", "use names of folders in --data");
    names.insert(name);
  }
  std::erase_if(categories, [&](const fs::path& folder) {
    return !names.contains(folder.filename().string());
  });
  return categories;
}

// "000.png" has "000_mask.png", as MVTec AD has it, or "000.png".
std::string mask_of(const fs::path& category, const std::string& defect, const fs::path& image) {
  const fs::path folder = category / "ground_truth" / defect;
  for (const char* ending : {"_mask.png", ".png"}) {
    const fs::path mask = folder / (image.stem().string() + ending);
    if (fs::is_regular_file(mask)) return mask.string();
  }
  throw Error(ErrorKind::kFormat, image.string(), "shows a defect and has no mask",
              "put one into " + folder.string());
}

void check_mask(const ImageFile& file) {
  const Picture picture = read_picture(file), mask = read_picture({file.mask, file.mask});
  if (picture.width == mask.width && picture.height == mask.height) return;
  throw Error(ErrorKind::kFormat, file.mask,
              "is of " + std::to_string(mask.width) + "x" + std::to_string(mask.height) +
                  " pixels, its image of " + std::to_string(picture.width) + "x" +
                  std::to_string(picture.height),
              "make it again");
}

InspectionSet read_category(const fs::path& category) {
  InspectionSet set;
  set.task.name = category.filename().string();
  set.task.normal = {kGood};
  set.data.train[kGood] = list_images((category / "train" / kGood).string());
  for (const fs::path& folder : folders_in(category / "test")) {
    const std::string name = folder.filename().string();
    auto& files = set.data.test[name] = list_images(folder.string());
    if (name == kGood) continue;
    for (ImageFile& file : files) {
      throw_if_interrupted();
      file.mask = mask_of(category, name, file.path);
      check_mask(file);
    }
  }
  if (!set.data.test.contains(kGood) || set.data.test.size() < 2)
    throw Error(ErrorKind::kFormat, category.string(),
                "has no test images of good ones and defects", kLayout);
  return set;
}

}  // namespace

bool is_mvtec(const std::string& path) {
  std::error_code failure;
  return fs::is_directory(path, failure) && !categories_in(path).empty();
}

std::vector<InspectionSet> read_mvtec(const std::string& path, const std::string& list) {
  std::vector<InspectionSet> sets;
  for (const fs::path& category : chosen(categories_in(path), list))
    sets.push_back(read_category(category));
  return sets;
}

}  // namespace novelty
