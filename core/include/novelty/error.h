// SPDX-License-Identifier: Apache-2.0
// The one exception type of libnovelty.
#pragma once

#include <stdexcept>
#include <string>

#include "novelty/export.h"

namespace novelty {

enum class ErrorKind {
  kNotFound,     ///< a file, device or library is not there
  kRead,         ///< a file is there but cannot be read
  kWrite,        ///< an output cannot be written
  kFormat,       ///< bytes are not what they should be (corrupt, truncated, hostile)
  kVersion,      ///< made by a newer version
  kUnsupported,  ///< well-formed, but of a family this build does not handle
  kSettings,     ///< an option is out of range or contradicts another
  kBackend,      ///< LibTorch or the backend library cannot be opened
  kResource,     ///< out of memory or another exhausted resource
  kCancelled,    ///< the caller asked to stop
};

/// What went wrong, where, and what to do about it, in one line.
/// `what()` is "<where>: <message> (<remedy>)"; empty parts are left out.
class NOVELTY_API Error : public std::runtime_error {
 public:
  /// where: a path, option or tensor name. message: the fact, with the value. remedy: what helps.
  Error(ErrorKind kind, const std::string& where, const std::string& message,
        const std::string& remedy = {});

  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace novelty
