// SPDX-License-Identifier: Apache-2.0
// Where a recording goes: the property `location` as a template of paths.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// `text` as a part of a file name: letters, digits, '-', '_' and inner '.' stay, all else becomes
/// '_'; at most 64 characters; never empty, never a path.
std::string safe_name(const std::string& text);

/// What the fields of a template stand for.
struct NameFields {
  std::string kind;  ///< "clip", "frame" or "normal"
  std::string camera, event, model;
  std::optional<std::int64_t> utc_us;  ///< of the first frame; without: now
  std::int64_t stream_ns = 0;          ///< of the first frame
};

/// A folder, or a path with fields; see docs/elements.md. Immutable. Thread: any.
class NameTemplate {
 public:
  /// Throws: Error(kSettings) with the field or part that is not known or not allowed.
  explicit NameTemplate(const std::string& location);

  /// The folder over all recordings: what stands before the first part with a field.
  const std::string& root() const { return root_; }
  /// With the dot, of ".mp4", ".mkv", ".webm", ".jpg", ".png"; empty where the template names none.
  const std::string& extension() const { return extension_; }
  std::string extension_or(const std::string& other) const {
    return extension_.empty() ? other : extension_;
  }

  /// Path of a recording below root(), without extension. Values are safe_name()s: no value makes
  /// a folder or leaves one.
  std::string expand(const NameFields& fields) const;

 private:
  std::string root_, extension_;
  std::vector<std::string> parts_;  // below the root; the last one names the file if named_
  bool named_ = false;
};

}  // namespace novelty
