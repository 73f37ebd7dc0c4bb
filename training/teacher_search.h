// SPDX-License-Identifier: Apache-2.0
// Finds the teacher's weights where people keep them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// Where to look; empty parts are left out.
struct TeacherPlaces {
  std::string given;     ///< --teacher: a file or folder
  std::string variable;  ///< $NOVELTY_WEIGHTS: a file or folder
  std::string cache;     ///< the user's cache folder
  std::string checkout;  ///< weights beside the source checkout the program was built in
};

/// $NOVELTY_WEIGHTS, $XDG_CACHE_HOME/novelty or ~/.cache/novelty, and ../shared/weights beside the
/// checkout when the program runs from its build folder.
TeacherPlaces teacher_places(const std::string& given);

/// The first *.safetensors found; in a folder the first by name; none when there is none.
/// Throws: Error(kNotFound) when --teacher or $NOVELTY_WEIGHTS names something that holds none.
std::optional<std::string> find_teacher(const TeacherPlaces& places);

/// The folders and files looked at, in order, for messages.
std::vector<std::string> list_places(const TeacherPlaces& places);

}  // namespace novelty
