// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the device's kernels that works on rows, as code for both sides: what the CPU
// tests is what the GPU runs. A row belongs to a group of threads; on the CPU the group is one.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#include <cuda_bf16.h>
#define NOVELTY_BOTH __host__ __device__ __forceinline__
#else
#include <cmath>
#define NOVELTY_BOTH inline
#endif

namespace novelty::cuda {

/// Two neighbours of a row as bfloat16, the first in the low half.
struct alignas(4) Bf16Pair {
  std::uint32_t bits;
};

struct Pair {
  float first, second;
};

/// Four neighbours of a row: what a thread moves at a time.
struct alignas(16) Four {
  float values[4];
};

struct alignas(8) Bf16Four {
  Bf16Pair pairs[2];
};

NOVELTY_BOTH float float_of_bits(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

NOVELTY_BOTH Pair unpacked(Bf16Pair pair) {
  return {float_of_bits(pair.bits << 16), float_of_bits(pair.bits & 0xffff0000U)};
}

/// The bits of the nearest bfloat16, ties to even. No NaN.
NOVELTY_BOTH std::uint32_t bf16_bits(float value) {
  std::uint32_t bits;
#ifdef __CUDA_ARCH__
  bits = __float_as_uint(value);
#else
  std::memcpy(&bits, &value, sizeof bits);
#endif
  return (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
}

NOVELTY_BOTH Bf16Pair packed(Pair pair) {
#ifdef __CUDA_ARCH__
  const __nv_bfloat162 both = __floats2bfloat162_rn(pair.first, pair.second);
  Bf16Pair result;
  std::memcpy(&result, &both, sizeof result);
  return result;
#else
  return {bf16_bits(pair.first) | bf16_bits(pair.second) << 16};
#endif
}

NOVELTY_BOTH float inverse_root(float value) {
#ifdef __CUDA_ARCH__
  return rsqrtf(value);
#else
  return 1.0F / std::sqrt(value);
#endif
}

NOVELTY_BOTH Four operator+(const Four& a, const Bf16Four& b) {
  const Pair first = unpacked(b.pairs[0]), second = unpacked(b.pairs[1]);
  return {{a.values[0] + first.first, a.values[1] + first.second, a.values[2] + second.first,
           a.values[3] + second.second}};
}

NOVELTY_BOTH Bf16Four packed(const Four& four) {
  return {
      {packed(Pair{four.values[0], four.values[1]}), packed(Pair{four.values[2], four.values[3]})}};
}

/// One thread alone.
struct Alone {
  static constexpr int kSize = 1;
  NOVELTY_BOTH int rank() const { return 0; }
  NOVELTY_BOTH float sum(float value) const { return value; }
};

/// LayerNorm's weight and bias, [width / 4] each.
struct NormView {
  const Four* weight;
  const Four* bias;
};

inline constexpr float kNormEpsilon = 1e-6F;

/// A thread's share of a row of `fours` times four values: every kSize-th four from its rank, kMost
/// at most.
template <int kMost, class Group>
struct RowShare {
  Four values[kMost];

  /// visit(the four's place in the row, four).
  template <class Visit>
  NOVELTY_BOTH void each(const Group& group, int fours, Visit visit) {
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
    for (int i = 0; i < kMost; ++i) {
      const int place = i * Group::kSize + group.rank();
      if (place < fours) visit(place, values[i]);
    }
  }

  /// LayerNorm.
  NOVELTY_BOTH void normalise(const Group& group, int fours, NormView norm) {
    float sum = 0;
    each(group, fours, [&](int, Four& four) {
      for (const float v : four.values) sum += v;
    });
    const float width = 4.0F * static_cast<float>(fours);
    const float mean = group.sum(sum) / width;
    each(group, fours, [&](int, Four& four) {
      for (float& v : four.values) v -= mean;
    });
    const float scale = inverse_root(squares(group, fours) / width + kNormEpsilon);
    each(group, fours, [&](int place, Four& four) {
      const Four weight = norm.weight[place], bias = norm.bias[place];
      for (int i = 0; i < 4; ++i)
        four.values[i] = four.values[i] * scale * weight.values[i] + bias.values[i];
    });
  }

  /// To length 1; a row of zeros stays.
  NOVELTY_BOTH void shorten(const Group& group, int fours) {
    const float length = squares(group, fours);
    const float scale = length > 0 ? inverse_root(length) : length;
    each(group, fours, [&](int, Four& four) {
      for (float& v : four.values) v *= scale;
    });
  }

  /// The sum of the row's squares.
  NOVELTY_BOTH float squares(const Group& group, int fours) {
    float sum = 0;
    each(group, fours, [&](int, Four& four) {
      for (const float v : four.values) sum += v * v;
    });
    return group.sum(sum);
  }
};

/// normed = LayerNorm(x). All [fours].
template <int kMost, class Group>
NOVELTY_BOTH void normalise(const Group& group, int fours, const Four* x, NormView norm,
                            Bf16Four* normed) {
  RowShare<kMost, Group> row;
  row.each(group, fours, [&](int place, Four& four) { four = x[place]; });
  row.normalise(group, fours, norm);
  row.each(group, fours, [&](int place, Four& four) { normed[place] = packed(four); });
}

/// x becomes a token's position, plus its embedded patch if it has one, and `normed` LayerNorm(x).
template <int kMost, class Group>
NOVELTY_BOTH void embed_and_normalise(const Group& group, int fours, const Bf16Four* patch,
                                      const Four* position, Four* x, NormView norm,
                                      Bf16Four* normed) {
  RowShare<kMost, Group> row;
  row.each(group, fours, [&](int place, Four& four) {
    four = patch ? position[place] + patch[place] : position[place];
    x[place] = four;
  });
  row.normalise(group, fours, norm);
  row.each(group, fours, [&](int place, Four& four) { normed[place] = packed(four); });
}

/// What a network leaves of a token, and the final norm.
struct LastRow {
  const Four* x;
  NormView norm;
};

template <int kMost, class Group>
NOVELTY_BOTH RowShare<kMost, Group> finished(const Group& group, int fours, const LastRow& last) {
  RowShare<kMost, Group> row;
  row.each(group, fours, [&](int place, Four& four) { four = last.x[place]; });
  row.normalise(group, fours, last.norm);
  return row;
}

/// token: [fours], after the final norm, of length 1 if `shorten`.
template <int kMost, class Group>
NOVELTY_BOTH void finish_token(const Group& group, int fours, const LastRow& last, bool shorten,
                               Four* token) {
  auto row = finished<kMost>(group, fours, last);
  if (shorten) row.shorten(group, fours);
  row.each(group, fours, [&](int place, Four& four) { token[place] = four; });
}

/// token: the teacher's, [fours], of length 1. Returns its squared distance to the student's, at
/// most 4 (NaN stays), in every thread.
template <int kMost, class Group>
NOVELTY_BOTH float finish_pair(const Group& group, int fours, const LastRow& teacher,
                               const LastRow& student, Four* token) {
  finish_token<kMost>(group, fours, teacher, true, token);
  auto row = finished<kMost>(group, fours, student);
  row.shorten(group, fours);
  row.each(group, fours, [&](int place, Four& four) {
    const Four other = token[place];
    for (int i = 0; i < 4; ++i) four.values[i] -= other.values[i];
  });
  const float distance = row.squares(group, fours);
  return distance > 4 ? 4 : distance;
}

}  // namespace novelty::cuda
