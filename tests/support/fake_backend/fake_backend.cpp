// SPDX-License-Identifier: Apache-2.0
// A stand-in for the backends: its "networks" know the brightness of each patch, no more.
//
// NOVELTY_FAKE_BURN_MS=n: every score keeps `threads` threads busy for n ms.
// NOVELTY_FAKE_FAIL_AFTER=n: of each engine the n-th score (from 1) and all after it throw.
// Both are read when an engine is made.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "engine/backend.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// What the student holds to be normal at each patch: stored as the first values of this tensor,
// which are near 0 (black) in a student before training.
constexpr const char* kNormalName = "patch_embed.proj.weight";

int number_in_env(const char* name) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : 0;  // NOLINT(cert-err34-c): 0 when it is no number
}

std::vector<float> normal_of(const TensorMap& tensors) {
  const auto found = tensors.find(kNormalName);
  if (found == tensors.end()) {
    throw Error(ErrorKind::kFormat, kNormalName, "the tensor is missing");
  }
  return to_floats(found->second, kNormalName);
}

float brightness(std::span<const float> patches, std::size_t values, std::size_t patch) {
  double sum = 0;
  for (const float value : patches.subspan(patch * values, values)) sum += value;
  return static_cast<float>(sum / static_cast<double>(values));
}

float discrepancy_of(float bright, float normal) {
  return std::clamp(4 * (bright - normal) * (bright - normal), 0.0F, 4.0F);
}

void expect_size(std::size_t actual, std::size_t expected, const char* what) {
  if (actual != expected) {
    throw Error(ErrorKind::kSettings, what,
                std::to_string(actual) + " values; expected " + std::to_string(expected));
  }
}

void burn(int threads, int milliseconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  std::vector<std::thread> workers;
  workers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([end] {
      while (Clock::now() < end) {
      }
    });
  }
  for (auto& worker : workers) worker.join();
}

// Token of a patch: the unit vector at an angle of its brightness. extra: rows before a picture's.
void fill_tokens(std::span<const float> patches, const VitConfig& config, std::size_t rows,
                 std::span<float> out, std::size_t extra = 0) {
  const auto count = static_cast<std::size_t>(config.patch_count());
  const auto values = static_cast<std::size_t>(config.patch_values());
  const auto width = static_cast<std::size_t>(config.width);
  expect_size(patches.size(), rows * values, "patches");
  expect_size(out.size(), (rows + rows / count * extra) * width, "tokens");
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t row = i + extra * (i / count + 1);
    const float angle = brightness(patches, values, i);
    out[row * width] = std::cos(angle);
    out[row * width + 1] = std::sin(angle);
  }
}

// [CLS] of a picture: the unit vector at an angle of its mean brightness.
void fill_cls(std::span<const float> patches, const VitConfig& config, std::size_t pictures,
              std::span<float> out) {
  const auto width = static_cast<std::size_t>(config.width);
  expect_size(out.size(), pictures * width, "cls");
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t i = 0; i < pictures; ++i) {
    const float angle = brightness(patches, patches.size() / pictures, i);
    out[i * width] = std::cos(angle);
    out[i * width + 1] = std::sin(angle);
  }
}

class FakeEngine : public Engine {
 public:
  FakeEngine(const NetworkView& student, int threads)
      : config_(student.config), normal_(normal_of(student.tensors)), threads_(threads) {}

  std::unique_ptr<Scratch> make_scratch() const override { return std::make_unique<Scratch>(); }

  void score(std::span<const float> patches, Scratch&, std::span<float> discrepancy,
             std::span<float> tokens, std::span<float> cls) const override {
    const auto count = static_cast<std::size_t>(config_.patch_count());
    const auto values = static_cast<std::size_t>(config_.patch_values());
    expect_size(patches.size(), count * values, "patches");
    expect_size(discrepancy.size(), count, "discrepancy");
    if (burn_ms_ > 0) burn(threads_, burn_ms_);
    if (++scores_ >= fail_after_ && fail_after_ > 0) {
      throw Error(ErrorKind::kResource, "stand-in backend", "failed on demand");
    }
    for (std::size_t i = 0; i < count; ++i) {
      discrepancy[i] = discrepancy_of(brightness(patches, values, i), normal_[i % normal_.size()]);
    }
    if (!tokens.empty()) fill_tokens(patches, config_, count, tokens);
    if (!cls.empty()) fill_cls(patches, config_, 1, cls);
  }

 private:
  VitConfig config_;
  std::vector<float> normal_;
  int threads_;
  int burn_ms_ = number_in_env("NOVELTY_FAKE_BURN_MS");
  int fail_after_ = number_in_env("NOVELTY_FAKE_FAIL_AFTER");
  mutable std::atomic<int> scores_ = 0;
};

// Attention: uniform.
class FakeTeacher : public Teacher {
 public:
  explicit FakeTeacher(const VitConfig& config) : config_(config) {}

  void features(std::span<const float> patches, int batch, const TeacherFeatures& out) override {
    const auto count = static_cast<std::size_t>(config_.patch_count());
    expect_size(out.attention.size(), static_cast<std::size_t>(batch) * count, "attention");
    expect_size(out.targets.size(), 0, "targets");
    fill_tokens(patches, config_, static_cast<std::size_t>(batch) * count, out.tokens);
    std::fill(out.attention.begin(), out.attention.end(), 1.0F / static_cast<float>(count + 1));
    fill_cls(patches, config_, static_cast<std::size_t>(batch), out.cls);
  }

  void tokens(std::span<const float> patches, int batch, std::span<float> out) override {
    const auto count = static_cast<std::size_t>(config_.patch_count());
    fill_tokens(patches, config_, static_cast<std::size_t>(batch) * count, out, 1);
  }

 private:
  VitConfig config_;
};

// Moves what is normal at a kept patch towards what it shows. Its whole state are the tensors.
class FakeStudentTrainer : public StudentTrainer {
 public:
  FakeStudentTrainer(const NetworkView& student, const TensorMap& state) : config_(student.config) {
    for (const auto& [name, tensor] : state.empty() ? student.tensors : state) {
      shapes_[name] = tensor.shape;
      tensors_[name] = to_floats(tensor, name);
    }
    if (!tensors_.count(kNormalName)) normal_of({});
  }

  double step(std::span<const float> patches, std::span<const float> targets,
              std::span<const std::int64_t> kept, int batch, const StepOptions& options) override {
    const auto images = static_cast<std::size_t>(batch);
    const auto count = static_cast<std::size_t>(config_.patch_count());
    const auto values = static_cast<std::size_t>(config_.patch_values());
    expect_size(patches.size(), images * count * values, "patches");
    if (targets.empty() || kept.empty()) expect_size(0, 1, "targets or kept patches");
    auto& normal = tensors_.at(kNormalName);
    double loss = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const std::size_t image = i / (kept.size() / images);
      const auto patch = static_cast<std::size_t>(kept[i]);
      const float bright = brightness(patches, values, image * count + patch);
      loss += discrepancy_of(bright, normal[patch]);
      const double rate = std::min(0.5, 100 * options.learning_rate);
      normal[patch] += static_cast<float>(rate * (bright - normal[patch]));
    }
    return loss / static_cast<double>(kept.size());
  }

  void export_student(const Sink& sink) override { export_state(sink); }

  void export_state(const Sink& sink) override {
    for (const auto& [name, values] : tensors_) sink(name, view_of(values, shapes_.at(name)));
  }

 private:
  VitConfig config_;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
  std::map<std::string, std::vector<float>> tensors_;
};

// Its teacher's final bias grows by what the views show; nothing else does. Its whole state are the
// tensors.
class FakeContrastTrainer : public ContrastTrainer {
 public:
  FakeContrastTrainer(const NetworkView& teacher, const TensorMap& state) {
    for (const auto& [name, tensor] : teacher.tensors) {
      shapes_[name] = tensor.shape;
      tensors_[name] = to_floats(state.empty() ? tensor : state.at("network." + name), name);
    }
  }

  double step(std::span<const float> views, int pictures, const StepOptions& options) override {
    if (pictures < 2) expect_size(static_cast<std::size_t>(pictures), 2, "pictures");
    const double bright = double{brightness(views, views.size(), 0)};
    for (float& value : tensors_.at("norm.bias"))
      value += static_cast<float>(100 * options.learning_rate * bright);
    return bright;
  }

  void export_state(const Sink& sink) override {
    for (const auto& [name, values] : tensors_)
      sink("network." + name, view_of(values, shapes_.at(name)));
  }

 private:
  std::map<std::string, std::vector<std::int64_t>> shapes_;
  std::map<std::string, std::vector<float>> tensors_;
};

// Learns nothing: all patches are of one prototype, the predictions uniform.
class FakeDefendTrainer : public DefendTrainer {
 public:
  FakeDefendTrainer(const NetworkView& teacher, const DefendOptions& options)
      : config_(teacher.config), prototypes_(options.prototypes) {}

  int crop_grid() const override { return 2; }

  void frozen(std::span<const float> patches, int batch, std::span<float> out) override {
    const auto count = static_cast<std::size_t>(config_.patch_count());
    fill_tokens(patches, config_, static_cast<std::size_t>(batch) * count, out, 1);
  }

  DefendMeasures step(std::span<const float> whole, std::span<const float> crops,
                      std::span<const Box> boxes, int batch, const StepOptions&) override {
    const auto pictures = static_cast<std::size_t>(batch);
    const std::size_t tokens = 1 + static_cast<std::size_t>(config_.patch_count());
    expect_size(whole.size(), pictures * tokens * static_cast<std::size_t>(config_.width), "whole");
    expect_size(crops.size(), boxes.size() * 4 * static_cast<std::size_t>(config_.patch_values()),
                "crops");
    return {std::log(prototypes_), 1};
  }

  void export_state(const Sink& sink) override { sink("network.norm.bias", view_of(moved_, {1})); }

 private:
  VitConfig config_;
  int prototypes_;
  std::vector<float> moved_{1};
};

Backend make_backend() {
  Backend backend;
  backend.name = "torch";
  backend.description = "stand-in for tests, without LibTorch";
  backend.make_engine = [](const NetworkView&, const NetworkView& student,
                           const EngineOptions& options) {
    return std::make_shared<FakeEngine>(student, options.threads);
  };
  backend.make_teacher = [](const NetworkView& teacher, const EngineOptions&) {
    return std::make_unique<FakeTeacher>(teacher.config);
  };
  backend.make_student_trainer = [](const NetworkView& student, const TensorMap& state, int) {
    return std::make_unique<FakeStudentTrainer>(student, state);
  };
  backend.make_contrast_trainer = [](const NetworkView& teacher, std::span<const float> centre,
                                     const TensorMap& state, int) {
    expect_size(centre.size(), static_cast<std::size_t>(teacher.config.width), "centre");
    return std::make_unique<FakeContrastTrainer>(teacher, state);
  };
  backend.make_defend_trainer = [](const NetworkView& teacher, const DefendOptions& options,
                                   const TensorMap&, int) {
    return std::make_unique<FakeDefendTrainer>(teacher, options);
  };
  return backend;
}

}  // namespace
}  // namespace novelty

extern "C" __attribute__((visibility("default"))) const novelty::Backend* novelty_backend(
    std::uint32_t abi) {
  static const novelty::Backend backend = novelty::make_backend();
  return abi == backend.abi ? &backend : nullptr;
}
