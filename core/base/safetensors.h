// SPDX-License-Identifier: Apache-2.0
// Reads and writes the safetensors format: named tensors and a string map, nothing executable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace novelty {

enum class DType { kF32, kF16, kBf16, kI64, kI32, kI8, kU8 };

std::size_t dtype_size(DType dtype);

/// A tensor of a SafetensorsFile or of the caller: a view, row-major, contiguous, little-endian.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  ///< may be unaligned: read by memcpy

  std::int64_t element_count() const;
};

using TensorMap = std::map<std::string, TensorView>;

/// A parsed file in private memory: the file on disk is not touched after reading.
class SafetensorsFile {
 public:
  /// Reads and checks the whole file: header length and JSON, known dtypes, shapes without
  /// overflow, offsets in order without gap or overlap up to the file's end. Throws: Error
  /// (kNotFound, kRead, kFormat) naming the file and the tensor.
  static SafetensorsFile read(const std::string& path);

  /// The same from memory; `where` names it in errors.
  static SafetensorsFile parse(std::vector<std::byte> bytes, const std::string& where);

  const TensorMap& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  std::span<const std::byte> bytes() const { return *bytes_; }
  const std::string& where() const { return where_; }

  /// Throws: Error(kFormat) "tensor missing".
  const TensorView& at(const std::string& name) const;

 private:
  std::shared_ptr<const std::vector<std::byte>> bytes_;
  std::string where_;
  TensorMap tensors_;
  std::map<std::string, std::string> metadata_;
};

/// The file's bytes: tensors in the order of the map, header padded with spaces to 8 bytes.
/// Deterministic: equal arguments give equal bytes.
std::vector<std::byte> serialize_safetensors(const TensorMap& tensors,
                                             const std::map<std::string, std::string>& metadata);

/// The values as float32, whatever the dtype (kF32, kF16, kBf16).
/// Throws: Error(kFormat) for an integer tensor or a value that is not finite, naming `name`.
std::vector<float> to_floats(const TensorView& tensor, const std::string& name);

/// A float32 view over `values`, which must outlive it.
TensorView view_of(std::span<const float> values, std::vector<std::int64_t> shape);

}  // namespace novelty
