// SPDX-License-Identifier: Apache-2.0
// Finds the images in folders and tars, and reads their bytes.
#include "image_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <system_error>

#include "base/file.h"
#include "interrupt.h"
#include "novelty/error.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxImageBytes = 1U << 30U;
constexpr std::size_t kBlockBytes = 64 * 1024;

bool has_image_name(const fs::path& path) {
  static constexpr std::array kExtensions{".jpg", ".jpeg", ".png", ".bmp", ".webp",
                                          ".tif", ".tiff", ".ppm", ".pgm", ".jp2"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !path.filename().string().starts_with('.') &&
         std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

/// A tar opened at the header of one of its entries.
class TarReader {
 public:
  TarReader(const std::string& path, std::int64_t offset)
      : path_(path), archive_(archive_read_new()), file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) throw Error(ErrorKind::kRead, path, std::strerror(errno));
    const bool opened = lseek(file_, offset, SEEK_SET) == offset &&
                        archive_read_support_format_tar(archive_.get()) == ARCHIVE_OK &&
                        archive_read_open_fd(archive_.get(), file_, kBlockBytes) == ARCHIVE_OK;
    if (!opened) {
      close(file_);
      fail();
    }
  }
  ~TarReader() { close(file_); }
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  archive* get() const { return archive_.get(); }

  /// Null at the end of the tar.
  archive_entry* next_entry() {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(archive_.get(), &entry);
    if (status == ARCHIVE_EOF) return nullptr;
    if (status < ARCHIVE_WARN) fail();
    return entry;
  }

  [[noreturn]] void fail() const {
    const char* reason = archive_error_string(archive_.get());
    throw Error(ErrorKind::kFormat, path_,
                std::string("the tar is damaged: ") + (reason == nullptr ? "unreadable" : reason),
                "make it again");
  }

 private:
  struct Free {
    void operator()(archive* object) const { archive_read_free(object); }
  };
  std::string path_;
  std::unique_ptr<archive, Free> archive_;
  int file_;
};

bool is_entry(int status) {
  return status == ARCHIVE_OK || status == ARCHIVE_WARN;
}

std::vector<ImageFile> list_tar(const std::string& path) {
  TarReader tar(path, 0);
  std::vector<ImageFile> files;
  while (archive_entry* entry = tar.next_entry()) {
    throw_if_interrupted();
    const char* name = archive_entry_pathname(entry);
    if (name != nullptr && archive_entry_filetype(entry) == AE_IFREG && has_image_name(name))
      files.push_back({name, path, archive_read_header_position(tar.get())});
  }
  return files;
}

std::vector<ImageFile> list_folder(const std::string& folder) {
  std::vector<ImageFile> files;
  std::error_code failure;
  for (fs::recursive_directory_iterator item(folder, failure), end; !failure && item != end;
       item.increment(failure)) {
    throw_if_interrupted();
    if (item->path().filename().string().starts_with('.')) item.disable_recursion_pending();
    if (item->is_regular_file(failure) && has_image_name(item->path()))
      files.push_back({item->path().string(), item->path().string(), -1});
  }
  if (failure) throw Error(ErrorKind::kRead, folder, failure.message(), "check its permissions");
  return files;
}

std::vector<std::byte> read_entry(const ImageFile& file) {
  TarReader tar(file.path, file.entry_offset);
  archive_entry* entry = tar.next_entry();
  const std::int64_t size = entry == nullptr ? -1 : archive_entry_size(entry);
  if (size < 0 || static_cast<std::uint64_t>(size) > kMaxImageBytes)
    throw Error(ErrorKind::kFormat, file.name, "the tar's entry has a size that cannot be");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  if (archive_read_data(tar.get(), bytes.data(), bytes.size()) != size) tar.fail();
  return bytes;
}

std::vector<std::byte> portable_map(const RawImage& raw) {
  const auto pixels = static_cast<std::size_t>(raw.width) * static_cast<std::size_t>(raw.height);
  const std::string header = std::string(raw.channels == 1 ? "P5 " : "P6 ") +
                             std::to_string(raw.width) + " " + std::to_string(raw.height) +
                             " 255\n";
  const auto text = std::as_bytes(std::span(header));
  std::vector<std::byte> bytes(text.begin(), text.end());
  const auto channels = static_cast<std::size_t>(raw.channels);
  const auto data = std::span(*raw.bytes).subspan(raw.offset, pixels * channels);
  for (std::size_t i = 0; i < pixels; ++i)
    for (std::size_t c = 0; c < channels; ++c) bytes.push_back(data[c * pixels + i]);
  return bytes;
}

}  // namespace

bool is_tar(const std::string& path) {
  if (!fs::is_regular_file(path)) return false;
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                      archive_read_free);
  archive_entry* entry = nullptr;
  return archive_read_support_format_tar(reader.get()) == ARCHIVE_OK &&
         archive_read_open_filename(reader.get(), path.c_str(), kBlockBytes) == ARCHIVE_OK &&
         is_entry(archive_read_next_header(reader.get(), &entry));
}

bool is_image_file(const std::string& path) {
  return fs::is_regular_file(path) && cv::haveImageReader(path);
}

std::vector<ImageFile> list_images(const std::string& input) {
  std::vector<ImageFile> files = fs::is_directory(input) ? list_folder(input)
                                 : is_tar(input)         ? list_tar(input)
                                                 : std::vector<ImageFile>{{input, input, -1}};
  if (files.empty())
    throw Error(ErrorKind::kFormat, input, "holds no images",
                "JPEG, PNG, BMP, WebP, TIFF, PPM and JPEG 2000 are read; name videos one by one");
  std::sort(files.begin(), files.end(),
            [](const ImageFile& a, const ImageFile& b) { return a.name < b.name; });
  return files;
}

std::vector<std::byte> read_image_file(const ImageFile& file) {
  if (!file.tiles.empty()) {
    std::vector<std::byte> all;
    for (const ImageFile& tile : file.tiles) {
      const std::vector<std::byte> bytes = read_image_file(tile);
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
  }
  if (file.raw) return portable_map(*file.raw);
  if (file.entry_offset >= 0) return read_entry(file);
  std::error_code failure;
  if (fs::file_size(file.path, failure) > kMaxImageBytes && !failure)
    throw Error(ErrorKind::kFormat, file.path, "is too large for an image");
  return read_file(file.path);
}

}  // namespace novelty
