// SPDX-License-Identifier: Apache-2.0
// Teacher and student on a GPU, for many streams at once, and the backend library's entry.
#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/batcher.h"
#include "engine/cpu_engine.h"
#include "engine/cuda/device_vit.h"
#include "engine/network_pair.h"
#include "novelty/error.h"

namespace novelty::cuda {
namespace {

constexpr std::size_t kLanes = 2;  // one copies while the other computes
constexpr int kMostPictures = 64;
// Batches run as the next larger of these.
constexpr std::array kBuckets{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, kMostPictures};
constexpr std::size_t kMemoryShare = 4;  // a lane takes at most a fourth of what is free

int bucket_of(std::size_t pictures) {
  return *std::ranges::lower_bound(kBuckets, static_cast<int>(pictures));
}

std::size_t size_of(int count) {
  return static_cast<std::size_t>(count);
}

// The networks on a device.
struct Networks {
  Networks(const NetworkView& teacher_view, const NetworkView& student_view, int on_device)
      : device(on_device), teacher(teacher_view, library), student(student_view, library) {}

  int device;
  LinearLibrary library;
  DeviceVit teacher, student;
};

// What one caller brings and takes, in memory that the device reaches.
class CudaScratch : public Engine::Scratch {
 public:
  explicit CudaScratch(const VitConfig& config)
      : patches(size_of(config.patch_count()) * size_of(config.patch_values()) / 2),
        discrepancy(size_of(config.patch_count())),
        tokens(size_of(1 + config.patch_count()) * size_of(config.width)) {}

  PinnedMemory<Bf16Pair> patches;
  PinnedMemory<float> discrepancy;
  PinnedMemory<float> tokens;  // [CLS] first
  bool wants_tokens = false;
  bool wants_cls = false;
};

// Buffers and graphs for a batch. Thread: one at a time.
class Lane {
 public:
  Lane(Networks& networks, bool graph)
      : networks_(networks),
        records_(graph),
        first_(make_stream()),
        second_(make_stream()),
        fork_(make_event()),
        join_(make_event()),
        done_(make_event()) {}

  void run(std::span<void* const> items, std::mutex& planning) {
    try {
      pass(items, planning);
    } catch (...) {
      // Nothing may still be writing to what the callers take back.
      cudaStreamSynchronize(second_.get());
      cudaStreamSynchronize(first_.get());
      throw;
    }
  }

 private:
  void pass(std::span<void* const> items, std::mutex& planning) {
    const int bucket = bucket_of(items.size());
    if (!buffers_ || buffers_->most < bucket) grow(bucket);
    for (std::size_t i = 0; i < items.size(); ++i) bring(i, *static_cast<CudaScratch*>(items[i]));
    cudaGraphExec_t graph = graph_of(bucket, planning);
    if (graph) {
      check(cudaGraphLaunch(graph, first_.get()), "starting a graph");
    } else {
      const std::lock_guard lock(planning);
      enqueue(bucket);
    }
    for (std::size_t i = 0; i < items.size(); ++i) take(i, *static_cast<CudaScratch*>(items[i]));
    check(cudaEventRecord(done_.get(), first_.get()), "an event");
    check(cudaEventSynchronize(done_.get()), "a pass");
  }

  struct Buffers {
    Buffers(const Networks& networks, int pictures)
        : most(pictures), teacher(networks.teacher, pictures), student(networks.student, pictures) {
      const VitConfig& config = networks.teacher.config();
      const std::size_t count = size_of(pictures);
      patches = DeviceMemory<Bf16Pair>(count * size_of(config.patch_count()) *
                                       size_of(config.patch_values()) / 2);
      tokens =
          DeviceMemory<Four>(count * size_of(1 + config.patch_count()) * size_of(config.width) / 4);
      discrepancy = DeviceMemory<float>(count * size_of(config.patch_count()));
    }

    int most;
    DevicePass teacher, student;
    DeviceMemory<Bf16Pair> patches;
    DeviceMemory<Four> tokens;
    DeviceMemory<float> discrepancy;
  };

  void grow(int pictures) {
    graphs_.clear();
    buffers_.reset();
    buffers_ = std::make_unique<Buffers>(networks_, pictures);
  }

  void bring(std::size_t place, const CudaScratch& item) {
    copy(buffers_->patches.data() + place * item.patches.size(), item.patches.data(),
         item.patches.size() * sizeof(Bf16Pair));
  }

  void take(std::size_t place, const CudaScratch& item) {
    const std::size_t count = item.discrepancy.size();
    copy(item.discrepancy.data(), buffers_->discrepancy.data() + place * count,
         count * sizeof(float));
    const std::size_t values =
        item.wants_tokens ? item.tokens.size()
                          : (item.wants_cls ? size_of(networks_.teacher.config().width) : 0);
    if (values == 0) return;
    copy(item.tokens.data(), buffers_->tokens.data() + place * item.tokens.size() / 4,
         values * sizeof(float));
  }

  void copy(void* to, const void* from, std::size_t bytes) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, first_.get()), "copying a picture");
  }

  // Teacher and student side by side.
  void enqueue(int pictures) {
    Buffers& own = *buffers_;
    check(cudaEventRecord(fork_.get(), first_.get()), "an event");
    check(cudaStreamWaitEvent(second_.get(), fork_.get()), "an event");
    own.teacher.run(pictures, own.patches.data(), nullptr, first_.get());
    own.student.run(pictures, own.patches.data(), nullptr, second_.get());
    check(cudaEventRecord(join_.get(), second_.get()), "an event");
    check(cudaStreamWaitEvent(first_.get(), join_.get()), "an event");
    launch_finish_pair(own.teacher.shape(pictures), own.teacher.last(), own.student.last(),
                       networks_.student.tokens(), own.tokens.data(), own.discrepancy.data(),
                       first_.get());
    check(cudaGetLastError(), "starting a kernel");
  }

  // Null where capturing fails twice: then each pass is enqueued kernel by kernel.
  cudaGraphExec_t graph_of(int bucket, std::mutex& planning) {
    const auto found = graphs_.find(bucket);
    if (found != graphs_.end()) return found->second.get();
    const std::lock_guard lock(planning);
    networks_.teacher.plan(bucket);
    networks_.student.plan(bucket);
    enqueue(bucket);  // loads what is loaded at first use, which a capture does not allow
    check(cudaStreamSynchronize(first_.get()), "a pass");
    GraphExec graph;
    for (int tries = 0; records_ && !graph && tries < 2; ++tries) graph = captured(bucket);
    return graphs_.emplace(bucket, std::move(graph)).first->second.get();
  }

  GraphExec captured(int bucket) {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    try {
      check(cudaStreamBeginCapture(first_.get(), cudaStreamCaptureModeThreadLocal), "a capture");
      enqueue(bucket);
    } catch (const Error&) {
      cudaStreamEndCapture(first_.get(), &graph);
      if (graph) cudaGraphDestroy(graph);
      cudaGetLastError();
      return {};
    }
    if (cudaStreamEndCapture(first_.get(), &graph) == cudaSuccess &&
        cudaGraphInstantiate(&exec, graph, 0) != cudaSuccess) {
      exec = nullptr;
    }
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();
    return GraphExec(exec);
  }

  Networks& networks_;
  const bool records_;
  Stream first_, second_;
  Event fork_, join_, done_;
  std::unique_ptr<Buffers> buffers_;
  std::map<int, GraphExec> graphs_;  // by bucket; of buffers_
};

// Pictures that a lane may have at once, so that it leaves most of the memory to others.
int most_pictures(const VitConfig& teacher, const VitConfig& student) {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "its free memory");
  std::size_t bytes = 0;
  for (const VitConfig* config : {&teacher, &student}) {
    const auto values = size_of(7 * config->width + config->mlp_width);
    bytes += size_of(config->token_count()) * values * sizeof(Bf16Pair) / 2 * 5 / 4;
  }
  const std::size_t fitting = free / kMemoryShare / bytes;
  const auto bucket = std::ranges::find_if(kBuckets.rbegin(), kBuckets.rend(), [&](int pictures) {
    return size_of(pictures) <= fitting;
  });
  return bucket == kBuckets.rend() ? 1 : *bucket;
}

class CudaEngine : public Engine {
 public:
  CudaEngine(const NetworkView& teacher, const NetworkView& student, const EngineOptions& options)
      : networks_(teacher, student, options.device) {
    for (std::size_t i = 0; i < kLanes; ++i)
      lanes_.push_back(std::make_unique<Lane>(networks_, options.graph));
    batcher_ =
        std::make_unique<Batcher>(kLanes, size_of(most_pictures(teacher.config, student.config)),
                                  [this](std::size_t lane, std::span<void* const> items) {
                                    const DeviceScope scope(networks_.device);
                                    lanes_[lane]->run(items, planning_);
                                  });
  }

  std::unique_ptr<Scratch> make_scratch() const override {
    const DeviceScope scope(networks_.device);
    return std::make_unique<CudaScratch>(networks_.teacher.config());
  }

  void score(std::span<const float> patches, Scratch& scratch, std::span<float> discrepancy,
             std::span<float> tokens, std::span<float> cls) const override {
    auto& own = dynamic_cast<CudaScratch&>(scratch);
    const std::size_t width = size_of(networks_.teacher.config().width);
    check_size(patches.size(), static_cast<std::int64_t>(own.patches.size() * 2), "patches");
    check_size(discrepancy.size(), networks_.teacher.config().patch_count(), "discrepancy");
    if (!tokens.empty())
      check_size(tokens.size(), static_cast<std::int64_t>(own.tokens.size() - width), "tokens");
    if (!cls.empty()) check_size(cls.size(), static_cast<std::int64_t>(width), "cls");
    round_to_bf16(patches, own.patches.data());
    own.wants_tokens = !tokens.empty();
    own.wants_cls = !cls.empty();
    batcher_->submit(&own);
    std::copy_n(own.discrepancy.data(), discrepancy.size(), discrepancy.begin());
    std::copy_n(own.tokens.data() + width, tokens.size(), tokens.begin());
    std::copy_n(own.tokens.data(), cls.size(), cls.begin());
  }

 private:
  Networks networks_;
  std::mutex planning_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Batcher> batcher_;
};

class CudaTeacher : public Teacher {
 public:
  CudaTeacher(const NetworkView& teacher, int device)
      : device_(device), network_(teacher, library_), stream_(make_stream()) {}

  void features(std::span<const float> patches, int batch, const TeacherFeatures& out) override {
    const std::size_t count = size_of(network_.config().patch_count());
    const std::size_t width = size_of(network_.config().width), pictures = size_of(batch);
    check_size(out.tokens.size(), static_cast<std::int64_t>(pictures * count * width), "tokens");
    check_size(out.attention.size(), static_cast<std::int64_t>(pictures * count), "attention");
    check_size(out.cls.size(), static_cast<std::int64_t>(pictures * width), "cls");
    check_size(out.targets.size(), 0, "targets");
    for_each_part(patches, batch, true, [&](std::size_t first, std::size_t size) {
      check(cudaMemcpyAsync(&out.attention[first * count], attention_.data(),
                            size * count * sizeof(float), cudaMemcpyDefault, stream_.get()),
            "copying features");
      const std::size_t row = width * sizeof(float), picture = (count + 1) * row;
      check(cudaMemcpy2DAsync(&out.cls[first * width], row, tokens_.data(), picture, row, size,
                              cudaMemcpyDefault, stream_.get()),
            "copying features");
      check(cudaMemcpy2DAsync(&out.tokens[first * count * width], count * row,
                              tokens_.data() + width / 4, picture, count * row, size,
                              cudaMemcpyDefault, stream_.get()),
            "copying features");
    });
  }

  void tokens(std::span<const float> patches, int batch, std::span<float> out) override {
    const std::size_t picture =
        size_of(1 + network_.config().patch_count()) * size_of(network_.config().width);
    check_size(out.size(), static_cast<std::int64_t>(size_of(batch) * picture), "tokens");
    for_each_part(patches, batch, false, [&](std::size_t first, std::size_t size) {
      check(cudaMemcpyAsync(&out[first * picture], tokens_.data(), size * picture * sizeof(float),
                            cudaMemcpyDefault, stream_.get()),
            "copying tokens");
    });
  }

 private:
  // take(first picture, pictures) enqueues what is to be taken of a part.
  template <class Take>
  void for_each_part(std::span<const float> patches, int batch, bool shorten, Take take) {
    const DeviceScope scope(device_);
    const std::size_t values =
        size_of(network_.config().patch_count()) * size_of(network_.config().patch_values());
    check_size(patches.size(), static_cast<std::int64_t>(size_of(batch) * values), "patches");
    std::vector<Bf16Pair> input;
    for (int first = 0; first < batch; first += kMostPictures) {
      const int size = std::min(kMostPictures, batch - first);
      reserve(size);
      const auto part = patches.subspan(size_of(first) * values, size_of(size) * values);
      input.resize(part.size() / 2);
      round_to_bf16(part, input.data());
      check(cudaMemcpyAsync(patches_.data(), input.data(), input.size() * sizeof(Bf16Pair),
                            cudaMemcpyDefault, stream_.get()),
            "copying pictures");
      network_.plan(size);
      pass_->run(size, patches_.data(), attention_.data(), stream_.get());
      launch_finish(pass_->shape(size), pass_->last(), shorten, tokens_.data(), stream_.get());
      take(size_of(first), size_of(size));
      check(cudaStreamSynchronize(stream_.get()), "a pass");
    }
  }

  void reserve(int pictures) {
    if (pictures <= most_) return;
    const VitConfig& config = network_.config();
    const std::size_t count = size_of(pictures);
    pass_.reset();
    pass_ = std::make_unique<DevicePass>(network_, pictures);
    patches_ = DeviceMemory<Bf16Pair>(count * size_of(config.patch_count()) *
                                      size_of(config.patch_values()) / 2);
    attention_ = DeviceMemory<float>(count * size_of(config.patch_count()));
    tokens_ =
        DeviceMemory<Four>(count * size_of(1 + config.patch_count()) * size_of(config.width) / 4);
    most_ = pictures;
  }

  int device_;
  LinearLibrary library_;
  DeviceVit network_;
  Stream stream_;
  int most_ = 0;
  std::unique_ptr<DevicePass> pass_;
  DeviceMemory<Bf16Pair> patches_;
  DeviceMemory<float> attention_;
  DeviceMemory<Four> tokens_;
};

constexpr int kLeastCapability = 8;  // bfloat16 products

// Throws: Error(kBackend) unless the device is there and new enough.
int checked_device(int device) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver || status == cudaErrorNoDevice) {
    throw Error(
        ErrorKind::kNotFound, "GPU",
        "there is none, or no driver of CUDA " + std::to_string(CUDART_VERSION / 1000) + " for it",
        "'nvidia-smi' shows both");
  }
  check(status, "looking for a GPU");
  if (device < 0 || device >= count) {
    throw Error(ErrorKind::kSettings, "device", "there is no GPU " + std::to_string(device),
                "there are " + std::to_string(count) + ", the first is cuda:0");
  }
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "a GPU");
  if (major < kLeastCapability) {
    throw Error(ErrorKind::kUnsupported, "device",
                "this GPU has compute capability " + std::to_string(major) + ", 8.0 is needed",
                "use device=cpu");
  }
  return device;
}

std::string description_of_first() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, checked_device(0)), "a GPU");
  return std::string(properties.name) + ", compute capability " + std::to_string(properties.major) +
         "." + std::to_string(properties.minor);
}

void check_plain(const NetworkView& network) {
  if (is_plain(network)) return;
  throw Error(ErrorKind::kUnsupported, "model",
              "a GPU compares the L2-normalised tokens of the last layer alone", "use device=cpu");
}

Backend make_backend() {
  Backend backend;
  backend.name = "cuda";
  backend.precision = "bf16";
  try {
    backend.description = description_of_first();
  } catch (const Error& error) {
    backend.unusable = error.what();
    return backend;
  }
  backend.make_engine = [](const NetworkView& teacher, const NetworkView& student,
                           const EngineOptions& options) -> std::shared_ptr<const Engine> {
    check_pair(teacher, student, "model");
    check_plain(student);
    const DeviceScope scope(checked_device(options.device));
    return std::make_shared<CudaEngine>(teacher, student, options);
  };
  backend.make_teacher = [](const NetworkView& teacher,
                            const EngineOptions& options) -> std::unique_ptr<Teacher> {
    check_plain(teacher);
    const DeviceScope scope(checked_device(options.device));
    return std::make_unique<CudaTeacher>(teacher, options.device);
  };
  return backend;
}

}  // namespace

}  // namespace novelty::cuda

extern "C" __attribute__((visibility("default"))) const novelty::Backend* novelty_backend(
    std::uint32_t abi) {
  static const novelty::Backend backend = novelty::cuda::make_backend();
  return abi == backend.abi ? &backend : nullptr;
}
