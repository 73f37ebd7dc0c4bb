// SPDX-License-Identifier: Apache-2.0
// The entry of the LibTorch backend.
#include "engine/backend_torch.h"

#include <ATen/Version.h>
#include <torch/version.h>

#include <string>

#include "engine/error_torch.h"
#include "novelty/error.h"

namespace novelty {
namespace {

template <class Make>
auto guarded(const Make& make) {
  try {
    return make();
  } catch (...) {
    rethrow_as_error();
  }
}

Backend make_backend() {
  Backend backend;
  backend.name = "torch";
  backend.description = "LibTorch " TORCH_VERSION ", CPU capability " + at::get_cpu_capability();
  backend.make_student_trainer = [](const NetworkView& student, const TensorMap& state,
                                    int threads) {
    return guarded([&] { return make_torch_student_trainer(student, state, threads); });
  };
  backend.make_compact_trainer = [](const NetworkView& network, int teacher_width,
                                    std::uint64_t seed, const TensorMap& state, int threads) {
    return guarded(
        [&] { return make_torch_compact_trainer(network, teacher_width, seed, state, threads); });
  };
  backend.make_defend_trainer = [](const NetworkView& teacher, const DefendOptions& options,
                                   const TensorMap& state, int threads) {
    return guarded([&] { return make_torch_defend_trainer(teacher, options, state, threads); });
  };
  backend.make_contrast_trainer = [](const NetworkView& teacher, std::span<const float> centre,
                                     const TensorMap& state, int threads) {
    return guarded([&] { return make_torch_contrast_trainer(teacher, centre, state, threads); });
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
