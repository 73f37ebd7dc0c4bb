// SPDX-License-Identifier: Apache-2.0
// The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes.
#include "base/safetensors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/half.h"
#include "base/json.h"
#include "novelty/error.h"

namespace novelty {
namespace {

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kHeaderLimit = 100'000'000;  // the format's own
constexpr std::size_t kRankLimit = 8;
constexpr const char* kMetadataKey = "__metadata__";

struct DTypeRow {
  DType dtype;
  const char* name;
  std::size_t size;
};
constexpr std::array<DTypeRow, 7> kDTypes{{{DType::kF32, "F32", 4},
                                           {DType::kF16, "F16", 2},
                                           {DType::kBf16, "BF16", 2},
                                           {DType::kI64, "I64", 8},
                                           {DType::kI32, "I32", 4},
                                           {DType::kI8, "I8", 1},
                                           {DType::kU8, "U8", 1}}};

const DTypeRow& row_of(DType dtype) {
  return *std::find_if(kDTypes.begin(), kDTypes.end(),
                       [&](const DTypeRow& row) { return row.dtype == dtype; });
}

/// One tensor while its header entry is being read.
class Entry {
 public:
  Entry(const std::string& where, const std::string& name, const json& fields)
      : where_(where), name_(name), fields_(fields) {
    if (!fields.is_object() || fields.size() != 3) refuse("needs dtype, shape and data_offsets");
  }

  /// data: all tensor bytes of the file. Offsets are put out for the check that they tile it.
  TensorView view(std::span<const std::byte> data, std::size_t& begin, std::size_t& end) const {
    TensorView tensor;
    tensor.dtype = dtype();
    const std::vector<std::size_t> shape = numbers("shape");
    if (shape.size() > kRankLimit) refuse("has too many dimensions");
    const std::vector<std::size_t> offsets = numbers("data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size()) {
      refuse("lies outside the file: is the file truncated?");
    }
    begin = offsets[0], end = offsets[1];
    if (bytes_of(shape, dtype_size(tensor.dtype)) != end - begin) {
      refuse("has a shape that does not fit its data");
    }
    tensor.shape.assign(shape.begin(), shape.end());
    tensor.data = data.subspan(begin, end - begin);
    return tensor;
  }

 private:
  DType dtype() const {
    const json& field = at("dtype");
    const std::string name = field.is_string() ? field.get<std::string>() : field.dump();
    for (const DTypeRow& row : kDTypes) {
      if (name == row.name) return row.dtype;
    }
    refuse("has the unknown dtype " + name);
  }

  std::vector<std::size_t> numbers(const char* key) const {
    const json& field = at(key);
    std::vector<std::size_t> values;
    if (!field.is_array()) refuse(std::string(key) + " is not a list");
    for (const json& value : field) {
      if (!value.is_number_unsigned() ||
          value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
        refuse(std::string(key) + " holds what is not a size");
      }
      values.push_back(value.get<std::size_t>());
    }
    return values;
  }

  std::size_t bytes_of(const std::vector<std::size_t>& shape, std::size_t product) const {
    for (const std::size_t size : shape) {
      if (__builtin_mul_overflow(product, size, &product)) refuse("is impossibly large");
    }
    return product;
  }

  const json& at(const char* key) const {
    const auto found = fields_.find(key);
    if (found == fields_.end()) refuse(std::string("has no ") + key);
    return *found;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::kFormat, where_, "tensor \"" + name_ + "\" " + what);
  }

  const std::string& where_;
  const std::string& name_;
  const json& fields_;
};

[[noreturn]] void refuse_file(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::kFormat, where, "not a safetensors file: " + what);
}

/// The header's length, when `bytes` (9 or more) can be a start of a file of `file_size` bytes.
std::size_t header_length(std::span<const std::byte> bytes, const std::string& where) {
  if (bytes.empty()) refuse_file(where, "it is empty");
  if (bytes.size() <= kLengthBytes) refuse_file(where, "it is too short");
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) {
    length = length << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  if (length < 2 || length > kHeaderLimit || bytes[kLengthBytes] != std::byte{'{'}) {
    refuse_file(where, "it does not begin like one");
  }
  return length;
}

std::map<std::string, std::string> metadata_of(const json& object, const std::string& where) {
  if (!object.is_object()) refuse_file(where, "its metadata is not a map");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string()) refuse_file(where, "its metadata \"" + key + "\" is not text");
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

using Extents = std::vector<std::pair<std::size_t, std::size_t>>;

void check_tiling(Extents extents, std::size_t size, const std::string& where) {
  std::sort(extents.begin(), extents.end());
  std::size_t next = 0;
  for (const auto& [begin, end] : extents) {
    if (begin != next) refuse_file(where, "its tensors overlap or leave gaps");
    next = end;
  }
  if (next != size) refuse_file(where, "its end does not match its tensors");
}

template <typename Convert>
std::vector<float> convert_halves(const TensorView& tensor, Convert convert) {
  std::vector<float> values(tensor.data.size() / 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, tensor.data.data() + 2 * i, sizeof bits);
    values[i] = convert(bits);
  }
  return values;
}

std::vector<float> convert(const TensorView& tensor, const std::string& name) {
  if (tensor.dtype == DType::kF16) return convert_halves(tensor, half_to_float);
  if (tensor.dtype == DType::kBf16) return convert_halves(tensor, bfloat16_to_float);
  if (tensor.dtype != DType::kF32) {
    throw Error(ErrorKind::kFormat, name, "holds integers where numbers with fractions belong");
  }
  std::vector<float> values(tensor.data.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

}  // namespace

std::size_t dtype_size(DType dtype) {
  return row_of(dtype).size;
}

std::int64_t TensorView::element_count() const {
  return static_cast<std::int64_t>(data.size() / dtype_size(dtype));
}

SafetensorsFile SafetensorsFile::read(const std::string& path) {
  header_length(read_file(path, kLengthBytes + 1), path);  // before gigabytes of a video are read
  return parse(read_file(path), path);
}

SafetensorsFile SafetensorsFile::parse(std::vector<std::byte> bytes, const std::string& where) {
  SafetensorsFile file;
  file.where_ = where;
  file.bytes_ = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const std::span<const std::byte> all(*file.bytes_);
  const std::size_t length = header_length(all, where);
  if (length > all.size() - kLengthBytes) refuse_file(where, "its header is truncated");
  const auto header = all.subspan(kLengthBytes, length);
  const json object =
      parse_json({reinterpret_cast<const char*>(header.data()), header.size()}, where);
  const auto data = all.subspan(kLengthBytes + length);
  Extents extents;
  for (const auto& [name, fields] : object.items()) {
    if (name == kMetadataKey) {
      file.metadata_ = metadata_of(fields, where);
      continue;
    }
    auto& [begin, end] = extents.emplace_back();
    file.tensors_.emplace(name, Entry(where, name, fields).view(data, begin, end));
  }
  check_tiling(std::move(extents), data.size(), where);
  return file;
}

const TensorView& SafetensorsFile::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw Error(ErrorKind::kFormat, where_, "tensor \"" + name + "\" is missing");
  }
  return found->second;
}

std::vector<std::byte> serialize_safetensors(const TensorMap& tensors,
                                             const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t end = offset + tensor.data.size();
    header[name] = {{"dtype", row_of(tensor.dtype).name},
                    {"shape", tensor.shape},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::vector<std::byte> bytes;
  bytes.reserve(kLengthBytes + text.size() + offset);
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    bytes.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(text.size()) >> (8 * i)));
  }
  const auto characters = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), characters.begin(), characters.end());
  for (const auto& [name, tensor] : tensors) {
    bytes.insert(bytes.end(), tensor.data.begin(), tensor.data.end());
  }
  return bytes;
}

std::vector<float> to_floats(const TensorView& tensor, const std::string& name) {
  std::vector<float> values = convert(tensor, name);
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    throw Error(ErrorKind::kFormat, name, "holds a value that is not finite (NaN or infinity)");
  }
  return values;
}

TensorView view_of(std::span<const float> values, std::vector<std::int64_t> shape) {
  return {DType::kF32, std::move(shape), std::as_bytes(values)};
}

}  // namespace novelty
