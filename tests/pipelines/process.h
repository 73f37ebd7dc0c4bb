// SPDX-License-Identifier: Apache-2.0
// Runs a program as a user would and keeps what it said.
#pragma once

#include <glib.h>

#include <string>
#include <vector>

namespace novelty::testing {

struct Finished {
  int status = -1;     ///< exit status, or 128 + signal
  std::string output;  ///< stdout and stderr, in that order
};

/// Runs `arguments` with `environment` ("NAME=value") added, in `folder`; killed after `limit_s`.
Finished run_program(const std::vector<std::string>& arguments, const std::string& folder,
                     const std::vector<std::string>& environment = {}, int limit_s = 60);

}  // namespace novelty::testing
