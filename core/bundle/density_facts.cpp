// SPDX-License-Identifier: Apache-2.0
// Which tensors make up a stored Density, and what must hold for them.
#include "bundle/density_facts.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

namespace novelty {
namespace {

constexpr const char* kPrototypes = "density.prototypes";
constexpr const char* kWhitening = "density.whitening";
constexpr const char* kExceptions = "density.exceptions";
constexpr const char* kExceptionPatches = "density.exception_patches";
constexpr double kTermLimit = 1e9;

using Shape = std::vector<std::int64_t>;

Shape shape_of(std::size_t rows, std::size_t columns) {
  return {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
}

[[noreturn]] void refuse(const SafetensorsFile& file, const std::string& tensor,
                         const std::string& what) {
  throw Error(ErrorKind::kFormat, file.where(), "tensor \"" + tensor + "\" " + what);
}

std::vector<float> floats(const SafetensorsFile& file, const char* name, const Shape& shape) {
  const TensorView& tensor = file.at(name);
  if (tensor.dtype != DType::kF32 || tensor.shape != shape)
    refuse(file, name, "is not float32 of the networks' sizes");
  return to_floats(tensor, file.where() + ": " + name);
}

std::vector<std::int32_t> patches_of(const SafetensorsFile& file, std::size_t patches) {
  const TensorView& tensor = file.at(kExceptionPatches);
  if (tensor.dtype != DType::kI32 || tensor.shape.size() != 1 ||
      static_cast<std::uint64_t>(tensor.element_count()) > kMostExceptions)
    refuse(file, kExceptionPatches, "is not a short list of int32 numbers");
  std::vector<std::int32_t> places(static_cast<std::size_t>(tensor.element_count()));
  std::memcpy(places.data(), tensor.data.data(), tensor.data.size());
  const auto on_grid = [&](std::int32_t at) {
    return at >= 0 && static_cast<std::size_t>(at) < patches;
  };
  if (!std::is_sorted(places.begin(), places.end()) ||
      !std::all_of(places.begin(), places.end(), on_grid))
    refuse(file, kExceptionPatches, "holds places off the grid, or out of order");
  return places;
}

nlohmann::json term_facts(const TermScale& term) {
  return {{"start", term.start}, {"scale", term.scale}};
}

TermScale read_term(const FactReader& facts) {
  return {facts.number("start", -kTermLimit, kTermLimit), facts.number("scale", 1e-9, kTermLimit)};
}

}  // namespace

void add_density_tensors(const Density& density, TensorMap& tensors) {
  if (density.empty()) return;
  const std::size_t width = density.width;
  tensors[kPrototypes] = view_of(density.prototypes, shape_of(density.patches(), width));
  tensors[kWhitening] = view_of(density.whitening, shape_of(width, width));
  if (density.exceptions.empty()) return;
  const std::size_t count = density.exception_patches.size();
  tensors[kExceptions] = view_of(density.exceptions, shape_of(count, width));
  tensors[kExceptionPatches] = {DType::kI32,
                                {static_cast<std::int64_t>(count)},
                                std::as_bytes(std::span(density.exception_patches))};
}

Density read_density(const SafetensorsFile& file, std::size_t patches, std::size_t width) {
  Density density;
  if (!file.tensors().contains(kPrototypes)) return density;
  density.width = width;
  density.prototypes = floats(file, kPrototypes, shape_of(patches, width));
  density.whitening = floats(file, kWhitening, shape_of(width, width));
  if (!file.tensors().contains(kExceptions)) return density;
  density.exception_patches = patches_of(file, patches);
  density.exceptions = floats(file, kExceptions, shape_of(density.exception_patches.size(), width));
  return density;
}

nlohmann::json score_facts(const ScoreDefinition& score, bool picture) {
  nlohmann::json facts{{"top_share", score.top_share},
                       {"discrepancy", term_facts(score.discrepancy)},
                       {"density", term_facts(score.density)}};
  if (picture) facts["picture"] = term_facts(score.picture);
  return facts;
}

ScoreDefinition read_score(const FactReader& facts, bool picture) {
  ScoreDefinition score;
  score.top_share = facts.number("top_share", std::numeric_limits<double>::min(), 1);
  score.discrepancy = read_term(facts.object("discrepancy"));
  score.density = read_term(facts.object("density"));
  if (picture) score.picture = read_term(facts.object("picture"));
  return score;
}

}  // namespace novelty
