// SPDX-License-Identifier: Apache-2.0
// Every fact of a bundle, its range, and how it agrees with the tensors.
#include "bundle/facts.h"

#include <algorithm>
#include <limits>

#include "bundle/calibration_facts.h"
#include "bundle/comparison_facts.h"
#include "bundle/density_facts.h"
#include "bundle/fact_reader.h"
#include "bundle/picture_facts.h"
#include "bundle/scene_facts.h"
#include "engine/network_pair.h"
#include "novelty/error.h"

namespace novelty {
namespace {

using nlohmann::json;

constexpr double kScoreLimit = 1e9;
constexpr std::int64_t kDayNs = 86'400'000'000'000;
constexpr std::int64_t kFrameLimit = std::int64_t{1} << 53;  // exact in every JSON reader
constexpr std::size_t kNameLimit = 255;

/// The sizes of a network as facts, in one table for both directions.
struct SizeFact {
  const char* name;
  int VitConfig::*size;
};
constexpr std::array<SizeFact, 6> kSizes{{{"input_size", &VitConfig::input_size},
                                          {"patch_size", &VitConfig::patch_size},
                                          {"width", &VitConfig::width},
                                          {"depth", &VitConfig::depth},
                                          {"heads", &VitConfig::heads},
                                          {"mlp_width", &VitConfig::mlp_width}}};

constexpr const char* kRegisters = "registers";

json network_facts(const NetworkView& network) {
  json facts{{"mean", network.mean}, {"std", network.std}};
  for (const SizeFact& fact : kSizes) facts[fact.name] = network.config.*fact.size;
  if (network.config.registers > 0) facts[kRegisters] = network.config.registers;
  return facts;
}

std::array<float, 3> channels(const FactReader& facts, const std::string& key, double low,
                              double high) {
  const std::vector<double> values = facts.numbers(key, 3, low, high);
  std::array<float, 3> result{};
  std::transform(values.begin(), values.end(), result.begin(),
                 [](double value) { return static_cast<float>(value); });
  return result;
}

/// Runs `action`; an Error of it is about the file's content, and is told so with the file's name.
template <typename Action>
auto in_file(const SafetensorsFile& file, Action action) {
  try {
    return action();
  } catch (const Error& e) {
    const bool settings = e.kind() == ErrorKind::kSettings;
    throw Error(settings ? ErrorKind::kFormat : e.kind(), file.where(), e.what());
  }
}

/// The tensors of the architecture, checked: names, shapes, float32, finite.
TensorMap tensors_of(const SafetensorsFile& file, const std::string& prefix,
                     const VitConfig& config) {
  TensorMap tensors;
  for (const auto& [name, shape] : vit_tensor_shapes(config)) {
    const TensorView& tensor = file.at(prefix + name);
    if (tensor.dtype != DType::kF32) {
      throw Error(ErrorKind::kFormat, prefix + name, "does not hold float32 numbers");
    }
    to_floats(tensor, prefix + name);  // throws unless finite
    tensors.emplace(name, tensor);
  }
  return tensors;
}

NetworkView read_network(const FactReader& facts, const SafetensorsFile& file,
                         const std::string& prefix) {
  NetworkView network;
  for (const SizeFact& fact : kSizes) {
    network.config.*fact.size =
        static_cast<int>(facts.integer(fact.name, 1, std::numeric_limits<std::int16_t>::max()));
  }
  if (facts.json().contains(kRegisters))  // most networks have none
    network.config.registers =
        static_cast<int>(facts.integer(kRegisters, 1, std::numeric_limits<std::int16_t>::max()));
  network.mean = channels(facts, "mean", 0, 1);
  network.std = channels(facts, "std", 1e-3, 10);
  in_file(file, [&] {
    check_vit_config(network.config, prefix + "*");
    if (infer_vit_config(file.tensors(), prefix, network.config.heads) != network.config) {
      throw Error(ErrorKind::kFormat, prefix + "*", "the sizes in the facts are not the tensors'");
    }
    network.tensors = tensors_of(file, prefix, network.config);
  });
  return network;
}

void check_tensor_names(const SafetensorsFile& file) {
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.starts_with("teacher.") || name.starts_with("student.")) continue;
    if (name.starts_with("calibration.") || name.starts_with("density.")) continue;
    if (name.starts_with("scene.") || name.starts_with("picture.")) continue;
    if (name.starts_with("ranges.teacher.") || name.starts_with("ranges.student.")) continue;
    throw Error(ErrorKind::kFormat, file.where(), "has the unknown tensor \"" + name + "\"");
  }
}

json event_facts(const EventOptions& events) {
  return {{"threshold", events.threshold},
          {"exit_threshold", events.exit_threshold},
          {"smoothing_ns", events.smoothing_ns},
          {"min_duration_ns", events.min_duration_ns},
          {"hold_ns", events.hold_ns}};
}

EventOptions read_events(const FactReader& facts) {
  EventOptions events;
  events.threshold = facts.number("threshold", -kScoreLimit, kScoreLimit);
  events.exit_threshold = facts.number("exit_threshold", -kScoreLimit, events.threshold);
  events.smoothing_ns = facts.integer("smoothing_ns", 0, kDayNs);
  events.min_duration_ns = facts.integer("min_duration_ns", 0, kDayNs);
  events.hold_ns = facts.integer("hold_ns", 0, kDayNs);
  return events;
}

json provenance_of(const std::string& text) {
  json provenance;
  try {
    provenance = parse_json(text, {});
  } catch (const Error& e) {
    throw Error(ErrorKind::kSettings, "provenance", e.what());
  }
  if (provenance.is_object()) return provenance;
  throw Error(ErrorKind::kSettings, "provenance", "is not a JSON object");
}

/// The facts of the teacher's origin.
void read_teacher_origin(const FactReader& facts, ModelInfo& info) {
  info.teacher_name = facts.text("name", kNameLimit);
  info.teacher_sha256 = facts.text("sha256", 64);
  info.untrained_teacher = facts.flag("untrained");
  if (facts.json().contains("fine_tuning"))  // older models do not tell: none
    info.teacher_fine_tuning = facts.text("fine_tuning", kNameLimit);
  const bool hex = info.teacher_sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!info.teacher_sha256.empty() && (info.teacher_sha256.size() != 64 || !hex)) {
    facts.refuse("sha256", "is not a SHA-256 in hex digits");
  }
}

void set_rates(const Calibration& calibration, ModelInfo& info) {
  const AlarmRate rate = DecisionScale(calibration).alarms_per_hour(calibration.threshold);
  info.threshold = calibration.threshold;
  info.target_per_hour = calibration.target_per_hour;
  info.expected_per_hour = rate.expected;
  info.expected_low = rate.low;
  info.expected_high = rate.high;
  info.calibration_hours = calibration.hours;
}

void set_sizes(const Bundle& bundle, ModelInfo& info) {
  const VitConfig& teacher = bundle.teacher.config;
  info.input_size = teacher.input_size;
  info.patch_size = teacher.patch_size;
  info.grid_size = teacher.grid_size();
  info.teacher_width = teacher.width;
  info.teacher_depth = teacher.depth;
  info.student_width = bundle.student.config.width;
  info.student_depth = bundle.student.config.depth;
}

}  // namespace

json facts_of(const Bundle& bundle) {
  const ModelInfo& info = bundle.info;
  json facts{{"preset", info.preset},
             {"teacher_origin",
              {{"name", info.teacher_name},
               {"sha256", info.teacher_sha256},
               {"untrained", info.untrained_teacher},
               {"fine_tuning", info.teacher_fine_tuning}}},
             {"teacher", network_facts(bundle.teacher)},
             {"student", network_facts(bundle.student)},
             {"score", score_facts(bundle.score, !bundle.picture.empty())},
             {"calibration", calibration_facts(bundle.calibration)},
             {"threshold_p_value", info.threshold_p_value},
             {"events", event_facts(bundle.events)},
             {"training_frames", info.training_frames},
             {"calibration_frames", info.calibration_frames},
             {"provenance", provenance_of(bundle.provenance_json)}};
  if (!bundle.drift.empty()) facts["precision"] = precision_facts(bundle.drift);
  if (bundle.student.comparison != TokenComparison{})
    facts["comparison"] = comparison_facts(bundle.student.comparison);
  if (!bundle.scene.empty()) facts["scene"] = scene_facts(bundle.scene);
  return facts;
}

void read_facts(const json& json_facts, const SafetensorsFile& file, Bundle& bundle) {
  const FactReader facts(json_facts, file.where(), {});
  ModelInfo& info = bundle.info;
  info.path = file.where();
  info.preset = facts.text("preset", kNameLimit);
  read_teacher_origin(facts.object("teacher_origin"), info);
  check_tensor_names(file);
  bundle.teacher = read_network(facts.object("teacher"), file, "teacher.");
  bundle.student = read_network(facts.object("student"), file, "student.");
  if (json_facts.contains("comparison"))  // the paper's where a model does not tell
    bundle.teacher.comparison = bundle.student.comparison =
        read_comparison(facts.object("comparison"));
  bundle.student.head = read_head(file, bundle.teacher.config.width, bundle.student.config.width);
  check_pair(bundle.teacher, bundle.student, file.where());
  set_sizes(bundle, info);
  bundle.teacher.ranges = read_ranges(file, "ranges.teacher.", bundle.teacher.config);
  bundle.student.ranges = read_ranges(file, "ranges.student.", bundle.student.config);
  if (json_facts.contains("precision")) bundle.drift = read_precision(facts.object("precision"));
  bundle.picture =
      read_picture_density(file, static_cast<std::size_t>(bundle.teacher.config.width));
  bundle.score = read_score(facts.object("score"), !bundle.picture.empty());
  bundle.density = read_density(file, static_cast<std::size_t>(bundle.teacher.config.patch_count()),
                                static_cast<std::size_t>(bundle.teacher.config.width));
  bundle.calibration = read_calibration(facts.object("calibration"), file);
  set_rates(bundle.calibration, info);
  info.threshold_p_value = facts.number("threshold_p_value", 0, 1);
  bundle.events = read_events(facts.object("events"));
  info.training_frames = facts.integer("training_frames", 0, kFrameLimit);
  info.calibration_frames = facts.integer("calibration_frames", 0, kFrameLimit);
  bundle.scene = read_scene(facts, file);
  info.scene_guard = !bundle.scene.empty();
  bundle.provenance_json = facts.object("provenance").json().dump();
}

}  // namespace novelty
