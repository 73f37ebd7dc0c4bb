// SPDX-License-Identifier: Apache-2.0
// The kernels in terms of V16, 16 floats, and of a block product. Included by one source file an
// instruction set, inside its anonymous namespace, so that no two share a function. That file
// defines V16 before, with the functions of vit_kernels_wide.h and largest and smallest of two V16,
// and sum and peak of one; and after, the products: structs with
//   using Operand; using Sum (float or std::int32_t);
//   static constexpr int kRows, kPanels (of a block), kDepth (what depths are a multiple of),
//     kStep (what compute's depth is a multiple of);
//   static constexpr std::ptrdiff_t kResidentBytes (of weights that stay in the cache);
//   static void compute(const Operand* a, std::ptrdiff_t stride, int rows, const Operand* panels,
//                       std::ptrdiff_t panel_size, int panel_count, int depth, Sum* c,
//                       std::ptrdiff_t c_stride);
//   static void finish(...): stores what compute left in tiles; the same arguments' rest.
// NOLINTBEGIN(misc-definitions-in-headers)

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
  return times_power(p, shifted);
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
    return select(x < all(0), x * tail, x - x * tail);
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

// The weights of a group of panels, fetched in equal parts while other work is done.
class Fetch {
 public:
  Fetch(const void* data, std::ptrdiff_t bytes, int parts)
      : from_(static_cast<const char*>(data)), end_(from_ + bytes) {
    share_ = (bytes / parts / kLine + 1) * kLine;
  }

  void part() {
    const char* until = end_ - from_ > share_ ? from_ + share_ : end_;
    for (; from_ < until; from_ += kLine) __builtin_prefetch(from_, 0, 2);
  }

 private:
  static constexpr std::ptrdiff_t kLine = 64;
  const char* from_;
  const char* end_;
  std::ptrdiff_t share_;
};

// Calls visit(block, sums, stride) for each block of a * linear; its sums are read while the next
// block is computed.
template <class P, class Visit>
class Blocks {
 public:
  using Operand = typename P::Operand;

  Blocks(const Rows& a, const PackedLinear& linear, Visit visit)
      : a_(a),
        linear_(linear),
        visit_(visit),
        panel_size_(std::ptrdiff_t{linear.depth} * kPanelColumns) {}

  // A block's rows over all panels, which stay in the second-level cache.
  void rows_first(RowRange range) {
    const int end = range.first + range.count;
    for (int row = range.first; row < end; row += P::kRows) {
      for (int panel = 0; panel < linear_.panel_count; panel += P::kPanels) {
        compute(row, end, panel);
      }
    }
    finish();
  }

  // A group of panels over all rows. It stays in the first-level cache, and meanwhile the next one
  // is fetched: weights come once and in time from wherever they are.
  void panels_first(RowRange range) {
    const int end = range.first + range.count;
    const int turns = (range.count + P::kRows - 1) / P::kRows;
    for (int panel = 0; panel < linear_.panel_count; panel += P::kPanels) {
      const int next = panel + P::kPanels;
      const int count = next < linear_.panel_count ? panels_from(next) : 0;
      Fetch fetch(panels() + next * panel_size_,
                  count * panel_size_ * std::ptrdiff_t{sizeof(Operand)}, turns);
      for (int row = range.first; row < end; row += P::kRows) {
        fetch.part();
        compute(row, end, panel);
      }
    }
    finish();
  }

 private:
  const Operand* panels() const { return static_cast<const Operand*>(linear_.panels); }

  int panels_from(int panel) const {
    const int left = linear_.panel_count - panel;
    return left < P::kPanels ? left : P::kPanels;
  }

  void compute(int row, int end, int panel) {
    const Block block{row, end - row < P::kRows ? end - row : P::kRows, panel, panels_from(panel)};
    P::compute(row_of<const Operand>(a_, row), a_.stride, block.rows,
               panels() + panel * panel_size_, panel_size_, block.panels, linear_.depth,
               sums_[turn_], kStride);
    finish();
    P::finish(block.rows, block.panels, sums_[turn_], kStride);
    last_ = block;
    turn_ = 1 - turn_;
  }

  void finish() {
    if (last_.rows) visit_(last_, sums_[1 - turn_], kStride);
  }

  static constexpr int kStride = P::kPanels * kPanelColumns;
  const Rows& a_;
  const PackedLinear& linear_;
  Visit visit_;
  std::ptrdiff_t panel_size_;
  Block last_{0, 0, 0, 0};
  int turn_ = 0;
  alignas(64) typename P::Sum sums_[2][P::kRows * kStride];
};

// Calls visit(row, rows, panel, sums, stride) for each panel of each block.
template <class P, class Visit>
void for_each_panel(const Rows& a, const PackedLinear& linear, RowRange range, Visit visit) {
  const auto visit_panels = [&](const Block& block, const auto* c, int stride) {
    for (int i = 0; i < block.panels; ++i) {
      visit(block.row, block.rows, block.panel + i, c + i * kPanelColumns, stride);
    }
  };
  Blocks<P, decltype(visit_panels)> blocks(a, linear, visit_panels);
  const std::ptrdiff_t bytes = std::ptrdiff_t{linear.depth} * kPanelColumns * linear.panel_count *
                               static_cast<std::ptrdiff_t>(sizeof(typename P::Operand));
  bytes <= P::kResidentBytes ? blocks.rows_first(range) : blocks.panels_first(range);
}

// The value of sums; int8 has a unit for them (vit_kernels_wide.h).
inline V16 value_of(const float* sums, const PackedLinear& linear, int column) {
  return load(sums) + load(linear.bias + column);
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
  const auto is_token = first_lanes(tokens - whole);
  V16 best = all(-INFINITY);
  for (int i = 0; i < whole; i += 16) best = largest(best, load(scores + i));
  if (whole < tokens) best = largest(best, select(is_token, load(scores + whole), all(-INFINITY)));
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
      weight = select(is_token, exp2_of<sizeof(Operand) == 4>(load(scores + i) - top), V16{});
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
  int groups = (panel_count + A::kPanels - 1) / A::kPanels;  // in shares that differ by one at most
  for (int panel = 0; panel < panel_count; --groups) {
    const int panels = (panel_count - panel + groups - 1) / groups;
    float* c = scores + panel * kPanelColumns;
    A::compute(queries, in.queries.stride, rows, keys + panel * panel_size, panel_size, panels,
               in.head_size, c, in.padded_tokens);
    A::finish(rows, panels, c, in.padded_tokens);
    panel += panels;
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
  const int depth = (in.tokens + A::kStep - 1) / A::kStep * A::kStep;
  for (int panel = 0; panel < panel_count; panel += A::kPanels) {
    const int panels = panel_count - panel < A::kPanels ? panel_count - panel : A::kPanels;
    A::compute(weights, in.padded_tokens, rows, values + panel * panel_size, panel_size, panels,
               depth, mixed, kStride);
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
          P::kResidentBytes,
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
