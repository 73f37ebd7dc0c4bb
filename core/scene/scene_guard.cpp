// SPDX-License-Identifier: Apache-2.0
// The time logic of the scene-change guard.
#include "novelty/scene_guard.h"

#include <utility>

#include "scene/judge.h"
#include "scene/reference.h"

namespace novelty {
namespace {

// A change may look like none for this long without starting anew: something waved at the lens.
constexpr std::int64_t kGapNs = 200'000'000;

}  // namespace

struct SceneGuard::Impl {
  std::shared_ptr<const SceneJudge> judge;
  int input_size = 0;
  int patch_size = 0;
  ScenePicture picture;
  SceneChange shown = SceneChange::kNone;  // by the picture
  bool rearm = false;
  SceneChange change = SceneChange::kNone;
  bool has_last = false;
  std::int64_t last_ns = 0;
  bool suspect = false;  // a change that has not lasted long enough yet
  std::int64_t suspect_since_ns = 0;
  std::int64_t suspect_last_ns = 0;
  bool alike = false;  // while changed: looks like the reference again
  std::int64_t alike_since_ns = 0;

  void start_timers() { suspect = alike = has_last = false; }
  void take(std::int64_t time_ns, SceneChange seen);
  void wait_for_raise(std::int64_t time_ns, SceneChange seen);
  void wait_for_clear(std::int64_t time_ns, SceneChange seen);
};

void SceneGuard::Impl::take(std::int64_t time_ns, SceneChange seen) {
  if (has_last && time_ns <= last_ns) start_timers();
  has_last = true;
  last_ns = time_ns;
  change == SceneChange::kNone ? wait_for_raise(time_ns, seen) : wait_for_clear(time_ns, seen);
}

void SceneGuard::Impl::wait_for_raise(std::int64_t time_ns, SceneChange seen) {
  if (seen == SceneChange::kNone) {
    suspect = suspect && time_ns - suspect_last_ns <= kGapNs;
    return;
  }
  if (!suspect) suspect_since_ns = time_ns;
  suspect = true;
  suspect_last_ns = time_ns;
  if (time_ns - suspect_since_ns < kRaiseNs) return;
  change = seen;
  suspect = alike = false;
}

void SceneGuard::Impl::wait_for_clear(std::int64_t time_ns, SceneChange seen) {
  if (seen != SceneChange::kNone) {
    alike = false;
    return;
  }
  if (!std::exchange(alike, true)) alike_since_ns = time_ns;
  if (time_ns - alike_since_ns < kClearNs) return;
  change = SceneChange::kNone;
  suspect = false;
}

const char* scene_change_name(SceneChange change) {
  switch (change) {
    case SceneChange::kMoved:
      return "moved";
    case SceneChange::kCovered:
      return "covered";
    case SceneChange::kRelit:
      return "relit";
    case SceneChange::kInfrared:
      return "infrared";
    default:
      return "";
  }
}

SceneGuard::SceneGuard(std::shared_ptr<const SceneJudge> judge, int input_size, int patch_size)
    : impl_(std::make_unique<Impl>()) {
  impl_->judge = std::move(judge);
  impl_->input_size = input_size;
  impl_->patch_size = patch_size;
}

SceneGuard::~SceneGuard() = default;
SceneGuard::SceneGuard(SceneGuard&&) noexcept = default;
SceneGuard& SceneGuard::operator=(SceneGuard&&) noexcept = default;

bool SceneGuard::able() const {
  return impl_->judge != nullptr;
}

SceneState SceneGuard::push(std::int64_t time_ns, std::span<const float> patches) {
  if (!able()) return {};
  describe(patches, impl_->input_size, impl_->patch_size, impl_->picture);
  if (!impl_->rearm) impl_->shown = impl_->judge->judge(impl_->picture);
  return repeat(time_ns);
}

SceneState SceneGuard::repeat(std::int64_t time_ns) {
  if (!able()) return {};
  if (std::exchange(impl_->rearm, false)) {
    impl_->judge = std::make_shared<const SceneJudge>(
        with_looks_of(impl_->picture, impl_->judge->reference()));
    reset();
    impl_->shown = impl_->judge->judge(impl_->picture);
  }
  impl_->take(time_ns, impl_->shown);
  return {impl_->change, impl_->suspect || impl_->change != SceneChange::kNone};
}

void SceneGuard::rearm() {
  impl_->rearm = true;
}

void SceneGuard::reset() {
  impl_->change = SceneChange::kNone;
  impl_->start_timers();
}

}  // namespace novelty
