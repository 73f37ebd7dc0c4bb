// SPDX-License-Identifier: Apache-2.0
// Finds the teacher's weights where people keep them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// Where to look; empty parts are left out.
struct TeacherPlaces {
  std::string given;     ///< --teacher: a file, a folder or a name
  std::string variable;  ///< $NOVELTY_WEIGHTS: a file or folder
  std::string cache;     ///< the user's cache folder
  std::string checkout;  ///< weights beside the source checkout the program was built in
  std::string embedded;  ///< the file that comes with the program
};

/// A teacher that is there.
struct FoundTeacher {
  std::string path;
  std::string origin;     ///< "named by --teacher", "from the cache", "embedded", ...
  bool embedded = false;  ///< it is the one that comes with the program

  /// "PATH (22.9 MB, ORIGIN)".
  std::string text() const;
};

/// $NOVELTY_WEIGHTS, $XDG_CACHE_HOME/novelty or ~/.cache/novelty, and from the place of the
/// running program: ../shared/weights beside the checkout whose build folder it runs from; the
/// embedded teacher in that checkout's models/, or in share/novelty/models of the tree it is
/// installed in (wherever that was moved to).
TeacherPlaces teacher_places(const std::string& given);

/// `given` is a file, a folder, "nano" (the embedded teacher) or a name that known_teacher knows
/// and that lies in one of the folders; else the first *.safetensors of the other places, in a
/// folder the first by name. Never none.
/// Throws: Error(kNotFound) when what --teacher or $NOVELTY_WEIGHTS names holds none, when the
/// named teacher is nowhere, when even the embedded one is missing; Error(kSettings) when a name
/// fits several.
FoundTeacher find_teacher(const TeacherPlaces& places);

/// The weights of that name (without .safetensors) in the places' folders.
std::optional<std::string> find_named(const TeacherPlaces& places, const std::string& name);

}  // namespace novelty
