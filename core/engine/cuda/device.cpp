// SPDX-License-Identifier: Apache-2.0
// What the device owns, as values, and its errors as ours.
#include "engine/cuda/device.h"

#include <string>

#include "novelty/error.h"

namespace novelty::cuda {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // what can be survived is not to be found by the next call
  if (status == cudaErrorMemoryAllocation) {
    throw Error(ErrorKind::kResource, "GPU", std::string("has no memory left for ") + what,
                "use fewer streams or a smaller model, or end other programs that use it");
  }
  throw Error(ErrorKind::kBackend, "GPU", std::string(what) + ": " + cudaGetErrorString(status),
              "'nvidia-smi' shows whether it works; device=cpu goes on without it");
}

Stream make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "a stream");
  return Stream(stream);
}

Event make_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync),
        "an event");
  return Event(event);
}

DeviceScope::DeviceScope(int device) {
  check(cudaGetDevice(&before_), "the current device");
  if (before_ != device) check(cudaSetDevice(device), "choosing the device");
}

}  // namespace novelty::cuda
