// SPDX-License-Identifier: Apache-2.0
// What was measured on drawn work cells, as tables.
#include "cell_report.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <set>

#include "cell_seed.h"
#include "metrics.h"

namespace novelty::bench {
namespace {

using Json = nlohmann::ordered_json;
using Choice = std::function<bool(const Json&)>;

std::string text(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

/// Counts and means over the visits that a choice takes.
class Visits {
 public:
  explicit Visits(const std::vector<Json>& seeds) {
    for (const Json& seed : seeds)
      for (const Json& visit : seed.at("visits")) all_.push_back(visit);
  }

  std::string found(const std::string& row, const Choice& choice) const {
    std::size_t found = 0, count = 0;
    for (const Json& visit : all_) {
      if (!choice(visit)) continue;
      ++count;
      found += visit.at("found").at(row).get<bool>() ? 1 : 0;
    }
    return std::to_string(found) + " of " + std::to_string(count);
  }

  std::set<std::string> kinds() const {
    std::set<std::string> kinds;
    for (const Json& visit : all_) kinds.insert(visit.at("kind").get<std::string>());
    return kinds;
  }

  /// The mean over all visits; `key`: a number or a flag.
  double mean(const char* key) const {
    double sum = 0;
    for (const Json& visit : all_) {
      const Json& value = visit.at(key);
      sum += value.is_boolean() ? (value.get<bool>() ? 1 : 0) : value.get<double>();
    }
    return sum / static_cast<double>(std::max<std::size_t>(1, all_.size()));
  }

 private:
  std::vector<Json> all_;
};

bool is_absent(const Json& visit) {
  return visit.at("kind") == "absent";
}

/// A foreign object of `key` in [low, high).
Choice object_between(const char* key, double low, double high) {
  return [=](const Json& visit) {
    const double value = visit.at(key);
    return !is_absent(visit) && value >= low && value < high;
  };
}

struct Group {
  std::string title;
  Choice choice;
};

std::vector<Group> groups(const Visits& visits) {
  std::vector<Group> all{
      {"all", [](const Json&) { return true; }},
      {"inside moving parts", [](const Json& visit) { return visit.at("moving").get<bool>(); }},
      {"elsewhere", [](const Json& visit) { return !visit.at("moving").get<bool>(); }},
      {"objects of 1 to 2.5 % of the picture", object_between("area", 0, 0.025)},
      {"objects of 2.5 to 6 %", object_between("area", 0.025, 0.06)},
      {"objects of 6 to 15 %", object_between("area", 0.06, 1)},
      {"objects of a contrast of 10 to 15 %", object_between("contrast", 0, 0.15)},
      {"objects of 15 to 25 %", object_between("contrast", 0.15, 0.25)},
      {"objects of over 25 %", object_between("contrast", 0.25, 9)},
  };
  for (const std::string& kind : visits.kinds())
    all.push_back({kind, [kind](const Json& visit) { return visit.at("kind") == kind; }});
  return all;
}

double sum_of(const std::vector<Json>& seeds, const std::string& row, const char* key) {
  double sum = 0;
  for (const Json& seed : seeds) sum += seed.at("rows").at(row).at(key).get<double>();
  return sum;
}

/// A row of a table.
std::string line_of(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line.append(" ").append(cell).append(" |");
  return line.append("\n");
}

std::string head_of(const std::vector<std::string>& cells) {
  return line_of(cells).append(line_of(std::vector<std::string>(cells.size(), "---")));
}

std::string rate_text(double alarms, double hours) {
  const CountInterval rate = poisson_interval(static_cast<std::size_t>(alarms), 0.95);
  std::string rates = text("%.0f", alarms / hours);
  return rates.append(" (")
      .append(text("%.0f", rate.low / hours))
      .append(" to ")
      .append(text("%.0f)", rate.high / hours));
}

std::string rows_table(const std::vector<Json>& seeds, const Visits& visits) {
  const auto count = static_cast<double>(seeds.size());
  const double hours = count * kCellNormalS / 3600;
  std::string table =
      head_of({"row", "found", text("false events in %.1f min", hours * 60), "an hour (95 %)",
               "false events between visits", "normal frames in events"});
  for (const auto& [row, facts] : seeds.front().at("rows").items()) {
    const double alarms = sum_of(seeds, row, "false_in_normal");
    table += line_of({facts.at("title").get<std::string>(),
                      visits.found(row, [](const Json&) { return true; }), text("%.0f", alarms),
                      rate_text(alarms, hours), text("%.0f", sum_of(seeds, row, "false_between")),
                      text("%.1f %%", 100 * sum_of(seeds, row, "normal_in_events") / count)});
  }
  return table;
}

std::string groups_table(const std::vector<Json>& seeds, const Visits& visits) {
  const Json& rows = seeds.front().at("rows");
  std::vector<std::string> head{"visits found"};
  for (const auto& [row, facts] : rows.items())
    head.push_back(facts.at("title").get<std::string>());
  std::string table = head_of(head);
  for (const Group& group : groups(visits)) {
    std::vector<std::string> cells{group.title};
    for (const auto& [row, facts] : rows.items()) cells.push_back(visits.found(row, group.choice));
    table += line_of(cells);
  }
  return table;
}

}  // namespace

std::string cell_tables(const std::vector<Json>& seeds) {
  const Visits visits(seeds);
  double auroc = 0;
  for (const Json& seed : seeds) auroc += seed.at("pixel_auroc").get<double>();
  return rows_table(seeds, visits) + "\n" + groups_table(seeds, visits) +
         "\nPixel AUROC of the map over the novel frames, mean of the seeds: " +
         text("%.3f", auroc / static_cast<double>(seeds.size())) +
         ". At each visit's highest score: centre of the highest patch in the mask " +
         text("%.0f %%", 100 * visits.mean("pointed")) + ", any part of it " +
         text("%.0f %%", 100 * visits.mean("touched")) +
         ", mean IoU of the most novel region's box with the mask's " +
         text("%.2f", visits.mean("iou")) + ".\n";
}

}  // namespace novelty::bench
