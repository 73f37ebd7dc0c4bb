// SPDX-License-Identifier: Apache-2.0
// The smallest bundle that is valid, in memory, to be altered by tests of the file format.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "nn/init.h"

namespace novelty::testing {

/// Input 32, patch 16 (4 patches), width 8, one block. Not copyable: `bundle` views the rest.
struct SmallBundle {
  SmallBundle();
  SmallBundle(const SmallBundle&) = delete;
  SmallBundle& operator=(const SmallBundle&) = delete;

  VitConfig config;
  VitWeights teacher, student;
  Bundle bundle;
};

/// The file write_bundle makes of `small`.
std::vector<std::byte> bytes_of(const SmallBundle& small);

/// The file of the tensors of `bundle` with `facts` as its facts, whatever they are, and the right
/// hash. bundle: as from bytes_of.
std::vector<std::byte> with_facts(const std::vector<std::byte>& bundle, const std::string& facts);

/// The file of `tensors` and `metadata` with the right hash.
std::vector<std::byte> sealed(const TensorMap& tensors,
                              const std::map<std::string, std::string>& metadata);

}  // namespace novelty::testing
