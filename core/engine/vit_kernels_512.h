// SPDX-License-Identifier: Apache-2.0
// The vector functions of AVX-512, before vit_kernels_body.h, inside an anonymous namespace.
// NOLINTBEGIN(misc-definitions-in-headers)

typedef float V16 __attribute__((vector_size(64)));
typedef std::int32_t I16 __attribute__((vector_size(64)));

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
// NOLINTEND(misc-definitions-in-headers)
