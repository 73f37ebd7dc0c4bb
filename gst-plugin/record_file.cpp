// SPDX-License-Identifier: Apache-2.0
// Names recordings and puts them in place whole: written as `.part`, renamed when done.
#include "record_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace novelty {
namespace {

constexpr int kMaxSameNames = 10000;

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail_write(folder, "the folder cannot be made", error.value());
}

NameFields fields_of(const RecordingFacts& facts) {
  return {facts.kind,     facts.camera,       facts.events.empty() ? "" : facts.events.front().id,
          facts.model_id, facts.begin.utc_us, facts.begin.stream_ns};
}

void give_name(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) fail_write(to, "cannot be given its name", errno);
}

}  // namespace

OutputFile::OutputFile(std::shared_ptr<RecordStore> store, RecordingFacts facts,
                       const std::string& extension)
    : store_(std::move(store)) {
  const std::string base = store_->names().root() + "/" + store_->names().expand(fields_of(facts));
  make_folder(base.substr(0, base.rfind('/')));
  for (int i = 1; i <= kMaxSameNames && !note_; ++i) {
    reserve(i == 1 ? base : base + "-" + std::to_string(i), extension);
  }
  if (!note_) fail_write(base, "too many files are called so", EEXIST);
  facts.file = name();
  try {
    note_->write(sidecar_json(facts));
    write_through(part_, {});
  } catch (...) {
    unlink(part_.c_str());
    note_->remove();
    throw;
  }
  store_->changed(base_);
}

// Who holds the note alone may look whether the other names are free.
bool OutputFile::reserve(const std::string& base, const std::string& extension) {
  base_ = base;
  path_ = base + extension;
  part_ = path_ + ".part";
  note_ = PartNote::create_or_none(base + ".part.json");
  if (!note_) return false;
  if (!is_taken()) return true;
  note_->remove();
  note_.reset();
  return false;
}

bool OutputFile::is_taken() const {
  for (const std::string& path : {path_, part_, sidecar_path(), base_ + ".pin"}) {
    if (access(path.c_str(), F_OK) == 0) return true;
  }
  return false;
}

OutputFile::~OutputFile() {
  const bool given_up = note_.has_value();
  note_.reset();
  if (given_up) store_->given_up(base_);
}

std::string OutputFile::name() const {
  return path_.substr(path_.rfind('/') + 1);
}

std::string OutputFile::sidecar_path() const {
  return base_ + ".json";
}

void OutputFile::commit(const std::string& sidecar_json) {
  flush_to_disk(part_);
  const std::string sidecar_part = sidecar_path() + ".part";
  write_through(sidecar_part, sidecar_json);
  give_name(sidecar_part, sidecar_path());
  give_name(part_, path_);
  note_->remove();
  note_.reset();
  store_->changed(base_);
}

}  // namespace novelty
