// SPDX-License-Identifier: Apache-2.0
// From an audio pad of the recorder to its track: queue, parser or encoder, and a sink.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "record_audio.h"
#include "record_host.h"

namespace novelty {

/// What an audio pad takes, as a caps list.
#define NOVELTY_RECORD_AUDIO                                                          \
  "audio/x-raw; audio/mpeg; audio/x-opus; audio/x-alaw; audio/x-mulaw; audio/x-ac3; " \
  "audio/x-vorbis; audio/x-flac; audio/G722; audio/AMR; audio/AMR-WB"

/// AAC, MP3 and Opus pass as they come; what else there is becomes Opus. Sound that cannot be had
/// is told of as a warning and left out. Its elements lie in the recorder's bin.
class AudioInput {
 public:
  /// bin: outlives it.
  AudioInput(GstBin* bin, const std::string& name, GstPadTemplate* templ,
             std::shared_ptr<RecordHost> host);

  /// Takes its elements out of the bin; the pad is the caller's.
  ~AudioInput();
  AudioInput(const AudioInput&) = delete;
  AudioInput& operator=(const AudioInput&) = delete;

  /// The ghost pad (floating until it is added to the bin).
  GstPad* pad() const { return pad_; }
  const std::shared_ptr<AudioTrack>& track() const { return track_; }

  /// Brings the elements to the bin's state, for a pad that comes late.
  void sync_state();

  /// After a stop: the next stream may be of another kind.
  void reset();

 private:
  static GstPadProbeReturn look(GstPad*, GstPadProbeInfo* info, gpointer data);
  void link(GstCaps* caps);

  GstBin* bin_;
  std::shared_ptr<RecordHost> host_;
  std::shared_ptr<AudioTrack> track_;
  GstElement* queue_;
  GstElement* sink_;
  GstElement* middle_ = nullptr;  // the streaming thread's, and reset's
  GstPad* pad_;
};

/// The audio pads of a recorder, named audio_0, audio_1 and so on. Thread: any.
class AudioInputs {
 public:
  /// bin: the recorder; outlives it.
  AudioInputs(GstBin* bin, std::shared_ptr<RecordHost> host);

  /// A new pad of the recorder; wanted: its name, or null. Null when that is taken.
  GstPad* request(GstPadTemplate* templ, const char* wanted);

  /// False when the pad is none of these.
  bool release(GstPad* pad);

  /// See AudioInput::reset.
  void reset();

  const std::shared_ptr<AudioTracks>& tracks() const { return tracks_; }

 private:
  std::string name_for(const char* wanted);

  GstBin* bin_;
  const std::shared_ptr<RecordHost> host_;
  const std::shared_ptr<AudioTracks> tracks_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<AudioInput>> inputs_;  // guarded by mutex_
};

/// Whether files of that extension take sound of these (encoded) caps.
bool takes_audio(const std::string& extension, const GstCaps* caps);

}  // namespace novelty
