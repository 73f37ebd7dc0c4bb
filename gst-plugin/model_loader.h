// SPDX-License-Identifier: Apache-2.0
// Loads models in a thread of its own while the element plays on with the one it has.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "novelty/detector.h"

namespace novelty {

/// Thread: any, all methods.
class ModelLoader {
 public:
  /// Called on the loading thread, without a lock, with why a model was not loaded.
  using Failure = std::function<void(const std::string& reason)>;

  explicit ModelLoader(Failure failure) : failure_(std::move(failure)) {}
  ~ModelLoader() { stop(); }
  ModelLoader(const ModelLoader&) = delete;
  ModelLoader& operator=(const ModelLoader&) = delete;

  /// Starts loading, or loads it next; of several waiting requests only the last is loaded.
  void request(const std::string& path, const DetectorOptions& options);

  /// The model that finished loading since the last call, else null.
  std::shared_ptr<const Detector> take();

  /// Waits for a load in progress and drops its result.
  void stop();

 private:
  struct Request {
    std::string path;
    DetectorOptions options;
  };

  void run();
  void load(const Request& request);
  std::optional<Request> next();

  const Failure failure_;
  std::mutex mutex_;
  std::optional<Request> wanted_;           // guarded by mutex_
  std::shared_ptr<const Detector> loaded_;  // guarded by mutex_
  bool running_ = false;                    // guarded by mutex_; false: thread_ only returns
  std::thread thread_;                      // guarded by mutex_
};

}  // namespace novelty
