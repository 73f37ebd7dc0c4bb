// SPDX-License-Identifier: Apache-2.0
// Scores of normal footage on disk, stream by stream.
#include "score_log.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "novelty/error.h"

namespace novelty::bench {

std::vector<ScoredStream> read_scores(const std::string& path) {
  std::vector<ScoredStream> streams;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded())
      throw Error(ErrorKind::kFormat, path, "a line is not whole", "delete that line");
    streams.push_back({json.at("part"), json.at("stream"), json.at("interval_s"),
                       json.at("scores").get<std::vector<float>>()});
  }
  return streams;
}

void append_scores(const std::string& path, const ScoredStream& stream) {
  const nlohmann::ordered_json json{{"part", stream.part},
                                    {"stream", stream.number},
                                    {"interval_s", stream.interval_s},
                                    {"scores", stream.scores}};
  std::ofstream file(path, std::ios::app);
  file << json.dump() << '\n' << std::flush;
  if (!file) throw Error(ErrorKind::kWrite, path, "cannot be written", "free space");
}

}  // namespace novelty::bench
