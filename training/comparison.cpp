// SPDX-License-Identifier: Apache-2.0
// Matches events by overlap in time.
#include "comparison.h"

#include <algorithm>

namespace novelty {
namespace {

struct Sided {
  const FoundEvent* event;
  bool after;
};

// The events of one input.
void match_input(std::vector<Sided> events, std::vector<EventMatch>& matches) {
  std::stable_sort(events.begin(), events.end(), [](const Sided& a, const Sided& b) {
    return a.event->event.begin_ns < b.event->event.begin_ns;
  });
  std::int64_t end_ns = 0;
  bool open = false;
  for (const auto& [event, after] : events) {
    if (!open || event->event.begin_ns > end_ns) {
      matches.emplace_back();
      end_ns = event->event.end_ns;
    }
    open = true;
    end_ns = std::max(end_ns, event->event.end_ns);
    (after ? matches.back().after : matches.back().before).push_back(event);
  }
}

// The inputs in the order of their first event.
std::vector<std::string> inputs_of(const std::vector<FoundEvent>& before,
                                   const std::vector<FoundEvent>& after) {
  std::vector<std::string> inputs;
  for (const auto* events : {&before, &after})
    for (const FoundEvent& found : *events)
      if (std::find(inputs.begin(), inputs.end(), found.input) == inputs.end())
        inputs.push_back(found.input);
  return inputs;
}

}  // namespace

std::vector<EventMatch> match_events(const std::vector<FoundEvent>& before,
                                     const std::vector<FoundEvent>& after) {
  std::vector<EventMatch> matches;
  for (const std::string& input : inputs_of(before, after)) {
    std::vector<Sided> events;
    for (const FoundEvent& found : before)
      if (found.input == input) events.push_back({&found, false});
    for (const FoundEvent& found : after)
      if (found.input == input) events.push_back({&found, true});
    match_input(std::move(events), matches);
  }
  return matches;
}

}  // namespace novelty
