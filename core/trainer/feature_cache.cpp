// SPDX-License-Identifier: Apache-2.0
// The work file of teacher features: append, check and read fixed-size records.
#include "trainer/feature_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/half.h"
#include "novelty/error.h"

namespace novelty {
namespace {

std::string system_reason() {
  return std::generic_category().message(errno);
}

[[noreturn]] void throw_write(const std::string& path) {
  throw Error(ErrorKind::kWrite, path, "cannot write: " + system_reason(),
              "free space or choose another output folder");
}

// FNV-1a (Fowler, Noll, Vo) over 64-bit words with a shift that brings high bits down; started from
// the record's number so that a shifted file is not valid.
std::uint64_t hash_of(std::span<const std::byte> bytes, std::size_t index) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ index;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof hash) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    hash = (hash ^ word) * 0x100000001b3U;
    hash ^= hash >> 29U;
  }
  return hash;
}

std::byte* put_halves(std::byte* out, std::span<const float> values) {
  for (const float value : values) {
    const std::uint16_t bits = float_to_half(value);
    std::memcpy(out, &bits, sizeof bits);
    out += sizeof bits;
  }
  return out;
}

std::byte* put_floats(std::byte* out, std::span<const float> values) {
  if (!values.empty()) std::memcpy(out, values.data(), values.size_bytes());
  return out + values.size_bytes();
}

// Both return where the next array starts; `size` values are there, none are wanted when `values`
// is empty.
const std::byte* get_halves(const std::byte* in, std::size_t size, std::span<float> values) {
  const std::byte* from = in;
  for (float& value : values) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from, sizeof bits);
    value = half_to_float(bits);
    from += sizeof bits;
  }
  return in + size * sizeof(std::uint16_t);
}

const std::byte* get_floats(const std::byte* in, std::size_t size, std::span<float> values) {
  if (!values.empty()) std::memcpy(values.data(), in, values.size_bytes());
  return in + size * sizeof(float);
}

void write_all(int file, const std::string& path, std::span<const std::byte> bytes,
               std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_write(path);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
}

bool read_all(int file, std::span<std::byte> bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

std::size_t FeatureLayout::record_bytes() const {
  return 2 * (patches + tokens + targets) + sizeof(float) * (attention + cls) +
         sizeof(std::uint64_t);
}

FeatureCache::FeatureCache(const std::string& path, const FeatureLayout& layout)
    : path_(path), layout_(layout), record_(layout.record_bytes()) {
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) throw_write(path);
  struct stat facts {};
  if (flock(file_, LOCK_EX | LOCK_NB) != 0 || fstat(file_, &facts) != 0) {
    close(file_);
    throw Error(ErrorKind::kWrite, path, "another training run uses this work folder",
                "wait for it or choose another output");
  }
  const std::size_t whole = static_cast<std::size_t>(facts.st_size) / record_.size();
  while (size_ < whole && read_record(size_)) ++size_;
  if (size_ * record_.size() < static_cast<std::size_t>(facts.st_size)) truncate(size_);
}

FeatureCache::~FeatureCache() {
  if (file_ >= 0) close(file_);
}

void FeatureCache::truncate(std::size_t count) {
  if (ftruncate(file_, static_cast<off_t>(count * record_.size())) != 0) throw_write(path_);
  size_ = count;
}

void FeatureCache::append(const FeatureRecord<const float>& records, std::size_t count) {
  const auto of = [](std::span<const float> values, std::size_t i, std::size_t size) {
    return values.subspan(i * size, size);
  };
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* out = record_.data();
    out = put_halves(out, of(records.patches, i, layout_.patches));
    out = put_halves(out, of(records.tokens, i, layout_.tokens));
    out = put_floats(out, of(records.attention, i, layout_.attention));
    out = put_floats(out, of(records.cls, i, layout_.cls));
    out = put_halves(out, of(records.targets, i, layout_.targets));
    const std::uint64_t hash = hash_of({record_.data(), out}, size_);
    std::memcpy(out, &hash, sizeof hash);
    write_all(file_, path_, record_, size_ * record_.size());
    ++size_;
  }
}

bool FeatureCache::read_record(std::size_t index) {
  if (!read_all(file_, record_, index * record_.size())) return false;
  const std::size_t content = record_.size() - sizeof(std::uint64_t);
  std::uint64_t hash = 0;
  std::memcpy(&hash, record_.data() + content, sizeof hash);
  return hash == hash_of({record_.data(), content}, index);
}

void FeatureCache::load(std::size_t index, const FeatureRecord<float>& out) {
  if (index >= size_ || !read_record(index))
    throw Error(ErrorKind::kRead, path_, "record " + std::to_string(index) + " is damaged",
                "train again without --resume");
  const std::byte* in = record_.data();
  in = get_halves(in, layout_.patches, out.patches);
  in = get_halves(in, layout_.tokens, out.tokens);
  in = get_floats(in, layout_.attention, out.attention);
  in = get_floats(in, layout_.cls, out.cls);
  get_halves(in, layout_.targets, out.targets);
}

}  // namespace novelty
