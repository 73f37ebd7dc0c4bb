// SPDX-License-Identifier: Apache-2.0
// Brings the weights of close relatives of the plain ViT into its form. Free of torch.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/safetensors.h"

namespace novelty {

/// A network's tensors as float32, by name.
struct PlainWeights {
  std::map<std::string, std::vector<float>> values;
  TensorMap tensors;  ///< over `values`
};

/// The tensors of a file, with layer scale (`blocks.N.ls1.gamma`, `ls2.gamma`: DINOv2) multiplied
/// into the layers before it, which gives the same network. input_size: pixels a side, 0 = the
/// file's own. where: before a tensor's name in errors. A position embedding of the patches alone,
/// as there is beside registers (`reg_token`), gets a row of zeros for [CLS]. For another input
/// size the position embedding is resampled as timm does it (bicubic, a = -0.5, anti-aliased where
/// it shrinks). Throws: Error (kFormat: a scale without its layer or of another size, a position
/// embedding that is no square; kSettings: an input size that the patches do not divide).
PlainWeights plain_weights(const TensorMap& file, const std::string& where, int input_size);

/// [side, side, width] to [to, to, width], as above.
std::vector<float> resampled_grid(const std::vector<float>& grid, int side, int to, int width);

}  // namespace novelty
