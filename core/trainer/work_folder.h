// SPDX-License-Identifier: Apache-2.0
// The folder `<output>.work/` in which a training run can be interrupted and gone on with.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace novelty {

/// Where a stage of optimiser steps stands.
struct Checkpoint {
  std::vector<float> losses;  ///< [steps done, values a step]
  TensorMap state;            ///< of the trainer; points into `storage`
  std::shared_ptr<const SafetensorsFile> storage;
};

class WorkFolder {
 public:
  /// Makes `<output>.work/` for a run that `identity_json` (a flat JSON object) describes, or goes
  /// on in it: with `resume` and an equal identity what is there is kept, else it is emptied.
  /// Throws: Error(kSettings) naming the fields that differ when `resume` is asked for in the
  /// folder of another run; Error(kWrite).
  WorkFolder(const std::string& output, const std::string& identity_json, bool resume);

  /// True when an earlier run's work is gone on with.
  bool resumed() const { return resumed_; }

  /// Of a file in it.
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  /// The last checkpoint of `stage`, if there is one.
  /// Throws: Error (kFormat, kRead) when it is damaged.
  std::optional<Checkpoint> read_checkpoint(const std::string& stage) const;

  /// Replaces the checkpoint of `stage` atomically by a trainer's state, which `export_state` hands
  /// out.
  void write_checkpoint(const std::string& stage,
                        const std::function<void(const StudentTrainer::Sink&)>& export_state,
                        const std::vector<float>& losses) const;

  /// Deletes the folder with all in it; failing to is no error.
  void remove() const;

 private:
  std::string folder_;
  bool resumed_ = false;
};

}  // namespace novelty
