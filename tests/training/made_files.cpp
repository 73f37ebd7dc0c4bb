// SPDX-License-Identifier: Apache-2.0
// Makes the videos, images and teachers that the tests of the trainer use.
#include "made_files.h"

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <stdexcept>

#include "base/file.h"
#include "base/half.h"
#include "base/safetensors.h"
#include "nn/init.h"
#include "test_network.h"

namespace novelty::testing {
namespace {

std::string error_of(GstMessage* message) {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  std::string text = error->message;
  g_error_free(error);
  return text;
}

/// `tensors` as half floats, which `kept` owns.
void halve(TensorMap& tensors, std::deque<std::vector<std::uint16_t>>& kept) {
  for (auto& [name, tensor] : tensors) {
    auto& halves = kept.emplace_back();
    for (const float value : to_floats(tensor, name)) halves.push_back(float_to_half(value));
    tensor.dtype = DType::kF16;
    tensor.data = std::as_bytes(std::span(halves));
  }
}

}  // namespace

void run_pipeline(const std::string& description) {
  gst_init(nullptr, nullptr);
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
  if (error != nullptr) throw std::runtime_error(description + ": " + error->message);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 120 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  std::string fault = message == nullptr ? "no end within two minutes" : "";
  if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
    fault = error_of(message);
  if (message != nullptr) gst_message_unref(message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  if (!fault.empty()) throw std::runtime_error(description + ": " + fault);
}

void make_video(const std::string& path, int frames, const std::string& pattern) {
  const char* muxer = path.ends_with(".mkv") ? "matroskamux" : "mp4mux";
  run_pipeline("videotestsrc pattern=" + pattern + " num-buffers=" + std::to_string(frames) +
               " ! video/x-raw,format=I420,width=160,height=120,framerate=10/1 ! "
               "x264enc threads=1 key-int-max=10 ! h264parse ! " +
               muxer + " ! filesink location=" + path);
}

void make_image(const std::string& path, int width, int height, unsigned rgb) {
  std::array<char, 16> color{};
  std::snprintf(color.data(), color.size(), "0x%08x", 0xff000000U | rgb);
  run_pipeline(std::string("videotestsrc num-buffers=1 pattern=solid-color foreground-color=") +
               color.data() + " ! video/x-raw,width=" + std::to_string(width) +
               ",height=" + std::to_string(height) + " ! videoconvert ! " +
               (path.ends_with(".jpg") ? "jpegenc" : "pngenc") + " ! filesink location=" + path);
}

void make_tiny_teacher(const std::string& path, bool half) {
  const VitConfig config = tiny_config(2);
  const VitWeights weights = init_untrained_teacher(config, 3);
  NetworkView network = network_of(config, weights);
  std::deque<std::vector<std::uint16_t>> halves;
  if (half) halve(network.tensors, halves);
  write_file_atomically(path, serialize_safetensors(network.tensors, {}));
}

std::string text_of(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace novelty::testing
