// SPDX-License-Identifier: Apache-2.0
// Probes a network's features.
#include "feature_probe.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "engine/backend.h"
#include "image/preprocess.h"
#include "interrupt.h"
#include "metrics.h"
#include "novelty/error.h"
#include "picture.h"
#include "scoring/picture_density.h"
#include "trainer/run.h"

namespace novelty {
namespace {

constexpr std::size_t kLearnt = 100;  // images a class
constexpr std::size_t kJudged = 50;
constexpr std::size_t kVotes = 10;
constexpr int kBatch = 8;

/// Summaries of images, and the class of each.
struct Summaries {
  std::size_t size = 0;       // of one
  std::vector<float> values;  // [images, size]
  std::vector<std::size_t> classes;

  std::span<const float> row(std::size_t image) const {
    return std::span(values).subspan(image * size, size);
  }
};

class Summariser {
 public:
  Summariser(const std::vector<std::byte>& network, int threads)
      : file_(SafetensorsFile::parse(network, "network")) {
    NetworkView view;
    view.config = infer_vit_config(file_.tensors());
    for (const auto& [name, shape] : vit_tensor_shapes(view.config))
      view.tensors[name] = file_.at(name);
    config_ = view.config;
    teacher_ = backend_in("fp32").make_teacher(view, {.threads = resolved_threads(threads)});
  }

  Summaries of(const ImagesByClass& images) {
    Summaries all;
    all.size = 2 * static_cast<std::size_t>(config_.width);
    std::size_t index = 0;
    for (const auto& [name, files] : images) {
      for (const ImageFile& file : files) {
        throw_if_interrupted();
        const Picture picture = decode_picture(read_image_file(file), file.name);
        preprocess(picture.view(), config_.input_size, config_.patch_size, scratch_, patches_);
        batch_.insert(batch_.end(), patches_.begin(), patches_.end());
        all.classes.push_back(index);
        if (++waiting_ == kBatch) flush(all);
      }
      ++index;
    }
    flush(all);
    return all;
  }

 private:
  void flush(Summaries& all) {
    if (waiting_ == 0) return;
    const auto places = static_cast<std::size_t>(config_.patch_count());
    const auto width = static_cast<std::size_t>(config_.width);
    tokens_.resize(static_cast<std::size_t>(waiting_) * places * width);
    cls_.resize(static_cast<std::size_t>(waiting_) * width);
    attention_.resize(static_cast<std::size_t>(waiting_) * places);
    teacher_->features(batch_, waiting_, {tokens_, attention_, cls_});
    for (int i = 0; i < waiting_; ++i) {
      const auto tokens =
          std::span(tokens_).subspan(i * (1 + places) * width, (1 + places) * width);
      const auto summary = summary_of(tokens.first(width), tokens.subspan(width));
      all.values.insert(all.values.end(), summary.begin(), summary.end());
    }
    batch_.clear();
    waiting_ = 0;
  }

  SafetensorsFile file_;
  VitConfig config_;
  std::unique_ptr<Teacher> teacher_;
  PreprocessScratch scratch_;
  std::vector<float> patches_, batch_, tokens_, attention_, cls_;
  int waiting_ = 0;  // images in `batch_`
};

std::size_t voted_class(const Summaries& learnt, std::span<const float> summary,
                        std::size_t classes) {
  std::vector<std::pair<float, std::size_t>> near;
  for (std::size_t i = 0; i < learnt.classes.size(); ++i) {
    const auto other = learnt.row(i);
    near.emplace_back(-std::inner_product(other.begin(), other.end(), summary.begin(), 0.0F),
                      learnt.classes[i]);
  }
  const std::size_t votes = std::min(kVotes, near.size());
  std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(votes), near.end());
  std::vector<std::size_t> counts(classes);
  for (std::size_t i = 0; i < votes; ++i) ++counts.at(near[i].second);
  return static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

double knn_accuracy(const Summaries& learnt, const Summaries& judged, std::size_t classes) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < judged.classes.size(); ++i)
    right += voted_class(learnt, judged.row(i), classes) == judged.classes[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(judged.classes.size());
}

double auroc_of_class(const Summaries& learnt, const Summaries& judged, std::size_t own) {
  std::vector<float> rows;
  for (std::size_t i = 0; i < learnt.classes.size(); ++i)
    if (learnt.classes[i] == own)
      rows.insert(rows.end(), learnt.row(i).begin(), learnt.row(i).end());
  const PictureDensity density = fit_picture_density(rows, learnt.size);
  std::vector<double> scores;
  std::vector<std::uint8_t> novel;
  for (std::size_t i = 0; i < judged.classes.size(); ++i) {
    scores.push_back(picture_distance(density, judged.row(i)));
    novel.push_back(judged.classes[i] == own ? 0 : 1);
  }
  return auroc(scores, novel).value();
}

}  // namespace

FeatureProbe::FeatureProbe(const std::string& data) : data_(read_class_data(data)) {
  hold_out(data_, kJudged);
  for (auto& [name, files] : data_.train) files.resize(std::min(files.size(), kLearnt));
}

ProbeResult FeatureProbe::measure(const std::vector<std::byte>& network, int threads) const {
  Summariser summariser(network, threads);
  const Summaries learnt = summariser.of(data_.train), judged = summariser.of(data_.test);
  const std::size_t classes = data_.train.size();
  ProbeResult result;
  result.knn_accuracy = knn_accuracy(learnt, judged, classes);
  for (std::size_t own = 0; own < classes; ++own)
    result.auroc += auroc_of_class(learnt, judged, own) / static_cast<double>(classes);
  return result;
}

}  // namespace novelty
