// SPDX-License-Identifier: Apache-2.0
// From the terms of a patch, discrepancy and density, to its one value.
#pragma once

#include <span>
#include <vector>

#include "scoring/anomaly_map.h"
#include "scoring/exceptions.h"

namespace novelty {

/// What `values` of normal footage make of a term: where its upper tail starts and how wide it is.
/// values: not empty; taken by value as they are reordered.
TermScale fit_term(std::vector<float> values);

/// The sum of the terms, each as its excess over the tail's start in units of the tail's width.
/// With an exponential tail that is minus the logarithm of the survival functions' product, but for
/// a constant: the rarer the two are together, the higher. Continuous, strictly increasing in both.
/// discrepancy, values: [patches]; distance: [patches] of density_distances, empty without density.
/// Throws: Error(kSettings) when sizes do not agree.
void patch_values(const ScoreDefinition& definition, std::span<const float> discrepancy,
                  std::span<const float> distance, std::span<float> values);

/// Adds the picture term, on its scale, to the value of every patch: their mean then has it once.
void add_picture_term(const TermScale& scale, double distance, std::span<float> values);

/// The value of a patch whose token is at `known` from the nearest exception: both terms as the
/// density's.
float exception_value(const ScoreDefinition& definition, float known);

/// Lowers the value of each patch whose token is near an exception, to what its distance to the
/// exception says. tokens: [patches, width]; values: [patches].
void apply_exceptions(const ScoreDefinition& definition, const ExceptionIndex& exceptions,
                      std::span<const float> tokens, std::span<float> values);

/// One term alone on its scale. term, values: [patches].
void term_values(const TermScale& scale, std::span<const float> term, std::span<float> values);

}  // namespace novelty
