// SPDX-License-Identifier: Apache-2.0
// The doctor's facts of this machine.
#include <dlfcn.h>
#include <gst/gst.h>

#include <array>
#include <filesystem>
#include <memory>
#include <system_error>

#include "doctor.h"
#include "engine/backend.h"
#include "novelty/error.h"
#include "teacher_search.h"

namespace novelty {
namespace {

struct Unref {
  void operator()(void* object) const { gst_object_unref(object); }
};

struct Free {
  void operator()(gchar* text) const { g_free(text); }
};
using Text = std::unique_ptr<gchar, Free>;

bool has_element(const char* name) {
  const std::unique_ptr<GstElementFactory, Unref> factory(gst_element_factory_find(name));
  return factory != nullptr;
}

void gather_gstreamer(MachineFacts& facts) {
  guint major = 0, minor = 0, micro = 0, nano = 0;
  gst_version(&major, &minor, &micro, &nano);
  facts.gstreamer_version =
      std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(micro);
  facts.gstreamer_old = major == 1 && minor < 20;
}

void gather_plugin(MachineFacts& facts) {
  GList* plugins = gst_registry_get_plugin_list(gst_registry_get());
  for (const GList* item = plugins; item != nullptr; item = item->next) {
    auto* plugin = GST_PLUGIN(item->data);
    const char* file = gst_plugin_get_filename(plugin);
    const std::string path = file == nullptr ? "" : file;
    if (path.find("gstnovelty") == std::string::npos) continue;
    if (GST_OBJECT_FLAG_IS_SET(plugin, GST_PLUGIN_FLAG_BLACKLISTED))
      facts.plugin_blacklist.push_back(path);
    else
      facts.plugin_file = path;
  }
  gst_plugin_list_free(plugins);
  for (const char* name : {"noveltydetect", "noveltyoverlay", "noveltyrecord"})
    if (!has_element(name)) facts.missing_elements_of_plugin.emplace_back(name);
}

void gather_elements(MachineFacts& facts) {
  static const std::array<NeededElement, 12> kNeeded{{
      {"decodebin", "any video", "gstreamer1.0-plugins-base", true},
      {"videoconvert", "any video", "gstreamer1.0-plugins-base", true},
      {"appsink", "training", "gstreamer1.0-plugins-base", true},
      {"qtdemux", "MP4", "gstreamer1.0-plugins-good", false},
      {"matroskademux", "Matroska and WebM", "gstreamer1.0-plugins-good", false},
      {"h264parse", "H.264 and H.265", "gstreamer1.0-plugins-bad", false},
      {"avdec_h264", "H.264", "gstreamer1.0-libav", false},
      {"avdec_h265", "H.265", "gstreamer1.0-libav", false},
      {"rtspsrc", "RTSP cameras", "gstreamer1.0-plugins-good", false},
      {"v4l2src", "USB cameras", "gstreamer1.0-plugins-good", false},
      {"x264enc", "recording H.264", "gstreamer1.0-plugins-ugly", false},
      {"jpegenc", "recording stills", "gstreamer1.0-plugins-good", false},
  }};
  for (const NeededElement& element : kNeeded)
    if (!has_element(element.name.c_str())) facts.missing_elements.push_back(element);
}

void gather_backend(MachineFacts& facts) {
  try {
    facts.backend_description = training_backend().description;
    if (facts.backend_description.empty()) facts.backend_description = training_backend().name;
  } catch (const std::exception& error) {
    facts.backend_fault = error.what();
  }
}

void gather_cpu(MachineFacts& facts) {
#if defined(__x86_64__)
  facts.is_x86 = true;
  facts.has_avx2 = __builtin_cpu_supports("avx2") != 0;
#else
  (void)facts;
#endif
}

// The driver works; does the backend?
void gather_device(MachineFacts& facts) {
  try {
    facts.gpu_detail = backend_for("cuda").description;
    facts.gpu = MachineFacts::Gpu::kUsed;
  } catch (const Error& error) {
    facts.gpu_detail = error.what();
    facts.gpu = MachineFacts::Gpu::kIdle;
  }
}

void gather_gpu(MachineFacts& facts) {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver != nullptr) {
    using InitFunction = int (*)(unsigned);
    const auto init = reinterpret_cast<InitFunction>(dlsym(driver, "cuInit"));
    const int status = init == nullptr ? -1 : init(0);
    constexpr int kNoDevice = 100;  // CUDA_ERROR_NO_DEVICE
    if (status == 0) return gather_device(facts);
    if (status != kNoDevice) facts.gpu = MachineFacts::Gpu::kBroken;
    facts.gpu_detail = "libcuda.so.1: cuInit returns " + std::to_string(status);
    return;  // stays open: it cannot be unloaded safely
  }
  const char* reason = dlerror();
  std::error_code failure;
  if (!std::filesystem::exists("/proc/driver/nvidia/version", failure)) return;
  facts.gpu = MachineFacts::Gpu::kBroken;
  facts.gpu_detail = reason == nullptr ? "libcuda.so.1 cannot be opened" : reason;
}

void gather_teacher(MachineFacts& facts) {
  try {
    facts.teacher = find_teacher(teacher_places("")).text();
  } catch (const Error& error) {
    facts.teacher_fault = error.what();
  }
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

void gather_python(MachineFacts& facts) {
  std::array<const char*, 4> command{
      "/usr/bin/python3", "-c",
      "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst", nullptr};
  gchar* output = nullptr;
  gint status = 0;
  GError* error = nullptr;
  const bool ran = g_spawn_sync(nullptr, const_cast<gchar**>(command.data()), nullptr,
                                G_SPAWN_STDOUT_TO_DEV_NULL, nullptr, nullptr, nullptr, &output,
                                &status, &error) != FALSE;
  const Text owner(output);
  if (!ran) {
    facts.python_fault = error->message;
    g_error_free(error);
  } else if (status != 0) {
    facts.python_fault = output == nullptr ? "fails" : last_line(output);
  }
}

void gather_disk(MachineFacts& facts) {
  std::error_code failure;
  const auto folder = std::filesystem::current_path(failure);
  facts.disk_place = folder.string();
  const auto space = std::filesystem::space(folder, failure);
  facts.disk_free_bytes = failure ? 0 : space.available;
}

}  // namespace

MachineFacts gather_facts() {
  gst_init(nullptr, nullptr);
  MachineFacts facts;
  gather_gstreamer(facts);
  gather_plugin(facts);
  gather_elements(facts);
  gather_backend(facts);
  gather_cpu(facts);
  gather_gpu(facts);
  gather_teacher(facts);
  gather_python(facts);
  gather_disk(facts);
  return facts;
}

}  // namespace novelty
