// SPDX-License-Identifier: Apache-2.0
// Runs the teacher once, then every model's student, over a batch of pictures.
#include "trainer/shared_teacher.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "novelty/error.h"
#include "trainer/run.h"

namespace novelty {
namespace {

void check_model(const Bundle& model, const Bundle& first) {
  if (!scores_whole_pictures(model))
    throw Error(ErrorKind::kUnsupported, model.info.path, "does not score pictures as wholes",
                "train it with the preset semantic or paper");
  if (model.info.teacher_sha256 != first.info.teacher_sha256 ||
      model.teacher.config != first.teacher.config ||
      model.teacher.comparison != first.teacher.comparison)
    throw Error(ErrorKind::kUnsupported, model.info.path,
                "has another teacher than " + first.info.path + ", or is compared otherwise",
                "train both with the same teacher and options");
}

bool is_tuned(const Bundle& model) {
  return model.info.teacher_fine_tuning != "none";
}

double on_scale(const TermScale& scale, double value) {
  return (value - scale.start) / scale.scale;
}

}  // namespace

bool scores_whole_pictures(const Bundle& model) {
  return model.density.empty() && model.score.top_share == 1;
}

SharedTeacher::SharedTeacher(std::vector<Bundle> models, int threads, const std::string& precision)
    : models_(std::move(models)) {
  for (const Bundle& model : models_) check_model(model, models_.front());
  const Backend& backend = backend_in("fp32");
  const EngineOptions options{.threads = resolved_threads(threads), .precision = precision};
  const bool own = precision == "int8" || std::any_of(models_.begin(), models_.end(), is_tuned);
  for (const Bundle& model : models_) {
    if (teachers_.empty() || own) teachers_.push_back(backend.make_teacher(model.teacher, options));
    students_.push_back(backend.make_teacher(model.student, options));
  }
}

std::vector<PictureScore> SharedTeacher::score(std::span<const float> patches, int batch) {
  std::vector<PictureScore> scores(static_cast<std::size_t>(batch) * models_.size());
  for (std::size_t m = 0; m < models_.size(); ++m) {
    if (m < teachers_.size()) run_teacher(*teachers_[m], patches, batch);
    run(*students_[m], patches, batch, student_tokens_);
    normalise_tokens(comparison().norm, true, static_cast<std::size_t>(config().width),
                     student_tokens_, student_tokens_);
    for (std::size_t i = 0; i < summaries_.size(); ++i)
      scores[i * models_.size() + m] = score_of(models_[m], i, summaries_[i]);
  }
  return scores;
}

void SharedTeacher::run_teacher(Teacher& teacher, std::span<const float> patches, int batch) {
  const auto width = static_cast<std::size_t>(config().width);
  const std::size_t picture = picture_tokens() / layers();
  run(teacher, patches, batch, teacher_tokens_);
  summaries_.clear();
  std::vector<float> all(picture);
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i) {
    normalise_tokens(TokenNorm::kLength, false, width,
                     std::span(teacher_tokens_).subspan(i * picture_tokens(), picture), all);
    summaries_.push_back(summary_of(std::span(all).first(width), std::span(all).subspan(width)));
  }
  normalise_tokens(comparison().norm, false, width, teacher_tokens_, teacher_tokens_);
}

void SharedTeacher::run(Teacher& network, std::span<const float> patches, int batch,
                        std::vector<float>& out) const {
  out.resize(static_cast<std::size_t>(batch) * picture_tokens());
  network.tokens(patches, batch, out);
}

std::size_t SharedTeacher::picture_tokens() const {
  return layers() * (1 + static_cast<std::size_t>(config().patch_count())) *
         static_cast<std::size_t>(config().width);
}

double SharedTeacher::discrepancy_of(std::size_t picture) const {
  const auto width = static_cast<std::size_t>(config().width);
  const auto tokens = 1 + static_cast<std::size_t>(config().patch_count());
  double sum = 0;
  for (std::size_t row = 0; row < layers() * tokens; ++row) {
    if (row % tokens == 0) continue;  // [CLS]
    const std::size_t first = picture * picture_tokens() + row * width;
    sum += token_distance(comparison(), std::span(teacher_tokens_).subspan(first, width),
                          std::span(student_tokens_).subspan(first, width));
  }
  return sum / static_cast<double>(layers() * (tokens - 1));
}

PictureScore SharedTeacher::score_of(const Bundle& model, std::size_t picture,
                                     std::span<const float> summary) const {
  PictureScore result;
  result.discrepancy = on_scale(model.score.discrepancy, discrepancy_of(picture));
  if (!model.picture.empty())
    result.density = on_scale(model.score.picture, picture_distance(model.picture, summary));
  result.score = result.discrepancy + result.density;
  if (!std::isfinite(result.score))
    throw Error(ErrorKind::kFormat, model.info.path, "its networks give values that are not finite",
                "train it again");
  return result;
}

}  // namespace novelty
