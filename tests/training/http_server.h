// SPDX-License-Identifier: Apache-2.0
// A small HTTP server on a real socket that can be told to misbehave.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace novelty::testing {

/// What it answers to every request.
struct HttpAnswer {
  std::string body;
  int status = 200;
  bool knows_ranges = true;
  bool redirects = false;               ///< /timm/... is elsewhere on this server
  std::size_t cut = std::string::npos;  ///< hangs up after so many bytes of the body
};

/// Serves on 127.0.0.1 until it goes.
class HttpServer {
 public:
  explicit HttpServer(HttpAnswer answer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string endpoint() const;  ///< "http://127.0.0.1:PORT"
  void answer_with(HttpAnswer answer);
  std::vector<std::string> requests();  ///< the heads that came so far

 private:
  void serve();
  void answer(int connection);

  int listener_;
  int port_ = 0;
  std::mutex mutex_;
  HttpAnswer answer_;                  // guarded by mutex_
  std::vector<std::string> requests_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace novelty::testing
