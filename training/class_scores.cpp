// SPDX-License-Identifier: Apache-2.0
// Reads and appends the lines of scores.
#include "class_scores.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "novelty/error.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

ClassScores::ClassScores(std::string path, const std::string& header, std::size_t models)
    : path_(std::move(path)), models_(models) {
  std::uintmax_t whole = 0;  // bytes of the lines that are kept
  {
    std::ifstream old(path_, std::ios::binary);
    std::string line;
    bool kept = std::getline(old, line) && !old.eof() && line == header;
    while (kept) {
      whole += line.size() + 1;
      kept = std::getline(old, line) && !old.eof() && take(line);
    }
  }
  std::error_code failure;
  if (whole > 0) std::filesystem::resize_file(path_, whole, failure);
  file_.open(path_, std::ios::binary | (whole > 0 ? std::ios::app : std::ios::trunc));
  if (whole == 0 || failure) write(header);
}

void ClassScores::add(const std::string& image, const std::string& name,
                      std::vector<PictureScore> scores) {
  Json line{{"image", image}, {"class", name}, {"scores", Json::array()}};
  for (const PictureScore& one : scores)
    line["scores"].push_back({one.score, one.discrepancy, one.density});
  write(line.dump(-1, ' ', false, Json::error_handler_t::replace));
  classes_.push_back(name);
  scores_.push_back(std::move(scores));
}

bool ClassScores::take(const std::string& line) {
  try {
    const Json row = Json::parse(line);
    std::vector<PictureScore> scores;
    for (const Json& one : row.at("scores"))
      scores.push_back({one.at(0).get<double>(), one.at(1).get<double>(), one.at(2).get<double>()});
    if (scores.size() != models_) return false;
    classes_.push_back(row.at("class").get<std::string>());
    scores_.push_back(std::move(scores));
    return true;
  } catch (const Json::exception&) {  // a line that a kill cut, or another hand changed
    return false;
  }
}

void ClassScores::write(const std::string& line) {
  file_ << line << '\n' << std::flush;
  if (!file_)
    throw Error(ErrorKind::kWrite, path_, "cannot write the scores",
                "free space or choose another --out");
}

}  // namespace novelty
