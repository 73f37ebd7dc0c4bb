// SPDX-License-Identifier: Apache-2.0
// Feeds noveltydetect frames of a chosen brightness and collects what it says.
#pragma once

#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "noveltyevent.h"
#include "noveltymeta.h"
#include "temp_dir.h"

namespace novelty::testing {

inline constexpr std::uint64_t kFrame = 40 * GST_MSECOND;  ///< at 25 frames a second
inline constexpr const char* kGray = "video/x-raw,format=GRAY8,width=64,height=64,framerate=25/1";

/// A buffer of `caps` filled with a grey of `brightness` in [0, 1]. padding: bytes added to each
/// row, told by a GstVideoMeta. Caller owns.
GstBuffer* grey_buffer(const char* caps, double brightness, GstClockTime pts, int padding = 0);

/// Pops all messages; the novelty ones as events.
std::vector<NoveltyEvent> novelty_messages(GstBus* bus);

/// Waits up to ten seconds for a message of `types`. Caller owns; null on timeout.
GstMessage* wait_message(GstBus* bus, GstMessageType types);

/// Waits up to ten seconds for an element message of this name.
bool wait_element_message(GstBus* bus, const char* name);

/// The one line of the next error (or warning) on the bus; empty after ten seconds without.
std::string wait_text(GstBus* bus, GstMessageType type);

/// A model whose score of a grey frame of brightness b is about 4 b^2 (its threshold is 0.5), in
/// a harness with a bus of its own.
class DetectHarness {
 public:
  /// properties: as in gst-launch, after the model.
  explicit DetectHarness(const std::string& properties = "mode=every-frame",
                         const char* caps = kGray);
  ~DetectHarness();
  DetectHarness(const DetectHarness&) = delete;
  DetectHarness& operator=(const DetectHarness&) = delete;

  GstHarness* harness() { return harness_; }
  GstElement* element() { return harness_->element; }
  GstBus* bus() { return bus_; }
  const std::string& model() const { return model_; }

  void set_caps(const char* caps);

  /// Pushes a frame and gives what came out carried; nothing without a meta.
  std::optional<NoveltyMeta> push(double brightness, int frame);
  std::optional<NoveltyMeta> push(GstBuffer* buffer);
  GstFlowReturn push_only(double brightness, int frame);

  /// Pushes frames [first, last) of one brightness.
  void push_run(double brightness, int first, int last);

  std::vector<NoveltyEvent> messages() { return novelty_messages(bus_); }

  /// The downstream events that came out, and what else of `type` there was.
  std::vector<NoveltyEvent> events();

 private:
  TempDir dir_;
  std::string model_;
  std::string caps_;
  GstBus* bus_;
  GstHarness* harness_;
};

}  // namespace novelty::testing
