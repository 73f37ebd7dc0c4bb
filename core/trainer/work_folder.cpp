// SPDX-License-Identifier: Apache-2.0
// The work folder of a training run: identity, checkpoint, removal.
#include "trainer/work_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/file.h"
#include "novelty/error.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kLossesName = "losses";
constexpr const char* kStatePrefix = "state.";

// The identity stored in the folder; null when there is none (a kill can leave the folder without).
json read_identity(const std::string& path) {
  if (!fs::exists(path)) return {};
  const auto bytes = read_file(path);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  json stored = json::parse(text, text + bytes.size(), nullptr, false);
  return stored.is_object() ? stored : json{};
}

std::string differing_fields(const json& stored, const json& wanted) {
  std::string names;
  for (const auto& [name, value] : wanted.items()) {
    if (stored.contains(name) && stored.at(name) == value) continue;
    names += (names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? "the tool's version" : names;
}

[[noreturn]] void throw_other_run(const std::string& folder, const json& stored,
                                  const json& wanted) {
  throw Error(ErrorKind::kSettings, folder,
              "belongs to another training run; different: " + differing_fields(stored, wanted),
              "use the same input and options, or train without --resume to start afresh");
}

void make_empty(const std::string& folder) {
  std::error_code failure;
  fs::remove_all(folder, failure);
  if (!failure) fs::create_directory(folder, failure);
  if (failure)
    throw Error(ErrorKind::kWrite, folder, "cannot make the work folder: " + failure.message(),
                "choose another output folder");
}

void write_text(const std::string& path, const std::string& text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace

WorkFolder::WorkFolder(const std::string& output, const std::string& identity_json, bool resume)
    : folder_(output + ".work") {
  const std::string state_path = path("state.json");
  const json wanted = json::parse(identity_json);
  const json stored = resume ? read_identity(state_path) : json{};
  if (!stored.is_null() && stored != wanted) throw_other_run(folder_, stored, wanted);
  resumed_ = !stored.is_null();
  if (resumed_) return;
  make_empty(folder_);
  write_text(state_path, wanted.dump(2) + "\n");
}

std::optional<Checkpoint> WorkFolder::read_checkpoint(const std::string& stage) const {
  const std::string file = path(stage + ".safetensors");
  if (!fs::exists(file)) return std::nullopt;
  Checkpoint checkpoint;
  checkpoint.storage = std::make_shared<SafetensorsFile>(SafetensorsFile::read(file));
  checkpoint.losses = to_floats(checkpoint.storage->at(kLossesName), kLossesName);
  const std::string prefix = kStatePrefix;
  for (const auto& [name, tensor] : checkpoint.storage->tensors())
    if (name.starts_with(prefix)) checkpoint.state.emplace(name.substr(prefix.size()), tensor);
  return checkpoint;
}

void WorkFolder::write_checkpoint(
    const std::string& stage, const std::function<void(const StudentTrainer::Sink&)>& export_state,
    const std::vector<float>& losses) const {
  std::map<std::string, std::vector<std::byte>> copies;  // the sink's views end with the call
  TensorMap tensors;
  export_state([&](const std::string& name, const TensorView& tensor) {
    auto& copy = copies[kStatePrefix + name];
    copy.assign(tensor.data.begin(), tensor.data.end());
    tensors[kStatePrefix + name] = {tensor.dtype, tensor.shape, copy};
  });
  tensors[kLossesName] = view_of(losses, {static_cast<std::int64_t>(losses.size())});
  write_file_atomically(path(stage + ".safetensors"), serialize_safetensors(tensors, {}));
}

void WorkFolder::remove() const {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace novelty
