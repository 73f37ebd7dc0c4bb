// SPDX-License-Identifier: Apache-2.0
// The kernels of every instruction set and precision of this machine: their products against sums
// in double, whole networks against the plain kernels, over sizes with remainders.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "base/half.h"
#include "base/rng.h"
#include "engine/cpu_engine.h"
#include "engine/range_finder.h"
#include "engine/vit_forward.h"
#include "nn/init.h"
#include "novelty/error.h"
#include "test_backend.h"
#include "test_network.h"

namespace novelty {
namespace {

using testing::network_of;
using testing::random_values;
using testing::teacher_of;

std::vector<const VitKernels*> all_kernels() {
  std::vector<const VitKernels*> all;
  for (const Isa isa : {Isa::kPlain, Isa::kAvx2, Isa::kAvx512, Isa::kAmx}) {
    for (const Precision precision :
         {Precision::kFloat32, Precision::kBfloat16, Precision::kInt8}) {
      if (const VitKernels* kernels = kernels_or_null(isa, precision)) all.push_back(kernels);
    }
  }
  return all;
}

std::string name_of(const VitKernels& kernels) {
  constexpr std::array kNames{"fp32", "bf16", "int8"};
  return std::string(kernels.isa) + "_" + kNames.at(static_cast<std::size_t>(kernels.precision));
}

class KernelsTest : public ::testing::TestWithParam<const VitKernels*> {
 protected:
  const VitKernels& kernels() const { return *GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(All, KernelsTest, ::testing::ValuesIn(all_kernels()),
                         [](const auto& test) { return name_of(*test.param); });

// A product's operands as numbers, rounded as the kernels hold them, and as the kernels read them.
struct Product {
  Product(const VitKernels& kernels, int row_count, int column_count, int depth_count)
      : rows(row_count), columns(column_count), depth(depth_count) {
    const auto padded_rows = static_cast<std::size_t>((rows + 31) / 32 * 32);
    const auto bytes = kernels.operand_bytes;
    const auto k = static_cast<std::size_t>(depth);
    void* left = arena.allocate(padded_rows * k * bytes);
    void* right = arena.allocate(static_cast<std::size_t>(columns) * k * bytes);
    Rng rng(7);
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows) * k; ++i)
      a.push_back(put(kernels, left, i, rng.normal(), true));
    b.resize(static_cast<std::size_t>(columns) * k);
    const std::size_t group = sizeof(float) / bytes;
    for (std::size_t n = 0; n < static_cast<std::size_t>(columns); ++n) {
      for (std::size_t i = 0; i < k; ++i) {
        const std::size_t lane = (n / 16 * k + i / group * group) * 16 + n % 16 * group + i % group;
        b[n * k + i] = put(kernels, right, lane, rng.normal(), false);
      }
    }
    rows_view = {left, depth};
    bias = random_values(static_cast<std::size_t>(columns), 3);
    scale = random_values(static_cast<std::size_t>(columns), 4);
    linear.panels = right;
    linear.bias = bias.data();
    linear.scale = scale.data();
    linear.depth = depth;
    linear.panel_count = columns / 16;
  }

  static double put(const VitKernels& kernels, void* to, std::size_t at, double value, bool left) {
    if (kernels.precision == Precision::kFloat32) {
      static_cast<float*>(to)[at] = static_cast<float>(value);
      return static_cast<double>(static_cast<float>(value));
    }
    if (kernels.precision == Precision::kBfloat16) {
      const std::uint16_t bits = float_to_bfloat16(static_cast<float>(value));
      static_cast<std::uint16_t*>(to)[at] = bits;
      return static_cast<double>(bfloat16_to_float(bits));
    }
    const auto units = static_cast<int>(std::clamp(40 * value, -128.0, 127.0));
    if (left) return static_cast<std::uint8_t*>(to)[at] = static_cast<std::uint8_t>(128 + units);
    return static_cast<std::int8_t*>(to)[at] = static_cast<std::int8_t>(units);
  }

  int rows, columns, depth;
  Arena arena;
  std::vector<double> a, b;
  Rows rows_view;
  std::vector<float> bias, scale;
  PackedLinear linear;
};

TEST_P(KernelsTest, AddsProductsOfEverySize) {
  for (const int rows : {1, 5, 6, 7, 16, 17, 31, 32, 33, 50}) {
    for (const int panels : {1, 2, 3, 4, 5}) {
      const Product p(kernels(), rows, 16 * panels, 3 * kernels().depth_multiple);
      std::vector<float> x(static_cast<std::size_t>(64) * p.columns, 0.5F);
      kernels().begin();
      kernels().add_linear(p.rows_view, p.linear, {0, rows}, {x.data(), p.columns});
      kernels().end();
      for (int r = 0; r < rows; ++r) {
        for (int n = 0; n < p.columns; ++n) {
          double sum = 0, size = 0;
          for (int k = 0; k < p.depth; ++k) {
            const double term = p.a[static_cast<std::size_t>(r * p.depth + k)] *
                                p.b[static_cast<std::size_t>(n * p.depth + k)];
            sum += term;
            size += std::abs(term);
          }
          const auto column = static_cast<std::size_t>(n);
          const bool is_integer = kernels().precision == Precision::kInt8;
          const double unit = is_integer ? double{p.scale[column]} : 1;
          const double expected = 0.5 + sum * unit + double{p.bias[column]};
          // Each of depth additions rounds to 2^-24 of at most the sum of magnitudes.
          const double bound = (p.depth + 4) * std::ldexp(size * unit + 2, -24);
          ASSERT_NEAR(x[static_cast<std::size_t>(r * p.columns + n)], expected, bound)
              << rows << " rows, " << panels << " panels, at " << r << ", " << n;
        }
      }
      EXPECT_EQ(x[static_cast<std::size_t>(rows * p.columns)], 0.5F) << "a row too many";
    }
  }
}

TEST_P(KernelsTest, GeluIsWithinItsError) {
  // Columns of one value each: the product is 0, the bias is what counts.
  constexpr int kColumns = 1024;
  Product p(kernels(), 1, kColumns, kernels().depth_multiple);
  std::memset(p.rows_view.data, 0, static_cast<std::size_t>(p.depth) * kernels().operand_bytes);
  for (int n = 0; n < kColumns; ++n) p.bias[static_cast<std::size_t>(n)] = 0.02F * (n - 512);
  std::vector<float> out(std::size_t{32} * kColumns);
  kernels().begin();
  kernels().gelu_linear(p.rows_view, p.linear, {0, 1}, {out.data(), kColumns});
  kernels().end();
  for (int n = 0; n < kColumns; ++n) {
    const double x = p.bias[static_cast<std::size_t>(n)];
    const double expected = 0.5 * x * std::erfc(-x * std::sqrt(0.5));
    double found = out[static_cast<std::size_t>(n)];
    double bound = 2e-7 * (1 + std::abs(x));
    if (kernels().precision != Precision::kFloat32) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, reinterpret_cast<const char*>(out.data()) + 2 * n, sizeof bits);
      found = bfloat16_to_float(bits);
      bound = 2.5e-4 + std::abs(expected) / 256;
    }
    ASSERT_NEAR(found, expected, bound) << x;
  }
}

struct Size {
  int input, patch, width, heads, mlp, registers = 0;
};
// 2, 5, 17, 19, 54, 50, 82, 201 and 197 tokens, some of them registers; heads of 32 and 64; widths
// and depths with remainders.
constexpr std::array kSizes{
    Size{16, 16, 64, 1, 64},     Size{28, 14, 64, 2, 100},      Size{64, 16, 128, 2, 200},
    Size{64, 16, 64, 2, 256, 2}, Size{98, 14, 192, 3, 768, 4},  Size{112, 16, 192, 6, 768},
    Size{72, 8, 64, 1, 256},     Size{224, 16, 192, 3, 768, 4}, Size{224, 16, 192, 3, 768}};

VitConfig config_of(const Size& size) {
  VitConfig config;
  config.input_size = size.input;
  config.patch_size = size.patch;
  config.width = size.width;
  config.heads = size.heads;
  config.mlp_width = size.mlp;
  config.registers = size.registers;
  config.depth = 2;
  return config;
}

// The network in double, by its definition, with the tokens but the registers at length 1.
class Reference {
 public:
  explicit Reference(const NetworkView& network) : network_(network), config_(network.config) {}

  std::vector<double> unit_tokens(std::span<const float> patches) const {
    Matrix x = embed(patches);
    for (int i = 0; i < config_.depth; ++i) {
      const std::string block = "blocks." + std::to_string(i) + ".";
      add(x, linear(attention(linear(norm(x, block + "norm1"), block + "attn.qkv")),
                    block + "attn.proj"));
      Matrix hidden = linear(norm(x, block + "norm2"), block + "mlp.fc1");
      for (double& v : hidden.values) v *= 0.5 * std::erfc(-v * std::sqrt(0.5));
      add(x, linear(hidden, block + "mlp.fc2"));
    }
    x = norm(x, "norm");
    for (int r = 0; r < x.rows; ++r) {
      double square = 0;
      for (int c = 0; c < x.columns; ++c) square += x.at(r, c) * x.at(r, c);
      for (int c = 0; c < x.columns; ++c) x.at(r, c) /= std::sqrt(square);
    }
    x.values.resize(static_cast<std::size_t>((1 + config_.patch_count()) * x.columns));
    return x.values;
  }

 private:
  struct Matrix {
    Matrix(int r, int c) : rows(r), columns(c), values(static_cast<std::size_t>(r * c)) {}
    double& at(int r, int c) { return values[static_cast<std::size_t>(r * columns + c)]; }
    double at(int r, int c) const { return values[static_cast<std::size_t>(r * columns + c)]; }
    int rows, columns;
    std::vector<double> values;
  };

  std::vector<float> tensor(const std::string& name) const {
    return to_floats(network_.tensors.at(name), name);
  }

  static void add(Matrix& x, const Matrix& y) {
    for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
  }

  Matrix linear(const Matrix& x, const std::string& name) const {
    const auto weight = tensor(name + ".weight"), bias = tensor(name + ".bias");
    Matrix y(x.rows, static_cast<int>(bias.size()));
    for (int r = 0; r < y.rows; ++r) {
      for (int c = 0; c < y.columns; ++c) {
        y.at(r, c) = bias[static_cast<std::size_t>(c)];
        for (int k = 0; k < x.columns; ++k)
          y.at(r, c) += x.at(r, k) * weight[static_cast<std::size_t>(c * x.columns + k)];
      }
    }
    return y;
  }

  Matrix norm(const Matrix& x, const std::string& name) const {
    const auto weight = tensor(name + ".weight"), bias = tensor(name + ".bias");
    Matrix y = x;
    for (int r = 0; r < x.rows; ++r) {
      double mean = 0, square = 0;
      for (int c = 0; c < x.columns; ++c) mean += x.at(r, c) / x.columns;
      for (int c = 0; c < x.columns; ++c) square += std::pow(x.at(r, c) - mean, 2) / x.columns;
      for (int c = 0; c < x.columns; ++c) {
        const auto i = static_cast<std::size_t>(c);
        y.at(r, c) = (x.at(r, c) - mean) / std::sqrt(square + 1e-6) * weight[i] + bias[i];
      }
    }
    return y;
  }

  Matrix attention(const Matrix& qkv) const {
    const int width = config_.width, size = width / config_.heads, tokens = qkv.rows;
    Matrix out(tokens, width);
    for (int head = 0; head < config_.heads; ++head) {
      for (int q = 0; q < tokens; ++q) {
        std::vector<double> weights;
        double total = 0;
        for (int k = 0; k < tokens; ++k) {
          double score = 0;
          for (int i = head * size; i < (head + 1) * size; ++i)
            score += qkv.at(q, i) * qkv.at(k, width + i);
          weights.push_back(std::exp(score / std::sqrt(size)));
          total += weights.back();
        }
        for (int i = head * size; i < (head + 1) * size; ++i) {
          for (int k = 0; k < tokens; ++k)
            out.at(q, i) += weights[static_cast<std::size_t>(k)] / total * qkv.at(k, 2 * width + i);
        }
      }
    }
    return out;
  }

  Matrix embed(std::span<const float> patches) const {
    const auto weight = tensor("patch_embed.proj.weight"), bias = tensor("patch_embed.proj.bias");
    const auto cls = tensor("cls_token"), position = tensor("pos_embed");
    const int values = config_.patch_values(), registers = 1 + config_.patch_count();
    Matrix x(config_.token_count(), config_.width);
    if (config_.registers > 0) {
      const auto tokens = tensor("reg_token");
      std::copy(tokens.begin(), tokens.end(),
                x.values.begin() + std::ptrdiff_t{registers} * x.columns);
    }
    for (int r = 0; r < registers; ++r) {
      for (int c = 0; c < x.columns; ++c) {
        const auto i = static_cast<std::size_t>(c);
        x.at(r, c) = position[static_cast<std::size_t>(r * x.columns + c)];
        x.at(r, c) += r == 0 ? cls[i] : bias[i];
        for (int k = 0; r > 0 && k < values; ++k) {
          const auto channel = static_cast<std::size_t>(3 * k / values);
          const double value = patches[static_cast<std::size_t>((r - 1) * values + k)];
          x.at(r, c) += (value - double{network_.mean.at(channel)}) /
                        double{network_.std.at(channel)} *
                        weight[static_cast<std::size_t>(c * values + k)];
        }
      }
    }
    return x;
  }

  const NetworkView& network_;
  const VitConfig& config_;
};

// Tokens of length 1.
std::vector<double> unit_tokens(const VitKernels& kernels, const NetworkView& network,
                                std::span<const float> patches) {
  const PackedVit packed(network, kernels);
  VitPass pass(packed, 1);
  pass.run(patches, 0);
  const auto width = static_cast<std::size_t>(network.config.width);
  std::vector<double> tokens(pass.tokens().begin(), pass.tokens().end());
  for (std::size_t first = 0; first < tokens.size(); first += width) {
    double square = 0;
    for (std::size_t i = first; i < first + width; ++i) square += tokens[i] * tokens[i];
    for (std::size_t i = first; i < first + width; ++i) tokens[i] /= std::sqrt(square);
  }
  return tokens;
}

double worst_distance(const std::vector<double>& a, const std::vector<double>& b,
                      std::size_t width) {
  double worst = 0;
  for (std::size_t first = 0; first < a.size(); first += width) {
    double distance = 0;
    for (std::size_t i = first; i < first + width; ++i) distance += (a[i] - b[i]) * (a[i] - b[i]);
    if (!(distance <= worst)) worst = distance;  // also a NaN
  }
  return worst;
}

TEST_P(KernelsTest, NetworksOfEverySizeAreTheirDefinition) {
  for (const Size& size : kSizes) {
    const VitConfig config = config_of(size);
    const VitWeights weights = teacher_of(config, 5);
    NetworkView network = network_of(config, weights);
    const auto patches =
        random_values(static_cast<std::size_t>(config.patch_count() * config.patch_values()), 6);
    RangeFinder finder(network);
    finder.add(patches);
    network.ranges = finder.ranges();
    const auto found = unit_tokens(kernels(), network, patches);
    const auto exact = Reference(network).unit_tokens(patches);
    const auto plain =
        unit_tokens(*kernels_or_null(Isa::kPlain, kernels().precision), network, patches);
    const auto width = static_cast<std::size_t>(config.width);
    // Measured over these sizes, times 4. To the plain kernels: roundings that fall the other way.
    constexpr std::array kToExact{4e-12, 1e-3, 2e-2}, kToPlain{4e-12, 1e-5, 5e-5};
    const auto precision = static_cast<std::size_t>(kernels().precision);
    EXPECT_LE(worst_distance(found, exact, width), kToExact.at(precision)) << size.input;
    EXPECT_LE(worst_distance(found, plain, width), kToPlain.at(precision)) << size.input;
  }
}

TEST_P(KernelsTest, PartsOfAPassGiveTheSameToTheBit) {
  VitConfig config = config_of(kSizes.back());
  const VitWeights student = init_student(config, 6);
  const NetworkView student_network = network_of(config, student);
  config.registers = 4;
  const VitWeights teacher = teacher_of(config, 5);
  NetworkView networks[] = {network_of(config, teacher), student_network};
  const auto patches =
      random_values(static_cast<std::size_t>(config.patch_count() * config.patch_values()), 6);
  std::vector<std::unique_ptr<RangeFinder>> finders;
  for (auto& network : networks) {
    finders.push_back(std::make_unique<RangeFinder>(network));
    finders.back()->add(patches);
    network.ranges = finders.back()->ranges();
  }
  constexpr std::array kNames{"fp32", "bf16", "int8"};
  EngineOptions options;
  options.precision = kNames.at(static_cast<std::size_t>(kernels().precision));
  options.isa = kernels().isa;
  std::vector<float> expected;
  for (const int threads : {1, 2, 3, 4, 9}) {
    options.threads = threads;
    const auto engine = cpu_backend().make_engine(networks[0], networks[1], options);
    std::vector<float> discrepancy(static_cast<std::size_t>(config.patch_count()));
    const auto scratch = engine->make_scratch();
    for (int i = 0; i < 2; ++i) engine->score(patches, *scratch, discrepancy, {}, {});
    if (expected.empty()) expected = discrepancy;
    EXPECT_EQ(discrepancy, expected) << threads << " threads";
  }
}

TEST(Kernels, NamesAndLimitsAreCheckedInOneLine) {
  const auto complaint = [](const EngineOptions& options) -> std::string {
    try {
      kernels_for(options);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_NE(complaint({1, "fp64", "auto"}).find("use fp32, bf16 or int8"), std::string::npos);
  EXPECT_NE(complaint({1, "fp32", "sse"}).find("use auto, plain, avx2"), std::string::npos);
  EXPECT_STREQ(kernels_for({1, "bf16", "plain"}).isa, "plain");
}

TEST(Kernels, Int8NeedsRanges) {
  const VitConfig config = config_of(kSizes.front());
  const VitWeights weights = init_student(config, 6);
  EXPECT_THROW(
      PackedVit(network_of(config, weights), *kernels_or_null(Isa::kPlain, Precision::kInt8)),
      Error);
}

TEST(Kernels, RefusesWidthsThatNoKernelTakes) {
  VitConfig config = config_of(kSizes.front());
  config.width = 48;
  config.heads = 3;
  const VitWeights weights = init_student(config, 6);
  EXPECT_THROW(
      PackedVit(network_of(config, weights), *kernels_or_null(Isa::kPlain, Precision::kFloat32)),
      Error);
}

}  // namespace
}  // namespace novelty
