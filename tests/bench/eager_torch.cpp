// SPDX-License-Identifier: Apache-2.0
// Eager LibTorch as an engine to compare with: the networks' plain operations in float32 or
// bfloat16.
//
// usage: eager_torch NETWORKS.safetensors fp32|bf16 STREAMS SECONDS OUT.safetensors
//
// NETWORKS is what `measure networks` writes. Prints a line of JSON with the measurements of
// `novelty bench`; OUT gets both networks' tokens. $ATEN_CPU_CAPABILITY, $ONEDNN_MAX_CPU_ISA and
// $MKL_ENABLE_INSTRUCTIONS hold LibTorch to fewer instructions.
#include <ATen/TensorOperators.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "../../training/engine_timing.h"
#include "base/file.h"
#include "engine/worker_torch.h"
#include "nn/vit_torch.h"

namespace novelty {
namespace {

struct Options {
  std::string networks;
  at::ScalarType precision;
  int streams;
  double seconds;
  std::string out;
};

Vit network_of(const SafetensorsFile& file, const std::string& prefix, at::ScalarType precision) {
  TensorMap own;
  for (const auto& [name, view] : file.tensors())
    if (name.starts_with(prefix)) own[name.substr(prefix.size())] = view;
  const VitConfig config = infer_vit_config(own);
  TensorsByName tensors = load_tensors(config, own);
  Vit folded = vit_of(config, tensors);
  // The input's normalisation, (x - 0.5) / 0.5, as weights.
  folded.patch_bias = folded.patch_bias - folded.patch_weight.sum(1);
  folded.patch_weight = folded.patch_weight * 2;
  tensors["patch_embed.proj.weight"] =
      folded.patch_weight.reshape(tensors["patch_embed.proj.weight"].sizes());
  tensors["patch_embed.proj.bias"] = folded.patch_bias;
  for (auto& [name, tensor] : tensors) tensor = tensor.to(precision);
  return vit_of(config, tensors);
}

/// Both networks in turn on one thread, or side by side on `workers`.
class EagerEngine : public Engine {
 public:
  struct Run : Scratch {
    Run(int count, int intra_op_threads) : workers(count, intra_op_threads) {}
    Workers workers;
    std::array<at::Tensor, 2> tokens;
  };

  EagerEngine(const Options& options, int threads)
      : precision_(options.precision), workers_(std::min(threads, 2)), threads_(threads) {
    const auto file = SafetensorsFile::read(options.networks);
    nets_ = {network_of(file, "teacher.", precision_), network_of(file, "student.", precision_)};
  }

  const VitConfig& config() const { return nets_[0].config; }

  std::unique_ptr<Scratch> make_scratch() const override {
    return std::make_unique<Run>(workers_, std::max(1, threads_ / 2));
  }

  void score(std::span<const float> patches, Scratch& scratch, std::span<float> /*discrepancy*/,
             std::span<float> /*tokens*/, std::span<float> /*cls*/) const override {
    auto& own = dynamic_cast<Run&>(scratch);
    own.workers.run([&](int worker) {
      const c10::InferenceMode guard;
      const auto input =
          tensor_of(patches, {1, config().patch_count(), config().patch_values()}).to(precision_);
      for (int net = worker; net < 2; net += workers_)
        own.tokens.at(net) = forward(nets_.at(net), input);
    });
  }

 private:
  at::ScalarType precision_;
  int workers_, threads_;
  std::array<Vit, 2> nets_;
};

void write_tokens(const EagerEngine& engine, std::span<const float> patches,
                  const std::string& path) {
  const auto scratch = engine.make_scratch();
  engine.score(patches, *scratch, {}, {}, {});
  std::array<std::vector<float>, 2> values;
  TensorMap tensors;
  for (int net = 0; net < 2; ++net) {
    const auto tokens =
        dynamic_cast<EagerEngine::Run&>(*scratch).tokens.at(net).to(at::kFloat).contiguous();
    values.at(net).assign(tokens.data_ptr<float>(), tokens.data_ptr<float>() + tokens.numel());
    tensors[net == 0 ? "teacher" : "student"] =
        view_of(values.at(net), {tokens.size(1), tokens.size(2)});
  }
  write_file_atomically(path, serialize_safetensors(tensors, {}));
}

void run(const Options& options) {
  const auto file = SafetensorsFile::read(options.networks);
  const std::vector<float> patches = to_floats(file.at("patches"), "patches");
  const int cores = cpu_facts().cores;
  const auto quiet = [](double) {};
  nlohmann::ordered_json row;
  {
    const EagerEngine single(options, 1);
    const auto rate = measure_throughput(single, single.config(), patches, options.streams,
                                         options.seconds, quiet);
    row["pairs_per_second"] = rate.per_second();
    row["resident_mb"] = rate.resident_mb;
    row["latency_1_ms"] =
        measure_latency(single, single.config(), patches, 1, options.seconds, quiet).p50;
  }
  const EagerEngine all(options, cores);
  row["latency_all_ms"] =
      measure_latency(all, all.config(), patches, cores, options.seconds, quiet).p50;
  row["kernels"] = at::get_cpu_capability();
  write_tokens(all, patches, options.out);
  std::puts(row.dump().c_str());
}

}  // namespace
}  // namespace novelty

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 5 || (words[1] != "fp32" && words[1] != "bf16")) {
    std::fputs("usage: eager_torch NETWORKS.safetensors fp32|bf16 STREAMS SECONDS OUT\n", stderr);
    return 2;
  }
  try {
    novelty::run({words[0], words[1] == "bf16" ? at::kBFloat16 : at::kFloat, std::stoi(words[2]),
                  std::stod(words[3]), words[4]});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "eager_torch: %s\n", error.what());
    return 1;
  }
  return 0;
}
