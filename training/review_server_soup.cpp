// SPDX-License-Identifier: Apache-2.0
// Serves the review page and the recordings, with libsoup.
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/file.h"
#include "feedback_file.h"
#include "novelty/error.h"
#include "review_folder.h"
#include "review_server.h"

namespace novelty {
namespace {

constexpr std::size_t kBlockBytes = 256U << 10;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};

struct RangesFree {
  SoupMessageHeaders* headers;
  void operator()(SoupRange* ranges) const { soup_message_headers_free_ranges(headers, ranges); }
};

std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(ErrorKind::kResource, "--serve", "the system gives no random numbers");
  std::string hex;
  for (const unsigned char byte : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", byte);
    hex += digits.data();
  }
  return hex;
}

std::string header(SoupServerMessage* message, const char* name) {
  const char* value =
      soup_message_headers_get_one(soup_server_message_get_request_headers(message), name);
  return value == nullptr ? "" : value;
}

bool is_method(SoupServerMessage* message, const char* method) {
  return std::string_view(soup_server_message_get_method(message)) == method;
}

void answer(SoupServerMessage* message, unsigned status, const char* type,
            const std::string& body) {
  soup_server_message_set_status(message, status, nullptr);
  soup_server_message_set_response(message, type, SOUP_MEMORY_COPY, body.data(), body.size());
}

void refuse(SoupServerMessage* message, unsigned status, const std::string& line) {
  answer(message, status, "text/plain; charset=utf-8", line + "\n");
}

/// A file on its way to the browser, a block at a time.
class Sending {
 public:
  Sending(int file, goffset at, goffset length) : file_(file), at_(at), left_(length) {}
  ~Sending() { ::close(file_); }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

  void start(SoupServerMessage* message) {
    SoupMessageBody* body = soup_server_message_get_response_body(message);
    soup_message_body_set_accumulate(body, FALSE);
    g_signal_connect(message, "wrote-chunk", G_CALLBACK(+[](SoupServerMessage* m, gpointer self) {
                       static_cast<Sending*>(self)->send_block(m);
                     }),
                     this);
    send_block(message);
  }

 private:
  void send_block(SoupServerMessage* message) {
    if (left_ == 0) return;
    const std::size_t wanted = std::min<std::size_t>(kBlockBytes, static_cast<std::size_t>(left_));
    auto* block = static_cast<guchar*>(g_malloc(wanted));
    const ssize_t got = ::pread(file_, block, wanted, at_);
    if (got <= 0) {  // cut off meanwhile: the browser must not wait for the rest
      g_free(block);
      g_socket_shutdown(soup_server_message_get_socket(message), TRUE, TRUE, nullptr);
      return;
    }
    at_ += got;
    left_ -= got;
    soup_message_body_append_take(soup_server_message_get_response_body(message), block,
                                  static_cast<gsize>(got));
  }

  int file_;
  goffset at_, left_;
};

class Server {
 public:
  explicit Server(ReviewServer settings)
      : settings_(std::move(settings)),
        token_(random_token()),
        server_(soup_server_new("server-header", "novelty", nullptr)) {
    soup_server_add_early_handler(server_.get(), nullptr, on_head, this, nullptr);
    soup_server_add_handler(server_.get(), nullptr, on_request, this, nullptr);
  }

  void listen() {
    GError* error = nullptr;
    const auto port = static_cast<guint>(settings_.port);
    if (soup_server_listen_local(server_.get(), port, SOUP_SERVER_LISTEN_IPV4_ONLY, &error) ==
        FALSE) {
      const std::string reason = error->message;
      g_error_free(error);
      throw Error(ErrorKind::kResource, "--port " + std::to_string(settings_.port), reason,
                  "give another port, or none");
    }
    GSList* uris = soup_server_get_uris(server_.get());
    port_ = std::to_string(g_uri_get_port(static_cast<GUri*>(uris->data)));
    g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  }

  std::string address() const { return "http://127.0.0.1:" + port_ + "/" + token_ + "/"; }

  void load() {
    const FoundRecordings found = find_recordings(settings_.folder);
    ReviewPage facts = page_of_folder(settings_.folder);
    facts.served = true;
    files_ = files_of(found);
    page_ = review_page(found, facts);
  }

 private:
  /// Before the body is read: who is not to be served is refused here.
  static void on_head(SoupServer* /*server*/, SoupServerMessage* message, const char* path,
                      GHashTable* /*query*/, gpointer data) {
    static_cast<Server*>(data)->guard(message, path);
  }

  static void on_request(SoupServer* /*server*/, SoupServerMessage* message, const char* path,
                         GHashTable* /*query*/, gpointer data) {
    auto* self = static_cast<Server*>(data);
    try {
      self->respond(message, std::string_view(path).substr(self->token_.size() + 2));
    } catch (const std::exception& error) {
      refuse(message, SOUP_STATUS_INTERNAL_SERVER_ERROR, error.what());
    }
  }

  bool is_here(const std::string& host) const {
    return host == "127.0.0.1:" + port_ || host == "localhost:" + port_;
  }

  /// No page elsewhere may use this server: not by a name that leads here (Host), not by a request
  /// of its own (Origin, which browsers always send with a POST).
  bool is_allowed(SoupServerMessage* message, std::string_view path) const {
    const std::string origin = header(message, "Origin");
    const bool from_here = origin.starts_with("http://") && is_here(origin.substr(7));
    const bool origin_fits = origin.empty() ? !is_method(message, "POST") : from_here;
    return is_here(header(message, "Host")) && origin_fits && path.starts_with("/" + token_ + "/");
  }

  void guard(SoupServerMessage* message, std::string_view path) const {
    add_headers(soup_server_message_get_response_headers(message));
    SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
    if (!is_allowed(message, path)) {
      refuse(message, SOUP_STATUS_FORBIDDEN, "use the address that novelty review printed");
    } else if (soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CHUNKED ||
               soup_message_headers_get_content_length(headers) >
                   static_cast<goffset>(kMaxFeedbackBytes)) {
      refuse(message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "too much");
    } else {
      return;
    }
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    soup_message_headers_append(soup_server_message_get_response_headers(message), "Connection",
                                "close");
  }

  static void add_headers(SoupMessageHeaders* headers) {
    for (const auto& [name, value] : {std::pair{"X-Content-Type-Options", "nosniff"},
                                      {"X-Frame-Options", "DENY"},
                                      {"Referrer-Policy", "no-referrer"},
                                      {"Cache-Control", "no-store"},
                                      {"Cross-Origin-Resource-Policy", "same-origin"}})
      soup_message_headers_append(headers, name, value);
  }

  void respond(SoupServerMessage* message, std::string_view name) {
    const bool reads = is_method(message, "GET") || is_method(message, "HEAD");
    if (name == kFeedbackName && is_method(message, "POST"))
      take_feedback(message);
    else if (!reads)
      refuse(message, SOUP_STATUS_METHOD_NOT_ALLOWED, "no such method here");
    else if (name.empty())
      show_page(message);
    else if (const auto file = files_.find(name); file != files_.end())
      send_file(message, *file);
    else
      refuse(message, SOUP_STATUS_NOT_FOUND, "no recording");
  }

  void show_page(SoupServerMessage* message) {
    load();
    answer(message, SOUP_STATUS_OK, "text/html; charset=utf-8", page_);
  }

  void take_feedback(SoupServerMessage* message) const {
    const SoupMessageBody* body = soup_server_message_get_request_body(message);
    if (!header(message, "Content-Type").starts_with("application/json"))
      return refuse(message, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "send JSON");
    try {
      const std::string text = feedback_text(
          parse_feedback({body->data, static_cast<std::size_t>(body->length)}, kFeedbackName));
      const std::filesystem::path path = std::filesystem::path(settings_.folder) / kFeedbackName;
      write_file_atomically(path.string(), std::as_bytes(std::span(text)));
      answer(message, SOUP_STATUS_OK, "application/json", "{}");
    } catch (const Error& error) {
      refuse(message,
             error.kind() == ErrorKind::kWrite ? SOUP_STATUS_INTERNAL_SERVER_ERROR
                                               : SOUP_STATUS_BAD_REQUEST,
             error.what());
    }
  }

  void send_file(SoupServerMessage* message, const std::string& name) const {
    const int file = open_recorded_file(settings_.folder, name);
    struct stat status {};
    if (file < 0 || ::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      if (file >= 0) ::close(file);
      return refuse(message, SOUP_STATUS_NOT_FOUND, "the recording is gone");
    }
    send_part(message, name, file, status.st_size);
  }

  /// All of the file, or the one range that was asked for.
  static void send_part(SoupServerMessage* message, const std::string& name, int file,
                        goffset size) {
    SoupMessageHeaders* wanted = soup_server_message_get_request_headers(message);
    SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
    SoupRange* found = nullptr;
    int count = 0;
    const bool ranged = header(message, "Range").starts_with("bytes=");
    const bool valid = ranged && size > 0 &&
                       soup_message_headers_get_ranges(wanted, size, &found, &count) != FALSE;
    const std::unique_ptr<SoupRange, RangesFree> ranges(valid ? found : nullptr,
                                                        RangesFree{wanted});
    goffset first = 0, last = size - 1;
    if (valid && count == 1) {
      first = ranges->start;
      last = ranges->end;
    }
    if (ranged && (!valid || first > last || last >= size)) {
      ::close(file);
      soup_message_headers_append(headers, "Content-Range",
                                  ("bytes */" + std::to_string(size)).c_str());
      return refuse(message, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE, "no such range");
    }
    const bool part = valid && count == 1;
    soup_server_message_set_status(message, part ? SOUP_STATUS_PARTIAL_CONTENT : SOUP_STATUS_OK,
                                   nullptr);
    if (part) soup_message_headers_set_content_range(headers, first, last, size);
    soup_message_headers_append(headers, "Accept-Ranges", "bytes");
    soup_message_headers_set_content_type(headers, media_type_of(name), nullptr);
    soup_message_headers_set_content_length(headers, last - first + 1);
    send_block_by_block(message, new Sending(file, first, last - first + 1));
  }

  /// `sending` lives as long as the message.
  static void send_block_by_block(SoupServerMessage* message, Sending* sending) {
    g_object_set_data_full(G_OBJECT(message), "novelty-sending", sending,
                           [](gpointer data) { delete static_cast<Sending*>(data); });
    if (is_method(message, "GET")) sending->start(message);
  }

  ReviewServer settings_;
  std::string token_;
  std::string port_;
  std::set<std::string, std::less<>> files_;  // as of the page that was shown last
  std::string page_;
  std::unique_ptr<SoupServer, Unref> server_;
};

struct LoopUnref {
  void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
};

gboolean stop(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return G_SOURCE_CONTINUE;
}

}  // namespace

void serve_review(const ReviewServer& settings) {
  Server server(settings);
  server.load();
  server.listen();
  const std::unique_ptr<GMainLoop, LoopUnref> loop(g_main_loop_new(nullptr, FALSE));
  const guint interrupt = g_unix_signal_add(SIGINT, stop, loop.get());
  const guint terminate = g_unix_signal_add(SIGTERM, stop, loop.get());
  std::printf("%s\nCtrl-C ends it.\n", server.address().c_str());
  std::fflush(stdout);
  g_main_loop_run(loop.get());
  g_source_remove(interrupt);
  g_source_remove(terminate);
}

}  // namespace novelty
