// SPDX-License-Identifier: Apache-2.0
// Which patches the student sees in a training step. Free of torch.
#include "nn/mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <tuple>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr std::array<std::pair<MaskKind, const char*>, 4> kNames = {
    {{MaskKind::kGuidedKeep, "guided-keep"},
     {MaskKind::kGuidedDrop, "guided-drop"},
     {MaskKind::kRandom, "random"},
     {MaskKind::kNone, "none"}}};

std::vector<std::int64_t> all_patches(std::size_t n) {
  std::vector<std::int64_t> patches(n);
  std::iota(patches.begin(), patches.end(), 0);
  return patches;
}

// `count` of n patches without replacement, the chance of each draw proportional to the weight of
// those left: the smallest of exponential waiting times (Efraimidis, Spirakis 2006). Patches
// without weight come last, in random order.
std::vector<std::int64_t> draw(std::size_t count, std::span<const float> weights, Rng& rng) {
  struct Ticket {
    double time;
    double tie;
    std::int64_t patch;
    bool operator<(const Ticket& other) const {
      return std::tie(time, tie, patch) < std::tie(other.time, other.tie, other.patch);
    }
  };
  std::vector<Ticket> tickets;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double wait = -std::log1p(-rng.uniform());
    const double weight = weights[i];
    const double time = weight > 0 ? wait / weight : INFINITY;
    tickets.push_back({time, wait, static_cast<std::int64_t>(i)});
  }
  std::nth_element(tickets.begin(), tickets.begin() + static_cast<std::ptrdiff_t>(count),
                   tickets.end());
  std::vector<std::int64_t> drawn;
  for (std::size_t i = 0; i < count; ++i) drawn.push_back(tickets[i].patch);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

std::vector<std::int64_t> others(std::size_t n, const std::vector<std::int64_t>& dropped) {
  const std::vector<std::int64_t> all = all_patches(n);
  std::vector<std::int64_t> kept;
  std::set_difference(all.begin(), all.end(), dropped.begin(), dropped.end(),
                      std::back_inserter(kept));
  return kept;
}

std::size_t kept_count(double ratio, std::size_t n) {
  const auto count = static_cast<std::size_t>(std::llround((1.0 - ratio) * static_cast<double>(n)));
  return std::clamp<std::size_t>(count, 1, n);
}

}  // namespace

MaskKind mask_kind_of(const std::string& name) {
  std::string names;
  for (const auto& [kind, known] : kNames) {
    if (name == known) return kind;
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  throw Error(ErrorKind::kSettings, "mask", "unknown kind '" + name + "'", "use one of " + names);
}

const char* name_of(MaskKind kind) {
  for (const auto& [known, name] : kNames) {
    if (kind == known) return name;
  }
  return "unknown";
}

std::vector<std::int64_t> draw_kept_patches(MaskKind kind, double ratio,
                                            std::span<const float> attention, Rng& rng) {
  const std::size_t n = attention.size();
  if (n == 0) throw Error(ErrorKind::kSettings, "mask", "no patches", "give their attention");
  if (!(ratio >= 0 && ratio < 1)) {
    throw Error(ErrorKind::kSettings, "mask ratio", std::to_string(ratio),
                "use 0 up to, not including, 1");
  }
  const std::size_t count = kept_count(ratio, n);
  switch (kind) {
    case MaskKind::kGuidedKeep:
      return draw(count, attention, rng);
    case MaskKind::kGuidedDrop:
      return others(n, draw(n - count, attention, rng));
    case MaskKind::kRandom:
      return draw(count, std::vector<float>(n, 1.0F), rng);
    case MaskKind::kNone:
      break;
  }
  return all_patches(n);
}

}  // namespace novelty
