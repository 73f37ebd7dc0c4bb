// SPDX-License-Identifier: Apache-2.0
// Small photometric and geometric changes of a picture that a fixed camera sees anyway.
#pragma once

#include <array>
#include <span>

#include "base/rng.h"

namespace novelty {

/// What is done to a picture, in this order: shift, blur, gamma, gain, balance and shade, offset,
/// noise, clamp, round to the 256 values of a camera.
struct Variation {
  double shift_x = 0, shift_y = 0;      ///< pixels of the square input, bilinear, edge repeated
  double blur = 0;                      ///< weight of the 3x3 binomial mean, [0, 1]
  double gamma = 1;                     ///< exponent
  std::array<double, 3> gain{1, 1, 1};  ///< factor a channel: exposure and white balance
  std::array<double, 9> shade{1, 1, 1, 1, 1, 1, 1, 1, 1};  ///< factor over the picture, on 3x3
                                                           ///< points, bilinear between them
  double offset = 0;                                       ///< added, in units of full scale
  double noise = 0;  ///< standard deviation, in units of full scale
};

/// Draws a variation as a day in front of a fixed camera brings.
Variation draw_variation(Rng& rng);

/// Applies `variation` to a picture in the networks' layout. patches: [(size/patch)^2, 3, patch,
/// patch] in [0,1], changed in place. `rng` gives the noise.
void vary(const Variation& variation, int size, int patch, Rng& rng, std::span<float> patches);

}  // namespace novelty
