// SPDX-License-Identifier: Apache-2.0
// Turns LibTorch's exceptions into novelty::Error.
#include "engine/error_torch.h"

#include <c10/util/Exception.h>

#include <new>
#include <string>
#include <system_error>

#include "novelty/error.h"

namespace novelty {
namespace {

constexpr const char* kWhere = "LibTorch";
constexpr const char* kMemoryRemedy = "free memory, or use a smaller batch";

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

[[noreturn]] void throw_from(const c10::Error& error) {
  const std::string message = first_line(error.what_without_backtrace());
  // c10's CPU allocator has no exception type of its own.
  const bool out_of_memory = message.find("DefaultCPUAllocator") != std::string::npos;
  if (out_of_memory) throw Error(ErrorKind::kResource, kWhere, "out of memory", kMemoryRemedy);
  throw Error(ErrorKind::kBackend, kWhere, message, "this is a fault worth reporting");
}

}  // namespace

void rethrow_as_error() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw_from(error);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kResource, kWhere, "out of memory", kMemoryRemedy);
  } catch (const std::system_error& error) {
    throw Error(ErrorKind::kResource, kWhere, error.what(), "use fewer threads");
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kBackend, kWhere, first_line(error.what()),
                "this is a fault worth reporting");
  }
}

}  // namespace novelty
