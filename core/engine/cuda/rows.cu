// SPDX-License-Identifier: Apache-2.0
// The kernels that work on rows of tokens: a warp has one.
#include <type_traits>

#include "engine/cuda/launch.h"

namespace novelty::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kWarpsPerBlock = 4;

struct Warp {
  static constexpr int kSize = kWarp;
  __device__ int rank() const { return threadIdx.x; }
  __device__ float sum(float value) const {
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2) {
      value += __shfl_xor_sync(0xffffffffU, value, step);
    }
    return value;
  }
};

__device__ int own_row() {
  return blockIdx.x * kWarpsPerBlock + threadIdx.y;
}

template <int kMost>
__global__ void embed(PassShape shape, const Bf16Four* patches, const Four* positions, Four* x,
                      NormView norm, Bf16Four* normed) {
  const int row = own_row();
  if (row >= shape.pictures * shape.tokens) return;
  const int fours = shape.width / 4, token = row % shape.tokens;
  const std::size_t patch = static_cast<std::size_t>(row / shape.tokens) * shape.patches;
  const std::size_t at = static_cast<std::size_t>(row) * fours;
  const bool has_patch = token > 0 && token <= shape.patches;
  embed_and_normalise<kMost>(
      Warp(), fours, has_patch ? patches + (patch + token - 1) * fours : nullptr,
      positions + static_cast<std::size_t>(token) * fours, x + at, norm, normed + at);
}

template <int kMost>
__global__ void normalise_rows(PassShape shape, const Four* x, NormView norm, Bf16Four* normed) {
  const int row = own_row();
  if (row >= shape.pictures * shape.tokens) return;
  const int fours = shape.width / 4;
  const std::size_t at = static_cast<std::size_t>(row) * fours;
  normalise<kMost>(Warp(), fours, x + at, norm, normed + at);
}

// Of the row'th of the rows without registers, where a picture has `tokens` with them.
__device__ LastRow at_row(LastRow last, const PassShape& shape, int row, int tokens) {
  const int picture = row / (1 + shape.patches), token = row % (1 + shape.patches);
  const std::size_t place = static_cast<std::size_t>(picture) * tokens + token;
  return {last.x + place * (shape.width / 4), last.norm};
}

template <int kMost>
__global__ void finish(PassShape shape, LastRow last, bool shorten, Four* tokens) {
  const int row = own_row();
  if (row >= shape.pictures * (1 + shape.patches)) return;
  const int fours = shape.width / 4;
  finish_token<kMost>(Warp(), fours, at_row(last, shape, row, shape.tokens), shorten,
                      tokens + static_cast<std::size_t>(row) * fours);
}

template <int kMost>
__global__ void finish_pairs(PassShape shape, LastRow teacher, LastRow student, int student_tokens,
                             Four* tokens, float* discrepancy) {
  const int row = own_row();
  if (row >= shape.pictures * (1 + shape.patches)) return;
  const int fours = shape.width / 4, token = row % (1 + shape.patches);
  const float distance = finish_pair<kMost>(
      Warp(), fours, at_row(teacher, shape, row, shape.tokens),
      at_row(student, shape, row, student_tokens), tokens + static_cast<std::size_t>(row) * fours);
  if (token > 0 && threadIdx.x == 0) {
    const int picture = row / (1 + shape.patches);
    discrepancy[static_cast<std::size_t>(picture) * shape.patches + token - 1] = distance;
  }
}

// One block a picture. Shared memory: scores of a head, and the mean over heads.
__global__ void cls_attention(PassShape shape, const Bf16Pair* qkv, float* attention) {
  extern __shared__ float scores[];
  __shared__ float partial[kWarp];
  float* mean = scores + shape.tokens;
  const int pairs = shape.width / 2, head_pairs = pairs / shape.heads;
  const Bf16Pair* picture = qkv + static_cast<std::size_t>(blockIdx.x) * shape.tokens * 3 * pairs;
  const auto reduced = [&](float value, bool is_max) {
    for (int step = kWarp / 2; step > 0; step /= 2) {
      const float other = __shfl_xor_sync(0xffffffffU, value, step);
      value = is_max ? fmaxf(value, other) : value + other;
    }
    __syncthreads();
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = value;
    __syncthreads();
    value = partial[0];
    for (int i = 1; i < blockDim.x / kWarp; ++i) {
      value = is_max ? fmaxf(value, partial[i]) : value + partial[i];
    }
    return value;
  };
  for (int t = threadIdx.x; t < shape.tokens; t += blockDim.x) mean[t] = 0;
  for (int head = 0; head < shape.heads; ++head) {
    const Bf16Pair* query = picture + head * head_pairs;
    float highest = -INFINITY;
    for (int t = threadIdx.x; t < shape.tokens; t += blockDim.x) {
      const Bf16Pair* key =
          picture + static_cast<std::size_t>(t) * 3 * pairs + pairs + head * head_pairs;
      float sum = 0;
      for (int i = 0; i < head_pairs; ++i) {
        const Pair q = unpacked(query[i]), k = unpacked(key[i]);
        sum += q.first * k.first + q.second * k.second;
      }
      scores[t] = sum;
      highest = fmaxf(highest, sum);
    }
    highest = reduced(highest, true);
    float total = 0;
    for (int t = threadIdx.x; t < shape.tokens; t += blockDim.x) {
      scores[t] = exp2f(scores[t] - highest);
      total += scores[t];
    }
    const float share = 1 / (reduced(total, false) * static_cast<float>(shape.heads));
    for (int t = threadIdx.x; t < shape.tokens; t += blockDim.x) mean[t] += scores[t] * share;
  }
  float* out = attention + static_cast<std::size_t>(blockIdx.x) * shape.patches;
  for (int t = threadIdx.x; t <= shape.patches; t += blockDim.x) {
    if (t > 0) out[t - 1] = mean[t];
  }
}

// launch(a constant: the fours of a row that a thread has at most).
template <class Launch>
void with_share(const PassShape& shape, Launch launch) {
  const int share = (shape.fours() + kWarp - 1) / kWarp;
  const auto try_share = [&](auto most) {
    if (share > decltype(most)::value) return false;
    launch(most);
    return true;
  };
  try_share(std::integral_constant<int, 2>()) || try_share(std::integral_constant<int, 3>()) ||
      try_share(std::integral_constant<int, 6>()) || try_share(std::integral_constant<int, 8>()) ||
      try_share(std::integral_constant<int, 12>()) || try_share(std::integral_constant<int, 32>());
}

const dim3 kThreads(kWarp, kWarpsPerBlock);

int blocks_of(int rows) {
  return (rows + kWarpsPerBlock - 1) / kWarpsPerBlock;
}

}  // namespace

void launch_embed(const PassShape& shape, const Bf16Pair* patches, const float* positions, Four* x,
                  NormView norm, Bf16Pair* normed, cudaStream_t stream) {
  with_share(shape, [&](auto most) {
    embed<decltype(most)::value><<<blocks_of(shape.rows()), kThreads, 0, stream>>>(
        shape, reinterpret_cast<const Bf16Four*>(patches), reinterpret_cast<const Four*>(positions),
        x, norm, reinterpret_cast<Bf16Four*>(normed));
  });
}

void launch_normalise(const PassShape& shape, const Four* x, NormView norm, Bf16Pair* normed,
                      cudaStream_t stream) {
  with_share(shape, [&](auto most) {
    normalise_rows<decltype(most)::value><<<blocks_of(shape.rows()), kThreads, 0, stream>>>(
        shape, x, norm, reinterpret_cast<Bf16Four*>(normed));
  });
}

void launch_cls_attention(const PassShape& shape, const Bf16Pair* qkv, float* attention,
                          cudaStream_t stream) {
  const std::size_t shared_bytes = 2 * static_cast<std::size_t>(shape.tokens) * sizeof(float);
  cls_attention<<<shape.pictures, 256, shared_bytes, stream>>>(shape, qkv, attention);
}

void launch_finish(const PassShape& shape, LastRow last, bool shorten, Four* tokens,
                   cudaStream_t stream) {
  with_share(shape, [&](auto most) {
    finish<decltype(most)::value>
        <<<blocks_of(shape.named_rows()), kThreads, 0, stream>>>(shape, last, shorten, tokens);
  });
}

void launch_finish_pair(const PassShape& shape, LastRow teacher, LastRow student,
                        int student_tokens, Four* tokens, float* discrepancy, cudaStream_t stream) {
  with_share(shape, [&](auto most) {
    finish_pairs<decltype(most)::value><<<blocks_of(shape.named_rows()), kThreads, 0, stream>>>(
        shape, teacher, student, student_tokens, tokens, discrepancy);
  });
}

}  // namespace novelty::cuda
