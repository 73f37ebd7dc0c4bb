// SPDX-License-Identifier: Apache-2.0
// The readers of untrusted files, fed with any bytes.
#include "targets.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/safetensors.h"
#include "bundle/bundle.h"
#include "bundle/facts.h"
#include "bundle/integrity.h"
#include "nn/teacher_form.h"
#include "nn/vit_config.h"
#include "novelty/error.h"
#include "scoring/mask_shape.h"
#include "small_bundle.h"

namespace novelty::fuzz {
namespace {

using Bytes = std::vector<std::byte>;

/// Runs `action`; an Error is the expected end, anything else goes on to the caller.
template <typename Action>
void tolerate_errors(Action action) {
  try {
    action();
  } catch (const Error&) {
    return;
  }
}

const SafetensorsFile& valid_file() {
  static const SafetensorsFile file = [] {
    const testing::SmallBundle small;
    return SafetensorsFile::parse(testing::bytes_of(small), "valid");
  }();
  return file;
}

// A shape that was accepted has an answer at every height.
void check_spans(const MaskShape& shape) {
  for (int y = 0; y < 33; ++y) {
    double at = 0;
    for (const Span& span : shape.inside_at((y + 0.5) / 33)) {
      if (!(span.begin >= at && span.end >= span.begin && span.end <= 1)) abort();
      at = span.end;
    }
  }
}

}  // namespace

void safetensors(std::span<const std::byte> bytes) {
  tolerate_errors([&] {
    const auto file = SafetensorsFile::parse(Bytes(bytes.begin(), bytes.end()), "fuzz");
    tolerate_errors([&] { infer_vit_config(file.tensors()); });
    tolerate_errors([&] { infer_vit_config(plain_weights(file.tensors(), {}, 48).tensors); });
    for (const auto& [name, tensor] : file.tensors()) {
      tolerate_errors([&, &n = name, &t = tensor] { to_floats(t, n); });
    }
    // What was accepted is written the same way by us, and read again.
    const auto again = serialize_safetensors(file.tensors(), file.metadata());
    if (SafetensorsFile::parse(again, "again").tensors().size() != file.tensors().size()) abort();
  });
}

void bundle(std::span<const std::byte> bytes) {
  tolerate_errors([&] { parse_bundle(Bytes(bytes.begin(), bytes.end()), "fuzz"); });
  tolerate_errors([&] {
    Bytes with_hash(bytes.begin(), bytes.end());
    seal(with_hash);
    parse_bundle(std::move(with_hash), "fuzz");
  });
}

void facts(std::span<const std::byte> bytes) {
  tolerate_errors([&] {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const nlohmann::json json = parse_json(text, "fuzz");
    Bundle result;
    read_facts(json, valid_file(), result);
  });
}

void mask_polygons(std::span<const std::byte> bytes) {
  tolerate_errors([&] {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    check_spans(*parse_polygons(text, "fuzz"));
  });
}

void mask_png(std::span<const std::byte> bytes) {
  tolerate_errors([&] { check_spans(*decode_mask(bytes, "fuzz")); });
}

}  // namespace novelty::fuzz
