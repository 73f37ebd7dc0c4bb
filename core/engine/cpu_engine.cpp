// SPDX-License-Identifier: Apache-2.0
// The networks side by side, and the comparison of their tokens.
#include "engine/cpu_engine.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/network_pair.h"
#include "engine/team.h"
#include "engine/vit_forward.h"
#include "novelty/error.h"

namespace novelty {
namespace {

// Rows of `from` at length 1.
void normalise(std::span<const float> from, std::size_t width, std::span<float> out) {
  normalise_tokens(TokenNorm::kLength, false, width, from, out);
}

template <class Make>
auto guarded(const Make& make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kResource, "model", "no memory is left for its networks");
  }
}

class CpuScratch : public Engine::Scratch {
 public:
  CpuScratch(const PackedVit& teacher, const PackedVit& student, int threads)
      : passes{VitPass(teacher, std::max(1, threads / 2)),
               VitPass(student, std::max(1, threads / 2))},
        team(std::max(1, threads / 2 * 2)),
        normed(2, std::vector<float>(passes[0].tokens().size())) {}

  std::array<VitPass, 2> passes;  // teacher, student
  Team team;
  std::vector<std::vector<float>> normed;  // theirs, of one layer
};

// Note [Threads of a score]
// With two threads each takes a network, as that needs no waiting in between; more share the rows
// of each in equal parts. An odd one is left to the pipeline.
class CpuEngine : public Engine {
 public:
  CpuEngine(const NetworkView& teacher, const NetworkView& student, const VitKernels& kernels,
            int threads)
      : teacher_(teacher, kernels),
        student_(student, kernels),
        comparison_(student.comparison),
        threads_(threads) {}

  std::unique_ptr<Scratch> make_scratch() const override {
    return guarded([&] { return std::make_unique<CpuScratch>(teacher_, student_, threads_); });
  }

  void score(std::span<const float> patches, Scratch& scratch, std::span<float> discrepancy,
             std::span<float> tokens, std::span<float> cls) const override {
    const VitConfig& config = teacher_.config();
    check_size(patches.size(), std::int64_t{config.patch_count()} * config.patch_values(),
               "patches");
    check_size(discrepancy.size(), config.patch_count(), "discrepancy");
    if (!tokens.empty())
      check_size(tokens.size(), std::int64_t{config.patch_count()} * config.width, "tokens");
    if (!cls.empty()) check_size(cls.size(), config.width, "cls");
    auto& own = dynamic_cast<CpuScratch&>(scratch);
    own.team.run([&](int worker) {
      if (own.team.count() == 1) {
        for (auto& pass : own.passes) pass.run(patches, 0);
      } else {
        own.passes.at(static_cast<std::size_t>(worker % 2)).run(patches, worker / 2);
      }
    });
    const auto width = static_cast<std::size_t>(config.width);
    compare(own, discrepancy);
    const auto teacher = own.passes[0].tokens();
    if (!tokens.empty()) normalise(teacher.subspan(width), width, tokens);
    if (!cls.empty()) normalise(teacher.first(width), width, cls);
  }

 private:
  void compare(CpuScratch& own, std::span<float> discrepancy) const {
    const auto width = static_cast<std::size_t>(teacher_.config().width);
    std::vector<float>&teacher = own.normed[0], &student = own.normed[1];
    std::ranges::fill(discrepancy, 0.0F);
    for (int layer = 0; layer < comparison_.layers; ++layer) {
      normalise_tokens(comparison_.norm, false, width, own.passes[0].tokens(layer), teacher);
      normalise_tokens(comparison_.norm, true, width, own.passes[1].tokens(layer), student);
      for (std::size_t i = 0; i < discrepancy.size(); ++i) {
        const std::size_t first = (i + 1) * width;  // after [CLS]
        discrepancy[i] +=
            static_cast<float>(token_distance(comparison_, std::span(teacher).subspan(first, width),
                                              std::span(student).subspan(first, width)) /
                               comparison_.layers);
      }
    }
    if (!std::ranges::all_of(discrepancy, [](float v) { return std::isfinite(v); }))
      throw Error(ErrorKind::kFormat, "model", "its networks give values that are not finite",
                  "train it again");
  }

  PackedVit teacher_, student_;
  TokenComparison comparison_;
  int threads_;
};

// One picture a thread: what it gives depends neither on the batch nor on the number of threads.
class CpuTeacher : public Teacher {
 public:
  CpuTeacher(const NetworkView& teacher, const VitKernels& kernels, int threads)
      : network_(teacher, kernels), comparison_(teacher.comparison), team_(threads) {
    for (int i = 0; i < threads; ++i) passes_.emplace_back(std::make_unique<VitPass>(network_, 1));
  }

  void features(std::span<const float> patches, int batch, const TeacherFeatures& out) override {
    const VitConfig& config = network_.config();
    const auto count = static_cast<std::size_t>(config.patch_count());
    const auto width = static_cast<std::size_t>(config.width);
    const std::int64_t tokens = std::int64_t{batch} * config.patch_count() * config.width;
    check_size(out.tokens.size(), tokens, "tokens");
    check_size(out.attention.size(), std::int64_t{batch} * config.patch_count(), "attention");
    check_size(out.cls.size(), std::int64_t{batch} * config.width, "cls");
    if (!out.targets.empty())
      check_size(out.targets.size(), tokens * comparison_.layers, "targets");
    for_each_picture(patches, batch, [&](std::size_t picture, VitPass& pass, auto input) {
      std::vector<float> row(static_cast<std::size_t>(network_.tokens()));
      pass.run(input, 0, row);
      const auto all = pass.tokens();
      const std::size_t size = count * width;
      normalise(all.subspan(width), width, out.tokens.subspan(picture * size, size));
      normalise(all.first(width), width, out.cls.subspan(picture * width, width));
      std::copy_n(row.begin() + 1, count, out.attention.subspan(picture * count, count).begin());
      if (out.targets.empty()) return;
      const auto layers = static_cast<std::size_t>(comparison_.layers);
      for (std::size_t layer = 0; layer < layers; ++layer)
        normalise_tokens(comparison_.norm, false, width,
                         pass.tokens(static_cast<int>(layer)).subspan(width),
                         out.targets.subspan((picture * layers + layer) * size, size));
    });
  }

  void tokens(std::span<const float> patches, int batch, std::span<float> out) override {
    const std::size_t size = passes_.front()->tokens().size();
    const auto layers = static_cast<std::size_t>(comparison_.layers);
    check_size(out.size(),
               static_cast<std::int64_t>(static_cast<std::size_t>(batch) * layers * size),
               "tokens");
    for_each_picture(patches, batch, [&](std::size_t picture, VitPass& pass, auto input) {
      pass.run(input, 0);
      for (std::size_t layer = 0; layer < layers; ++layer)
        std::ranges::copy(pass.tokens(static_cast<int>(layer)),
                          out.subspan((picture * layers + layer) * size, size).begin());
    });
  }

 private:
  using Visit = std::function<void(std::size_t, VitPass&, std::span<const float>)>;

  void for_each_picture(std::span<const float> patches, int batch, const Visit& visit) {
    const VitConfig& config = network_.config();
    const auto size = static_cast<std::size_t>(config.patch_count()) *
                      static_cast<std::size_t>(config.patch_values());
    check_size(patches.size(), static_cast<std::int64_t>(static_cast<std::size_t>(batch) * size),
               "patches");
    const auto pictures = static_cast<std::size_t>(batch);
    team_.run([&](int worker) {
      for (auto i = static_cast<std::size_t>(worker); i < pictures; i += passes_.size()) {
        visit(i, *passes_[static_cast<std::size_t>(worker)], patches.subspan(i * size, size));
      }
    });
  }

  PackedVit network_;
  TokenComparison comparison_;
  std::vector<std::unique_ptr<VitPass>> passes_;
  Team team_;
};

Isa isa_named(const std::string& name) {
  if (name == "auto" || name == "amx") return Isa::kAmx;
  if (name == "avx512") return Isa::kAvx512;
  if (name == "avx2") return Isa::kAvx2;
  if (name == "plain") return Isa::kPlain;
  throw Error(ErrorKind::kSettings, "isa", "\"" + name + "\" is not known",
              "use auto, plain, avx2, avx512 or amx");
}

Precision precision_named(const std::string& name) {
  if (name == "fp32") return Precision::kFloat32;
  if (name == "bf16") return Precision::kBfloat16;
  if (name == "int8") return Precision::kInt8;
  throw Error(ErrorKind::kSettings, "precision", "\"" + name + "\" is not known",
              "use fp32, bf16 or int8");
}

Backend make_cpu_backend() {
  Backend backend;
  backend.name = "cpu";
  backend.description = std::string("own kernels, ") + kernels_for({}).isa + " in fp32";
  backend.make_engine = [](const NetworkView& teacher, const NetworkView& student,
                           const EngineOptions& options) -> std::shared_ptr<const Engine> {
    check_threads(options.threads);
    check_pair(teacher, student, "model");
    return guarded([&] {
      return std::make_shared<CpuEngine>(teacher, student, kernels_for(options), options.threads);
    });
  };
  backend.make_teacher = [](const NetworkView& teacher,
                            const EngineOptions& options) -> std::unique_ptr<Teacher> {
    check_threads(options.threads);
    return guarded([&] {
      return std::make_unique<CpuTeacher>(teacher, kernels_for(options), options.threads);
    });
  };
  return backend;
}

}  // namespace

const VitKernels& kernels_for(const EngineOptions& options) {
  const Precision precision = precision_named(options.precision);
  for (int isa = static_cast<int>(isa_named(options.isa)); isa >= 0; --isa) {
    const VitKernels* kernels = kernels_or_null(static_cast<Isa>(isa), precision);
    if (kernels) return *kernels;
  }
  throw Error(ErrorKind::kUnsupported, "precision", options.precision + " has no kernels here");
}

// AVX512_BF16 without AMX is slower than float32 on Intel's processors: see docs/benchmarks.md.
bool is_quicker_in(const std::string& precision) {
  const VitKernels& kernels = kernels_for({.precision = precision});
  const std::string isa = kernels.isa;
#if defined(__x86_64__)
  if (isa == "avx512" && kernels.precision == Precision::kBfloat16)
    return !__builtin_cpu_is("intel");
#endif
  return isa != "plain";
}

void check_size(std::size_t actual, std::int64_t expected, const char* what) {
  if (static_cast<std::int64_t>(actual) != expected) {
    throw Error(
        ErrorKind::kSettings, what,
        std::to_string(actual) + " values where the network needs " + std::to_string(expected));
  }
}

void check_threads(int threads) {
  if (threads < 1 || threads > 1024) {
    throw Error(ErrorKind::kSettings, "threads", std::to_string(threads) + " is out of range",
                "use 1 to 1024");
  }
}

const Backend& cpu_backend() {
  static const Backend backend = make_cpu_backend();
  return backend;
}

}  // namespace novelty
