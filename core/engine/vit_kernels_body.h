// SPDX-License-Identifier: Apache-2.0
// The kernels in terms of vectors of 16 floats and of a block product. Included by one source file
// an instruction set, inside its anonymous namespace, so that no two share a function. That file
// defines largest and smallest of two V16, and sum and peak of one, before; and after, the
// products: structs with
//   using Operand; using Sum (float or std::int32_t);
//   static constexpr int kRows, kPanels (of a block), kDepth (what depths are a multiple of);
//   static void compute(const Operand* a, std::ptrdiff_t stride, int rows, const Operand* panels,
//                       std::ptrdiff_t panel_size, int panel_count, int depth, Sum* c,
//                       std::ptrdiff_t c_stride);
//   static void finish(...): stores what compute left in tiles; the same arguments' rest.
// NOLINTBEGIN(misc-definitions-in-headers)

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

// 2^x for x <= 0. The rounding constant leaves the nearest integer in the lowest bits.
template <bool kExact>
inline V16 exp2_of(V16 x) {
  x = largest(x, all(-126));
  const V16 shifted = x + all(12582912.0F);
  const V16 f = x - (shifted - all(12582912.0F));  // [-0.5, 0.5]
  V16 p;
  if constexpr (kExact) {  // relative error 7.4e-8
    p = all(0.001327693223F) * f + all(0.009675559922F);
    p = p * f + all(0.05550711597F);
    p = p * f + all(0.2402211986F);
    p = p * f + all(0.693146969F);
    p = p * f + all(1.000000071F);
  } else {  // relative error 7.5e-5, of bfloat16's 2e-3
    p = all(0.05517167031F) * f + all(0.2426111252F);
    p = p * f + all(0.6932609853F);
    p = p * f + all(0.999928073F);
  }
  I16 exponent, bits;
  __builtin_memcpy(&exponent, &shifted, sizeof exponent);
  __builtin_memcpy(&bits, &p, sizeof bits);
  bits += exponent << 23;
  __builtin_memcpy(&p, &bits, sizeof p);
  return p;
}

// x * Phi(x).
template <bool kExact>
inline V16 gelu(V16 x) {
  if constexpr (kExact) {  // erfc as in Abramowitz and Stegun 7.1.26: error of Phi 7.5e-8
    const V16 size = largest(x, -x);
    const V16 t = all(1) / (all(1) + all(0.3275911F * 0.70710678F) * size);
    V16 p = all(1.061405429F) * t + all(-1.453152027F);
    p = p * t + all(1.421413741F);
    p = p * t + all(-0.284496736F);
    p = p * t + all(0.254829592F);
    const V16 tail = all(0.5F) * p * t * exp2_of<true>(all(-0.72134752F) * size * size);
    return x < all(0) ? x * tail : x - x * tail;
  } else {  // error 1.9e-4; Phi is 0.5 +- 0.5 beyond 4
    const V16 y = smallest(largest(x, all(-4)), all(4));
    const V16 s = y * y;
    V16 p = all(2.25885027e-08F) * s + all(-1.58884368e-06F);
    p = p * s + all(4.77642517e-05F);
    p = p * s + all(-0.000812191441F);
    p = p * s + all(0.00876371262F);
    p = p * s + all(-0.0645544649F);
    p = p * s + all(0.397870307F);
    return x * (p * y + all(0.5F));
  }
}

template <class T>
T* row_of(const Rows& rows, int row) {
  return static_cast<T*>(rows.data) + row * rows.stride;
}

struct Block {
  int row, rows, panel, panels;
};

// Weights of up to so many bytes stay in the second-level cache while all rows pass by. Then a
// block's rows are taken over all panels, and what they are added to stays in the first; else a
// panel is taken over all rows, so that weights come from further away once.
constexpr std::ptrdiff_t kResidentWeights = 786432;

// Calls visit(block, sums, stride) for each block of a * linear; its sums are read while the next
// block is computed.
template <class P, class Visit>
void for_each_block(const Rows& a, const PackedLinear& linear, RowRange range, Visit visit) {
  using Operand = typename P::Operand;
  constexpr int kStride = P::kPanels * kPanelColumns;
  alignas(64) typename P::Sum sums[2][P::kRows * kStride];
  const std::ptrdiff_t panel_size = std::ptrdiff_t{linear.depth} * kPanelColumns;
  const int end = range.first + range.count;
  const bool rows_first =
      panel_size * linear.panel_count * std::ptrdiff_t{sizeof(Operand)} <= kResidentWeights;
  Block last{0, 0, 0, 0};
  int turn = 0;
  for (Block block{range.first, 0, 0, 0}; block.row < end && block.panel < linear.panel_count;) {
    block.rows = end - block.row < P::kRows ? end - block.row : P::kRows;
    const int panels = linear.panel_count - block.panel;
    block.panels = panels < P::kPanels ? panels : P::kPanels;
    P::compute(row_of<const Operand>(a, block.row), a.stride, block.rows,
               static_cast<const Operand*>(linear.panels) + block.panel * panel_size, panel_size,
               block.panels, linear.depth, sums[turn], kStride);
    if (last.rows) visit(last, sums[1 - turn], kStride);
    P::finish(block.rows, block.panels, sums[turn], kStride);
    last = block;
    turn = 1 - turn;
    if (rows_first) {
      block.panel += P::kPanels;
      if (block.panel >= linear.panel_count) block.panel = 0, block.row += P::kRows;
    } else {
      block.row += P::kRows;
      if (block.row >= end) block.row = range.first, block.panel += P::kPanels;
    }
  }
  if (last.rows) visit(last, sums[1 - turn], kStride);
}

// Calls visit(row, rows, panel, sums, stride) for each panel of each block.
template <class P, class Visit>
void for_each_panel(const Rows& a, const PackedLinear& linear, RowRange range, Visit visit) {
  for_each_block<P>(a, linear, range, [&](const Block& block, const auto* c, int stride) {
    for (int i = 0; i < block.panels; ++i) {
      visit(block.row, block.rows, block.panel + i, c + i * kPanelColumns, stride);
    }
  });
}

// The value of sums, whatever their unit.
inline V16 value_of(const float* sums, const PackedLinear& linear, int column) {
  return load(sums) + load(linear.bias + column);
}
inline V16 value_of(const std::int32_t* sums, const PackedLinear& linear, int column) {
  return load(sums) * load(linear.scale + column) + load(linear.bias + column);
}

template <class P>
void add_linear(const Rows& a, const PackedLinear& linear, RowRange range, const Rows& x) {
  for_each_panel<P>(a, linear, range, [&](int row, int rows, int panel, const auto* c, int stride) {
    const int column = panel * kPanelColumns;
    float* to = row_of<float>(x, row) + column;
    for (int r = 0; r < rows; ++r, c += stride, to += x.stride) {
      store(to, load(to) + value_of(c, linear, column));
    }
  });
}

template <class P, class A>
void gelu_linear(const Rows& a, const PackedLinear& linear, RowRange range, const Rows& out) {
  using Half = typename A::Operand;
  for_each_panel<P>(a, linear, range, [&](int row, int rows, int panel, const auto* c, int stride) {
    const int column = panel * kPanelColumns;
    Half* to = row_of<Half>(out, row) + column;
    for (int r = 0; r < rows; ++r, c += stride, to += out.stride) {
      store_operand(to, gelu<sizeof(Half) == 4>(value_of(c, linear, column)));
    }
  });
}

// A row's dimensions [0, 16) of a head become column `token` of the panels of keys.
inline void store_key(float* panels, int token, V16 v) {
  float values[16];
  store(values, v);
  for (int i = 0; i < 16; ++i) panels[i * kPanelColumns + token] = values[i];
}
inline void store_key(std::uint16_t* panels, int token, V16 v) {
  std::uint32_t pairs[8];
  store_bfloat16(reinterpret_cast<std::uint16_t*>(pairs), v);
  for (int i = 0; i < 8; ++i) {
    __builtin_memcpy(panels + (i * kPanelColumns + token) * 2, &pairs[i], sizeof pairs[i]);
  }
}

template <class Operand, class Value>
void store_keys(Operand* keys, int first_token, int rows, int head_size, Value value) {
  for (int r = 0; r < rows; ++r) {
    const int token = first_token + r;
    store_key(keys + std::ptrdiff_t{token / 16} * 16 * head_size, token % 16, value(r));
  }
}

#ifdef __AVX512BF16__
// The same for whole panels of tokens (where rows end early, the rest is never used).
template <class Value>
void store_key_panels(std::uint16_t* keys, int first_token, int rows, int head_size, Value value) {
  for (int first = 0; first < rows; first += 16) {
    I16 v[16];  // [token][8 pairs of dimensions, twice]
    for (int r = 0; r < 16; ++r) {
      const __m512 row = value(first + r);
      const __m256i halves = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(row));
      v[r] = reinterpret_cast<I16>(_mm512_castsi256_si512(halves));
    }
    I16 two[8];  // of tokens 2r and 2r + 1, pairs interleaved
    for (int r = 0; r < 8; ++r) {
      const I16 index{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
      two[r] = reinterpret_cast<I16>(_mm512_permutex2var_epi32(
          reinterpret_cast<__m512i>(v[2 * r]), reinterpret_cast<__m512i>(index),
          reinterpret_cast<__m512i>(v[2 * r + 1])));
    }
    // two[r], 64-bit lane p: pair p of tokens 2r, 2r + 1. An 8 by 8 transposition of 64-bit lanes.
    __m512i a[8], b[8];
    for (int r = 0; r < 8; r += 2) {
      const auto x = reinterpret_cast<__m512i>(two[r]), y = reinterpret_cast<__m512i>(two[r + 1]);
      a[r] = _mm512_unpacklo_epi64(x, y);
      a[r + 1] = _mm512_unpackhi_epi64(x, y);
    }
    for (int r = 0; r < 8; r += 4) {
      for (int i = 0; i < 2; ++i) {
        b[r + i] = _mm512_shuffle_i64x2(a[r + i], a[r + i + 2], 0x88);
        b[r + i + 2] = _mm512_shuffle_i64x2(a[r + i], a[r + i + 2], 0xDD);
      }
    }
    std::uint16_t* to = keys + std::ptrdiff_t{(first_token + first) / 16} * 16 * head_size;
    for (int i = 0; i < 4; ++i) {
      _mm512_storeu_si512(to + i * 32, _mm512_shuffle_i64x2(b[i], b[i + 4], 0x88));
      _mm512_storeu_si512(to + (i + 4) * 32, _mm512_shuffle_i64x2(b[i], b[i + 4], 0xDD));
    }
  }
}
#endif

// Tokens `token` (even) and the next, 16 dimensions of a head, in their panel.
inline void store_value_pair(float* panel, int token, V16 even, V16 odd) {
  store(panel + token * kPanelColumns, even);
  store(panel + (token + 1) * kPanelColumns, odd);
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

template <class P, class A>
void qkv_linear(const Rows& a, const PackedLinear& linear, RowRange range,
                const AttentionOperands& out) {
  using Operand = typename A::Operand;
  const std::ptrdiff_t head_values = std::ptrdiff_t{out.head_size} * out.padded_tokens;
  for_each_panel<P>(a, linear, range, [&](int row, int rows, int panel, const auto* c, int stride) {
    const int column = panel * kPanelColumns;
    const int part = column / out.width;
    const int channel = column - part * out.width;
    const int head = channel / out.head_size;
    const int dimension = channel - head * out.head_size;
    if (part == 0) {
      Operand* to = row_of<Operand>(out.queries, row) + channel;
      for (int r = 0; r < rows; ++r) {
        store_operand(to + r * out.queries.stride, value_of(c + r * stride, linear, column));
      }
    } else if (part == 1) {
      Operand* keys = static_cast<Operand*>(out.keys) + head * head_values;
      const auto value = [&](int r) { return value_of(c + r * stride, linear, column); };
#ifdef __AVX512BF16__
      if constexpr (P::kRows % 16 == 0 && sizeof(Operand) == 2) {
        return store_key_panels(keys + dimension * 16, row, rows, out.head_size, value);
      }
#endif
      store_keys(keys + dimension * 16, row, rows, out.head_size, value);
    } else {
      Operand* values = static_cast<Operand*>(out.values) + head * head_values +
                        std::ptrdiff_t{dimension} * out.padded_tokens;
      for (int r = 0; r < rows; r += 2) {
        const V16 even = value_of(c + r * stride, linear, column);
        const V16 odd = r + 1 < rows ? value_of(c + (r + 1) * stride, linear, column) : V16{};
        store_value_pair(values, row + r, even, odd);
      }
    }
  });
}

// scores [padded] become weights 2^(score - largest), zeros from `tokens` on. Returns their sum.
template <class Operand>
float softmax_row(const float* scores, int tokens, int padded, Operand* weights) {
  const int whole = tokens / 16 * 16;
  const I16 lanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const I16 is_token = lanes < (I16{} + (tokens - whole));
  V16 best = all(-INFINITY);
  for (int i = 0; i < whole; i += 16) best = largest(best, load(scores + i));
  if (whole < tokens) best = largest(best, is_token ? load(scores + whole) : all(-INFINITY));
  const V16 top = all(peak(best));
  V16 total{};
  for (int i = 0; i < whole; i += 16) {
    const V16 weight = exp2_of<sizeof(Operand) == 4>(load(scores + i) - top);
    total += weight;
    store_operand(weights + i, weight);
  }
  for (int i = whole; i < padded; i += 16) {
    V16 weight{};
    if (i < tokens) {
      weight = is_token ? exp2_of<sizeof(Operand) == 4>(load(scores + i) - top) : V16{};
    }
    total += weight;
    store_operand(weights + i, weight);
  }
  return sum(total);
}

inline float float_of(float value) {
  return value;
}
inline float float_of(std::uint16_t bits) {
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float value;
  __builtin_memcpy(&value, &wide, sizeof value);
  return value;
}

// scores [rows, padded_tokens] = queries * keys of one head.
template <class A>
void score_block(const AttentionOperands& in, int row, int rows, int head, float* scores) {
  using Operand = typename A::Operand;
  const std::ptrdiff_t panel_size = std::ptrdiff_t{in.head_size} * kPanelColumns;
  const auto* keys =
      static_cast<const Operand*>(in.keys) + std::ptrdiff_t{head} * in.head_size * in.padded_tokens;
  const auto* queries = row_of<const Operand>(in.queries, row) + head * in.head_size;
  const int panel_count = (in.tokens + kPanelColumns - 1) / kPanelColumns;
  for (int panel = 0; panel < panel_count; panel += A::kPanels) {
    const int panels = panel_count - panel < A::kPanels ? panel_count - panel : A::kPanels;
    float* c = scores + panel * kPanelColumns;
    A::compute(queries, in.queries.stride, rows, keys + panel * panel_size, panel_size, panels,
               in.head_size, c, in.padded_tokens);
    A::finish(rows, panels, c, in.padded_tokens);
  }
}

// out = weights * values / sums, for one head.
template <class P, class A>
void mix_block(const AttentionOperands& in, int row, int rows, int head,
               const typename A::Operand* weights, const float* shares, const Rows& out) {
  using Operand = typename P::Operand;
  constexpr int kStride = A::kPanels * kPanelColumns;
  alignas(64) float mixed[A::kRows * kStride];
  const std::ptrdiff_t panel_size = std::ptrdiff_t{in.padded_tokens} * kPanelColumns;
  const auto* values = static_cast<const typename A::Operand*>(in.values) +
                       std::ptrdiff_t{head} * in.head_size * in.padded_tokens;
  const int panel_count = in.head_size / kPanelColumns;
  for (int panel = 0; panel < panel_count; panel += A::kPanels) {
    const int panels = panel_count - panel < A::kPanels ? panel_count - panel : A::kPanels;
    A::compute(weights, in.padded_tokens, rows, values + panel * panel_size, panel_size, panels,
               in.padded_tokens, mixed, kStride);
    A::finish(rows, panels, mixed, kStride);
    const int column = head * in.head_size + panel * kPanelColumns;
    for (int r = 0; r < rows; ++r) {
      Operand* to = row_of<Operand>(out, row + r) + column;
      for (int i = 0; i < panels * kPanelColumns; i += kPanelColumns) {
        V16 value = load(mixed + r * kStride + i) * all(shares[r]);
        if constexpr (sizeof(Operand) == 1) {
          value = value * load(in.out_scale + column + i) + all(128);
        }
        store_operand(to + i, value);
      }
    }
  }
}

template <class P, class A>
void attend(const AttentionOperands& in, RowRange range, std::byte* scratch, const Rows& out,
            float* cls_attention) {
  using Operand = typename A::Operand;
  float* scores = reinterpret_cast<float*>(scratch);
  auto* weights = reinterpret_cast<Operand*>(scores + kRowMultiple * in.padded_tokens);
  float shares[A::kRows];
  const int end = range.first + range.count;
  if (cls_attention) {
    for (int i = 0; i < in.tokens; ++i) cls_attention[i] = 0;
  }
  for (int row = range.first; row < end; row += A::kRows) {
    const int rows = end - row < A::kRows ? end - row : A::kRows;
    for (int head = 0; head < in.heads; ++head) {
      score_block<A>(in, row, rows, head, scores);
      for (int r = 0; r < rows; ++r) {
        const std::ptrdiff_t first = std::ptrdiff_t{r} * in.padded_tokens;
        shares[r] = 1 / softmax_row(scores + first, in.tokens, in.padded_tokens, weights + first);
      }
      if (cls_attention && row == 0) {
        for (int i = 0; i < in.tokens; ++i) {
          cls_attention[i] += float_of(weights[i]) * shares[0] / static_cast<float>(in.heads);
        }
      }
      mix_block<P, A>(in, row, rows, head, weights, shares, out);
    }
  }
}

template <class Operand>
void layer_norm(const Rows& x, int width, const PackedNorm& norm, RowRange range, const Rows& out) {
  for (int row = range.first; row < range.first + range.count; ++row) {
    const float* from = row_of<const float>(x, row);
    V16 total{}, square{};
    for (int i = 0; i < width; i += 16) total += load(from + i);
    const V16 mean = all(sum(total) / static_cast<float>(width));
    for (int i = 0; i < width; i += 16) {
      const V16 d = load(from + i) - mean;
      square += d * d;
    }
    const V16 share = all(1 / __builtin_sqrtf(sum(square) / static_cast<float>(width) + 1e-6F));
    Operand* to = row_of<Operand>(out, row);
    for (int i = 0; i < width; i += 16) {
      store_operand(to + i,
                    (load(from + i) - mean) * share * load(norm.weight + i) + load(norm.bias + i));
    }
  }
}

// A colour value in [0, 1] as an operand. uint8: exact, as frames have 8 bits.
template <class Operand>
inline V16 unit_of(V16 value) {
  return sizeof(Operand) == 1 ? value * all(255) : value;
}

template <class Operand>
void load_patches(const float* patches, int values, RowRange range, const Rows& out, int depth) {
  for (int r = 0; r < range.count; ++r, patches += values) {
    Operand* to = row_of<Operand>(out, range.first + r);
    const int whole = values / 16 * 16;
    for (int i = 0; i < whole; i += 16) store_operand(to + i, unit_of<Operand>(load(patches + i)));
    for (int i = whole; i < depth; i += 16) {
      float rest[16] = {};
      for (int k = 0; k < 16 && i + k < values; ++k) rest[k] = patches[i + k];
      store_operand(to + i, unit_of<Operand>(load(rest)));
    }
  }
}

inline void nothing() {}

template <class P, class A>
constexpr VitKernels table_of(const char* isa, Precision precision, void (*begin)(),
                              void (*end)()) {
  using Operand = typename P::Operand;
  return {isa,
          precision,
          P::kDepth,
          sizeof(Operand),
          A::kDepth,
          sizeof(typename A::Operand),
          begin,
          end,
          load_patches<Operand>,
          layer_norm<Operand>,
          layer_norm<float>,
          add_linear<P>,
          add_linear<A>,
          gelu_linear<P, A>,
          qkv_linear<P, A>,
          attend<P, A>};
}
// NOLINTEND(misc-definitions-in-headers)
