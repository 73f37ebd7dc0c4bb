// SPDX-License-Identifier: Apache-2.0
// Names recordings and puts them in place whole: written as `.part`, renamed when done.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "record_part.h"
#include "record_sidecar.h"
#include "record_store.h"

namespace novelty {

/// A recording that comes into being as `<stem><extension>.part`, with `<stem>.part.json` beside
/// it. Not copied, not moved; any one thread.
class OutputFile {
 public:
  /// Makes the folders where they are missing and reserves a name from the store's template; a
  /// taken one gets "-2", "-3", ... What `facts` know goes into the note at once, for a crash.
  /// Throws: Error(kWrite).
  OutputFile(std::shared_ptr<RecordStore> store, RecordingFacts facts,
             const std::string& extension);

  /// A part that was not committed is left to the store, which makes the best of it.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& part_path() const { return part_; }
  const std::string& path() const { return path_; }
  const std::string& base() const { return base_; }  ///< path() without extension
  std::string name() const;                          ///< of the finished file, without its folder
  std::string sidecar_path() const;                  ///< `<folder>/<stem>.json`

  /// Writes the sidecar, then gives the file its name. Throws: Error(kWrite).
  void commit(const std::string& sidecar_json);

 private:
  bool reserve(const std::string& base, const std::string& extension);
  bool is_taken() const;

  const std::shared_ptr<RecordStore> store_;
  std::string base_, path_, part_;  // base_: path without extension
  std::optional<PartNote> note_;
};

}  // namespace novelty
