// SPDX-License-Identifier: Apache-2.0
// Drawn work cells, a seed each: trained on and scored as users do, judged by exact labels.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "cell_report.h"
#include "cell_seed.h"
#include "frame_ranges.h"
#include "measurements.h"
#include "novelty/error.h"
#include "progress.h"

namespace novelty::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void write_text(const fs::path& path, const std::string& text) {
  write_file_atomically(path.string(), std::as_bytes(std::span(text)));
}

/// What an earlier run with the same teacher and program found.
std::optional<Json> kept(const fs::path& path, const Json& conditions) {
  if (!fs::exists(path)) return std::nullopt;
  const auto bytes = read_file(path.string());
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  Json json = Json::parse(text, text + bytes.size());
  if (json.value("conditions", Json()) != conditions) return std::nullopt;
  return json;
}

std::vector<std::uint64_t> seeds_of(const std::string& text) {
  const auto wanted = FrameRanges::parse(text);
  std::vector<std::uint64_t> seeds;
  for (std::size_t seed = 0; !wanted.ends_before(seed); ++seed)
    if (wanted.contains(seed)) seeds.push_back(seed);
  return seeds;
}

EvaluationOptions options_for(const std::string& teacher, const fs::path& out) {
  EvaluationOptions options;
  options.data = (out / "clips").string();
  options.out = out.string();
  options.teacher_path = teacher;
  options.teacher_sha256 = sha256_hex(read_file(teacher));
  for (const char* part : {"clips", "models", "seeds"}) fs::create_directories(out / part);
  return options;
}

}  // namespace

int run_cell(const Arguments& arguments) {
  const fs::path out = arguments.at(1);
  const EvaluationOptions options = options_for(arguments.at(0), out);
  const Json conditions{{"teacher_sha256", options.teacher_sha256}, {"program", NOVELTY_VERSION}};
  const auto seeds = seeds_of(arguments.at(2));
  std::vector<Json> results;
  Progress progress;
  for (const std::uint64_t seed : seeds) {
    const fs::path path = out / "seeds" / (std::to_string(seed) + ".json");
    auto result = kept(path, conditions);
    if (!result) {
      result =
          measure_seed(seed, options, progress,
                       "seed " + std::to_string(seed) + " (" + std::to_string(results.size() + 1) +
                           "/" + std::to_string(seeds.size()) + ") ");
      (*result)["conditions"] = conditions;
      write_text(path, result->dump(1) + "\n");
      progress.finish();
    }
    results.push_back(std::move(*result));
  }
  const std::string tables = cell_tables(results);
  write_text(out / "result.json", Json(results).dump(1) + "\n");
  write_text(out / "result.md", tables);
  std::fputs(tables.c_str(), stdout);
  return 0;
}

}  // namespace novelty::bench
