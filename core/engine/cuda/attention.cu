// SPDX-License-Identifier: Apache-2.0
// Attention in one pass over the keys, with a running softmax (as FlashAttention does): a warp has
// 32 queries, a block the keys and values of one head, 64 at a time, the next ones on their way.
#include <cuda_bf16.h>

#include "engine/cuda/launch.h"

namespace novelty::cuda {
namespace {

using Bits = std::uint32_t;

constexpr int kWarp = 32;
constexpr int kWarps = 4;
constexpr int kRowTiles = 2;
constexpr int kWarpQueries = 16 * kRowTiles;
constexpr int kQueries = kWarps * kWarpQueries;
constexpr int kKeys = 64;
constexpr int kKeyTiles = kKeys / 8;
constexpr int kStages = 4;       // steps of keys in shared memory
constexpr int kChunkValues = 8;  // 16 bytes

// Rows of kSize values in shared memory; 16-byte chunks change places so that eight rows of a
// column of chunks lie in different banks.
template <int kSize>
__device__ int place(int row, int chunk) {
  constexpr int kChunks = kSize / kChunkValues, kRowsPerLine = 64 / kSize;
  return row * kSize + (chunk ^ row / kRowsPerLine % kChunks) * kChunkValues;
}

__device__ Bits address(const __nv_bfloat16* shared) {
  return static_cast<Bits>(__cvta_generic_to_shared(shared));
}

// `size` is 16, or 0 for zeros.
__device__ void copy_chunk(__nv_bfloat16* to, const __nv_bfloat16* from, int size) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address(to)), "l"(from),
               "r"(size));
}

__device__ void end_copies() {
  asm volatile("cp.async.commit_group;");
}

template <int kLeft>
__device__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft));
}

// Rows first to first + count - 1 of a matrix; those from `end` are zeros.
template <int kSize>
__device__ void copy_rows(__nv_bfloat16* to, const __nv_bfloat16* from, std::size_t stride,
                          int first, int count, int end) {
  constexpr int kChunks = kSize / kChunkValues;
  for (int i = threadIdx.x; i < count * kChunks; i += kWarps * kWarp) {
    const int row = i / kChunks, chunk = i % kChunks;
    const bool is_there = first + row < end;
    const std::size_t source = is_there ? first + row : 0;
    copy_chunk(to + place<kSize>(row, chunk), from + source * stride + chunk * kChunkValues,
               is_there ? 16 : 0);
  }
}

__device__ void load_tiles(Bits (&tiles)[4], const __nv_bfloat16* from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(tiles[0]), "=r"(tiles[1]), "=r"(tiles[2]), "=r"(tiles[3])
               : "r"(address(from)));
}

__device__ void load_tiles_turned(Bits (&tiles)[4], const __nv_bfloat16* from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(tiles[0]), "=r"(tiles[1]), "=r"(tiles[2]), "=r"(tiles[3])
               : "r"(address(from)));
}

__device__ void multiply_add(float (&sum)[4], const Bits (&a)[4], Bits b0, Bits b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// 2 to the power of `value`.
__device__ float power(float value) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(value));
  return result;
}

// Over the four threads that share a row of sums.
__device__ float quad_max(float value) {
  value = fmaxf(value, __shfl_xor_sync(0xffffffffU, value, 1));
  return fmaxf(value, __shfl_xor_sync(0xffffffffU, value, 2));
}

__device__ float quad_sum(float value) {
  value += __shfl_xor_sync(0xffffffffU, value, 1);
  return value + __shfl_xor_sync(0xffffffffU, value, 2);
}

// What a warp knows of its queries so far, 16 a row tile. Tile i of `mixed` has values 8 i to 8 i +
// 7; of a tile a thread has two neighbours of row lane / 4, and two of the row 8 below.
template <int kSize>
struct Running {
  using Scores = float[kRowTiles][kKeyTiles][4];

  Bits queries[kRowTiles][kSize / 16][4];
  float mixed[kRowTiles][kSize / 8][4] = {};
  float highest[kRowTiles][2];
  float total[kRowTiles][2] = {};  // of the thread's own keys

  __device__ void load_queries(const __nv_bfloat16* rows, int lane) {
#pragma unroll
    for (int rt = 0; rt < kRowTiles; ++rt) {
      highest[rt][0] = highest[rt][1] = -INFINITY;
#pragma unroll
      for (int step = 0; step < kSize / 16; ++step) {
        load_tiles(queries[rt][step],
                   rows + place<kSize>(rt * 16 + lane % 16, 2 * step + lane / 16));
      }
    }
  }

  // Takes in `left` keys and their values; kWhole: it is all that fit.
  template <bool kWhole>
  __device__ void take(const __nv_bfloat16* keys, const __nv_bfloat16* values, int lane, int left) {
    Scores scores;
#pragma unroll
    for (int tile = 0; tile < kKeyTiles; tile += 2) {
      if (kWhole || tile * 8 < left) score(tile, keys, lane, scores);
    }
    if (!kWhole) drop(lane, left, scores);
#pragma unroll
    for (int rt = 0; rt < kRowTiles; ++rt) {
      weigh(scores[rt], mixed[rt], highest[rt], total[rt]);
    }
#pragma unroll
    for (int step = 0; step < kKeys / 16; ++step) {
      if (kWhole || step * 16 < left) mix(step, values, lane, scores);
    }
  }

 private:
  // Scores with the 16 keys of tiles `tile` and the next.
  __device__ void score(int tile, const __nv_bfloat16* keys, int lane, Scores& scores) const {
#pragma unroll
    for (int i = 0; i < 4 * kRowTiles; ++i) {
      scores[i / 4][tile][i % 4] = scores[i / 4][tile + 1][i % 4] = 0;
    }
#pragma unroll
    for (int step = 0; step < kSize / 16; ++step) {
      Bits both[4];
      const int row = tile * 8 + lane / 16 * 8 + lane % 8;
      load_tiles(both, keys + place<kSize>(row, 2 * step + lane / 8 % 2));
#pragma unroll
      for (int rt = 0; rt < kRowTiles; ++rt) {
        multiply_add(scores[rt][tile], queries[rt][step], both[0], both[1]);
        multiply_add(scores[rt][tile + 1], queries[rt][step], both[2], both[3]);
      }
    }
  }

  // Keys that are not there weigh nothing.
  static __device__ void drop(int lane, int left, Scores& scores) {
#pragma unroll
    for (int i = 0; i < kKeyTiles * 4; ++i) {
      if (i / 4 * 8 + lane % 4 * 2 + i % 2 < left) continue;
#pragma unroll
      for (int rt = 0; rt < kRowTiles; ++rt) scores[rt][i / 4][i % 4] = -INFINITY;
    }
  }

  // Scores become weights by the highest so far; what was mixed before is weighed anew.
  static __device__ void weigh(float (&scores)[kKeyTiles][4], float (&mixed)[kSize / 8][4],
                               float (&highest)[2], float (&total)[2]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float most = highest[half];
#pragma unroll
      for (int tile = 0; tile < kKeyTiles; ++tile) {
        most = fmaxf(most, fmaxf(scores[tile][2 * half], scores[tile][2 * half + 1]));
      }
      most = quad_max(most);
      const float change = power(highest[half] - most);
      highest[half] = most;
      float sum = 0;
#pragma unroll
      for (int tile = 0; tile < kKeyTiles; ++tile) {
#pragma unroll
        for (int i = 2 * half; i < 2 * half + 2; ++i) {
          scores[tile][i] = power(scores[tile][i] - most);
          sum += scores[tile][i];
        }
      }
      total[half] = total[half] * change + sum;
#pragma unroll
      for (int tile = 0; tile < kSize / 8; ++tile) {
        mixed[tile][2 * half] *= change;
        mixed[tile][2 * half + 1] *= change;
      }
    }
  }

  // Adds the values of 16 keys.
  __device__ void mix(int step, const __nv_bfloat16* values, int lane, const Scores& weights) {
    Bits a[kRowTiles][4];
#pragma unroll
    for (int i = 0; i < 4 * kRowTiles; ++i) {
      const float* two = &weights[i / 4][2 * step + i % 4 / 2][i % 2 * 2];
      a[i / 4][i % 4] = packed(Pair{two[0], two[1]}).bits;
    }
#pragma unroll
    for (int tile = 0; tile < kSize / 8; tile += 2) {
      Bits both[4];
      const int row = step * 16 + lane / 8 % 2 * 8 + lane % 8;
      load_tiles_turned(both, values + place<kSize>(row, tile + lane / 16));
#pragma unroll
      for (int rt = 0; rt < kRowTiles; ++rt) {
        multiply_add(mixed[rt][tile], a[rt], both[0], both[1]);
        multiply_add(mixed[rt][tile + 1], a[rt], both[2], both[3]);
      }
    }
  }
};

template <int kSize>
constexpr std::size_t kSharedBytes = (kQueries + 2 * kStages * kKeys) * kSize * sizeof(Bits) / 2;

template <int kSize>
__global__ void __launch_bounds__(kWarps* kWarp, 2)
    attend(const __nv_bfloat16* qkv, Bf16Pair* mixed, int tokens, int width) {
  extern __shared__ uint4 shared[];
  auto* const queries = reinterpret_cast<__nv_bfloat16*>(shared);
  const int first = blockIdx.x * kQueries, head = blockIdx.y;
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const int warp_first = first + warp * kWarpQueries;
  const std::size_t stride = 3 * static_cast<std::size_t>(width);
  const __nv_bfloat16* from = qkv + blockIdx.z * tokens * stride + head * kSize;
  const int steps = (tokens + kKeys - 1) / kKeys;
  const auto keys_of = [&](int step) {
    return queries + (kQueries + step % kStages * 2 * kKeys) * kSize;
  };
  // One group of copies a step, also where there is no such step: so the groups can be counted.
  const auto fetch = [&](int step) {
    if (step < steps) {
      __nv_bfloat16* keys = keys_of(step);
      copy_rows<kSize>(keys, from + width, stride, step * kKeys, kKeys, tokens);
      copy_rows<kSize>(keys + kKeys * kSize, from + 2 * width, stride, step * kKeys, kKeys, tokens);
    }
    end_copies();
  };
  copy_rows<kSize>(queries, from, stride, first, kQueries, tokens);
  for (int step = 0; step < kStages; ++step) fetch(step);
  Running<kSize> running;
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<kStages - 1>();
    __syncthreads();
    if (step == 0) running.load_queries(queries + warp * kWarpQueries * kSize, lane);
    if (warp_first < tokens) {
      const __nv_bfloat16* keys = keys_of(step);
      const int left = tokens - step * kKeys;
      if (left >= kKeys) {
        running.template take<true>(keys, keys + kKeys * kSize, lane, kKeys);
      } else {
        running.template take<false>(keys, keys + kKeys * kSize, lane, left);
      }
    }
    if (step + kStages < steps) __syncthreads();  // before its memory is written again
    fetch(step + kStages);
  }
#pragma unroll
  for (int i = 0; i < 2 * kRowTiles; ++i) {
    const int rt = i / 2, half = i % 2;
    const float scale = 1 / quad_sum(running.total[rt][half]);
    const int row = warp_first + rt * 16 + lane / 4 + 8 * half;
    if (row >= tokens) continue;
    const std::size_t at = (blockIdx.z * tokens + static_cast<std::size_t>(row)) * width;
    Bf16Pair* out = mixed + (at + head * kSize) / 2 + lane % 4;
#pragma unroll
    for (int tile = 0; tile < kSize / 8; ++tile) {
      const float* two = &running.mixed[rt][tile][2 * half];
      out[tile * 4] = packed(Pair{two[0] * scale, two[1] * scale});
    }
  }
}

template <int kSize>
void allow_memory() {
  cudaFuncSetAttribute(attend<kSize>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                       kSharedBytes<kSize>);
}

}  // namespace

void prepare_attention() {
  allow_memory<64>();
  allow_memory<32>();
}

void launch_attention(const PassShape& shape, const Bf16Pair* qkv, Bf16Pair* mixed,
                      cudaStream_t stream) {
  const dim3 blocks((shape.tokens + kQueries - 1) / kQueries, shape.heads, shape.pictures);
  const auto* from = reinterpret_cast<const __nv_bfloat16*>(qkv);
  const auto start = [&](auto kernel, std::size_t shared_bytes) {
    kernel<<<blocks, kWarps * kWarp, shared_bytes, stream>>>(from, mixed, shape.tokens,
                                                             shape.width);
  };
  if (shape.width / shape.heads == 64) {
    start(attend<64>, kSharedBytes<64>);
  } else {
    start(attend<32>, kSharedBytes<32>);
  }
}

}  // namespace novelty::cuda
