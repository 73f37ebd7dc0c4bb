// SPDX-License-Identifier: Apache-2.0
// The work file of teacher features: fixed-size records that survive a kill.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace novelty {

/// Values of one picture.
struct FeatureLayout {
  std::size_t patches = 0;    ///< patch_count * patch_values, stored as half floats
  std::size_t tokens = 0;     ///< patch_count * width, stored as half floats
  std::size_t attention = 0;  ///< patch_count, stored as float32
  std::size_t cls = 0;        ///< width, stored as float32
  std::size_t targets = 0;    ///< layers * patch_count * width, stored as half floats; 0 where the
                              ///< tokens are the targets

  /// Bytes of a record, with its trailing 64-bit hash.
  std::size_t record_bytes() const;
};

/// A picture's record, to write or to be filled; what is empty is not read. Sizes of the layout.
template <class Value>
struct FeatureRecord {
  std::span<Value> patches{}, tokens{}, attention{}, cls{}, targets{};
};

/// Patches, teacher tokens, [CLS] attention and [CLS] token of each training picture, in order. A
/// record is there when its hash (over its number and content) is right: what a kill left
/// half-written is cut off at the next open. Not thread-safe; a second process on the same file is
/// refused.
class FeatureCache {
 public:
  /// Opens or creates `path` and cuts it to its whole valid records.
  /// Throws: Error(kWrite) when it cannot be opened or another run holds it.
  FeatureCache(const std::string& path, const FeatureLayout& layout);
  ~FeatureCache();
  FeatureCache(const FeatureCache&) = delete;
  FeatureCache& operator=(const FeatureCache&) = delete;

  std::size_t size() const { return size_; }
  const FeatureLayout& layout() const { return layout_; }

  /// Drops all records from `count` on.
  void truncate(std::size_t count);

  /// Adds `count` records: patches [count, layout.patches] and so on.
  /// Throws: Error(kWrite) with the reason of the system, such as a full disk.
  void append(const FeatureRecord<const float>& records, std::size_t count);

  /// Reads record `index`; the spans have the layout's sizes, or are empty.
  /// Throws: Error(kRead) when the record is not what was written.
  void load(std::size_t index, const FeatureRecord<float>& out);

 private:
  bool read_record(std::size_t index);

  std::string path_;
  FeatureLayout layout_;
  std::vector<std::byte> record_;  // one record as in the file
  std::size_t size_ = 0;
  int file_ = -1;
};

}  // namespace novelty
