// SPDX-License-Identifier: Apache-2.0
// AUROC, Poisson intervals and what the literature does to scores, against scikit-learn and SciPy.
#include "metrics.h"

#include <gtest/gtest.h>

#include <array>

namespace novelty {
namespace {

using Flags = std::vector<std::uint8_t>;
using Values = std::vector<double>;

// from sklearn.metrics import roc_auc_score (1.9.1)
TEST(Auroc, CountsTiesHalf) {
  // roc_auc_score([0,0,1,1,0,1,1,0,0,1], [.1,.4,.4,.8,.35,.4,.9,.1,.5,.35])
  const Values scores{0.1, 0.4, 0.4, 0.8, 0.35, 0.4, 0.9, 0.1, 0.5, 0.35};
  EXPECT_NEAR(auroc(scores, Flags{0, 0, 1, 1, 0, 1, 1, 0, 0, 1}).value(), 0.78, 1e-12);
}

TEST(Auroc, IsThatOfManyTiedScores) {
  // roc_auc_score([int((5*i*i+i)%11<4) for i in range(60)], [(7*i*i+3*i)%17 for i in range(60)])
  Values scores;
  Flags novel;
  for (int i = 0; i < 60; ++i) {
    scores.push_back((7 * i * i + 3 * i) % 17);
    novel.push_back((5 * i * i + i) % 11 < 4 ? 1 : 0);
  }
  EXPECT_NEAR(auroc(scores, novel).value(), 0.513888888888889, 1e-12);
}

TEST(Auroc, KnowsItsLimits) {
  EXPECT_EQ(auroc(Values{1, 2, 3}, Flags{0, 0, 1}), 1.0);
  EXPECT_EQ(auroc(Values{3, 2, 1}, Flags{0, 0, 1}), 0.0);
  EXPECT_EQ(auroc(Values{1, 1, 1}, Flags{0, 1, 1}), 0.5);
  EXPECT_EQ(auroc(Values{1, 2}, Flags{1, 1}), std::nullopt);
  EXPECT_EQ(auroc(Values{1, 2}, Flags{0, 0}), std::nullopt);
  EXPECT_EQ(auroc({}, {}), std::nullopt);
}

// Of 200 scores with ties, a fifth of them novel.
struct Sample {
  Sample() {
    for (int i = 0; i < 200; ++i) {
      scores.push_back((37 * i * i + 11 * i) % 101 / 7.0 + (i % 5 == 0 ? 3 : 0));
      novel.push_back(i % 5 == 0 ? 1 : 0);
    }
  }
  Values scores;
  Flags novel;
};

// average_precision_score; the least fpr of roc_curve(..., drop_intermediate=False) with tpr >= .95
TEST(AveragePrecision, IsThatOfScikitLearn) {
  const Values scores{0.1, 0.4, 0.4, 0.8, 0.35, 0.4, 0.9, 0.1, 0.5, 0.35};
  const Flags novel{0, 0, 1, 1, 0, 1, 1, 0, 0, 1};
  EXPECT_NEAR(average_precision(scores, novel).value(), 0.7916666666666665, 1e-12);
  EXPECT_NEAR(false_positive_rate(scores, novel, 0.95).value(), 0.6, 1e-12);
  const Sample more;
  EXPECT_NEAR(average_precision(more.scores, more.novel).value(), 0.3928135662592037, 1e-12);
  EXPECT_NEAR(false_positive_rate(more.scores, more.novel, 0.95).value(), 0.84375, 1e-12);
}

// For each step the largest tpr of scikit-learn's roc_curve(..., drop_intermediate=False) whose fpr
// is not over it.
TEST(RocCurve, IsThatOfScikitLearn) {
  const Sample sample;
  const Values wanted{0.125, 0.35, 0.425, 0.475, 0.525, 0.625, 0.725, 0.875, 0.9, 1, 1};
  const auto curve = roc_curve(sample.scores, sample.novel, 10);
  ASSERT_TRUE(curve);
  ASSERT_EQ(curve->size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR((*curve)[i], wanted[i], 1e-12) << i;
}

TEST(RocCurve, KnowsItsLimits) {
  EXPECT_EQ(roc_curve(Values{1, 2, 3}, Flags{0, 0, 1}, 2), (Values{1, 1, 1}));
  EXPECT_EQ(roc_curve(Values{3, 2, 1}, Flags{0, 0, 1}, 2), (Values{0, 0, 1}));
  EXPECT_EQ(roc_curve(Values{1, 1}, Flags{0, 1}, 2), (Values{0, 0, 1})) << "one threshold for both";
  EXPECT_EQ(roc_curve(Values{1, 2}, Flags{1, 1}, 2), std::nullopt);
}

TEST(AveragePrecision, KnowsItsLimits) {
  EXPECT_EQ(average_precision(Values{1, 2, 3}, Flags{0, 0, 1}), 1.0);
  EXPECT_EQ(false_positive_rate(Values{1, 2, 3}, Flags{0, 0, 1}, 0.95), 0.0);
  EXPECT_EQ(average_precision(Values{1, 1, 1, 1}, Flags{0, 1, 1, 0}), 0.5);
  EXPECT_EQ(false_positive_rate(Values{1, 1, 1, 1}, Flags{0, 1, 1, 0}, 0.5), 1.0);
  EXPECT_EQ(average_precision(Values{1, 2}, Flags{0, 0}), std::nullopt);
  EXPECT_EQ(false_positive_rate(Values{1, 2}, Flags{1, 1}, 0.5), std::nullopt);
  EXPECT_EQ(average_precision({}, {}), std::nullopt);
}

// By a loop over all thresholds in Python, trapezoids, cut at a share of 0.3 of the normal pixels.
TEST(PixelFigures, AreThoseOfTheDefinition) {
  const std::vector<float> scores{
      0.1F,  1.3F,  -0.9F, 1.0F,  -0.3F, -0.3F, 1.9F,  0.2F,  0.0F,  0.7F,  1.9F,  0.8F,
      1.4F,  -0.2F, 0.4F,  0.4F,  -1.3F, -1.5F, -1.6F, -0.2F, -0.2F, -0.3F, 0.1F,  -1.3F,
      -0.1F, 0.2F,  0.8F,  -0.8F, -0.4F, -2.0F, 0.3F,  -1.4F, -0.6F, 1.1F,  -2.2F, 0.8F,
      0.3F,  -0.3F, 0.5F,  0.5F,  1.0F,  -0.2F, -0.6F, -0.6F, -1.0F, 0.0F,  -0.8F, 1.1F,
      -1.9F, -1.1F, -0.2F, -2.1F, 1.9F,  -2.4F, -0.3F, -0.5F, 1.7F,  -2.0F, 1.1F,  -0.7F};
  std::vector<std::uint32_t> region(scores.size());
  std::fill_n(region.begin() + 10, 6, 1U);
  std::fill_n(region.begin() + 30, 3, 2U);
  region[50] = 3;
  const auto figures = pixel_figures(scores, region);
  ASSERT_TRUE(figures);
  EXPECT_NEAR(figures->auroc, 0.643, 1e-12);
  EXPECT_NEAR(figures->aupro, 0.1259259259259259, 1e-12);
}

TEST(PixelFigures, KnowTheirLimits) {
  const std::vector<float> scores{1, 2, 3, 4};
  const auto perfect = pixel_figures(scores, std::vector<std::uint32_t>{0, 0, 1, 7});
  ASSERT_TRUE(perfect);
  EXPECT_NEAR(perfect->auroc, 1, 1e-12);
  EXPECT_NEAR(perfect->aupro, 1, 1e-12) << "a number without pixels is no region";
  EXPECT_FALSE(pixel_figures(scores, std::vector<std::uint32_t>{0, 0, 0, 0}));
  EXPECT_FALSE(pixel_figures(scores, std::vector<std::uint32_t>{1, 1, 2, 2}));
  EXPECT_FALSE(pixel_figures({}, {}));
}

TEST(PoissonInterval, IsTheExactOne) {
  struct Row {
    std::size_t count;
    double low, high;
  };
  // from scipy.stats import chi2 (1.17.1)
  // [(k, chi2.ppf(.025, 2*k)/2 if k else 0, chi2.ppf(.975, 2*k+2)/2) for k in (0,1,2,5,20,300)]
  for (const Row& row : {Row{0, 0.0, 3.6888794541139354},
                         {1, 0.025317807984289876, 5.571643390938898},
                         {2, 0.24220927854396496, 7.22468766772396},
                         {5, 1.6234863901184207, 11.66833207932267},
                         {20, 12.216519585403944, 30.8883779026746},
                         {300, 267.00927523296633, 335.94112555257067}}) {
    const CountInterval interval = poisson_interval(row.count, 0.95);
    EXPECT_NEAR(interval.low, row.low, 1e-9 * row.high) << row.count;
    EXPECT_NEAR(interval.high, row.high, 1e-9 * row.high) << row.count;
  }
  // chi2.ppf(.05, 6)/2, chi2.ppf(.95, 8)/2
  EXPECT_NEAR(poisson_interval(3, 0.9).low, 0.8176914471639534, 1e-9);
  EXPECT_NEAR(poisson_interval(3, 0.9).high, 7.753656527932725, 1e-9);
}

TEST(SmoothCentred, LooksBothWaysAndStopsAtTheEnds) {
  EXPECT_EQ(smooth_centred(Values{0, 0, 6, 0, 0}, 1), (Values{0, 2, 2, 2, 0}));
  EXPECT_EQ(smooth_centred(Values{4, 0, 0}, 1), (Values{2, 4.0 / 3, 0}));
  EXPECT_EQ(smooth_centred(Values{1, 2}, 0), (Values{1, 2}));
  EXPECT_EQ(smooth_centred(Values{1, 2, 6}, 9), (Values{3, 3, 3}));
  EXPECT_TRUE(smooth_centred({}, 3).empty());
}

TEST(MinMaxNormalised, FillsZeroToOne) {
  EXPECT_EQ(min_max_normalised(Values{2, 6, 4}), (Values{0, 1, 0.5}));
  EXPECT_EQ(min_max_normalised(Values{3, 3}), (Values{0, 0}));
  EXPECT_TRUE(min_max_normalised({}).empty());
}

}  // namespace
}  // namespace novelty
