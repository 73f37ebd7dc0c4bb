// SPDX-License-Identifier: Apache-2.0
// A clip on its way to the disk: its file, the posters of its events and its sidecar.
#include "record_clip_file.h"

#include <unistd.h>

#include <exception>
#include <utility>

#include "novelty/error.h"
#include "record_audio_input.h"

namespace novelty {
namespace {

std::string stem_of(const std::string& name) {
  return name.substr(0, name.rfind('.'));
}

}  // namespace

// Runs a step; a failing one ends the recording of this clip.
template <typename Step>
void ClipFile::attempt(const Step& step) {
  try {
    step();
  } catch (const std::exception& error) {
    host_->warn(error.what());
    abandon();
    failed_ = true;
  }
}

void ClipFile::abandon() {
  mux_.reset();
  output_.reset();
  for (const auto& [event, names] : posters_) {
    for (const std::string& name : {names.plain, names.with_map}) {
      if (!name.empty()) unlink((folder_ + "/" + name).c_str());
    }
  }
  posters_.clear();
}

std::string ClipFile::stem() const {
  return output_ == nullptr ? finished_stem_ : stem_of(output_->name());
}

// Leaves out the sound that the container does not take.
std::vector<SharedCaps> ClipFile::fitting(const RecordContainer& container,
                                          std::vector<SharedCaps> audio) {
  for (SharedCaps& caps : audio) {
    if (takes_audio(container.extension, caps.get())) continue;
    host_->warn_once(RecordHost::Missing::kSound,
                     std::string("No sound is recorded: ") + container.extension +
                         " files take no AAC and no MP3; end location in .mkv");
    caps = nullptr;
  }
  return audio;
}

void ClipFile::open(const std::shared_ptr<RecordStore>& store, const RecordingFacts& facts,
                    const SharedCaps& caps, const std::vector<SharedCaps>& audio) {
  attempt([&] {
    const RecordFormat* format = format_or_null(caps.get());
    if (format == nullptr)
      throw Error(ErrorKind::kUnsupported, store->names().root(), "no file takes such video");
    const RecordContainer container = container_of(*format, store->names().extension());
    output_ = std::make_unique<OutputFile>(store, facts, container.extension);
    folder_ = output_->path().substr(0, output_->path().rfind('/'));
    mux_ = std::make_unique<ClipMux>(container.muxer, output_->part_path(), caps,
                                     fitting(container, audio));
  });
}

void ClipFile::write(const SharedBuffer& buffer, const ClipTime& time) {
  if (mux_ == nullptr) return;
  attempt([&] { mux_->write(buffer.get(), time.pts_ns, time.dts_ns); });
}

void ClipFile::write_audio(std::size_t track, const SharedBuffer& buffer, std::int64_t pts_ns) {
  if (mux_ == nullptr) return;
  attempt([&] { mux_->write_audio(track, buffer.get(), pts_ns); });
}

std::string ClipFile::write_poster(const std::string& name, const SharedSample& picture) {
  if (picture == nullptr) return {};
  write_picture(picture, ".jpg", folder_ + "/" + name);
  return name;
}

void ClipFile::add_poster(const std::string& event_id, const PeakPicture& peak) {
  if (mux_ == nullptr) return;
  Poster poster;
  try {
    poster = make_poster(peak);
  } catch (const std::exception& error) {
    host_->warn_once(RecordHost::Missing::kStills, error.what());
    return;
  }
  attempt([&] {
    const std::string base = stem() + "_" + safe_name(event_id);
    PosterNames& names = posters_[event_id];
    names.plain = write_poster(base + ".jpg", poster.plain);
    names.with_map = write_poster(base + "_map.jpg", poster.with_map);
  });
}

void ClipFile::name_posters(RecordingFacts& facts) const {
  for (RecordedEvent& event : facts.events) {
    const auto found = posters_.find(event.id);
    if (found == posters_.end()) continue;
    event.poster = found->second.plain;
    event.poster_map = found->second.with_map;
  }
}

void ClipFile::finish(RecordingFacts facts) {
  const auto before = std::exchange(before_, nullptr);  // or a long event would hold all its clips
  if (mux_ == nullptr) return;
  attempt([&] {
    mux_->finish();
    mux_.reset();
    facts.file = output_->name();
    if (before != nullptr) facts.continues = before->stem();
    name_posters(facts);
    output_->commit(sidecar_json(facts));
    finished_stem_ = stem();
    posters_.clear();
    host_->works();
    host_->announce(facts.kind, output_->path(), output_->sidecar_path(), facts.events.front().id,
                    event_ids(facts.events));
    output_.reset();
  });
}

}  // namespace novelty
