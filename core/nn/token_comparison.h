// SPDX-License-Identifier: Apache-2.0
// How a student's tokens are compared with the teacher's: in the loss, and in the discrepancy. Free
// of torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace novelty {

/// What tokens go through before they are compared.
enum class TokenNorm {
  kLength,  ///< both have length 1 (the paper's L2)
  kLayer,   ///< the teacher's have mean 0 and variance 1, the student's pass a linear head
  kNone
};

enum class TokenLoss {
  kSquared,
  kSmoothL1,  ///< Huber's with its bend at 1
  kCosine     ///< 1 - cosine
};

/// The paper's by default.
struct TokenComparison {
  int layers = 1;  ///< the last blocks of both networks, paired from the last one backwards; the
                   ///< tokens of each after its network's final norm
  TokenNorm norm = TokenNorm::kLength;
  TokenLoss loss = TokenLoss::kSquared;

  bool operator==(const TokenComparison&) const = default;
};

/// "l2", "layer" or "none"; "squared", "smooth-l1" or "cosine".
/// Throws: Error(kSettings) listing the names there are.
TokenNorm token_norm_of(const std::string& name);
TokenLoss token_loss_of(const std::string& name);
std::string name_of(TokenNorm norm);
std::string name_of(TokenLoss loss);

/// A teacher's tokens as the student is to give them, and the student's where `of_student`.
/// tokens, out: [n, width]; they may be the same.
void normalise_tokens(TokenNorm norm, bool of_student, std::size_t width,
                      std::span<const float> tokens, std::span<float> out);

/// Of a teacher's token and the student's, [width] each, normalised: the sum over the channels when
/// they have length 1, so that kSquared is in [0, 4], else their mean; kCosine is in [0, 2].
double token_distance(const TokenComparison& comparison, std::span<const float> teacher,
                      std::span<const float> student);

}  // namespace novelty
