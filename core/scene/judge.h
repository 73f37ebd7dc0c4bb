// SPDX-License-Identifier: Apache-2.0
// Compares one picture with a scene's reference and says what changed, without regard to time.
#pragma once

#include <span>
#include <vector>

#include "novelty/scene_guard.h"
#include "scene/pose_bank.h"
#include "scene/reference.h"
#include "scene/scene_picture.h"

namespace novelty {

/// Mean correlation of the edges of `picture` with the reference's, cell by cell: 1 the same, 0
/// nothing in common. Does not see gain, offset and soft shadows.
double likeness(const SceneReference& reference, const ScenePicture& picture);

/// Immutable; shared by the streams of a model.
///
/// Note [Scene change or object]
/// An object, even a large one, hides a part of the picture and leaves the rest as it was: in place
/// and, but for one gain, as bright. So nothing here asks how much differs where an object may be:
/// - moved: the edges fit better in another pose than in their own. No object makes that so.
/// - relit: where the edges are still in place, brightness is not. Only visible background counts.
/// - covered: of the edges hardly any are left, and what brightness and colour say agrees; or (out
///   of focus) they are in place but faint.
/// - infrared: edges in place, colour nowhere.
/// Thresholds were set midway between synthetic changes and synthetic objects of 40 % of the frame,
/// on training footage of three fixed cameras (tests/training/scene_guard_test.cpp has the
/// changes).
class SceneJudge {
 public:
  /// reference: not empty.
  explicit SceneJudge(SceneReference reference);

  const SceneReference& reference() const { return reference_; }

  /// The change `picture` shows; kNone also for one that this reference cannot tell. Thread: any.
  SceneChange judge(const ScenePicture& picture) const;

 private:
  struct Evidence;

  Evidence compare(const ScenePicture& picture) const;
  bool moved(const Evidence& evidence, const ScenePicture& picture) const;
  bool covered(const Evidence& evidence, const ScenePicture& picture) const;
  bool blurred(const Evidence& evidence, const ScenePicture& picture) const;
  bool relit(const Evidence& evidence, const ScenePicture& picture) const;
  bool infrared(const Evidence& evidence, const ScenePicture& picture) const;

  SceneReference reference_;
  std::vector<float> cell_luma_;  // [kCells] of the reference
  float chroma_ = 0;              // of its coloured cells
  float length_ = 0;              // of its edges
  PoseBank poses_;
};

}  // namespace novelty
