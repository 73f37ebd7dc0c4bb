// SPDX-License-Identifier: Apache-2.0
// The text of an Error: one line, whatever the parts hold.
#include "novelty/error.h"

#include <algorithm>

namespace novelty {
namespace {

constexpr std::size_t kPartLimit = 1000;  // a hostile file may bring names of any length

/// At most kPartLimit bytes, cut between UTF-8 characters, without line breaks or other controls.
std::string one_line(std::string part) {
  if (part.size() > kPartLimit) {
    std::size_t end = kPartLimit;
    while (end > 0 && (static_cast<unsigned char>(part[end]) & 0xC0U) == 0x80U) --end;
    part = part.substr(0, end) + "...";
  }
  std::replace_if(
      part.begin(), part.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return part;
}

std::string compose(const std::string& where, const std::string& message,
                    const std::string& remedy) {
  std::string text = one_line(where);
  if (!text.empty() && !message.empty()) text += ": ";
  text += one_line(message);
  if (remedy.empty()) return text;
  if (!text.empty()) text += ' ';
  return text + '(' + one_line(remedy) + ')';
}

}  // namespace

Error::Error(ErrorKind kind, const std::string& where, const std::string& message,
             const std::string& remedy)
    : std::runtime_error(compose(where, message, remedy)), kind_(kind) {}

}  // namespace novelty
