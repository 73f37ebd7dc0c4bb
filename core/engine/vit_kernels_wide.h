// SPDX-License-Identifier: Apache-2.0
// V16 as one of the compiler's own vectors: a register of AVX-512, sixteen numbers in memory
// elsewhere. For plain and AVX-512; before vit_kernels_body.h, inside an anonymous namespace.
// NOLINTBEGIN(misc-definitions-in-headers)

typedef float V16 __attribute__((vector_size(64)));
typedef std::int32_t I16 __attribute__((vector_size(64)));

#ifdef __AVX512F__
inline V16 largest(V16 a, V16 b) {
  return _mm512_max_ps(a, b);
}
inline V16 smallest(V16 a, V16 b) {
  return _mm512_min_ps(a, b);
}
inline float sum(V16 v) {
  return _mm512_reduce_add_ps(v);
}
inline float peak(V16 v) {
  return _mm512_reduce_max_ps(v);
}
#else
inline V16 largest(V16 a, V16 b) {
  return a > b ? a : b;
}
inline V16 smallest(V16 a, V16 b) {
  return a < b ? a : b;
}
inline float sum(V16 v) {
  float total = 0;
  for (int i = 0; i < 16; ++i) total += v[i];
  return total;
}
inline float peak(V16 v) {
  float best = v[0];
  for (int i = 1; i < 16; ++i) best = v[i] > best ? v[i] : best;
  return best;
}
#endif

inline V16 load(const float* p) {
  V16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline V16 load(const std::int32_t* p) {
  I16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, V16);
}
inline void store(float* p, V16 v) {
  __builtin_memcpy(p, &v, sizeof v);
}
inline V16 all(float value) {
  return V16{} + value;
}

// Rounds to nearest even; a NaN stays one.
inline void store_bfloat16(std::uint16_t* p, V16 v) {
#ifdef __AVX512BF16__
  const __m512 value = v;
  const __m256bh halves = _mm512_cvtneps_pbh(value);
#else
  typedef std::uint16_t U16x16 __attribute__((vector_size(32)));
  I16 bits;
  __builtin_memcpy(&bits, &v, sizeof bits);
  // NOLINTNEXTLINE(misc-redundant-expression): a NaN is not itself
  bits = v == v ? (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 : I16{} + 0x7FC0;
  const U16x16 halves = __builtin_convertvector(bits, U16x16);
#endif
  __builtin_memcpy(p, &halves, sizeof halves);
}

inline void store_operand(float* p, V16 v) {
  store(p, v);
}
inline void store_operand(std::uint16_t* p, V16 v) {
  store_bfloat16(p, v);
}
// Rounds to nearest even, within [0, 255].
inline void store_operand(std::uint8_t* p, V16 v) {
#ifdef __AVX512F__
  const __m512 positive = largest(v, all(0));
  const __m128i bytes = _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(positive));
#else
  typedef std::uint8_t U8x16 __attribute__((vector_size(16)));
  const V16 rounded = smallest(largest(v, all(0)), all(255)) + all(12582912.0F);
  I16 bits;
  __builtin_memcpy(&bits, &rounded, sizeof bits);
  const U8x16 bytes = __builtin_convertvector(bits, U8x16);  // the lowest bits are the integer
#endif
  __builtin_memcpy(p, &bytes, sizeof bytes);
}

// Lanes of a where the mask is set, of b elsewhere.
inline V16 select(I16 mask, V16 a, V16 b) {
  return mask ? a : b;
}
// The mask of the lanes [0, count).
inline I16 first_lanes(int count) {
  const I16 lanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lanes < (I16{} + count);
}
// p * 2^n, n being the integer in the lowest bits of `bits`; p and the result are normal numbers.
inline V16 times_power(V16 p, V16 bits) {
  I16 exponent, value;
  __builtin_memcpy(&exponent, &bits, sizeof exponent);
  __builtin_memcpy(&value, &p, sizeof value);
  value += exponent << 23;
  __builtin_memcpy(&p, &value, sizeof p);
  return p;
}

// What the body has for float, here for the other operands and sums.
inline V16 value_of(const std::int32_t* sums, const PackedLinear& linear, int column) {
  return load(sums) * load(linear.scale + column) + load(linear.bias + column);
}
inline void store_key(std::uint16_t* panels, int token, V16 v) {
  std::uint32_t pairs[8];
  store_bfloat16(reinterpret_cast<std::uint16_t*>(pairs), v);
  for (int i = 0; i < 8; ++i) {
    __builtin_memcpy(panels + (i * kPanelColumns + token) * 2, &pairs[i], sizeof pairs[i]);
  }
}
inline void store_value_pair(std::uint16_t* panel, int token, V16 even, V16 odd) {
  std::uint16_t halves[2][16];
  store_bfloat16(halves[0], even);
  store_bfloat16(halves[1], odd);
  typedef std::uint16_t U16x16 __attribute__((vector_size(32)));
  U16x16 a, b;
  __builtin_memcpy(&a, halves[0], sizeof a);
  __builtin_memcpy(&b, halves[1], sizeof b);
  const I16 pairs = __builtin_convertvector(a, I16) | (__builtin_convertvector(b, I16) << 16);
  __builtin_memcpy(panel + token * kPanelColumns, &pairs, sizeof pairs);
}
// NOLINTEND(misc-definitions-in-headers)
