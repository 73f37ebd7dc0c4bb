// SPDX-License-Identifier: Apache-2.0
// Makes the videos, images and teachers that the tests of the trainer use.
#pragma once

#include <string>
#include <vector>

namespace novelty::testing {

/// Runs a GStreamer pipeline to its end; throws std::runtime_error with the bus's error.
void run_pipeline(const std::string& description);

/// A video of `frames` frames, 160x120 at 10 fps, H.264: one of videotestsrc's patterns, by default
/// a ball that moves over black. The ending of `path` (.mp4, .mkv) chooses the container.
void make_video(const std::string& path, int frames, const std::string& pattern = "ball");

/// An image of one colour (0xRRGGBB): JPEG when `path` ends in .jpg, else PNG.
void make_image(const std::string& path, int width, int height, unsigned rgb);

/// A 16-patch ViT's weights (input 64, width 64, depth 2), random, as a safetensors file of floats
/// or of half floats.
void make_tiny_teacher(const std::string& path, bool half = false);

/// The text of a file.
std::string text_of(const std::string& path);

void write_text(const std::string& path, const std::string& text);

}  // namespace novelty::testing
