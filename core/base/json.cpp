// SPDX-License-Identifier: Apache-2.0
// The limits a JSON text of an untrusted file is parsed under.
#include "base/json.h"

#include <set>
#include <vector>

#include "novelty/error.h"

namespace novelty {
namespace {

using nlohmann::json;

constexpr int kDepthLimit = 16;
constexpr std::size_t kValueLimit = 1'000'000;

/// Called by the parser for each piece; throws on what the parser itself would let pass.
class Guard {
 public:
  explicit Guard(const std::string& where) : where_(where) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    const bool object = event == json::parse_event_t::object_start;
    const bool nests = object || event == json::parse_event_t::array_start;
    if (nests && depth >= kDepthLimit) refuse("is nested too deeply");
    if (object) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event != json::parse_event_t::key && ++values_ > kValueLimit)
      refuse("holds too many values");
    if (event == json::parse_event_t::key) check_key(parsed.get_ref<const std::string&>());
    return true;
  }

 private:
  void check_key(const std::string& key) {
    if (!keys_.back().insert(key).second) refuse("has the key \"" + key + "\" twice");
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::kFormat, where_, "JSON " + what);
  }

  std::string where_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::size_t values_ = 0;
};

}  // namespace

json parse_json(std::string_view text, const std::string& where) {
  Guard guard(where);
  try {
    return json::parse(text.begin(), text.end(), std::ref(guard));
  } catch (const json::exception& e) {
    throw Error(ErrorKind::kFormat, where, std::string("not JSON: ") + e.what());
  }
}

}  // namespace novelty
