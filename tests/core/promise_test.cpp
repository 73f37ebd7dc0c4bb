// SPDX-License-Identifier: Apache-2.0
// What a model promises about false alarms, in words.
#include "trainer/promise.h"

#include <gtest/gtest.h>

namespace novelty {
namespace {

ModelInfo info_of(double target, double hours) {
  ModelInfo info;
  info.threshold = 19.4654;
  info.target_per_hour = target;
  info.expected_per_hour = target;
  info.expected_low = 0.021;
  info.expected_high = 12345;
  info.calibration_hours = hours;
  return info;
}

TEST(Promise, NamesThresholdTargetIntervalAndLength) {
  EXPECT_EQ(promise_text(info_of(6, 0.5)),
            "Threshold 19.47 aims at 6 false alarms an hour; 6 expected, 95 % interval 0.021 to "
            "12,000, from 30 min of held-out footage.");
}

TEST(Promise, WarnsWhereFootageIsTooShortForTheTarget) {
  EXPECT_EQ(promise_warning(info_of(1, 1.1 / 3600)).value_or(""),
            "1 false alarm an hour cannot be promised from 1.1 s of held-out footage: at 95 % it "
            "can promise at most 9,800 an hour. Calibrate on 3 h of normal footage: novelty "
            "calibrate MODEL FOOTAGE");
  EXPECT_NE(promise_warning(info_of(60, 0.04)).value_or("").find("Calibrate on 3 min"),
            std::string::npos);
}

TEST(Promise, IsSilentWhereFootageIsLongEnough) {
  EXPECT_FALSE(promise_warning(info_of(1, 3)));
  EXPECT_TRUE(promise_warning(info_of(1, 2.9)));
  EXPECT_FALSE(promise_warning(info_of(60, 0.05)));
}

}  // namespace
}  // namespace novelty
