// SPDX-License-Identifier: Apache-2.0
// Sorts the images of a set into classes.
#include "class_data.h"

#include <filesystem>
#include <sstream>

#include "novelty/error.h"
#include "record_data.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLayout = "lay it out as train/CLASS/IMAGE and test/CLASS/IMAGE";

void check_test_images(const ClassData& data, const std::string& name) {
  const bool own = data.test.contains(name);
  if (!own || data.test.size() < 2)
    throw Error(ErrorKind::kFormat, name,
                own ? "is the only class with test images" : "has no test images", kLayout);
}

// The training data's classes, or those of `list`.
std::vector<std::string> chosen_classes(const ClassData& data, const std::string& list) {
  std::vector<std::string> names;
  std::istringstream text(list);
  for (std::string name; std::getline(text, name, ',');) {
    if (!data.train.contains(name))
      throw Error(ErrorKind::kSettings, "--classes " + list, "there is no class \"" + name + "\"",
                  "use names of folders in train");
    names.push_back(name);
  }
  if (names.empty())
    for (const auto& [name, files] : data.train) names.push_back(name);
  for (const std::string& name : names) check_test_images(data, name);
  return names;
}

std::vector<ClassTask> halves(const ClassData& data, const std::string& list) {
  if (!list.empty())
    throw Error(ErrorKind::kSettings, "--classes " + list, "half-vs-half takes all classes",
                "leave --classes out");
  const std::vector<std::string> names = chosen_classes(data, {});
  if (names.size() % 2 != 0)
    throw Error(ErrorKind::kFormat, std::to_string(names.size()) + " classes", "have no two halves",
                "use another protocol");
  std::vector<ClassTask> tasks{{"first-half", {}}, {"second-half", {}}, {"even", {}}, {"odd", {}}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    tasks[i < names.size() / 2 ? 0 : 1].normal.insert(names[i]);
    tasks[i % 2 == 0 ? 2 : 3].normal.insert(names[i]);
  }
  return tasks;
}

// By the last two folders of each image.
ClassData read_folders(const std::string& path) {
  ClassData data;
  for (ImageFile& file : list_images(path)) {
    const fs::path folder = fs::path(file.name).parent_path();
    const std::string split = folder.parent_path().filename().string();
    const std::string name = folder.filename().string();
    if (split == "train" || split == "test")
      (split == "train" ? data.train : data.test)[name].push_back(std::move(file));
  }
  return data;
}

}  // namespace

ClassData read_class_data(const std::string& path) {
  if (!fs::exists(path))
    throw Error(ErrorKind::kNotFound, path, "no such file or folder", "check the path");
  ClassData data = is_record_data(path) ? read_record_data(path) : read_folders(path);
  if (data.train.size() < 2)
    throw Error(ErrorKind::kFormat, path, "holds fewer than two classes to train on", kLayout);
  for (const auto& [name, files] : data.test)
    if (!data.train.contains(name))
      throw Error(ErrorKind::kFormat, path, "has no training images of the class " + name, kLayout);
  return data;
}

void hold_out(ClassData& data, std::size_t count) {
  data.test.clear();
  for (auto& [name, files] : data.train) {
    if (files.size() <= count)
      throw Error(
          ErrorKind::kSettings, "--holdout " + std::to_string(count),
          "leaves none of the " + std::to_string(files.size()) + " training images of " + name,
          "hold out fewer");
    const auto middle = files.end() - static_cast<std::ptrdiff_t>(count);
    data.test[name].assign(middle, files.end());
    files.erase(middle, files.end());
  }
}

std::vector<ClassTask> tasks_of(const ClassData& data, const std::string& protocol,
                                const std::string& list) {
  if (protocol == "half-vs-half") return halves(data, list);
  const std::vector<std::string> chosen = chosen_classes(data, list);
  std::vector<ClassTask> tasks;
  for (const std::string& name : chosen) {
    if (protocol == "one-vs-all") {
      tasks.push_back({name, {name}});
    } else if (protocol == "all-vs-one") {
      ClassTask& task = tasks.emplace_back(ClassTask{"all-but-" + name, {}});
      for (const auto& [other, files] : data.train)
        if (other != name) task.normal.insert(other);
    } else {
      throw Error(ErrorKind::kSettings, "--protocol " + protocol, "there is no such protocol",
                  "use one-vs-all, all-vs-one or half-vs-half");
    }
  }
  return tasks;
}

}  // namespace novelty
