// SPDX-License-Identifier: Apache-2.0
// How fast a GPU scores: pairs a second by the number of streams, and the latency of one frame.
// Needs neither GStreamer nor LibTorch, so that it runs on a bare machine with a GPU.
#include <cstdio>
#include <string>

#include "../../training/bench_networks.h"
#include "../../training/engine_timing.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr double kSeconds = 1.5;
// Multiply-adds of a token in the linear layers, twice, and of its attention.
double operations_of(const VitConfig& config) {
  const double tokens = 1 + config.patch_count(), width = config.width;
  const double block = 2 * (4 * width * width + 2 * width * config.mlp_width) + 4 * tokens * width;
  return tokens * block * config.depth + 2.0 * config.patch_count() * config.patch_values() * width;
}

void time_networks(const std::string& size) {
  const auto networks = random_networks(size);
  const VitConfig& config = networks.teacher.config;
  const auto patches = bench_patches(config);
  const double pair = operations_of(config) + operations_of(networks.student.config);
  std::printf("ViT-%s, %.1f GFLOP a pair\n", size.c_str(), pair * 1e-9);
  for (const bool graph : {true, false}) {
    const EngineOptions options{.precision = "bf16", .graph = graph};
    const auto engine = make_bench_engine(networks, "cuda", options);
    const auto latency = measure_latency(*engine, config, patches, 1, kSeconds, [](double) {});
    std::printf("  %-9s one frame  p50 %.3f ms, p95 %.3f, p99 %.3f\n", graph ? "graph" : "no graph",
                latency.p50, latency.p95, latency.p99);
    for (const int streams : {1, 2, 4, 8, 16, 32, 64, 128, 256}) {
      if (!graph && streams > 1 && streams != 64) continue;
      const auto found =
          measure_throughput(*engine, config, patches, streams, kSeconds, [](double) {});
      std::printf("  %-9s %3d streams %8.0f pairs/s, %4.0f TFLOP/s\n", graph ? "graph" : "no graph",
                  streams, found.per_second(), found.per_second() * pair * 1e-12);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace novelty

int main(int argc, char** argv) {
  try {
    std::printf("%s\n", novelty::backend_for("cuda").description.c_str());
    for (const std::string size : {"ti", "s", "b"}) {
      if (argc < 2 || size == argv[1]) novelty::time_networks(size);
    }
  } catch (const novelty::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 77;
  }
}
