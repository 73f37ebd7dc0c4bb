// SPDX-License-Identifier: Apache-2.0
// Writes the results of an evaluation of classes.
#include "class_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "footage.h"
#include "html_page.h"
#include "mosaic.h"
#include "published.h"
#include "svg_chart.h"
#include "trainer/source_facts.h"

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

Json figures_of(const ClassResult& row) {
  return {
      {"auroc", {{"score", row.score}, {"discrepancy", row.discrepancy}, {"density", row.density}}},
      {"auroc_deviation", row.score_deviation},
      {"average_precision", row.average_precision},
      {"fpr_at_95_tpr", row.false_positive_rate}};
}

/// With how far seeds differ, where there are several.
std::string score_text(const ClassResult& row, const ClassResults& results) {
  if (results.seeds.size() < 2) return percent(row.score);
  return percent(row.score) + " \u00b1 " + percent(row.score_deviation);
}

/// Said of the protocol in the report.
std::string protocol_text(const std::string& protocol) {
  if (protocol == "all-vs-one")
    return "All classes against one: a model of images of all classes but one";
  if (protocol == "half-vs-half")
    return "Half of the classes against the others: a model of images of one half";
  if (protocol == "mosaic-strict")
    return "Mosaics of four images: a model of mosaics of one class alone; normal are such, novel "
           "those of three images of the class and a foreign one";
  if (protocol == "mosaic-none")
    return "Mosaics of four images: a model of mosaics of one class alone; normal are such, novel "
           "those without any image of the class";
  if (protocol == "mosaic-any")
    return "Mosaics of four images: a model of mosaics with one to four images of a class; normal "
           "are such, novel those without any";
  if (protocol == "mvtec")
    return "Inspection: a model of good ones, which are normal; all defects are novel";
  return "One class against all: a model of images of one class alone";
}

std::string scored_text(const ClassOptions& options) {
  if (options.holdout == 0) return "test images";
  return "the last " + std::to_string(options.holdout) +
         " training images of each class, none of which was trained on";
}

std::string html_row(const ClassResult& row, const ClassResults& results) {
  std::string html =
      "<tr><td>" + escape(row.name) + "</td><td>" + score_text(row, results) + "</td>";
  for (const double area :
       {row.discrepancy, row.density, row.average_precision, row.false_positive_rate})
    html += "<td>" + percent(area) + "</td>";
  const auto count = [](std::size_t n) { return n == 0 ? std::string() : std::to_string(n); };
  for (const std::size_t n : {row.trained, row.normal, row.novel})
    html += "<td>" + count(n) + "</td>";
  return html + "</tr>";
}

/// AUROC of the simple rankings beside the score.
std::string baseline_table(const ClassResults& results) {
  std::string html =
      "<h2>Beside simple rankings</h2><p class=sub>AUROC in percent. The same images to learn "
      "from, "
      "by the features of the teacher as it comes: mean cosine distance to the two nearest, and "
      "Mahalanobis distance to the mean image.</p><table class=figures><tr><th><th>score";
  for (const ClassBaseline& baseline : results.baselines) html += "<th>" + escape(baseline.title);
  html += "</tr>";
  for (std::size_t i = 0; i <= results.classes.size(); ++i) {
    const bool is_mean = i == results.classes.size();
    const ClassResult row = is_mean ? results.mean() : results.classes[i];
    html += "<tr><td>" + escape(row.name) + "</td><td>" + percent(row.score) + "</td>";
    for (const ClassBaseline& baseline : results.baselines)
      html += "<td>" + percent(is_mean ? baseline.mean() : baseline.auroc[i]) + "</td>";
    html += "</tr>";
  }
  return html + "</table>";
}

/// The paper's figures, those of other networks than the teacher's faint.
std::string published_table(const PublishedTable& table, const ClassResults& results,
                            const ClassOptions& options) {
  const auto own = backbone_of(results.teacher_name);
  const auto cells = [&](const std::string& mean, const auto& of_task) {
    std::string html = "<td>" + escape(mean) + "</td>";
    for (const std::string& task : table.tasks) html += "<td>" + escape(of_task(task)) + "</td>";
    return html + "</tr>";
  };
  std::string html = "<h3>" + table.source +
                     "</h3><table class='figures ours'><tr><th><th>network<th>learnt by<th>mean";
  for (const std::string& task : table.tasks) html += "<th>" + escape(task);
  // half-vs-half has four tasks, whatever the classes.
  const std::size_t tasks =
      options.protocol == "half-vs-half" ? results.classes.size() : results.data_classes.size();
  const std::string part =
      results.classes.size() < tasks
          ? ", " + std::to_string(results.classes.size()) + " of " + std::to_string(tasks)
          : "";
  html += "</tr><tr><td>This run" + part + "</td><td>" +
          escape(own.value_or(results.teacher_name)) + "</td><td></td>" +
          cells(percent(results.mean().score), [&](const std::string& task) {
            const auto row = std::find_if(results.classes.begin(), results.classes.end(),
                                          [&](const ClassResult& one) { return one.name == task; });
            return row == results.classes.end() ? std::string("-") : percent(row->score);
          });
  for (const PublishedRow& row : table.rows) {
    html += std::string("<tr") + (own == row.backbone ? "" : " class=other") + "><td>" +
            escape(row.method) + "</td><td>" + escape(row.backbone) + "</td><td>" +
            escape(row.pre_training) + "</td>" + cells(row.mean, [&](const std::string& task) {
              const auto at = std::find(table.tasks.begin(), table.tasks.end(), task);
              return row.each.at(static_cast<std::size_t>(at - table.tasks.begin()));
            });
  }
  return html + "</table>";
}

/// Of mosaics: whether the patches say where the foreign one is.
std::string tile_table(const ClassResults& results) {
  std::string rows;
  for (const ClassResult& row : results.classes)
    if (row.tiles)
      rows += "<tr><td>" + escape(row.name) + "</td><td>" + percent(*row.tiles) + "</td></tr>";
  if (rows.empty()) return rows;
  return "<h2>Where the foreign image is</h2><p class=sub>AUROC in percent of the patches' mean "
         "value in each quarter of the novel mosaics, foreign quarters to be found.</p>"
         "<table class=figures><tr><th><th>quarters</tr>" +
         rows + "</table>";
}

/// Where images have masks: whether the maps say where the defects are.
std::string pixel_table(const ClassResults& results) {
  std::string rows;
  for (const ClassResult& row : results.classes)
    if (row.pixels)
      rows += "<tr><td>" + escape(row.name) + "</td><td>" + percent(row.pixels->auroc) +
              "</td><td>" + percent(row.pixels->aupro) + "</td></tr>";
  if (rows.empty()) return rows;
  return "<h2>Where it is novel</h2><p class=sub>In percent: AUROC of the pixels of all test "
         "images "
         "by the patches' values, brought bilinearly to the masks' pixels; and the mean overlap "
         "with each region, up to 30 % of the normal pixels (AUPRO).</p>"
         "<table class=figures><tr><th><th>pixel AUROC<th>AUPRO</tr>" +
         rows + "</table>";
}

std::string published(const ClassResults& results, const ClassOptions& options) {
  std::string html;
  for (const PublishedTable& table : published_tables(results.data_classes, options.protocol))
    html += published_table(table, results, options);
  if (html.empty()) return html;
  return "<h2>Beside the paper</h2><p class=sub>As printed in \u201cRedefining Normal\u201d (ACCV "
         "2024), <b>not rerun</b>; * marks what its authors reran. Faint: another network than "
         "this "
         "run's teacher. The paper trains on all images of a class; this run on " +
         std::to_string(options.train_count) + " at most, and scores " + scored_text(options) +
         ".</p>" + html;
}

std::string charts_of(const ClassResults& results) {
  std::string html = "<h2>Curves</h2><div class=grid>";
  for (const ClassResult& row : results.classes) {
    std::vector<double> found(row.roc.size());
    std::transform(row.roc.begin(), row.roc.end(), found.begin(),
                   [](double share) { return 100 * share; });
    const std::string title = row.name + ", AUROC " + percent(row.score);
    html +=
        chart_card("ROC: " + escape(title), line_chart({{"novel images found, %", "a", found}}, {},
                                                       "normal images flagged, %")) +
        chart_card("Scores: " + escape(row.name),
                   histogram({{"normal", "a", row.normal_scores}, {"novel", "b", row.novel_scores}},
                             {}, "score"));
  }
  return html + "</div>";
}

std::string confused(const ClassResults& results) {
  std::string html =
      "<h2>Most confused</h2><p class=sub>For each model the normal images with the highest scores "
      "and the novel ones with the lowest, as the networks saw them and with the anomaly "
      "map.</p>";
  for (const ClassResult& row : results.classes) {
    html += "<h3>" + escape(row.name) + "</h3><div class=pictures>";
    for (const ConfusedImage& image : row.confused)
      html += figure_of(image.frame, image.of_class + ", " + (image.novel ? "novel" : "normal"),
                        "score " + short_number(image.frame.score) + ", " + base_name(image.image));
    html += "</div>";
  }
  return html;
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
  for (const ClassResult& row : results.classes)
    if (row.pixels)
      table += "pixels, " + row.name + ": AUROC " + percent(row.pixels->auroc) + ", AUPRO " +
               percent(row.pixels->aupro) + "\n";
  for (const ClassResult& row : results.classes)
    if (row.tiles) table += "foreign tiles, " + row.name + ": " + percent(*row.tiles) + "\n";
  for (const ClassBaseline& baseline : results.baselines)
    table += "for comparison, mean of " + baseline.title + ": " + percent(baseline.mean()) + "\n";
  if (results.seeds.size() > 1)
    table += "mean score of " + std::to_string(results.seeds.size()) +
             " seeds: " + score_text(results.mean(), results) + "\n";
  return table;
}

std::string class_json(const ClassResults& results, const ClassOptions& options) {
  Json all{{"tool_version", NOVELTY_VERSION},
           {"data", std::filesystem::path(options.data).filename().string()},
           {"scored", options.holdout == 0 ? "test" : "held out of train"},
           {"protocol", options.protocol},
           {"holdout", options.holdout},
           {"train_count", options.train_count},
           {"preset", options.preset},
           {"fine_tuning", options.fine_tuning},
           {"seeds", results.seeds},
           {"teacher", results.teacher_name},
           {"teacher_sha256", options.teacher_sha256},
           {"input_size", options.input_size},
           {"training_s", results.training_s},
           {"scoring_s", results.scoring_s},
           {"warnings", results.warnings}};
  all["student"] = student_facts(options.training);
  all["mean_auroc"] = results.mean().score;
  for (const ClassResult& row : results.classes) {
    Json& one = all["classes"][row.name] = figures_of(row);
    if (row.tiles) one["auroc"]["tiles"] = *row.tiles;
    if (row.pixels) {
      one["pixel_auroc"] = row.pixels->auroc;
      one["aupro"] = row.pixels->aupro;
    }
    one["trained"] = row.trained;
    one["normal"] = row.normal;
    one["novel"] = row.novel;
    if (results.seeds.size() == 1) one["model"] = row.model_id;
    all["per_class"][row.name] = row.score;
  }
  all["mean"] = figures_of(results.mean());
  for (const ClassBaseline& baseline : results.baselines) {
    Json& one = all["baselines"][baseline.name];
    one["mean_auroc"] = baseline.mean();
    for (std::size_t i = 0; i < baseline.auroc.size(); ++i)
      one["per_class"][results.classes[i].name] = baseline.auroc[i];
  }
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string class_page(const ClassResults& results, const ClassOptions& options) {
  std::string html = "<p class=sub>teacher " + escape(results.teacher_name) + "</p>";
  if (results.untrained_teacher)
    html += "<p class=note><b>Untrained teacher: demonstration only.</b></p>";
  html += "<p class=sub>" + protocol_text(options.protocol) +
          ". All figures in percent, those of " + std::to_string(results.seeds.size()) +
          (results.seeds.size() == 1 ? " seed" : " seeds, \u00b1 their standard deviation") +
          (is_mosaic(options.protocol)
               ? ". Scored: "
               : "; what is normal to the model is normal, all other classes are novel. Scored: ") +
          scored_text(options) +
          ". No threshold; nothing is chosen by what is scored. <b>Score</b> is what the program "
          "flags by, discrepancy and density are its terms alone.</p><table "
          "class=figures><tr><th><th>AUROC of "
          "the score<th>of the discrepancy<th>of the density<th>AUPR<th>FPR at 95 % TPR"
          "<th>trained on<th>normal<th>novel</tr>";
  for (const ClassResult& row : rows_of(results)) html += html_row(row, results);
  html += "</table>";
  if (!results.baselines.empty()) html += baseline_table(results);
  html += tile_table(results) + pixel_table(results) + published(results, options) +
          charts_of(results) + confused(results);
  return html_page("Evaluation: " + options.protocol, html);
}

}  // namespace novelty
