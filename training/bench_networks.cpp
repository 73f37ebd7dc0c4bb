// SPDX-License-Identifier: Apache-2.0
// Networks to time, and the engine over them.
#include "bench_networks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/rng.h"
#include "bundle/bundle.h"
#include "engine/range_finder.h"
#include "nn/init.h"
#include "novelty/error.h"

namespace novelty {
namespace {

struct Size {
  const char* name;
  int width;
};
constexpr std::array kSizes{Size{"ti", 192}, Size{"s", 384}, Size{"b", 768}};

VitConfig config_of(const std::string& name) {
  const auto* size = std::find_if(kSizes.begin(), kSizes.end(),
                                  [&name](const Size& known) { return known.name == name; });
  if (size == kSizes.end())
    throw Error(ErrorKind::kSettings, "model size", "'" + name + "' is unknown", "ti, s or b");
  VitConfig config;
  config.width = size->width;
  config.heads = size->width / 64;
  config.mlp_width = 4 * size->width;
  return config;
}

NetworkView view_over(const VitConfig& config, const VitWeights& weights) {
  NetworkView network;
  network.config = config;
  const auto shapes = vit_tensor_shapes(config);
  for (const auto& [name, values] : weights)
    network.tensors[name] = view_of(values, shapes.at(name));
  return network;
}

struct RandomNetworks {
  std::array<VitWeights, 2> weights;
  std::array<std::unique_ptr<RangeFinder>, 2> ranges;
};

// For int8, from the picture that is timed.
void find_ranges(std::unique_ptr<RangeFinder>& finder, NetworkView& network) {
  finder = std::make_unique<RangeFinder>(network);
  finder->add(bench_patches(network.config));
  network.ranges = finder->ranges();
}

}  // namespace

BenchNetworks random_networks(const std::string& size) {
  const VitConfig config = config_of(size);
  constexpr std::uint64_t kTeacherSeed = 1, kStudentSeed = 2;
  const auto storage = std::make_shared<RandomNetworks>();
  storage->weights = {init_student(config, kTeacherSeed), init_student(config, kStudentSeed)};
  BenchNetworks networks{size, view_over(config, storage->weights[0]),
                         view_over(config, storage->weights[1]), storage};
  find_ranges(storage->ranges[0], networks.teacher);
  find_ranges(storage->ranges[1], networks.student);
  return networks;
}

BenchNetworks model_networks(const std::string& path) {
  const auto bundle = std::make_shared<const Bundle>(read_bundle(path));
  return {path, bundle->teacher, bundle->student, bundle};
}

std::vector<float> bench_patches(const VitConfig& config) {
  Rng rng(3);
  std::vector<float> patches;
  patches.reserve(static_cast<std::size_t>(config.patch_count()) * config.patch_values());
  for (int patch = 0; patch < config.patch_count(); ++patch) {
    const double level = 0.5 + 0.4 * std::sin(0.3 * patch);
    for (int i = 0; i < config.patch_values(); ++i)
      patches.push_back(static_cast<float>(std::clamp(level + 0.1 * rng.normal(), 0.0, 1.0)));
  }
  return patches;
}

std::shared_ptr<const Engine> make_bench_engine(const BenchNetworks& networks,
                                                const std::string& device,
                                                const EngineOptions& options) {
  return backend_for(device).make_engine(networks.teacher, networks.student, options);
}

}  // namespace novelty
