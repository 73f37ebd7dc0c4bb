// SPDX-License-Identifier: Apache-2.0
// The recent past of an encoded stream, from which a clip can begin at a key frame.
#include "record_ring.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace novelty {
namespace {

bool is_key(const RecordUnit& unit) {
  return unit.key;
}

std::size_t size_of(const RecordUnit& unit) {
  return gst_buffer_get_size(unit.buffer.get());
}

}  // namespace

void RecordRing::push(RecordUnit unit) {
  unit.number = next_number_++;
  if (units_.empty() && !unit.key) return;
  bytes_ += size_of(unit);
  units_.push_back(std::move(unit));
  while (!units_.empty() && bytes_ > max_bytes_) drop_group();
}

void RecordRing::trim(std::int64_t from_ns) {
  while (second_group_reaches(from_ns)) drop_group();
}

void RecordRing::clear() {
  units_.clear();
  bytes_ = 0;
}

std::optional<std::uint64_t> RecordRing::start_at(std::int64_t running_ns) const {
  if (units_.empty()) return std::nullopt;
  const auto found = std::find_if(units_.rbegin(), units_.rend(), [&](const RecordUnit& unit) {
    return unit.key && unit.time.running_ns <= running_ns;
  });
  return found == units_.rend() ? units_.front().number : found->number;
}

const RecordUnit* RecordRing::key_after_or_null(std::int64_t running_ns) const {
  const auto found = std::find_if(units_.begin(), units_.end(), [&](const RecordUnit& unit) {
    return unit.key && unit.time.running_ns > running_ns;
  });
  return found == units_.end() ? nullptr : &*found;
}

std::vector<RecordUnit> RecordRing::group_up_to(std::int64_t running_ns) const {
  if (units_.empty()) return {};
  const auto distance = [&](const RecordUnit& unit) {
    return std::abs(unit.time.running_ns - running_ns);
  };
  const auto last = std::min_element(
      units_.begin(), units_.end(),
      [&](const RecordUnit& a, const RecordUnit& b) { return distance(a) < distance(b); });
  const auto key = std::find_if(std::make_reverse_iterator(std::next(last)), units_.rend(), is_key);
  return {key == units_.rend() ? units_.begin() : std::prev(key.base()), std::next(last)};
}

const RecordUnit* RecordRing::find_or_null(std::uint64_t number) const {
  if (units_.empty() || number < units_.front().number) return nullptr;
  const std::uint64_t at = number - units_.front().number;
  return at < units_.size() ? &units_[static_cast<std::size_t>(at)] : nullptr;
}

void RecordRing::drop_group() {
  do {
    bytes_ -= size_of(units_.front());
    units_.pop_front();
  } while (!units_.empty() && !units_.front().key);
}

bool RecordRing::second_group_reaches(std::int64_t running_ns) const {
  if (units_.empty()) return false;
  const auto second = std::find_if(std::next(units_.begin()), units_.end(), is_key);
  return second != units_.end() && second->time.running_ns <= running_ns;
}

}  // namespace novelty
