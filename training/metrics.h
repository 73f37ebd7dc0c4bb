// SPDX-License-Identifier: Apache-2.0
// The figures of an evaluation: ranking, counts with their uncertainty, and what literature does to
// scores before it ranks them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace novelty {

/// The area under the ROC curve: how probably a novel frame scores higher than a normal one, ties
/// counted half; in [0, 1], none without frames of both kinds. scores: no NaN; novel: [n], 0 or 1.
std::optional<double> auroc(std::span<const double> scores, std::span<const std::uint8_t> novel);

/// The area under the curve of precision over recall, as the sum of precision times the gain in
/// recall at each score from the highest down (average precision), novel frames being those to
/// find; in (0, 1], none without frames of both kinds.
std::optional<double> average_precision(std::span<const double> scores,
                                        std::span<const std::uint8_t> novel);

/// The least share of normal frames that a threshold flags which flags at least `recall` of the
/// novel ones; in [0, 1], none without frames of both kinds. recall: in (0, 1].
std::optional<double> false_positive_rate(std::span<const double> scores,
                                          std::span<const std::uint8_t> novel, double recall);

/// The ROC curve at even steps: value i is the largest share of novel frames that a threshold flags
/// which flags at most the share i / steps of the normal ones; [steps + 1], none without frames of
/// both kinds.
std::optional<std::vector<double>> roc_curve(std::span<const double> scores,
                                             std::span<const std::uint8_t> novel,
                                             std::size_t steps);

/// How well the pixels of images are told apart.
struct PixelFigures {
  double auroc = 0;  ///< of all pixels
  double aupro = 0;  ///< see pixel_figures
};

/// scores: of all pixels of all images; region: the number of the novel region a pixel is in, from
/// 1 on, or 0. AUPRO: the mean share of a region that a threshold flags (per-region overlap) over
/// the share of normal pixels that it flags, integrated up to a share of 0.3 and divided by it
/// (Bergmann et al. 2021). In [0, 1], none without pixels of both kinds.
std::optional<PixelFigures> pixel_figures(std::span<const float> scores,
                                          std::span<const std::uint32_t> region);

/// An interval of a mean count.
struct CountInterval {
  double low = 0, high = 0;
};

/// The exact central interval (Garwood 1936) of a Poisson mean after `count` were seen.
/// confidence: in (0, 1).
CountInterval poisson_interval(std::size_t count, double confidence);

/// The mean of the values up to `radius` places away on both sides, fewer at the ends.
std::vector<double> smooth_centred(std::span<const double> values, std::size_t radius);

/// Moved and scaled to [0, 1]; all 0 when all are equal.
std::vector<double> min_max_normalised(std::span<const double> values);

}  // namespace novelty
