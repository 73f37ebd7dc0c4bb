// SPDX-License-Identifier: Apache-2.0
// Loads models in a thread of its own.
#include "model_loader.h"

#include <exception>
#include <utility>

namespace novelty {

void ModelLoader::request(const std::string& path, const DetectorOptions& options) {
  const std::lock_guard lock(mutex_);
  wanted_ = Request{path, options};
  if (running_) return;
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this] { run(); });
  running_ = true;
}

std::shared_ptr<const Detector> ModelLoader::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(loaded_, nullptr);
}

void ModelLoader::stop() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    wanted_.reset();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
  const std::lock_guard lock(mutex_);
  loaded_ = nullptr;
}

std::optional<ModelLoader::Request> ModelLoader::next() {
  const std::lock_guard lock(mutex_);
  running_ = wanted_.has_value();
  return std::exchange(wanted_, std::nullopt);
}

void ModelLoader::run() {
  while (const auto request = next()) load(*request);
}

void ModelLoader::load(const Request& request) {
  try {
    auto detector = Detector::load(request.path, request.options);
    const std::lock_guard lock(mutex_);
    loaded_ = std::move(detector);
  } catch (const std::exception& error) {
    failure_(error.what());
  }
}

}  // namespace novelty
