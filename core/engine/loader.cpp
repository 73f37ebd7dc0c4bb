// SPDX-License-Identifier: Apache-2.0
// Finds and opens the backend library at run time.
#include "engine/loader.h"

#include <dlfcn.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "engine/cpu_engine.h"
#include "novelty/error.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNumbered = "cuda:";

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
  const std::string missing = path.ends_with(kDeviceFile)
                                  ? "if a CUDA library is missing, install CUDA's run time (13)"
                                  : "if a LibTorch library is missing, './run build' installs it";
  throw Error(ErrorKind::kBackend, path, "cannot be opened: " + reason,
              missing +
                  "; or add its folder to LD_LIBRARY_PATH, or reinstall; 'novelty doctor' "
                  "checks the rest");
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
Backend open_device() {
  Backend device = open_backend(kDeviceFile, backend_search_path());
  if (!device.unusable.empty()) throw Error(ErrorKind::kBackend, "device cuda", device.unusable);
  if (!device.make_teacher) device.make_teacher = cpu_backend().make_teacher;
  return device;
}

const Backend& device_backend() {
  static const Backend device = open_device();
  return device;
}

// Opening a device's library takes CUDA's along, which most machines have no use for. A folder that
// was chosen is opened whatever the machine is.
bool may_have_device() {
  if (const char* chosen = std::getenv("NOVELTY_BACKEND_DIR"); chosen && *chosen) return true;
  static const bool has_driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr;
  return has_driver;
}

const Backend& best_backend() {
  if (!may_have_device()) return cpu_backend();
  try {
    return device_backend();
  } catch (const Error&) {
    return cpu_backend();  // not installed, or the machine lacks the device: most do
  }
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
  const std::string needs = file == kDeviceFile ? "nvcc 12.8 or newer" : "LibTorch";
  throw Error(ErrorKind::kBackend, file, "not found; looked in " + joined(folders),
              "'./run build' builds it where " + needs + " is; or set NOVELTY_BACKEND_DIR");
}

const Backend& backend_for(const std::string& device) {
  device_index(device);
  if (device == "cpu") return cpu_backend();
  if (device != "auto") return device_backend();
  static const Backend& best = best_backend();
  return best;
}

int device_index(const std::string& device) {
  if (device == "auto" || device == "cpu" || device == "cuda") return 0;
  int index = -1;
  if (device.starts_with(kNumbered)) {
    const char* end = device.data() + device.size();
    const auto [rest, failed] = std::from_chars(device.data() + kNumbered.size(), end, index);
    if (failed != std::errc() || rest != end) index = -1;
  }
  if (index < 0) {
    throw Error(ErrorKind::kSettings, "device", "there is no device \"" + device + "\"",
                "use auto, cpu, cuda, or cuda:1 for the second GPU");
  }
  return index;
}

const Backend& backend_in(const std::string& precision) {
  const Backend& best = backend_for("auto");
  return best.precision.empty() || best.precision == precision ? best : cpu_backend();
}

const Backend& training_backend() {
  static const Backend& backend = open_backend(kTrainingFile, backend_search_path());
  return backend;
}

}  // namespace novelty
