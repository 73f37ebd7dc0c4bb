// SPDX-License-Identifier: Apache-2.0
// Scores pictures with a trained model: load once, score from many threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "novelty/events.h"
#include "novelty/export.h"
#include "novelty/frame.h"
#include "novelty/model_info.h"
#include "novelty/scene_guard.h"

namespace novelty {

struct DetectorOptions {
  /// "cpu"; "cuda" or "cuda:N" for an NVIDIA GPU; or "auto": the first GPU if there is one and the
  /// model was checked in its precision, bf16, else the CPU.
  std::string device = "auto";
  int threads = 0;  ///< worker threads a score may use, 1 to 64; 0 = all cores
  /// "fp32", "bf16", "int8", or "auto": bf16 on a GPU, and where the CPU is quicker in it and the
  /// model was checked in it, else fp32. What the model was not checked in, or moves too far in, is
  /// refused.
  std::string precision = "auto";
};

/// A picture in the model's own input form, made by Detector::prepare. Reusable: keeps its memory.
struct PreparedFrame {
  /// [grid*grid, 3*patch*patch] float32 in [0,1], full-range R'G'B', channel-major in a patch
  std::vector<float> patches;
  std::shared_ptr<void> workspace;  ///< prepare's own memory; leave it alone
};

/// A box of novelty, normalised to the frame: x, y, width, height in [0,1].
struct Region {
  float x = 0, y = 0, width = 0, height = 0;
  float p_value = 1;
};

/// What a frame scored. Reusable: the vectors keep their memory.
struct FrameScore {
  double score = 0;  ///< image score, larger is more novel; continuous, never clipped; about 0
                     ///< and below in normal footage
  double discrepancy = 0;  ///< the score by the student's discrepancy alone
  double density = 0;      ///< the score by the density of tokens, or of whole pictures, alone
  double p_value = 1;      ///< probability of such a score in normal footage, (0, 1]
  bool novel = false;      ///< score >= threshold, before any temporal logic
  int map_size = 0;        ///< side of the map
  std::vector<float> map;  ///< [map_size, map_size] calibrated anomaly map: 0 = as normal as the
                           ///< held-out footage, 1 = its extreme tail, unbounded above
  std::vector<Region> regions;  ///< connected areas over 1 in the map, most novel first, <= 16
};

/// An immutable, thread-safe detector.
class NOVELTY_API Detector {
 public:
  /// What one thread needs to score: activations and workspace. Not thread-safe.
  class NOVELTY_API Scratch {
   public:
    virtual ~Scratch() = default;
  };

  /// Loads a bundle; the file is not touched after this returns. Detectors of
  /// the same file and options are one while in use.
  /// Thread: any. Throws: Error (kNotFound, kRead, kFormat, kVersion, kUnsupported, kBackend).
  static std::shared_ptr<const Detector> load(const std::string& path,
                                              const DetectorOptions& options = {});

  virtual ~Detector() = default;
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  /// Thread: any.
  virtual const ModelInfo& info() const = 0;

  /// The model's own event settings (threshold, smoothing, durations). Thread: any.
  virtual EventOptions event_options() const = 0;

  /// p-value of an image score, strictly decreasing, in (0, 1]. Thread: any.
  virtual double p_value(double score) const = 0;

  /// The score whose p-value is `p_value` (in (0, 1)); inverse of `p_value`. Thread: any.
  virtual double score_of(double p_value) const = 0;

  /// The event settings with the thresholds at which `per_hour` false events an hour are expected,
  /// in (0, 3600). Throws: Error(kSettings) outside of it. Thread: any.
  virtual EventOptions event_options_for(double per_hour) const = 0;

  /// The median image score of held-out normal footage. Thread: any.
  virtual double normal_score() const = 0;

  virtual std::unique_ptr<Scratch> make_scratch() const = 0;

  /// A guard for one stream of this model's prepared frames; not able() where info().scene_guard is
  /// false. Thread: any.
  virtual SceneGuard make_scene_guard() const = 0;

  /// Converts, resizes and patchifies `frame` (whole picture squeezed to the square) on the calling
  /// thread; the frame is not needed afterwards.
  /// Thread: any, one per `out`. Throws: Error(kSettings) on a size or plane that cannot be.
  virtual void prepare(const FrameView& frame, PreparedFrame& out) const = 0;

  /// Whether no patch of the two frames, prepared by this detector, differs by more than `levels`,
  /// the mean over its values in levels of 255. At 0 they are equal, and so are their scores.
  /// Thread: any.
  virtual bool alike(const PreparedFrame& a, const PreparedFrame& b, double levels) const = 0;

  /// counted: [grid*grid] from AreaMask::counted, 1 = the patch counts; empty = all do. A patch
  /// that does not is 0 on the map, in no region, and adds nothing to the score, which is never
  /// higher than without the mask. Thread: one per `scratch`. Throws: Error (kSettings: `counted`
  /// of another size; kResource).
  virtual void score(const PreparedFrame& frame, Scratch& scratch, FrameScore& out,
                     std::span<const std::uint8_t> counted = {}) const = 0;

 protected:
  Detector() = default;
};

}  // namespace novelty
