// SPDX-License-Identifier: Apache-2.0
// Fetches one file over HTTP with libcurl.
#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "http_download.h"
#include "novelty/error.h"

namespace novelty {
namespace {

constexpr long kConnectSeconds = 30, kStallSeconds = 60, kRedirects = 5;

struct Cleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using CurlPtr = std::unique_ptr<CURL, Cleanup>;

std::string reason(int code) {
  return std::error_code(code, std::generic_category()).message();
}

/// The file that grows.
class Output {
 public:
  explicit Output(const std::string& path)
      : path_(path),
        descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail(errno);
  }
  ~Output() { ::close(descriptor_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  curl_off_t size() const { return ::lseek(descriptor_, 0, SEEK_END); }
  void clear() const {
    if (::ftruncate(descriptor_, 0) != 0) fail(errno);
  }
  void flush() const {
    if (::fsync(descriptor_) != 0) fail(errno);
  }
  /// False when the disk does not take it; `error` then says why.
  bool write(const char* data, std::size_t size) {
    while (size > 0) {
      const ssize_t written = ::write(descriptor_, data, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return error_ = written < 0 ? errno : EIO, false;
      data += written;
      size -= static_cast<std::size_t>(written);
    }
    return true;
  }
  [[noreturn]] void fail_write() const { fail(error_ == 0 ? EIO : error_); }

 private:
  [[noreturn]] void fail(int code) const {
    throw Error(ErrorKind::kWrite, path_, "cannot write: " + reason(code),
                "make room or rights there, then run the command again: it goes on");
  }

  std::string path_;
  int descriptor_;
  int error_ = 0;
};

struct Transfer {
  const HttpDownload* request;
  Output* output;
  curl_off_t start = 0;  // bytes that were there
};

std::size_t take(char* data, std::size_t, std::size_t size, void* user) {
  return static_cast<Transfer*>(user)->output->write(data, size) ? size : 0;
}

int tell(void* user, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  const auto* transfer = static_cast<const Transfer*>(user);
  const auto whole = total > 0 ? static_cast<std::uint64_t>(transfer->start + total) : 0;
  return transfer->request->progress(static_cast<std::uint64_t>(transfer->start + done), whole) ? 0
                                                                                                : 1;
}

CurlPtr prepare(Transfer& transfer, char* message) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CurlPtr curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) throw Error(ErrorKind::kResource, "libcurl", "does not start");
  const std::string& url = transfer.request->url;
  const char* protocols = url.starts_with("https:") ? "https" : "http,https";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, kRedirects);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "novelty/" NOVELTY_VERSION);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(curl.get(), CURLOPT_RESUME_FROM_LARGE, transfer.start);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, tell);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &transfer);
  return curl;
}

long status_of(CURL* curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/// The server has nothing after what is there already.
bool is_whole(CURLcode code, CURL* curl, const Transfer& transfer) {
  constexpr long kNoSuchRange = 416;
  return code == CURLE_HTTP_RETURNED_ERROR && transfer.start > 0 && status_of(curl) == kNoSuchRange;
}

[[noreturn]] void fail_http(CURL* curl, const HttpDownload& request) {
  const long status = status_of(curl);
  throw Error(status == 404 ? ErrorKind::kNotFound : ErrorKind::kRead, request.url,
              "the server answers " + std::to_string(status), request.by_hand);
}

[[noreturn]] void fail(CURLcode code, CURL* curl, const Transfer& transfer, const char* message) {
  const HttpDownload& request = *transfer.request;
  const std::string cause = *message == '\0' ? curl_easy_strerror(code) : message;
  if (code == CURLE_WRITE_ERROR) transfer.output->fail_write();
  if (code == CURLE_HTTP_RETURNED_ERROR) fail_http(curl, request);
  if (code == CURLE_ABORTED_BY_CALLBACK)
    throw Error(ErrorKind::kCancelled, "stopped",
                "what came is kept, run the command again to go on");
  if (transfer.output->size() == transfer.start)
    throw Error(ErrorKind::kRead, request.url, "cannot be reached: " + cause, request.by_hand);
  std::array<char, 64> amount{};
  std::snprintf(amount.data(), amount.size(),
                "broken off after %.1f MB: ", static_cast<double>(transfer.output->size()) * 1e-6);
  throw Error(ErrorKind::kRead, request.url, amount.data() + cause,
              "run the command again: it goes on from there");
}

}  // namespace

void download(const HttpDownload& request) {
  Output output(request.path);
  for (;;) {
    Transfer transfer{&request, &output, output.size()};
    std::array<char, CURL_ERROR_SIZE> message{};
    const CurlPtr curl = prepare(transfer, message.data());
    const CURLcode code = curl_easy_perform(curl.get());
    if (code == CURLE_RANGE_ERROR && transfer.start > 0) {  // a server that sends only all of it
      output.clear();
      continue;
    }
    if (code != CURLE_OK && !is_whole(code, curl.get(), transfer))
      fail(code, curl.get(), transfer, message.data());
    return output.flush();
  }
}

}  // namespace novelty
