// SPDX-License-Identifier: Apache-2.0
// Finds the teacher's weights where people keep them.
#include "teacher_search.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "novelty/error.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string cache_folder() {
  const std::string cache = variable("XDG_CACHE_HOME");
  if (!cache.empty()) return cache + "/novelty";
  const std::string home = variable("HOME");
  return home.empty() ? std::string() : home + "/.cache/novelty";
}

/// <checkout>/<build>/training/novelty -> <checkout>/../shared/weights
std::string checkout_weights() {
  std::error_code failure;
  const fs::path build = fs::read_symlink("/proc/self/exe", failure).parent_path().parent_path();
  if (failure || !fs::exists(build / "build.ninja", failure)) return {};
  const fs::path source = build.parent_path();
  if (!fs::exists(source / "training" / "meson.build", failure)) return {};
  return (source.parent_path() / "shared" / "weights").string();
}

std::optional<std::string> look_at(const fs::path& place) {
  std::error_code failure;
  if (fs::is_regular_file(place, failure)) return place.string();
  std::vector<std::string> found;
  for (fs::directory_iterator item(place, failure), end; !failure && item != end;
       item.increment(failure))
    if (item->path().extension() == ".safetensors") found.push_back(item->path().string());
  if (found.empty()) return std::nullopt;
  return *std::min_element(found.begin(), found.end());
}

/// Places the user named must hold weights.
std::string must_hold(const std::string& place, const char* where) {
  const auto found = look_at(place);
  if (!found)
    throw Error(ErrorKind::kNotFound, where, "no *.safetensors at " + place,
                "name a timm Vision Transformer's weights or a folder of them");
  return *found;
}

}  // namespace

TeacherPlaces teacher_places(const std::string& given) {
  return {given, variable("NOVELTY_WEIGHTS"), cache_folder(), checkout_weights()};
}

std::optional<std::string> find_teacher(const TeacherPlaces& places) {
  if (!places.given.empty()) return must_hold(places.given, "--teacher");
  if (!places.variable.empty()) return must_hold(places.variable, "$NOVELTY_WEIGHTS");
  for (const std::string& place : {places.cache, places.checkout}) {
    if (place.empty()) continue;
    if (auto found = look_at(place)) return found;
  }
  return std::nullopt;
}

std::vector<std::string> list_places(const TeacherPlaces& places) {
  std::vector<std::string> list;
  for (const std::string& place : {places.given, places.variable, places.cache, places.checkout})
    if (!place.empty()) list.push_back(place);
  return list;
}

}  // namespace novelty
