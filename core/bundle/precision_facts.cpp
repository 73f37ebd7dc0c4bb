// SPDX-License-Identifier: Apache-2.0
// The facts and tensors of precisions, and which of them may run.
#include "bundle/precision_facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "engine/cpu_engine.h"

namespace novelty {
namespace {

constexpr const char* kCalibrated = "fp32";
constexpr std::array kOthers{"bf16", "int8"};
constexpr double kDriftLimit = 1e9;

std::map<std::string, std::int64_t> range_sizes(const VitConfig& config) {
  std::map<std::string, std::int64_t> sizes;
  for (int i = 0; i < config.depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    for (const char* layer : {"attn.qkv", "attn.proj", "mlp.fc1"})
      sizes[block + layer] = config.width;
  }
  return sizes;
}

std::string percent_of(double drift) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.0f %%", 100 * drift);
  return text.data();
}

}  // namespace

nlohmann::json precision_facts(const PrecisionDrift& drift) {
  return {{"calibrated", kCalibrated}, {"drift", drift}};
}

PrecisionDrift read_precision(const FactReader& facts) {
  if (facts.text("calibrated", 16) != kCalibrated) facts.refuse("calibrated", "is not fp32");
  const FactReader stored = facts.object("drift");
  PrecisionDrift drift;
  for (const char* name : kOthers) {
    if (stored.json().contains(name)) drift[name] = stored.number(name, 0, kDriftLimit);
  }
  return drift;
}

void add_range_tensors(const NetworkView& network, const std::string& prefix, TensorMap& tensors) {
  for (const auto& [name, range] : network.ranges) tensors[prefix + name] = range;
}

TensorMap read_ranges(const SafetensorsFile& file, const std::string& prefix,
                      const VitConfig& config) {
  const auto stored = std::count_if(file.tensors().begin(), file.tensors().end(),
                                    [&](const auto& t) { return t.first.starts_with(prefix); });
  TensorMap ranges;
  if (stored == 0) return ranges;
  for (const auto& [name, size] : range_sizes(config)) {
    const std::string full = prefix + name;
    const TensorView& tensor = file.at(full);
    const auto refuse = [&](const char* what) {
      throw Error(ErrorKind::kFormat, file.where(), "tensor \"" + full + "\" " + what);
    };
    if (tensor.dtype != DType::kF32 || tensor.shape != std::vector<std::int64_t>{size})
      refuse("is not float32 of the network's sizes");
    for (const float value : to_floats(tensor, file.where() + ": " + full))
      if (value < 0) refuse("holds a negative range");
    ranges[name] = tensor;
  }
  if (static_cast<std::size_t>(stored) != ranges.size())
    throw Error(ErrorKind::kFormat, file.where(), "has unknown tensors \"" + prefix + "*\"");
  return ranges;
}

void check_drift(const PrecisionDrift& drift, const std::string& precision) {
  const auto found = drift.find(precision);
  if (found == drift.end()) {
    throw Error(ErrorKind::kUnsupported, "precision", "the model was not checked in " + precision,
                "use auto or fp32, or run novelty calibrate on a machine with fast " + precision);
  }
  if (found->second > kMostDrift) {
    throw Error(ErrorKind::kUnsupported, "precision",
                "the model's scores move by " + percent_of(found->second) + " of their spread in " +
                    precision + ", " + percent_of(kMostDrift) + " at most",
                "use auto or fp32");
  }
}

std::string allowed_precision(const PrecisionDrift& drift, const std::string& wanted) {
  if (wanted == "auto") {
    const auto found = drift.find("bf16");
    const bool allowed = found != drift.end() && found->second <= kMostDrift;
    return allowed && is_quicker_in("bf16") ? "bf16" : "fp32";
  }
  const VitKernels& kernels = kernels_for({.precision = wanted});  // throws on an unknown name
  if (wanted == kCalibrated) return wanted;
  if (kernels.isa == std::string("plain")) {
    throw Error(ErrorKind::kUnsupported, "precision",
                "this machine has no instructions for " + wanted, "use auto or fp32");
  }
  check_drift(drift, wanted);
  return wanted;
}

}  // namespace novelty
