// SPDX-License-Identifier: Apache-2.0
// The teachers that are known by name.
#include "teacher_catalogue.h"

#include <array>
#include <cstdlib>
#include <string_view>

#include "novelty/error.h"

namespace novelty {
namespace {

// Names, licences and shapes are timm's (vision_transformer.py); a digest is here only where
// several projects that do not depend on each other pin the same one for that file.
constexpr std::array<KnownTeacher, 6> kTeachers{{
    {"vit_tiny_patch16_224.augreg_in21k_ft_in1k", 5.7, "Apache-2.0",
     "7d3afdd0cf93ad84d986eb2d6bcc5812ebd0b106",
     "fecf81b492bd13ee7a5297cb74d1d417aac8bf7e1b7d96aed89c4691984587ed"},
    {"vit_small_patch16_224.augreg_in21k_ft_in1k", 22.1, "Apache-2.0",
     "7e2c55630205e1266030f18370f4c6ed1a514b52",
     "79c03c635cdfd798a364a9d8c4e5c0b7255b975ea2c9616046d4f77ab01435aa"},
    {"vit_base_patch16_224.augreg2_in21k_ft_in1k", 86.6, "Apache-2.0",
     "063c6c38a5d8510b2e57df480445e94b231dad2c",
     "32aa17d6e17b43500f531d5f6dc9bc93e56ed8841b8a75682e1bb295d722405b"},
    {"vit_small_patch8_224.dino", 21.7, "Apache-2.0", "main", ""},
    {"vit_small_patch14_reg4_dinov2.lvd142m", 22.1, "Apache-2.0", "main", ""},
    {"vit_base_patch14_reg4_dinov2.lvd142m", 86.6, "Apache-2.0", "main", ""},
}};

}  // namespace

std::span<const KnownTeacher> known_teachers() {
  return kTeachers;
}

const KnownTeacher* known_teacher(const std::string& name) {
  const KnownTeacher* found = nullptr;
  for (const KnownTeacher& teacher : kTeachers) {
    const std::string_view whole = teacher.name;
    if (name.empty() || !whole.starts_with(name)) continue;
    if (found != nullptr)
      throw Error(ErrorKind::kSettings, name,
                  "is the beginning of " + std::string(found->name) + " and of " + teacher.name,
                  "give more of the name");
    found = &teacher;
  }
  return found;
}

std::string url_of(const KnownTeacher& teacher) {
  const char* variable = std::getenv("HF_ENDPOINT");
  std::string endpoint =
      variable == nullptr || *variable == '\0' ? "https://huggingface.co" : variable;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint + "/timm/" + teacher.name + "/resolve/" + teacher.revision + "/model.safetensors";
}

}  // namespace novelty
