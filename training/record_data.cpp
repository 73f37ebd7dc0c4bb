// SPDX-License-Identifier: Apache-2.0
// Reads idx files and CIFAR's batches.
#include "record_data.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "novelty/error.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

using Bytes = std::vector<std::byte>;
using SharedBytes = std::shared_ptr<const Bytes>;

constexpr std::size_t kMostBytes = std::size_t{1} << 31U;
constexpr std::size_t kBlock = std::size_t{1} << 20U;
constexpr int kCifarSide = 32;
constexpr std::size_t kCifarBytes = std::size_t{3} * kCifarSide * kCifarSide;
constexpr std::uint32_t kIdxImages = 0x803, kIdxLabels = 0x801;  // of bytes, with 3 and 1 sizes
constexpr std::uint32_t kMostSide = 1024;
constexpr const char* kAgain = "get it again";

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  throw Error(ErrorKind::kFormat, path, problem, kAgain);
}

// The file's content, unpacked where it is compressed.
SharedBytes read_unpacked(const std::string& path) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                      archive_read_free);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  const auto fail = [&] {
    const char* reason = archive_error_string(reader.get());
    throw Error(ErrorKind::kRead, path, reason == nullptr ? "unreadable or empty" : reason, kAgain);
  };
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
    fail();
  auto bytes = std::make_shared<Bytes>();
  for (;;) {
    const std::size_t size = bytes->size();
    bytes->resize(size + kBlock);
    const auto got = archive_read_data(reader.get(), bytes->data() + size, kBlock);
    if (got < 0) fail();
    bytes->resize(size + static_cast<std::size_t>(got));
    if (got == 0) return bytes;
    if (bytes->size() > kMostBytes) refuse(path, "is over 2 GiB");
  }
}

// `name`, or `name`.gz; empty where neither is there.
std::string found_in(const std::string& folder, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    const fs::path path = fs::path(folder) / (name + ending);
    std::error_code failure;
    if (fs::is_regular_file(path, failure)) return path.string();
  }
  return {};
}

std::string needed_in(const std::string& folder, const std::string& name) {
  std::string path = found_in(folder, name);
  if (path.empty())
    throw Error(ErrorKind::kNotFound, (fs::path(folder) / name).string(), "is not there", kAgain);
  return path;
}

void add(ImagesByClass& images, const std::string& split, const std::string& name,
         const std::string& path, const RawImage& raw) {
  auto& files = images[name];
  std::string number = std::to_string(files.size());
  number.insert(0, 6 - std::min<std::size_t>(6, number.size()), '0');
  files.push_back({.name = split + "/" + name + "/" + number, .path = path, .raw = raw});
}

// An idx file: a magic number and sizes, big endian, then bytes.
struct Idx {
  SharedBytes bytes;
  std::vector<std::uint32_t> sizes;
  std::size_t first = 0;  // of the data
};

std::uint32_t big_endian(const Bytes& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8U | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

Idx read_idx(const std::string& path, std::uint32_t magic) {
  Idx idx{read_unpacked(path), {}, 4 + 4 * std::size_t{magic & 0xffU}};
  if (idx.bytes->size() < idx.first || big_endian(*idx.bytes, 0) != magic)
    refuse(path, "is no idx file of this kind");
  std::size_t count = 1;
  for (std::size_t at = 4; at < idx.first; at += 4) {
    idx.sizes.push_back(big_endian(*idx.bytes, at));
    const bool is_side = at > 4;
    if (is_side && (idx.sizes.back() < 1 || idx.sizes.back() > kMostSide))
      refuse(path, "has images of " + std::to_string(idx.sizes.back()) + " pixels a side");
    count *= idx.sizes.back();
  }
  if (idx.bytes->size() - idx.first != count)
    refuse(path, "holds " + std::to_string(idx.bytes->size() - idx.first) + " bytes of " +
                     std::to_string(count));
  return idx;
}

void add_idx(const std::string& folder, const std::string& split, const std::string& prefix,
             ImagesByClass& images) {
  const std::string image_path = needed_in(folder, prefix + "-images-idx3-ubyte");
  const std::string label_path = needed_in(folder, prefix + "-labels-idx1-ubyte");
  const Idx pictures = read_idx(image_path, kIdxImages), labels = read_idx(label_path, kIdxLabels);
  if (pictures.sizes[0] != labels.sizes[0])
    refuse(label_path, "has " + std::to_string(labels.sizes[0]) + " labels of " +
                           std::to_string(pictures.sizes[0]) + " images");
  const std::size_t size = std::size_t{pictures.sizes[1]} * pictures.sizes[2];
  for (std::size_t i = 0; i < pictures.sizes[0]; ++i) {
    const auto label = std::to_integer<unsigned>((*labels.bytes)[labels.first + i]);
    add(images, split, std::to_string(label), image_path,
        {pictures.bytes, pictures.first + i * size, static_cast<int>(pictures.sizes[2]),
         static_cast<int>(pictures.sizes[1]), 1});
  }
}

// How a version of CIFAR lies in a folder.
struct Cifar {
  std::size_t classes, labels;  // labels before each image; the first one counts
  const char* names;
  std::vector<std::string> train;
  const char* test;
};

std::vector<std::string> class_names(const std::string& folder, const Cifar& cifar) {
  std::vector<std::string> names;
  std::ifstream file(fs::path(folder) / cifar.names);
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (names.empty())
    for (std::size_t i = 0; i < cifar.classes; ++i) names.push_back(std::to_string(i));
  if (names.size() != cifar.classes)
    refuse((fs::path(folder) / cifar.names).string(),
           "has " + std::to_string(names.size()) + " names of " + std::to_string(cifar.classes));
  return names;
}

void add_batch(const std::string& folder, const std::string& file, const std::string& split,
               const Cifar& cifar, const std::vector<std::string>& names, ImagesByClass& images) {
  const std::string path = needed_in(folder, file);
  const SharedBytes bytes = read_unpacked(path);
  const std::size_t record = cifar.labels + kCifarBytes;
  if (bytes->empty() || bytes->size() % record != 0)
    refuse(path, "is cut off: no whole number of records of " + std::to_string(record) + " bytes");
  for (std::size_t at = 0; at < bytes->size(); at += record) {
    const auto label = std::to_integer<std::size_t>((*bytes)[at]);
    if (label >= names.size())
      refuse(path, "has the label " + std::to_string(label) + " of " +
                       std::to_string(names.size()) + " classes");
    add(images, split, names[label], path, {bytes, at + cifar.labels, kCifarSide, kCifarSide, 3});
  }
}

ClassData read_cifar(const std::string& folder, const Cifar& cifar) {
  const std::vector<std::string> names = class_names(folder, cifar);
  ClassData data;
  for (const std::string& file : cifar.train)
    add_batch(folder, file, "train", cifar, names, data.train);
  add_batch(folder, cifar.test, "test", cifar, names, data.test);
  return data;
}

constexpr const char* kMnist = "train-images-idx3-ubyte";
constexpr const char* kCifar10 = "data_batch_1.bin";
constexpr const char* kCifar100 = "train.bin";

}  // namespace

bool is_record_data(const std::string& path) {
  for (const char* name : {kMnist, kCifar10, kCifar100})
    if (!found_in(path, name).empty()) return true;
  return false;
}

ClassData read_record_data(const std::string& path) {
  if (!found_in(path, kCifar10).empty())
    return read_cifar(path, {10,
                             1,
                             "batches.meta.txt",
                             {kCifar10, "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                              "data_batch_5.bin"},
                             "test_batch.bin"});
  if (!found_in(path, kCifar100).empty())
    return read_cifar(path, {20, 2, "coarse_label_names.txt", {kCifar100}, "test.bin"});
  ClassData data;
  add_idx(path, "train", "train", data.train);
  add_idx(path, "test", "t10k", data.test);
  return data;
}

}  // namespace novelty
