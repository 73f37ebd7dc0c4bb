// SPDX-License-Identifier: Apache-2.0
// Trains a model unless the one that is there already is what training would give.
#include "kept_model.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bundle/bundle.h"
#include "novelty/error.h"
#include "trainer/source_facts.h"

namespace novelty {
namespace {

using nlohmann::json;

bool is_kept(Footage& footage, const TrainingOptions& options, const std::string& teacher_sha256) {
  if (!std::filesystem::exists(options.output)) return false;
  try {
    const json facts = json::parse(read_bundle(options.output).provenance_json);
    json wanted{{"source", json::parse(footage.identity())},
                {"seed", options.seed},
                {"preset", options.preset},
                {"fine_tuning", fine_tuning_of(options)},
                {"holdout", options.holdout},
                {"teacher_sha256", teacher_sha256},
                {"tool_version", NOVELTY_VERSION}};
    wanted.update(student_facts(options));
    if (facts.value("input_size", 0) != options.input_size) return false;
    for (const auto& [key, value] : wanted.items())
      if (facts.value(key, json()) != value) return false;
    return true;
  } catch (const Error& error) {  // damaged: trained anew
    if (error.kind() == ErrorKind::kCancelled) throw;
  } catch (const json::exception&) {  // of another version: trained anew
  }
  return false;
}

}  // namespace

std::optional<TrainingReport> train_unless_kept(Footage& footage, TrainingOptions options,
                                                const std::string& teacher_sha256,
                                                const TrainingCallback& callback) {
  if (is_kept(footage, options, teacher_sha256)) return std::nullopt;
  options.resume = true;
  try {
    return train(footage, options, callback);
  } catch (const Error& error) {
    const bool left = std::filesystem::exists(options.output + ".work");
    if (error.kind() != ErrorKind::kSettings || !left) throw;
  }
  options.resume = false;  // what lies there is another run's
  return train(footage, options, callback);
}

}  // namespace novelty
