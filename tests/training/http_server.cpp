// SPDX-License-Identifier: Apache-2.0
// A small HTTP server on a real socket that can be told to misbehave.
#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace novelty::testing {
namespace {

/// Up to the blank line.
std::string read_head(int connection) {
  std::string head;
  char letter = 0;
  while (head.find("\r\n\r\n") == std::string::npos && ::recv(connection, &letter, 1, 0) == 1)
    head += letter;
  return head;
}

void send_all(int connection, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t now = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) return;
    sent += static_cast<std::size_t>(now);
  }
}

/// N of "Range: bytes=N-"; 0 without one.
std::size_t range_start(const std::string& head) {
  const std::size_t at = head.find("Range: bytes=");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 13, nullptr, 10);
}

std::string head_of(int status, std::size_t length, const std::string& more = {}) {
  return "HTTP/1.1 " + std::to_string(status) +
         " -\r\nConnection: close\r\nContent-Length: " + std::to_string(length) + "\r\n" + more +
         "\r\n";
}

}  // namespace

HttpServer::HttpServer(HttpAnswer answer)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), answer_(std::move(answer)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, plain, size) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, plain, &size) != 0)
    throw std::runtime_error("cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept
  thread_.join();
  ::close(listener_);
}

std::string HttpServer::endpoint() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void HttpServer::answer_with(HttpAnswer answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
}

std::vector<std::string> HttpServer::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::serve() {
  for (;;) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    answer(connection);
    ::close(connection);
  }
}

void HttpServer::answer(int connection) {
  const std::string head = read_head(connection);
  HttpAnswer now;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(head);
    now = answer_;
  }
  if (now.redirects && head.starts_with("GET /timm/"))
    return send_all(connection, head_of(302, 0, "Location: " + endpoint() + "/elsewhere\r\n"));
  if (now.status != 200) return send_all(connection, head_of(now.status, 0));
  const std::size_t start = now.knows_ranges ? range_start(head) : 0;
  const std::string whole = std::to_string(now.body.size());
  if (start >= now.body.size() && start > 0)
    return send_all(connection, head_of(416, 0, "Content-Range: bytes */" + whole + "\r\n"));
  const std::string range = "Content-Range: bytes " + std::to_string(start) + "-" +
                            std::to_string(now.body.size() - 1) + "/" + whole + "\r\n";
  send_all(connection,
           head_of(start > 0 ? 206 : 200, now.body.size() - start, start > 0 ? range : ""));
  send_all(connection, now.body.substr(start, now.cut));
}

}  // namespace novelty::testing
