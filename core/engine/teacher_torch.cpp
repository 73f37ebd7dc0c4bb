// SPDX-License-Identifier: Apache-2.0
// The teacher's features for the cache, eager float32.
#include <c10/core/InferenceMode.h>

#include <cstring>

#include "engine/backend_torch.h"
#include "engine/worker_torch.h"
#include "nn/vit_torch.h"

namespace novelty {
namespace {

// One image at a time and one thread an image: what an image gives does not depend on the batch it
// came in or on the number of threads.
class TorchTeacher : public Teacher {
 public:
  TorchTeacher(const NetworkView& teacher, int threads)
      : vit_(vit_of(teacher.config, load_tensors(teacher.config, teacher.tensors))),
        workers_(threads, 1) {
    fold_normalisation(vit_, teacher.mean, teacher.std);
  }

  void features(std::span<const float> patches, int batch, std::span<float> tokens,
                std::span<float> attention, std::span<float> cls) override {
    const std::int64_t count = vit_.config.patch_count();
    check_size(tokens.size(), batch * count * vit_.config.width, "tokens");
    check_size(attention.size(), batch * count, "attention");
    check_size(cls.size(), std::int64_t{batch} * vit_.config.width, "cls");
    for_each_image(patches, batch, [&](int image, const at::Tensor& input) {
      at::Tensor row;
      const at::Tensor all = forward(vit_, input, &row);
      copy_to(tokens, image, l2_normalised(all.narrow(1, 1, count)));
      copy_to(attention, image, row);
      copy_to(cls, image, l2_normalised(all.narrow(1, 0, 1)));
    });
  }

  void tokens(std::span<const float> patches, int batch, std::span<float> out) override {
    check_size(out.size(),
               std::int64_t{batch} * (1 + vit_.config.patch_count()) * vit_.config.width, "tokens");
    for_each_image(patches, batch, [&](int image, const at::Tensor& input) {
      copy_to(out, image, forward(vit_, input));
    });
  }

 private:
  void for_each_image(std::span<const float> patches, int batch,
                      const std::function<void(int, const at::Tensor&)>& visit) {
    const std::int64_t count = vit_.config.patch_count(), values = vit_.config.patch_values();
    check_size(patches.size(), batch * count * values, "patches");
    workers_.run([&](int worker) {
      const c10::InferenceMode guard;
      const std::size_t image_size = static_cast<std::size_t>(count * values);
      for (int image = worker; image < batch; image += workers_.count()) {
        visit(image,
              tensor_of(patches.subspan(image * image_size, image_size), {1, count, values}));
      }
    });
  }

  static void copy_to(std::span<float> out, int image, const at::Tensor& values) {
    const at::Tensor packed = values.contiguous();
    const auto size = static_cast<std::size_t>(packed.numel());
    std::memcpy(out.subspan(image * size, size).data(), packed.data_ptr<float>(),
                size * sizeof(float));
  }

  Vit vit_;
  Workers workers_;
};

}  // namespace

std::unique_ptr<Teacher> make_torch_teacher(const NetworkView& teacher, int threads) {
  check_threads(threads);
  return std::make_unique<TorchTeacher>(teacher, threads);
}

}  // namespace novelty
