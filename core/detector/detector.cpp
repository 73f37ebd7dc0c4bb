// SPDX-License-Identifier: Apache-2.0
// The detector: a bundle, a compute engine and the calibration put together.
#include "novelty/detector.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "bundle/bundle.h"
#include "engine/network_pair.h"
#include "image/patch_change.h"
#include "image/preprocess.h"
#include "novelty/error.h"
#include "scene/judge.h"

namespace novelty {
namespace {

constexpr std::size_t kMostRegions = 16;

int checked_threads(int threads) {
  if (threads < 0 || threads > 64)
    throw Error(ErrorKind::kSettings, "threads", std::to_string(threads) + " is out of range",
                "use 1 to 64, or 0 for all cores");
  if (threads > 0) return threads;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 64);
}

// What scores, and in which precision.
struct Choice {
  const Backend* backend;
  std::string precision;
};

Choice choice_of(const DetectorOptions& options, const Bundle& bundle) {
  const PrecisionDrift& drift = bundle.drift;
  const Backend& backend = backend_for(options.device);
  if (backend.precision.empty()) return {&backend, allowed_precision(drift, options.precision)};
  try {
    if (options.precision != "auto" && options.precision != backend.precision)
      throw Error(ErrorKind::kUnsupported, "precision",
                  "the GPU has no " + options.precision + ", it scores in " + backend.precision,
                  "use auto, or device=cpu");
    if (!is_plain(bundle.student))
      throw Error(ErrorKind::kUnsupported, bundle.info.path,
                  "was not trained in the way that a GPU compares tokens", "use device=cpu");
    check_drift(drift, backend.precision);
    return {&backend, backend.precision};
  } catch (const Error&) {
    if (options.device != "auto") throw;
    return {&backend_for("cpu"), allowed_precision(drift, options.precision)};
  }
}

std::shared_ptr<const SceneJudge> judge_of(const SceneReference& scene, int input_size) {
  if (scene.empty() || !describable(input_size)) return nullptr;
  return std::make_shared<const SceneJudge>(scene);
}

struct EngineScratch final : Detector::Scratch {
  std::shared_ptr<const Engine> engine;  // the one `state` is of, kept alive with it
  std::unique_ptr<Engine::Scratch> state;
  std::vector<float> discrepancy, tokens, cls, values, distance;
};

ModelInfo info_with(ModelInfo info, const Choice& choice) {
  info.device = choice.backend->name;
  info.precision = choice.precision;
  return info;
}

class BundleDetector final : public Detector {
 public:
  // Takes what it needs of `bundle`; its weights are free once the caller drops it.
  BundleDetector(const Bundle& bundle, std::shared_ptr<const Engine> engine, const Choice& choice)
      : info_(info_with(bundle.info, choice)),
        events_(bundle.events),
        definition_(bundle.score),
        density_(bundle.density),
        picture_(bundle.picture),
        // NOLINTNEXTLINE(bugprone-throw-keyword-missing): no exception that is thrown
        exceptions_(density_, bundle.info.grid_size),
        calibration_(bundle.calibration),
        scale_(bundle.calibration),
        engine_(std::move(engine)),
        judge_(judge_of(bundle.scene, bundle.info.input_size)),
        patches_(bundle.teacher.config.patch_count()),
        patch_values_(bundle.teacher.config.patch_values()),
        width_(bundle.teacher.config.width) {}

  const ModelInfo& info() const override { return info_; }
  EventOptions event_options() const override { return events_; }
  double p_value(double score) const override { return scale_.p_value(score); }
  double score_of(double p_value) const override { return scale_.score_of_p_value(p_value); }
  EventOptions event_options_for(double per_hour) const override {
    EventOptions options = events_;
    options.threshold = scale_.score_of_rate(per_hour);
    options.exit_threshold = scale_.score_of_rate(exit_rate(per_hour));
    return options;
  }

  double normal_score() const override { return quantile_of(calibration_.scores, 0.5); }

  std::unique_ptr<Scratch> make_scratch() const override {
    auto scratch = std::make_unique<EngineScratch>();
    scratch->engine = engine_;
    scratch->state = engine_->make_scratch();
    scratch->discrepancy.resize(patches_);
    scratch->values.resize(patches_);
    if (!density_.empty() || !picture_.empty()) scratch->tokens.resize(patches_ * width_);
    if (!picture_.empty()) scratch->cls.resize(width_);
    scratch->distance.resize(density_.patches());
    return scratch;
  }

  SceneGuard make_scene_guard() const override {
    return {judge_, info_.input_size, info_.patch_size};
  }

  void prepare(const FrameView& frame, PreparedFrame& out) const override {
    if (!out.workspace || out.workspace.use_count() > 1)  // never shared with a copy
      out.workspace = std::make_shared<PreprocessScratch>();
    preprocess(frame, info_.input_size, info_.patch_size,
               *std::static_pointer_cast<PreprocessScratch>(out.workspace), out.patches);
  }

  bool alike(const PreparedFrame& a, const PreparedFrame& b, double levels) const override {
    return patches_alike(a.patches, b.patches, patch_values_, levels / 255);
  }

  void score(const PreparedFrame& frame, Scratch& scratch, FrameScore& out,
             std::span<const std::uint8_t> counted) const override {
    auto* own = dynamic_cast<EngineScratch*>(&scratch);
    if (own == nullptr || own->engine != engine_)
      throw Error(ErrorKind::kSettings, "scratch", "is of another detector",
                  "use this detector's make_scratch()");
    if (frame.patches.size() != patches_ * patch_values_)
      throw Error(ErrorKind::kSettings, "frame", "was not prepared by this detector",
                  "call prepare() of this detector first");
    run(frame.patches, *own);
    fill(counted, *own, out);
  }

 private:
  void run(std::span<const float> patches, EngineScratch& scratch) const {
    try {
      engine_->score(patches, *scratch.state, scratch.discrepancy, scratch.tokens, scratch.cls);
    } catch (const std::bad_alloc&) {
      throw Error(ErrorKind::kResource, info_.path, "out of memory while scoring",
                  "use a smaller model or fewer streams");
    }
    const auto& values = scratch.discrepancy;
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      throw Error(ErrorKind::kResource, info_.path, "the networks gave values that are not finite",
                  "train the model again");
  }

  void fill(std::span<const std::uint8_t> counted, EngineScratch& scratch, FrameScore& out) const {
    std::span<float> values = scratch.values;
    out.density = 0;
    if (!density_.empty()) {
      density_distances(density_, scratch.tokens, scratch.distance);
      out.density = term_score(definition_.density, scratch.distance, counted, values);
    }
    out.discrepancy = term_score(definition_.discrepancy, scratch.discrepancy, counted, values);
    patch_values(definition_, scratch.discrepancy, scratch.distance, values);
    if (!picture_.empty()) {
      const double distance = picture_distance(picture_, summary_of(scratch.cls, scratch.tokens));
      add_picture_term(definition_.picture, distance, values);
      out.density = (distance - definition_.picture.start) / definition_.picture.scale;
    }
    apply_exceptions(definition_, exceptions_, scratch.tokens, values);
    leave_out(counted, values);
    out.score = image_score(values, definition_.top_share);
    out.p_value = p_value(out.score);
    out.novel = out.score >= info_.threshold;
    out.map_size = info_.grid_size;
    out.map.resize(patches_);
    calibrated_map(calibration_, values, out.map);
    out.regions = regions_of(out.map, out.map_size, kMostRegions);
    for (Region& region : out.regions)
      region.p_value = static_cast<float>(p_value(peak_in(region, values)));
  }

  // The image score by one term alone; `values` is for work.
  double term_score(const TermScale& scale, std::span<const float> term,
                    std::span<const std::uint8_t> counted, std::span<float> values) const {
    term_values(scale, term, values);
    leave_out(counted, values);
    return image_score(values, definition_.top_share);
  }

  // The highest value within a region's box. Its p-value is that of a picture whose score it were:
  // an area as large as the score's share of patches, all at the peak.
  float peak_in(const Region& region, std::span<const float> values) const {
    const int size = info_.grid_size;
    const auto cell = [size](float at) {
      return std::clamp(static_cast<int>(std::lround(at * static_cast<float>(size))), 0, size);
    };
    float peak = std::numeric_limits<float>::lowest();
    for (int y = cell(region.y); y < cell(region.y + region.height); ++y)
      for (int x = cell(region.x); x < cell(region.x + region.width); ++x)
        peak = std::max(peak, values[static_cast<std::size_t>(y) * size + x]);
    return peak;
  }

  ModelInfo info_;
  EventOptions events_;
  ScoreDefinition definition_;
  Density density_;
  PictureDensity picture_;
  ExceptionIndex exceptions_;  // of density_
  Calibration calibration_;
  DecisionScale scale_;
  std::shared_ptr<const Engine> engine_;
  std::shared_ptr<const SceneJudge> judge_;  // null: no reference
  std::size_t patches_;
  std::size_t patch_values_;
  std::size_t width_;
};

// Detectors in use, so that elements of one process share the networks of a model.
class SharedDetectors {
 public:
  using Make = std::function<std::shared_ptr<const Detector>()>;

  std::shared_ptr<const Detector> get(const std::string& key, const Make& make) {
    const std::lock_guard lock(mutex_);
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    auto& known = known_[key];
    auto detector = known.lock();
    if (!detector) known = detector = make();
    return detector;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Detector>> known_;
};

}  // namespace

std::shared_ptr<const Detector> Detector::load(const std::string& path,
                                               const DetectorOptions& options) {
  static SharedDetectors shared;
  const int index = device_index(options.device);
  const int threads = checked_threads(options.threads);
  const Bundle bundle = read_bundle(path);
  const Choice choice = choice_of(options, bundle);
  const EngineOptions engine_options{
      .threads = threads, .precision = choice.precision, .device = index};
  const std::string key = bundle.info.id + "/" + path + "/" + choice.backend->name + "/" +
                          std::to_string(index) + "/" + choice.precision + "/" +
                          std::to_string(threads);
  return shared.get(key, [&] {
    auto engine = choice.backend->make_engine(bundle.teacher, bundle.student, engine_options);
    return std::make_shared<BundleDetector>(bundle, std::move(engine), choice);
  });
}

}  // namespace novelty
