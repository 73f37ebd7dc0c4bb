// SPDX-License-Identifier: Apache-2.0
// The networks of `novelty bench` and what our engine makes of them, as files for other engines.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/safetensors.h"
#include "bench_networks.h"
#include "measurements.h"

namespace novelty::bench {
namespace {

void write(const TensorMap& tensors, const std::string& path) {
  write_file_atomically(path, serialize_safetensors(tensors, {}));
}

}  // namespace

int run_networks(const Arguments& arguments) {
  const BenchNetworks networks = random_networks(arguments[0]);
  const VitConfig& config = networks.teacher.config;
  const std::vector<float> patches = bench_patches(config);
  TensorMap tensors;
  for (const auto& [name, view] : networks.teacher.tensors) tensors["teacher." + name] = view;
  for (const auto& [name, view] : networks.student.tensors) tensors["student." + name] = view;
  tensors["mean"] = view_of(networks.teacher.mean, {3});
  tensors["std"] = view_of(networks.teacher.std, {3});
  tensors["patches"] = view_of(patches, {config.patch_count(), config.patch_values()});
  write(tensors, arguments[1]);
  return 0;
}

int run_network_outputs(const Arguments& arguments) {
  const BenchNetworks networks = random_networks(arguments[0]);
  const VitConfig& config = networks.teacher.config;
  const std::vector<float> patches = bench_patches(config);
  const auto engine = make_bench_engine(networks, "cpu", {2, arguments[1], arguments[2]});
  std::vector<float> discrepancy(config.patch_count());
  std::vector<float> tokens(static_cast<std::size_t>(config.patch_count()) * config.width);
  engine->score(patches, *engine->make_scratch(), discrepancy, tokens, {});
  write({{"discrepancy", view_of(discrepancy, {config.patch_count()})},
         {"tokens", view_of(tokens, {config.patch_count(), config.width})}},
        arguments[3]);
  return 0;
}

}  // namespace novelty::bench
