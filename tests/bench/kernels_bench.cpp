// SPDX-License-Identifier: Apache-2.0
// How long each kernel of a block takes, in every precision and instruction set of this machine:
// medians over all rows of one picture, on one thread; with the share of the peak that the block
// reaches: the most that a loop of products in registers gets done (not known of AMX).
//
// usage: kernels_bench [ti|s|b]
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "../../training/bench_networks.h"
#include "engine/packed_vit.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr int kRuns = 101;

double median_us(const VitKernels& kernels, const std::function<void()>& run) {
  std::vector<double> times;
  kernels.begin();
  for (int i = 0; i < kRuns + 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (i >= 5) times.push_back(took.count());
  }
  kernels.end();
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

constexpr int kSums = 12, kLoops = 4000;

#if defined(__x86_64__)
// kLoops times kSums products of independent sums, none of which leaves its register. The compiler
// knows no value, so that it does them all.
#define NOVELTY_PEAK(name, isa, Vector, zero, product)                             \
  __attribute__((target(isa))) void name() {                                       \
    Vector sums[kSums], a = zero(), b = zero();                                    \
    asm volatile("" : "+x"(a), "+x"(b));                                           \
    _Pragma("GCC unroll 12") for (auto& sum : sums) {                              \
      sum = zero();                                                                \
      asm volatile("" : "+x"(sum));                                                \
    }                                                                              \
    for (int i = 0; i < kLoops; ++i) {                                             \
      _Pragma("GCC unroll 12") for (auto& sum : sums) sum = product;               \
    }                                                                              \
    _Pragma("GCC unroll 12") for (auto& sum : sums) asm volatile("" : : "x"(sum)); \
  }
NOVELTY_PEAK(peak_avx2, "avx2,fma", __m256, _mm256_setzero_ps, _mm256_fmadd_ps(a, b, sum))
NOVELTY_PEAK(peak_avx512, "avx512f", __m512, _mm512_setzero_ps, _mm512_fmadd_ps(a, b, sum))
NOVELTY_PEAK(peak_bfloat16, "avx512f,avx512bf16", __m512, _mm512_setzero_ps,
             _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b)))
NOVELTY_PEAK(peak_int8, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512,
             _mm512_dpbusd_epi32(sum, a, b))
#undef NOVELTY_PEAK
#endif

struct Peak {
  void (*loop)() = nullptr;
  int operations = 0;  // of a product of two registers
};

Peak peak_of(const VitKernels& kernels) {
#if defined(__x86_64__)
  const std::string isa = kernels.isa;
  if (isa == "avx2") return {peak_avx2, 16};
  if (isa == "avx512" && kernels.precision == Precision::kFloat32) return {peak_avx512, 32};
  if (isa == "avx512" && kernels.precision == Precision::kBfloat16) return {peak_bfloat16, 64};
  if (isa == "avx512") return {peak_int8, 128};
#endif
  return {};
}

// The operands of a block, all zeros but for the weights.
class Block {
 public:
  Block(const NetworkView& network, const VitKernels& kernels)
      : packed_(network, kernels), kernels_(kernels), width_(network.config.width) {
    const auto width = static_cast<std::size_t>(width_);
    x_ = rows(width_, sizeof(float));
    normed_ = rows(width_, kernels.operand_bytes);
    mixed_ = rows(width_, kernels.operand_bytes);
    hidden_ = rows(packed_.blocks[0].fc2.depth, kernels.half_bytes);
    attention_.queries = rows(width_, kernels.half_bytes);
    attention_.keys = rows(width_, kernels.half_bytes).data;
    attention_.values = rows(width_, kernels.half_bytes).data;
    attention_.width = width_;
    attention_.heads = network.config.heads;
    attention_.head_size = width_ / network.config.heads;
    attention_.tokens = packed_.tokens();
    attention_.padded_tokens = padded_rows();
    attention_.out_scale = packed_.blocks[0].mix_scale;
    scratch_ = static_cast<std::byte*>(arena_.allocate(attention_scratch(padded_rows())));
    for (std::size_t i = 0; i < width * static_cast<std::size_t>(packed_.tokens()); ++i)
      static_cast<float*>(x_.data)[i] = static_cast<float>(i * 2654435761U % 1000) / 500 - 1;
  }

  void print() {
    const PackedVit::Block& weights = packed_.blocks[0];
    const RowRange all{0, packed_.tokens()};
    const std::vector<std::pair<const char*, std::function<void()>>> parts = {
        {"norm", [&] { kernels_.layer_norm(x_, width_, weights.norm1, all, normed_); }},
        {"qkv", [&] { kernels_.qkv_linear(normed_, weights.qkv, all, attention_); }},
        {"attention", [&] { kernels_.attend(attention_, all, scratch_, mixed_, nullptr); }},
        {"proj", [&] { kernels_.add_linear(mixed_, weights.proj, all, x_); }},
        {"fc1+GELU", [&] { kernels_.gelu_linear(normed_, weights.fc1, all, hidden_); }},
        {"fc2", [&] { kernels_.add_half_linear(hidden_, weights.fc2, all, x_); }}};
    double block = 0;
    for (const auto& [name, run] : parts) {
      const double us = median_us(kernels_, run);
      block += name == std::string("norm") ? 2 * us : us;
      std::printf("  %s %.1f", name, us);
    }
    std::printf("  block %.1f us", block);
    const Peak peak = peak_of(kernels_);
    const double done = operations() / block / 1e3;  // 10^9 a second
    std::printf(", %.0f GFLOP/s", done);
    if (peak.loop) {
      const double most =
          double{kLoops} * kSums * peak.operations / median_us(kernels_, peak.loop) / 1e3;
      std::printf(" of %.0f, %.0f %%", most, 100 * done / most);
    }
    std::printf("\n");
  }

 private:
  // Additions and multiplications of the products, padding not counted.
  double operations() const {
    const double tokens = packed_.tokens(), width = width_;
    const double mlp = packed_.blocks[0].fc2.depth;
    return 2 * tokens * (4 * width * width + 2 * width * mlp + 2 * tokens * width);
  }

  int padded_rows() const {
    return (packed_.tokens() + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  }

  Rows rows(int columns, std::size_t bytes) {
    return {arena_.allocate(static_cast<std::size_t>(padded_rows()) *
                            static_cast<std::size_t>(columns) * bytes),
            columns};
  }

  PackedVit packed_;
  const VitKernels& kernels_;
  int width_;
  Arena arena_;
  Rows x_, normed_, mixed_, hidden_;
  AttentionOperands attention_;
  std::byte* scratch_ = nullptr;
};

void time_kernels(const std::string& size) {
  const auto networks = random_networks(size);
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16, Precision::kInt8}) {
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512, Isa::kAmx}) {
      const VitKernels* kernels = kernels_or_null(isa, precision);
      if (!kernels) continue;
      const char* names[] = {"fp32", "bf16", "int8"};
      std::printf("ViT-%s %s %s:", size.c_str(), names[static_cast<int>(precision)], kernels->isa);
      Block(networks.teacher, *kernels).print();
    }
  }
}

// GB/s of reading again and again what no second-level cache holds, on one thread.
double bandwidth() {
  std::vector<std::uint64_t> data(std::size_t{1} << 20, 1);  // 8 MB
  std::array<std::uint64_t, 8> sums{};
  const double us = median_us(*kernels_or_null(Isa::kPlain, Precision::kFloat32), [&] {
    for (std::size_t i = 0; i < data.size(); i += sums.size())
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += data[i + k];
    asm volatile("" : : "r"(sums.data()) : "memory");
  });
  return static_cast<double>(data.size() * sizeof data[0]) / us / 1e3;
}

}  // namespace
}  // namespace novelty

int main(int argc, char** argv) {
  try {
    novelty::time_kernels(argc > 1 ? argv[1] : "ti");
    std::printf("third-level cache: %.0f GB/s\n", novelty::bandwidth());
  } catch (const novelty::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
