// SPDX-License-Identifier: Apache-2.0
// Finds the usual reasons why something does not work: facts of the machine, and a judgement on
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace novelty {

/// A GStreamer element that files or pipelines need, and where Debian has it.
struct NeededElement {
  std::string name;
  std::string purpose;
  std::string package;
  bool required = false;  ///< missing it fails; else it only warns
};

/// What a machine is like. `gather_facts` fills it from this one, tests from their own mind.
struct MachineFacts {
  std::string gstreamer_version;  ///< "1.22.0"
  bool gstreamer_old = false;     ///< before 1.20

  std::optional<std::string> plugin_file;     ///< of the plugin "novelty"; none = not found
  std::vector<std::string> plugin_blacklist;  ///< files of ours that GStreamer gave up on
  std::vector<std::string> missing_elements_of_plugin;  ///< ours that the plugin lacks
  std::vector<NeededElement> missing_elements;

  std::string backend_description;  ///< empty when it did not open
  std::string backend_fault;        ///< why

  bool is_x86 = false;
  bool has_avx2 = false;

  enum class Gpu { kNone, kUsed, kIdle, kBroken };
  Gpu gpu = Gpu::kNone;
  std::string gpu_detail;  ///< what it is, why it is not used, or why its driver does not open

  std::string teacher;        ///< that train would take; empty: none
  std::string teacher_fault;  ///< why there is none

  std::string python_fault;  ///< what `python3 -c 'import gi ...'` printed last; empty = works

  std::string disk_place;  ///< the folder whose disk was asked
  std::uint64_t disk_free_bytes = 0;
};

struct Finding {
  enum class Level { kOk, kWarn, kFail };
  Level level = Level::kOk;
  std::string subject;
  std::string fact;
  std::string remedy;  ///< empty when ok
};

/// Looks at this machine; takes a second or two. Never throws.
MachineFacts gather_facts();

/// One finding a subject, always the same subjects in the same order.
std::vector<Finding> judge(const MachineFacts& facts);

}  // namespace novelty
