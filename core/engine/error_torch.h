// SPDX-License-Identifier: Apache-2.0
// Turns LibTorch's exceptions into novelty::Error.
#pragma once

namespace novelty {

/// To be called in a catch block: throws the exception at hand again, as an Error of one line
/// (kResource when memory or threads ran out, else kBackend).
[[noreturn]] void rethrow_as_error();

}  // namespace novelty
