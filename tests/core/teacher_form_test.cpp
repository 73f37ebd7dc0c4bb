// SPDX-License-Identifier: Apache-2.0
// Teachers that are nearly plain: DINOv2's layer scale, and other input sizes than the trained one.
#include "nn/teacher_form.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/file.h"
#include "nn/vit_config.h"
#include "novelty/error.h"
#include "temp_dir.h"
#include "test_backend.h"
#include "trainer/teacher.h"

namespace novelty {
namespace {

// The network of tests/core/teacher_form_test.cpp's golden tokens: 56 pixels in patches of 14.
constexpr int kWidth = 128, kDepth = 2, kPatch = 14, kMlp = 512;

// In timm's form: where there are registers, [CLS] has no position.
std::map<std::string, std::vector<std::int64_t>> shapes(int registers) {
  VitConfig config;
  config.registers = registers;
  config.input_size = 56;
  config.patch_size = kPatch;
  config.width = kWidth;
  config.depth = kDepth;
  config.heads = 2;
  config.mlp_width = kMlp;
  auto all = vit_tensor_shapes(config);
  for (int i = 0; i < kDepth; ++i)
    for (const char* scale : {".ls1.gamma", ".ls2.gamma"})
      all.emplace("blocks." + std::to_string(i) + scale, std::vector<std::int64_t>{kWidth});
  if (registers > 0) --all.at("pos_embed")[1];
  return all;
}

// By number of the tensor and of its value, as in the script that made the golden tokens.
float weight(const std::string& name, int tensor, std::int64_t i) {
  const auto at = static_cast<double>(i);
  const double wave = std::sin(0.37 * at + 1.3 * tensor + 0.013 * at * at);
  if (name.find("norm") != std::string::npos && name.ends_with("weight"))
    return static_cast<float>(1 + 0.1 * wave);
  if (name == "reg_token") return static_cast<float>(wave);
  return static_cast<float>(name.ends_with("gamma") ? 0.5 + 0.3 * wave : 0.1 * wave);
}

struct Weights {
  std::map<std::string, std::vector<float>> values;
  TensorMap tensors;

  void set(const std::string& name, std::vector<float> numbers, std::vector<std::int64_t> shape) {
    auto& kept = values[name] = std::move(numbers);
    tensors[name] = view_of(kept, std::move(shape));
  }
};

Weights dinov2(int registers = 0) {
  Weights weights;
  int tensor = 0;
  for (const auto& [name, shape] : shapes(registers)) {
    const auto count =
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    std::vector<float> numbers;
    for (std::int64_t i = 0; i < count; ++i) numbers.push_back(weight(name, tensor, i));
    weights.set(name, std::move(numbers), shape);
    ++tensor;
  }
  return weights;
}

std::vector<float> image_patches(int size) {
  std::vector<float> out;
  const int grid = size / kPatch;
  for (int place = 0; place < grid * grid; ++place) {
    for (int v = 0; v < 3 * kPatch * kPatch; ++v) {
      const int c = v / (kPatch * kPatch);
      const int y = place / grid * kPatch + v / kPatch % kPatch;
      const int x = place % grid * kPatch + v % kPatch;
      out.push_back(static_cast<float>(0.5 + 0.5 * std::sin(0.05 * (1000 * c + 61 * y + 7 * x))));
    }
  }
  return out;
}

class TeacherFile : public ::testing::Test {
 protected:
  std::string write(const Weights& weights,
                    const std::string& name = "vit_small_patch14_dinov2.test.safetensors") const {
    std::string path = folder_ / name;
    write_file_atomically(path, serialize_safetensors(weights.tensors, {}));
    return path;
  }

 private:
  testing::TempDir folder_;
};

struct Golden {
  int size, place;
  std::array<float, 6> token;  // its first values, length 1
};

// timm 1.0.31's VisionTransformer(patch_size=14, embed_dim=128, depth=2, num_heads=2,
// init_values=1e-5) with these weights and ImageNet's normalisation, float32; at 42 and 84 pixels
// with the position embedding of its resample_abs_pos_embed.
const std::array<Golden, 9> kGolden{{
    {56, 0, {-0.278564F, 0.0347732F, -0.0468726F, -0.0185904F, -0.0339224F, 0.0381547F}},
    {56, 8, {0.1719104F, 0.0478205F, 0.0060933F, 0.0604479F, 0.006161F, -0.1050452F}},
    {56, 15, {0.0188009F, 0.1264875F, -0.0674244F, 0.0132957F, -0.0410899F, -0.0560984F}},
    {42, 0, {-0.2793209F, 0.0344246F, -0.0471011F, -0.0161482F, -0.0415285F, 0.037686F}},
    {42, 4, {0.1832009F, 0.0265153F, 0.0168098F, 0.0759134F, 0.0094321F, -0.1000225F}},
    {42, 8, {-0.1931528F, -0.1180175F, 0.0401013F, -0.0111279F, 0.0191178F, 0.0730022F}},
    {84, 0, {-0.2780144F, 0.0351851F, -0.0466209F, -0.019551F, -0.0354838F, 0.0384997F}},
    {84, 18, {0.1266775F, -0.1325108F, 0.0803367F, 0.0868796F, 0.067785F, 0.000329F}},
    {84, 35, {-0.1588405F, 0.1140192F, -0.0867058F, -0.0074412F, -0.050404F, 0.0023783F}},
}};

TEST_F(TeacherFile, OfDinoV2GivesTheTokensOfTimmAtThreeSizes) {
  const std::string path = write(dinov2());
  for (const Golden& golden : kGolden) {
    const TeacherWeights teacher = load_teacher(path, golden.size == 56 ? 0 : golden.size);
    EXPECT_TRUE(teacher.warnings.empty()) << "its normalisation is known";
    const VitConfig& config = teacher.network.config;
    EXPECT_EQ(config.input_size, golden.size);
    const auto network = backend_for("cpu").make_teacher(teacher.network, {1});
    const auto patches = static_cast<std::size_t>(config.patch_count());
    std::vector<float> tokens(patches * kWidth), attention(patches), cls(kWidth);
    network->features(image_patches(golden.size), 1, {tokens, attention, cls});
    for (std::size_t i = 0; i < golden.token.size(); ++i)
      EXPECT_NEAR(tokens.at(static_cast<std::size_t>(golden.place) * kWidth + i),
                  golden.token.at(i), 2e-5)
          << golden.size << " " << golden.place << " " << i;
  }
}

// The same with reg_tokens=4 and no_embed_class=True. cls, seen: the beginnings of [CLS] at length
// 1 and of its attention to the patches in the last block, mean over heads.
struct GoldenPicture {
  int size;
  std::array<float, 6> cls, seen;
};

const std::array<GoldenPicture, 3> kGoldenPictures{{
    {56,
     {-0.2679217F, 0.0560425F, -0.0024651F, 0.027855F, -0.0354705F, -0.1178907F},
     {0.0453546F, 0.0236271F, 0.0281701F, 0.080518F, 0.0250805F, 0.0237996F}},
    {42,
     {-0.2709987F, 0.0522913F, 0.001309F, 0.113189F, -0.1128379F, -0.0811134F},
     {0.0553602F, 0.0277022F, 0.0471239F, 0.0285505F, 0.0416916F, 0.1488362F}},
    {84,
     {-0.2491361F, 0.0684065F, -0.0347997F, 0.0120136F, -0.0208733F, -0.1216303F},
     {0.0226355F, 0.0134528F, 0.016992F, 0.0423053F, 0.0272573F, 0.0178976F}},
}};

const std::array<Golden, 9> kGoldenBesideRegisters{{
    {56, 0, {-0.2842098F, 0.03668F, -0.0490898F, -0.0169089F, -0.0328535F, 0.0390193F}},
    {56, 8, {0.1675516F, 0.0421084F, 0.0093263F, 0.0611822F, -0.0027242F, -0.1038019F}},
    {56, 15, {0.0224744F, 0.129263F, -0.0632405F, 0.0135141F, -0.0409412F, -0.0536893F}},
    {42, 0, {-0.2803091F, 0.0365991F, -0.0491995F, -0.0161568F, -0.0391847F, 0.0432724F}},
    {42, 4, {0.1841269F, 0.0263695F, 0.0163774F, 0.0794833F, 0.0034964F, -0.1063482F}},
    {42, 8, {-0.191753F, -0.1147987F, 0.0402503F, -0.0127018F, 0.020751F, 0.0737633F}},
    {84, 0, {-0.2855582F, 0.0367068F, -0.0484198F, -0.0176403F, -0.0325515F, 0.0360857F}},
    {84, 18, {0.1214005F, -0.136643F, 0.0815093F, 0.0844599F, 0.0669667F, 0.0035033F}},
    {84, 35, {-0.1550201F, 0.116658F, -0.0831019F, -0.0078923F, -0.047225F, 0.0050011F}},
}};

TEST_F(TeacherFile, OfDinoV2WithRegistersGivesTheFeaturesOfTimmAtThreeSizes) {
  const std::string path = write(dinov2(4));
  for (const GoldenPicture& picture : kGoldenPictures) {
    const TeacherWeights teacher = load_teacher(path, picture.size == 56 ? 0 : picture.size);
    const VitConfig& config = teacher.network.config;
    EXPECT_EQ(config.registers, 4);
    EXPECT_EQ(config.input_size, picture.size);
    const auto network = backend_for("cpu").make_teacher(teacher.network, {1});
    const auto patches = static_cast<std::size_t>(config.patch_count());
    std::vector<float> tokens(patches * kWidth), attention(patches), cls(kWidth);
    network->features(image_patches(picture.size), 1, {tokens, attention, cls});
    for (std::size_t i = 0; i < picture.cls.size(); ++i) {
      EXPECT_NEAR(cls.at(i), picture.cls.at(i), 2e-5) << picture.size << " " << i;
      EXPECT_NEAR(attention.at(i), picture.seen.at(i), 2e-6) << picture.size << " " << i;
      for (const Golden& golden : kGoldenBesideRegisters) {
        if (golden.size != picture.size) continue;
        EXPECT_NEAR(tokens.at(static_cast<std::size_t>(golden.place) * kWidth + i),
                    golden.token.at(i), 2e-5)
            << golden.size << " " << golden.place << " " << i;
      }
    }
  }
}

// The CPU's features in float32 are those of LibTorch: a compact network that is the teacher itself
// has nothing to learn.
TEST_F(TeacherFile, WithRegistersIsTheSameNetworkInLibTorch) {
  const Backend* training = testing::training_or_null();
  if (!training) GTEST_SKIP() << "this build has no LibTorch backend";
  const TeacherWeights teacher = load_teacher(write(dinov2(4)), 0);
  const auto patches = static_cast<std::size_t>(teacher.network.config.patch_count());
  const std::vector<float> picture = image_patches(56);
  std::vector<float> tokens(patches * kWidth), attention(patches), cls(kWidth);
  backend_for("cpu")
      .make_teacher(teacher.network, {1})
      ->features(picture, 1, {tokens, attention, cls});
  const CompactLosses losses = training->make_compact_trainer(teacher.network, kWidth, 3, {}, 1)
                                   ->step(picture, {tokens, attention, cls}, 1, {});
  EXPECT_NEAR(losses.tokens, 0, 1e-9);
  EXPECT_NEAR(losses.cls, 0, 1e-9);
  EXPECT_NEAR(losses.attention, 0, 1e-6);
}

TEST_F(TeacherFile, OfAPlainNetworkIsLeftAsItIs) {
  Weights plain = dinov2();
  for (const char* name :
       {"blocks.0.ls1.gamma", "blocks.0.ls2.gamma", "blocks.1.ls1.gamma", "blocks.1.ls2.gamma"})
    plain.tensors.erase(name);
  plain.set("mask_token", std::vector<float>(kWidth, 1), {1, kWidth});
  plain.set("head.weight", std::vector<float>(kWidth, 1), {1, kWidth});
  const PlainWeights read = plain_weights(plain.tensors, {}, 0);
  EXPECT_EQ(read.values.size(), 30U);
  for (const auto& [name, values] : read.values) EXPECT_EQ(values, plain.values.at(name)) << name;
  EXPECT_EQ(plain_weights(plain.tensors, {}, 56).values.at("pos_embed"),
            plain.values.at("pos_embed"));
}

TEST_F(TeacherFile, WithAFaultIsRefused) {
  const auto expect_refused = [&](const std::function<void(Weights&)>& spoil, int size,
                                  const std::string& words) {
    Weights weights = dinov2();
    spoil(weights);
    try {
      load_teacher(write(weights), size);
      ADD_FAILURE() << "accepted: " << words;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  expect_refused([](Weights& w) { w.set("blocks.0.ls1.gamma", {1, 2, 3}, {3}); }, 0, "ls1.gamma");
  expect_refused([](Weights& w) { w.set("blocks.0.ls1.gamma", {}, {0}); }, 0, "ls1.gamma");
  expect_refused([](Weights& w) { w.values.at("norm.bias").front() = NAN; }, 0,
                 "test.safetensors: norm.bias");
  expect_refused([](Weights& w) { w.set("blocks.7.ls1.gamma", {1}, {1}); }, 0, "blocks.7");
  expect_refused([](Weights& w) { w.tensors.erase("blocks.0.attn.proj.bias"); }, 0, "proj.bias");
  expect_refused([](Weights& w) { w.set("blocks.0.attn.proj.bias", {1}, {}); }, 0, "proj.bias");
  expect_refused([](Weights&) {}, 50, "no multiple");
  expect_refused([](Weights& w) { w.tensors.erase("pos_embed"); }, 42, "pos_embed");
  expect_refused(
      [](Weights& w) {
        w.set("pos_embed", std::vector<float>(std::size_t{4} * kWidth), {1, 4, kWidth});
      },
      42, "pos_embed");
  expect_refused([](Weights& w) { w.set("pos_embed", {}, {1, 0, kWidth}); }, 42, "pos_embed");
  expect_refused([](Weights& w) { w.tensors.erase("patch_embed.proj.weight"); }, 42, "patch_embed");
  const auto with_positions = [](const std::vector<std::int64_t>& shape) {
    return [shape](Weights& w) {
      std::size_t count = 1;
      for (const auto side : shape) count *= static_cast<std::size_t>(side);
      w.set("reg_token", std::vector<float>(std::size_t{4} * kWidth), {1, 4, kWidth});
      w.set("pos_embed", std::vector<float>(count), shape);
    };
  };
  expect_refused(with_positions({1, 21, kWidth}), 0,
                 "pos_embed");  // of [CLS] and the registers too
  expect_refused(with_positions({16, kWidth}), 0, "pos_embed");
  expect_refused(with_positions({1, 0, kWidth}), 0, "pos_embed");
  expect_refused(with_positions({1, 16, 0}), 0, "pos_embed");
  expect_refused(with_positions({1, 16, 64}), 0, "pos_embed");
  expect_refused([](Weights& w) { w.set("reg_token", {}, {1, 0, kWidth}); }, 0, "reg_token");
}

TEST(ResampledGrid, KeepsConstantsAndItsOwnSize) {
  const std::vector<float> grid{1, 5, 2, 6, 3, 7, 4, 8};  // [2, 2, 2]
  EXPECT_EQ(resampled_grid(grid, 2, 2, 2), grid);
  for (const int to : {1, 3, 8})
    for (const float value : resampled_grid(std::vector<float>(49, 0.25F), 7, to, 1))
      EXPECT_FLOAT_EQ(value, 0.25F);
}

}  // namespace
}  // namespace novelty
