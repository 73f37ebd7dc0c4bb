// SPDX-License-Identifier: Apache-2.0
// Writes the results of an evaluation of classes.
#include "class_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "html_page.h"

namespace novelty {
namespace {

using Json = nlohmann::ordered_json;

/// AUROC in percent, as papers have it.
std::string percent(double area) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.2f", 100 * area);
  return text.data();
}

std::vector<ClassResult> rows_of(const ClassResults& results) {
  std::vector<ClassResult> rows = results.classes;
  rows.push_back(results.mean());
  return rows;
}

Json areas_of(const ClassResult& row) {
  return {{"score", row.score}, {"discrepancy", row.discrepancy}, {"density", row.density}};
}

std::string scored_text(const ClassOptions& options) {
  if (options.holdout == 0) return "test images";
  return "the last " + std::to_string(options.holdout) +
         " training images of each class, none of which was trained on";
}

std::string html_row(const ClassResult& row) {
  std::string html = "<tr><td>" + escape(row.name) + "</td>";
  for (const double area : {row.score, row.discrepancy, row.density})
    html += "<td>" + percent(area) + "</td>";
  const auto count = [](std::size_t n) { return n == 0 ? std::string() : std::to_string(n); };
  for (const std::size_t n : {row.trained, row.normal, row.novel})
    html += "<td>" + count(n) + "</td>";
  return html + "</tr>";
}

}  // namespace

std::string class_table(const ClassResults& results) {
  std::size_t width = 5;
  for (const ClassResult& row : results.classes) width = std::max(width, row.name.size());
  const auto line = [width](const std::string& name, const std::string& score,
                            const std::string& discrepancy, const std::string& density) {
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "  %6s  %11s  %7s\n", score.c_str(),
                  discrepancy.c_str(), density.c_str());
    return name + std::string(width - std::min(width, name.size()), ' ') + text.data();
  };
  std::string table = line("AUROC", "score", "discrepancy", "density");
  for (const ClassResult& row : rows_of(results))
    table += line(row.name, percent(row.score), percent(row.discrepancy), percent(row.density));
  return table;
}

std::string class_json(const ClassResults& results, const ClassOptions& options) {
  Json all{{"tool_version", NOVELTY_VERSION},
           {"data", std::filesystem::path(options.data).filename().string()},
           {"scored", options.holdout == 0 ? "test" : "held out of train"},
           {"holdout", options.holdout},
           {"train_count", options.train_count},
           {"seed", options.seed},
           {"teacher", results.teacher_name},
           {"teacher_sha256", options.teacher_sha256},
           {"training_s", results.training_s},
           {"scoring_s", results.scoring_s},
           {"warnings", results.warnings}};
  for (const ClassResult& row : results.classes)
    all["classes"][row.name] = {{"auroc", areas_of(row)},
                                {"model", row.model_id},
                                {"trained", row.trained},
                                {"normal", row.normal},
                                {"novel", row.novel}};
  all["mean"] = {{"auroc", areas_of(results.mean())}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string class_page(const ClassResults& results, const ClassOptions& options) {
  std::string html = "<p class=sub>teacher " + escape(results.teacher_name) + "</p>";
  if (results.untrained_teacher)
    html += "<p class=note><b>Untrained teacher: demonstration only.</b></p>";
  html +=
      "<p class=sub>One class against all: a model of images of one class alone, then AUROC in "
      "percent (ties half) of its image scores, the class normal and all others novel. Scored: " +
      scored_text(options) +
      ". No threshold; nothing is chosen by what is scored. <b>Score</b> is what the program flags "
      "by, the others are its terms alone.</p><table><tr><th>class<th>score<th>discrepancy"
      "<th>density<th>trained on<th>normal<th>novel</tr>";
  for (const ClassResult& row : rows_of(results)) html += html_row(row);
  return html_page("Evaluation: one class against all", html + "</table>");
}

}  // namespace novelty
