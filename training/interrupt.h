// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a flag that long work asks.
#pragma once

namespace novelty {

/// From now on the first SIGINT or SIGTERM only sets the flag; a second one ends the program.
void catch_interrupts();

/// Whether one came. Thread: any.
bool interrupted();

/// Throws: Error(kCancelled) when one came.
void throw_if_interrupted();

}  // namespace novelty
