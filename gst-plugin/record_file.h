// SPDX-License-Identifier: Apache-2.0
// Names recordings and puts them in place whole: written as `.part`, renamed when done.
#pragma once

#include <string>

namespace novelty {

/// `text` as a part of a file name: letters, digits, '-', '_' and inner '.' stay, all else becomes
/// '_'; at most 64 characters; never empty, never a path.
std::string safe_name(const std::string& text);

/// A file that comes into being under `<folder>/<stem><extension>.part`. Not copied, not moved;
/// any one thread.
class OutputFile {
 public:
  /// Makes the folder where it is missing and reserves a name; a taken one gets "-2", "-3", ...
  /// Throws: Error(kWrite).
  OutputFile(const std::string& folder, const std::string& stem, const std::string& extension);

  /// Removes the part that was not committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& part_path() const { return part_; }
  const std::string& path() const { return path_; }
  std::string name() const;          ///< of the finished file, without its folder
  std::string sidecar_path() const;  ///< `<folder>/<stem>.json`

  /// Writes the sidecar, then gives the file its name. Throws: Error(kWrite).
  void commit(const std::string& sidecar_json);

 private:
  bool reserve(const std::string& base, const std::string& extension);

  std::string folder_, base_, path_, part_;
  bool committed_ = false;
};

}  // namespace novelty
