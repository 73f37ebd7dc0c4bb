// SPDX-License-Identifier: Apache-2.0
// The teachers that are known by name: what they are, and where their weights come from.
#pragma once

#include <span>
#include <string>

namespace novelty {

/// The teacher that comes with the program.
inline constexpr const char* kEmbeddedTeacher = "vit_nano_patch16_224";

/// A published teacher; the texts are literals.
struct KnownTeacher {
  const char* name;      ///< timm's; the cache has NAME.safetensors
  double parameters;     ///< in millions, with the head that is not used
  const char* licence;   ///< of the weights
  const char* revision;  ///< of the repository on Hugging Face
  const char* sha256;    ///< of its model.safetensors; empty: not known, so not pinned

  bool pinned() const { return *sha256 != '\0'; }
};

std::span<const KnownTeacher> known_teachers();

/// The one whose name is `name` or begins with it; null: none.
/// Throws: Error(kSettings) when several begin so.
const KnownTeacher* known_teacher(const std::string& name);

/// Where its weights are: $HF_ENDPOINT (https://huggingface.co) and the path on it.
std::string url_of(const KnownTeacher& teacher);

}  // namespace novelty
