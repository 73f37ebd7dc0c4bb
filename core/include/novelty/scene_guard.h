// SPDX-License-Identifier: Apache-2.0
// Tells when the camera or the light changed, so that the whole picture differs, not a thing in it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "novelty/export.h"

namespace novelty {

/// Why a picture is no longer comparable with the one that was learnt.
enum class SceneChange {
  kNone,
  kMoved,     ///< the learnt picture is there, but shifted, turned or zoomed
  kCovered,   ///< most of it is gone: covered, blinded, dark or out of focus
  kRelit,     ///< far brighter or darker than exposure control allows, or lit from elsewhere
  kInfrared,  ///< colour is gone
};

/// "moved", "covered", "relit", "infrared"; empty for kNone.
NOVELTY_API const char* scene_change_name(SceneChange change);

/// What holds at a frame.
struct SceneState {
  SceneChange change = SceneChange::kNone;  ///< the flag; kNone: the scene is the learnt one
  bool held = false;  ///< no event may begin: the flag is up, or would be if this went on
};

class SceneJudge;

/// Watches one stream, causally and in stream time: the flag is raised when a change has lasted for
/// half a second, and cleared when the picture has looked like the reference for a second. Not
/// thread-safe; one per stream, made by Detector::make_scene_guard.
class NOVELTY_API SceneGuard {
 public:
  static constexpr std::int64_t kRaiseNs = 500'000'000;
  static constexpr std::int64_t kClearNs = 1'000'000'000;

  /// judge: null for a model that has learnt no reference; then nothing is ever flagged.
  SceneGuard(std::shared_ptr<const SceneJudge> judge, int input_size, int patch_size);
  ~SceneGuard();
  SceneGuard(SceneGuard&&) noexcept;
  SceneGuard& operator=(SceneGuard&&) noexcept;

  /// Whether the model has a reference.
  bool able() const;

  /// Takes the frame at `time_ns` of stream time, as Detector::prepare made it:
  /// patches [grid*grid, 3*patch*patch]. Times that do not increase start the timers anew; the flag
  /// stays. Throws: Error(kSettings) on patches of another size.
  SceneState push(std::int64_t time_ns, std::span<const float> patches);

  /// Takes a frame at `time_ns` that shows what the last pushed one did.
  SceneState repeat(std::int64_t time_ns);

  /// Takes the next picture as the reference and clears the flag at once. The networks stay as they
  /// are: scores of what looks different from the training are as high as before.
  void rearm();

  /// Forgets flag and timers (a flush, another stream); the reference stays.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace novelty
