// SPDX-License-Identifier: Apache-2.0
// What simple rankings by the teacher's features make of the images of an evaluation.
#include "class_baselines.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>

#include "base/file.h"
#include "class_evaluation.h"
#include "class_images.h"
#include "engine/loader.h"
#include "feature_distances.h"
#include "interrupt.h"
#include "metrics.h"
#include "mosaic.h"
#include "scoring/picture_density.h"
#include "trainer/run.h"
#include "trainer/teacher.h"

namespace novelty {
namespace {

constexpr std::size_t kBatch = 16;

// [images, width], rows of length 1.
using Rows = std::vector<float>;

// Of images: [CLS], mean patch token, and both one after the other.
struct Features {
  Rows cls, mean, both;

  void append(const Features& more) {
    for (const auto part : {&Features::cls, &Features::mean, &Features::both})
      (this->*part).insert((this->*part).end(), (more.*part).begin(), (more.*part).end());
  }
};

class FeatureMaker {
 public:
  explicit FeatureMaker(const ClassOptions& options)
      : teacher_(load_teacher(options.teacher_path, options.input_size)) {
    // The file has no ranges for int8.
    const std::string precision = options.precision == "int8" ? "fp32" : options.precision;
    const EngineOptions engine{.threads = resolved_threads(0), .precision = precision};
    network_ = backend_in(precision).make_teacher(teacher_.network, engine);
  }

  std::size_t width() const { return static_cast<std::size_t>(teacher_.network.config.width); }

  // visit(images) after each batch.
  template <class Visit>
  Features of(std::span<const ImageFile* const> images, const Visit& visit) {
    Features features;
    for (; !images.empty(); images = images.subspan(std::min(kBatch, images.size()))) {
      throw_if_interrupted();
      const auto batch = images.first(std::min(kBatch, images.size()));
      add(batch, features);
      visit(batch.size());
    }
    return features;
  }

 private:
  void add(std::span<const ImageFile* const> batch, Features& features) {
    const VitConfig& config = teacher_.network.config;
    const std::size_t w = width(), patches = static_cast<std::size_t>(config.patch_count());
    tokens_.resize(batch.size() * patches * w);
    attention_.resize(batch.size() * patches);
    cls_.resize(batch.size() * w);
    network_->features(prepared_images(batch, config), static_cast<int>(batch.size()),
                       {tokens_, attention_, cls_});
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Rows both = summary_of(std::span(cls_).subspan(i * w, w),
                                   std::span(tokens_).subspan(i * patches * w, patches * w));
      const auto middle = both.begin() + static_cast<std::ptrdiff_t>(w);
      features.append({{both.begin(), middle}, {middle, both.end()}, both});
    }
  }

  TeacherWeights teacher_;
  std::unique_ptr<Teacher> network_;
  std::vector<float> tokens_, attention_, cls_;
};

struct Way {
  const char* name;
  const char* title;
  std::vector<double> (*distances)(const FeatureRows&, const FeatureRows&);
  Rows Features::*part;
  std::size_t widths;  // of a token in a row
};

constexpr Way kWays[] = {
    {"knn-cls", "k-NN, [CLS]", neighbour_distances, &Features::cls, 1},
    {"knn-mean", "k-NN, mean patch token", neighbour_distances, &Features::mean, 1},
    {"mahalanobis-cls", "Mahalanobis, [CLS]", mahalanobis_distances, &Features::cls, 1},
    {"mahalanobis-mean", "Mahalanobis, mean patch token", mahalanobis_distances, &Features::mean,
     1},
    {"mahalanobis-both", "Mahalanobis, both", mahalanobis_distances, &Features::both, 2}};

// What models are trained on, of each class that any of them takes as normal.
std::map<std::string, std::vector<const ImageFile*>> training_images(const ClassOptions& options,
                                                                     const ClassData& data) {
  std::map<std::string, std::vector<const ImageFile*>> images;
  for (const ClassTask& task : options.tasks) {
    for (const std::string& name : task.normal) {
      auto& own = images[name];
      const auto& all = data.train.at(name);
      for (std::size_t i = own.size(); i < std::min(all.size(), options.train_count); ++i)
        own.push_back(&all[i]);
    }
  }
  return images;
}

std::vector<ClassBaseline> computed(const ClassOptions& options, const ClassData& data,
                                    Progress& progress) {
  const auto training = training_images(options, data);
  std::vector<const ImageFile*> tests;
  std::vector<std::string> classes;
  for (const auto& [name, files] : data.test) {
    std::transform(files.begin(), files.end(), std::back_inserter(tests),
                   [](const ImageFile& file) { return &file; });
    classes.resize(tests.size(), name);
  }
  std::size_t done = 0, total = tests.size();
  for (const auto& [name, images] : training) total += images.size();
  const auto show = [&](std::size_t count) { progress.show("baselines", done += count, total); };
  FeatureMaker maker(options);
  std::map<std::string, Features> learnt;
  for (const auto& [name, images] : training) learnt[name] = maker.of(images, show);
  const Features test = maker.of(tests, show);
  std::vector<ClassBaseline> baselines;
  for (const Way& way : kWays) baselines.push_back({way.name, way.title, {}});
  for (const ClassTask& task : options.tasks) {
    Features normal;
    for (const std::string& name : task.normal) normal.append(learnt.at(name));
    std::vector<std::uint8_t> novel;
    for (const std::string& name : classes)
      if (task.counts(name)) novel.push_back(task.is_novel(name) ? 1 : 0);
    for (std::size_t i = 0; i < std::size(kWays); ++i) {
      throw_if_interrupted();
      const Way& way = kWays[i];
      const std::size_t width = way.widths * maker.width();
      const auto all = way.distances({normal.*way.part, width}, {test.*way.part, width});
      std::vector<double> scores;
      for (std::size_t k = 0; k < all.size(); ++k)
        if (task.counts(classes[k])) scores.push_back(all[k]);
      baselines[i].auroc.push_back(auroc(scores, novel).value());
    }
  }
  progress.finish();
  return baselines;
}

/// What the figures are of: with anything else they are other figures.
std::string key_of(const ClassOptions& options, const ClassData& data) {
  nlohmann::json key{{"data", std::filesystem::path(options.data).filename().string()},
                     {"teacher", options.teacher_sha256},
                     {"input_size", options.input_size},
                     {"protocol", options.protocol},
                     {"precision", options.precision},
                     {"train_count", options.train_count},
                     {"holdout", options.holdout},
                     {"seed", is_mosaic(options.protocol) ? options.seed : 0},
                     {"tasks", nlohmann::json::array()},
                     {"tests", nlohmann::json::object()}};
  for (const ClassTask& task : options.tasks) key["tasks"].push_back(task.name);
  for (const auto& [name, files] : data.test) key["tests"][name] = files.size();
  return key.dump();
}

/// Those of a run before; none when they are of something else or the file is damaged.
std::vector<ClassBaseline> kept(const std::string& path, const std::string& key,
                                std::size_t tasks) {
  std::vector<ClassBaseline> baselines;
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return baselines;
  const auto bytes = read_file(path);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto file = nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
  if (!file.is_object() || !file.contains("of") || file["of"] != key) return baselines;
  if (!file.contains("auroc") || !file["auroc"].is_object()) return baselines;
  for (const Way& way : kWays) {
    const auto figures = file["auroc"].value(way.name, nlohmann::json());
    if (!figures.is_array() || figures.size() != tasks) return {};
    ClassBaseline& one = baselines.emplace_back(ClassBaseline{way.name, way.title, {}});
    for (const auto& figure : figures) {
      if (!figure.is_number()) return {};
      one.auroc.push_back(figure.get<double>());
    }
  }
  return baselines;
}

void keep(const std::string& path, const std::string& key,
          const std::vector<ClassBaseline>& baselines) {
  nlohmann::json file{{"of", key}};
  for (const ClassBaseline& one : baselines) file["auroc"][one.name] = one.auroc;
  const std::string text = file.dump() + "\n";
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace

double ClassBaseline::mean() const {
  return std::accumulate(auroc.begin(), auroc.end(), 0.0) / static_cast<double>(auroc.size());
}

std::vector<ClassBaseline> class_baselines(const ClassOptions& options, const ClassData& data,
                                           Progress& progress) {
  const std::string path = (std::filesystem::path(options.out) / "baselines.json").string();
  const std::string key = key_of(options, data);
  std::vector<ClassBaseline> baselines = kept(path, key, options.tasks.size());
  if (!baselines.empty()) return baselines;
  baselines = computed(options, data, progress);
  keep(path, key, baselines);
  return baselines;
}

}  // namespace novelty
