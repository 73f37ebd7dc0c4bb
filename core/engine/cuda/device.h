// SPDX-License-Identifier: Apache-2.0
// What the device owns - memory, streams, events, graphs - as values, and its errors as ours.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace novelty::cuda {

/// Throws: Error(kResource) when memory ran out, else Error(kBackend); `what` was being done.
void check(cudaError_t status, const char* what);

/// Memory of the device. T: what it holds.
template <class T>
class DeviceMemory {
 public:
  DeviceMemory() = default;
  explicit DeviceMemory(std::size_t count) : size_(count) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, count * sizeof(T)), "memory of the GPU");
    memory_.reset(static_cast<T*>(memory));
  }

  T* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(T* memory) const { cudaFree(memory); }
  };
  std::unique_ptr<T, Free> memory_;
  std::size_t size_ = 0;
};

/// Memory of the host that the device reads and writes by itself.
template <class T>
class PinnedMemory {
 public:
  explicit PinnedMemory(std::size_t count) : size_(count) {
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, count * sizeof(T), cudaHostAllocPortable), "pinned memory");
    memory_.reset(static_cast<T*>(memory));
  }

  T* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(T* memory) const { cudaFreeHost(memory); }
  };
  std::unique_ptr<T, Free> memory_;
  std::size_t size_ = 0;
};

template <auto destroy>
struct Destroy {
  template <class Handle>
  void operator()(Handle handle) const {
    destroy(handle);
  }
};

using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroy<cudaStreamDestroy>>;
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy<cudaEventDestroy>>;
using GraphExec =
    std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy<cudaGraphExecDestroy>>;

Stream make_stream();

/// Who waits for it sleeps.
Event make_event();

/// Makes `device` the calling thread's until it ends.
class DeviceScope {
 public:
  explicit DeviceScope(int device);
  ~DeviceScope() { cudaSetDevice(before_); }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int before_ = 0;
};

}  // namespace novelty::cuda
