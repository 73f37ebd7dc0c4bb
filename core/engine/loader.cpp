// SPDX-License-Identifier: Apache-2.0
// Finds and opens the backend library at run time.
#include "engine/loader.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "engine/cpu_engine.h"
#include "novelty/error.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

// The folder of the shared object or program that this code was linked into.
fs::path own_folder() {
  std::error_code failed;
  Dl_info info{};
  const int found = dladdr(reinterpret_cast<void*>(&backend_search_path), &info);
  const std::string file = found != 0 && info.dli_fname ? info.dli_fname : "";
  // For a program it is argv[0], which is a bare name when it was found through PATH.
  const bool is_path = file.find('/') != std::string::npos;
  return fs::canonical(is_path ? file : "/proc/self/exe", failed).parent_path();
}

std::string joined(const std::vector<std::string>& folders) {
  std::string text;
  for (const auto& folder : folders) text += (text.empty() ? "" : ", ") + folder;
  return text;
}

// Never closed: LibTorch cannot be unloaded, and objects of the backend outlive any one user.
void* open_library(const std::string& path) {
  if (void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  const char* text = dlerror();
  std::string reason = text ? text : "unknown reason";
  if (reason.starts_with(path + ": ")) reason.erase(0, path.size() + 2);
  throw Error(ErrorKind::kBackend, path, "cannot be opened: " + reason,
              "if a LibTorch library is missing, './run build' installs it; or add its folder to "
              "LD_LIBRARY_PATH, or reinstall; 'novelty doctor' checks the rest");
}

const Backend& enter_library(void* library, const std::string& path) {
  const auto entry = reinterpret_cast<BackendEntry>(dlsym(library, kBackendSymbol));
  if (!entry) {
    throw Error(ErrorKind::kBackend, path, "is a library, but not a backend of novelty",
                "reinstall it, or correct NOVELTY_BACKEND_DIR");
  }
  const Backend* backend = entry(kBackendAbi);
  if (!backend || backend->abi != kBackendAbi) {
    throw Error(ErrorKind::kBackend, path,
                "is of another version than this libnovelty (backend ABI " +
                    std::to_string(kBackendAbi) + " is needed)",
                "install both from the same build");
  }
  return *backend;
}

// What the library does not offer, the CPU does.
Backend best_backend() {
  Backend best = cpu_backend();
  try {
    Backend device = open_backend(kDeviceFile, backend_search_path());
    if (!device.make_teacher) device.make_teacher = best.make_teacher;
    if (device.make_engine) best = std::move(device);
  } catch (const Error&) {
    // not installed, or the machine lacks the device: most do
  }
  return best;
}

}  // namespace

std::vector<std::string> backend_search_path() {
  std::vector<std::string> folders;
  const char* chosen = std::getenv("NOVELTY_BACKEND_DIR");
  if (chosen && *chosen) folders.emplace_back(chosen);
  const fs::path own = own_folder();
  if (!own.empty()) {
    folders.push_back((own / "novelty").string());
    folders.push_back(own.string());
  }
  return folders;
}

const Backend& open_backend(const std::string& file, const std::vector<std::string>& folders) {
  for (const auto& folder : folders) {
    const std::string path = (fs::path(folder) / file).string();
    std::error_code failed;
    if (fs::exists(path, failed)) return enter_library(open_library(path), path);
  }
  throw Error(ErrorKind::kBackend, file, "not found; looked in " + joined(folders),
              "'./run build' builds it where LibTorch is; or set NOVELTY_BACKEND_DIR");
}

const Backend& backend_for(const std::string& device) {
  if (device == "cpu") return cpu_backend();
  if (device != "auto") {
    throw Error(ErrorKind::kSettings, "device", "there is no device \"" + device + "\"",
                "use auto or cpu");
  }
  static const Backend backend = best_backend();
  return backend;
}

const Backend& training_backend() {
  static const Backend& backend = open_backend(kTrainingFile, backend_search_path());
  return backend;
}

}  // namespace novelty
