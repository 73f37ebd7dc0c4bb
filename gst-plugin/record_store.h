// SPDX-License-Identifier: Apache-2.0
// The place of a recorder's files: their names, their budget, and order after a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "record_name.h"

namespace novelty {

class RecordHost;

/// What the recordings under a root may take; 0 = no limit.
struct RecordBudget {
  std::int64_t max_bytes = 0;
  std::int64_t max_age_ns = 0;
};

/// Keeps the recordings under the root of a location in order, on a thread of its own, so that a
/// slow disk or a long list delays no recording: finishes what a crash or a failing disk left, and
/// removes the oldest recordings over the budget. Never waits for the disk in the caller's thread.
/// Thread: any.
class RecordStore {
 public:
  RecordStore(NameTemplate names, const RecordBudget& budget, std::shared_ptr<RecordHost> host);

  /// Brings the budget up to date once more; a thread that does not come back is left behind.
  ~RecordStore();
  RecordStore(const RecordStore&) = delete;
  RecordStore& operator=(const RecordStore&) = delete;

  const NameTemplate& names() const { return names_; }

  /// A recording was begun or finished. base: its path without extension.
  void changed(const std::string& base);

  /// Removes a recording that is not pinned. base: as above.
  void remove(const std::string& base);

  /// A recording was begun and will not be finished by its writer.
  void given_up(const std::string& base);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  const NameTemplate names_;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace novelty
