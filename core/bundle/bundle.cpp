// SPDX-License-Identifier: Apache-2.0
// The container of a model: format number, integrity hash, and the file as a whole.
#include "bundle/bundle.h"

#include <charconv>
#include <deque>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "bundle/calibration_facts.h"
#include "bundle/comparison_facts.h"
#include "bundle/density_facts.h"
#include "bundle/facts.h"
#include "bundle/integrity.h"
#include "bundle/picture_facts.h"
#include "bundle/scene_facts.h"
#include "engine/network_pair.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr const char* kFormatKey = "novelty.format";
constexpr const char* kFactsKey = "novelty.facts";

constexpr const char* kTrainOne = "train one with novelty train";
constexpr const char* kRestore = "restore the file from its source or train it again";

const std::string& metadata_of(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found != file.metadata().end()) return found->second;
  throw Error(ErrorKind::kFormat, file.where(), "has no \"" + key + "\" in its metadata", kRestore);
}

/// Before anything else is looked at: a later format may differ in all of it.
void check_format(const SafetensorsFile& file) {
  if (!file.metadata().contains(kFormatKey)) {
    throw Error(ErrorKind::kFormat, file.where(), "is a weights file, not a novelty model",
                kTrainOne);
  }
  const std::string& text = metadata_of(file, kFormatKey);
  int format = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), format);
  if (code != std::errc() || end != text.data() + text.size() || format < 1) {
    throw Error(ErrorKind::kFormat, file.where(), "has the unknown format \"" + text + "\"",
                kRestore);
  }
  if (format > kBundleVersion) {
    throw Error(
        ErrorKind::kVersion, file.where(),
        "has format " + text + ", and this version reads up to " + std::to_string(kBundleVersion),
        "update gst-novelty");
  }
  if (format < kPlainBundleVersion) {
    throw Error(ErrorKind::kVersion, file.where(),
                "has the old format " + text + ", and this version reads from " +
                    std::to_string(kPlainBundleVersion) + " on",
                "train it again with novelty train");
  }
}

/// Returns the hash.
std::string check_hash(const SafetensorsFile& file) {
  const std::string& stated = metadata_of(file, kHashKey);
  std::string actual = hash_of_bundle(file.bytes(), file.where());
  if (stated == actual) return actual;
  throw Error(ErrorKind::kFormat, file.where(), "is damaged: its content does not match its hash",
              kRestore);
}

Bundle bundle_of(SafetensorsFile&& parsed) {
  const auto file = std::make_shared<const SafetensorsFile>(std::move(parsed));
  check_format(*file);
  Bundle bundle;
  bundle.info.id = check_hash(*file);
  bundle.info.facts_json = metadata_of(*file, kFactsKey);
  read_facts(parse_json(bundle.info.facts_json, file->where() + ": " + kFactsKey), *file, bundle);
  bundle.storage = file;
  return bundle;
}

/// Runs `parse`, and adds to an error about the bytes that this is no model.
template <typename Parse>
SafetensorsFile parsed(Parse parse) {
  try {
    return parse();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kFormat) throw;
    throw Error(e.kind(), {}, e.what(),
                std::string("not a novelty model, or a damaged one: ") + kTrainOne);
  }
}

/// All tensors of a bundle as float32 views; what had to be converted is kept alive.
class TensorCollection {
 public:
  explicit TensorCollection(const Bundle& bundle) {
    add(bundle.teacher, "teacher.");
    add(bundle.student, "student.");
    add_head_tensors(bundle.student, tensors_);
    add_range_tensors(bundle.teacher, "ranges.teacher.", tensors_);
    add_range_tensors(bundle.student, "ranges.student.", tensors_);
    add_density_tensors(bundle.density, tensors_);
    add_picture_tensors(bundle.picture, tensors_);
    add_calibration_tensors(bundle.calibration, tensors_);
    add_scene_tensors(bundle.scene, tensors_);
  }
  const TensorMap& tensors() const { return tensors_; }

 private:
  void add(const NetworkView& network, const std::string& prefix) {
    for (const auto& [name, shape] : vit_tensor_shapes(network.config)) {
      const auto found = network.tensors.find(name);
      if (found == network.tensors.end()) continue;  // found missing when the result is read back
      TensorView tensor = found->second;
      if (tensor.dtype != DType::kF32) {
        converted_.push_back(to_floats(tensor, prefix + name));
        tensor = view_of(converted_.back(), tensor.shape);
      }
      tensors_.emplace(prefix + name, std::move(tensor));
    }
  }

  TensorMap tensors_;
  std::deque<std::vector<float>> converted_;
};

std::vector<std::byte> serialize(const Bundle& bundle) {
  const TensorCollection collection(bundle);
  const std::string facts =
      facts_of(bundle).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const int format = is_plain(bundle.student) ? kPlainBundleVersion : kBundleVersion;
  auto bytes = serialize_safetensors(
      collection.tensors(),
      {{kFormatKey, std::to_string(format)}, {kFactsKey, facts}, {kHashKey, blank_hash()}});
  seal(bytes);
  return bytes;
}

}  // namespace

Bundle parse_bundle(std::vector<std::byte> bytes, const std::string& where) {
  return bundle_of(parsed([&] { return SafetensorsFile::parse(std::move(bytes), where); }));
}

Bundle read_bundle(const std::string& path) {
  return bundle_of(parsed([&] { return SafetensorsFile::read(path); }));
}

std::string write_bundle(const Bundle& bundle, const std::string& path) {
  const auto bytes = serialize(bundle);
  std::string id = parse_bundle(bytes, path).info.id;  // what cannot be read is not written
  write_file_atomically(path, bytes);
  return id;
}

}  // namespace novelty
