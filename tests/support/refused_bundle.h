// SPDX-License-Identifier: Apache-2.0
// What reading a damaged bundle must give.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "novelty/error.h"

namespace novelty::testing {

/// Fails the test unless reading `bytes` throws Error(kFormat) with `part` in its text.
inline void expect_refused(const std::vector<std::byte>& bytes, const std::string& part) {
  try {
    parse_bundle(bytes, "m.novelty");
    ADD_FAILURE() << "accepted, not refused for: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFormat);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace novelty::testing
