// SPDX-License-Identifier: Apache-2.0
// Scores of normal footage on disk, stream by stream, so that a broken-off run is of use and goes
// on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace novelty::bench {

inline constexpr const char* kCalibrationPart = "calibration";
inline constexpr const char* kClipPart = "noise and gain";  ///< of a clip's own frames

/// A stretch of footage without a gap.
struct ScoredStream {
  std::string part;  ///< kCalibrationPart, or what was done to the footage
  int number = 0;    ///< of the stream; unique in its part
  double interval_s = 0;
  std::vector<float> scores;  ///< in time order
};

/// All whole streams of the file; none when there is no such file. Throws: Error.
std::vector<ScoredStream> read_scores(const std::string& path);

/// Appends one line: the stream as a JSON object. Throws: Error(kWrite).
void append_scores(const std::string& path, const ScoredStream& stream);

}  // namespace novelty::bench
