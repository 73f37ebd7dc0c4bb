// SPDX-License-Identifier: Apache-2.0
// Finds the teacher's weights where people keep them.
#include "teacher_search.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "novelty/error.h"
#include "teacher_catalogue.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOther =
    "name a timm Vision Transformer's weights, a folder of them, or one "
    "of the names of 'novelty weights list'";

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

/// <checkout>/<build>/training/novelty or <prefix>/bin/novelty
void look_around_program(TeacherPlaces& places) {
  std::error_code failure;
  const fs::path above = fs::read_symlink("/proc/self/exe", failure).parent_path().parent_path();
  if (failure) return;
  const std::string file = std::string(kEmbeddedTeacher) + ".safetensors";
  const fs::path source = above.parent_path();
  if (fs::exists(above / "build.ninja", failure) &&
      fs::exists(source / "training" / "meson.build", failure)) {
    places.checkout = (source.parent_path() / "shared" / "weights").string();
    places.embedded = (source / "models" / file).string();
  } else {
    places.embedded = (above / "share" / "novelty" / "models" / file).string();
  }
}

bool is_file(const fs::path& path) {
  std::error_code failure;
  return fs::is_regular_file(path, failure);
}

std::optional<std::string> look_at(const fs::path& place) {
  if (is_file(place)) return place.string();
  std::error_code failure;
  std::vector<std::string> found;
  for (fs::directory_iterator item(place, failure), end; !failure && item != end;
       item.increment(failure))
    if (item->path().extension() == ".safetensors") found.push_back(item->path().string());
  if (found.empty()) return std::nullopt;
  return *std::min_element(found.begin(), found.end());
}

FoundTeacher embedded_teacher(const TeacherPlaces& places) {
  if (is_file(places.embedded)) return {places.embedded, "embedded", true};
  throw Error(ErrorKind::kNotFound,
              places.embedded.empty() ? "the embedded teacher" : places.embedded,
              "the teacher that comes with the program is missing",
              "reinstall the program, or name another with --teacher");
}

/// A known name, or a part of one, that is not there is not the same as a wrong path.
FoundTeacher named_teacher(const TeacherPlaces& places) {
  if (places.given == "nano" || places.given == kEmbeddedTeacher) return embedded_teacher(places);
  const KnownTeacher* known = known_teacher(places.given);
  if (known == nullptr)
    throw Error(ErrorKind::kNotFound, "--teacher", "no *.safetensors at " + places.given, kOther);
  if (const auto path = find_named(places, known->name)) return {*path, "named by --teacher"};
  throw Error(ErrorKind::kNotFound, "--teacher", std::string(known->name) + " is not here",
              std::string("get it with 'novelty weights get ") + known->name + "'");
}

}  // namespace

std::string FoundTeacher::text() const {
  std::error_code failure;
  const auto bytes = fs::file_size(path, failure);
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), " (%.1f MB, ",
                failure ? 0.0 : static_cast<double>(bytes) * 1e-6);
  return path + size.data() + origin + ")";
}

TeacherPlaces teacher_places(const std::string& given) {
  TeacherPlaces places{given, variable("NOVELTY_WEIGHTS"), cache_folder(), "", ""};
  look_around_program(places);
  return places;
}

FoundTeacher find_teacher(const TeacherPlaces& places) {
  if (!places.given.empty()) {
    if (const auto found = look_at(places.given)) return {*found, "named by --teacher"};
    return named_teacher(places);
  }
  if (!places.variable.empty()) {
    if (const auto found = look_at(places.variable)) return {*found, "from $NOVELTY_WEIGHTS"};
    throw Error(ErrorKind::kNotFound, "$NOVELTY_WEIGHTS", "no *.safetensors at " + places.variable,
                kOther);
  }
  if (const auto found = look_at(places.cache)) return {*found, "from the cache"};
  if (const auto found = look_at(places.checkout)) return {*found, "beside the checkout"};
  return embedded_teacher(places);
}

std::optional<std::string> find_named(const TeacherPlaces& places, const std::string& name) {
  for (const std::string& folder : {places.variable, places.cache, places.checkout}) {
    const fs::path path = fs::path(folder) / (name + ".safetensors");
    if (!folder.empty() && is_file(path)) return path.string();
  }
  return std::nullopt;
}

}  // namespace novelty
