// SPDX-License-Identifier: Apache-2.0
// The visibility mark of everything libnovelty.so exports.
#pragma once

#define NOVELTY_API __attribute__((visibility("default")))
