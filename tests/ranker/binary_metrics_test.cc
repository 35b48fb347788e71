#include "ranker/binary_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "common/random.h"
#include "ranker/calibration.h"

namespace tamis::ranker {
namespace {

using Floats = std::vector<float>;

TEST(BinaryMetrics, AreaUnderCurveByHand) {
  // Pairs (positive, negative): .8 > .1, .8 > .4, .35 > .1, .35 < .4: three of four.
  EXPECT_DOUBLE_EQ(area_under_curve(Floats{0, 0, 1, 1}, Floats{0.1F, 0.4F, 0.35F, 0.8F}), 0.75);
  EXPECT_DOUBLE_EQ(area_under_curve(Floats{0, 1, 1}, Floats{0.5F, 0.5F, 0.7F}), 0.75);  // a tie counts half
  EXPECT_DOUBLE_EQ(area_under_curve(Floats{1, 0}, Floats{-3, 5}), 0);
  EXPECT_DOUBLE_EQ(area_under_curve(Floats{1, 1}, Floats{1, 2}), 0.5);
  EXPECT_DOUBLE_EQ(area_under_curve(Floats{0, 1, 0, 1}, Floats{2, 2, 2, 2}), 0.5);
}

TEST(BinaryMetrics, AreaUnderCurveCountsPairs) {
  Random random(9);
  Floats labels;
  Floats scores;
  for (int i = 0; i < 300; ++i) {
    labels.push_back(random.below(3) == 0 ? 1.0F : 0.0F);
    scores.push_back(static_cast<float>(random.below(40)));
  }
  double wins = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (labels[i] == 0 || labels[j] == 1) continue;
      wins += scores[i] > scores[j] ? 1 : (scores[i] == scores[j] ? 0.5 : 0);
      ++pairs;
    }
  }
  EXPECT_NEAR(area_under_curve(labels, scores), wins / pairs, 1e-12);
}

TEST(BinaryMetrics, LogLossAndCalibrationByHand) {
  // -(ln .75 + ln .5) / 2
  EXPECT_NEAR(log_loss(Floats{1, 0}, Floats{0.75F, 0.5F}), 0.49041462650586, 1e-7);
  EXPECT_NEAR(log_loss(Floats{1}, Floats{0}), -std::log(1e-7), 1e-6) << "clipped";
  // Two bins: (.2, .4 | 0, 1) differs by |.6 - 1|, (.6, .8 | 1, 0) by |1.4 - 1|; over four examples.
  EXPECT_NEAR(expected_calibration_error(Floats{0, 1, 1, 0}, Floats{0.2F, 0.4F, 0.6F, 0.8F}, 2), 0.2, 1e-6);
  EXPECT_NEAR(predicted_to_observed(Floats{1, 0, 0}, Floats{0.5F, 0.5F, 0.5F}), 1.5, 1e-9);
  EXPECT_TRUE(std::isinf(predicted_to_observed(Floats{0}, Floats{0.5F})));
}

// Labels drawn from sigmoid(2 x - 1) where the ranker's logit is x: overconfident by half, shifted by one.
class Calibrated : public testing::TestWithParam<Calibration> {
 protected:
  void SetUp() override {
    Random random(11);
    for (int i = 0; i < 20'000; ++i) {
      const double x = 1.5 * random.normal();
      logits_.push_back(static_cast<float>(x));
      labels_.push_back(random.uniform() < 1 / (1 + std::exp(1 - 2 * x)) ? 1.0F : 0.0F);
    }
  }
  Floats logits_, labels_;
};

TEST_P(Calibrated, ProbabilitiesHoldAndKeepTheOrder) {
  const auto calibrator = fit_calibrator(GetParam(), labels_, logits_);
  ASSERT_TRUE(calibrator.is_ok());
  Floats raw;
  Floats probabilities;
  for (const float logit : logits_) {
    raw.push_back(Calibrator{}.probability(logit));
    probabilities.push_back(calibrator->probability(logit));
  }
  EXPECT_GT(expected_calibration_error(labels_, raw), 0.1);
  EXPECT_LT(expected_calibration_error(labels_, probabilities), 0.01);
  EXPECT_NEAR(predicted_to_observed(labels_, probabilities), 1, 0.01);
  for (float x = -8; x < 8; x += 0.1F) EXPECT_LE(calibrator->probability(x), calibrator->probability(x + 0.1F)) << x;
  if (GetParam() == Calibration::kPlatt) {
    EXPECT_NEAR(calibrator->slope, 2, 0.1);
    EXPECT_NEAR(calibrator->offset, -1, 0.1);
  }
}
INSTANTIATE_TEST_SUITE_P(Kinds, Calibrated, testing::Values(Calibration::kPlatt, Calibration::kIsotonic));

TEST(Calibration, PoolsViolatorsByHand) {
  // Labels 0 | 1 0 | 1 by rising logit: the middle two pool to 1/2, with half a success and half a failure added to
  // each pool: .25, .5, .75.
  const auto calibrator = fit_calibrator(Calibration::kIsotonic, Floats{0, 1, 0, 1}, Floats{-2, -1, 1, 2});
  ASSERT_TRUE(calibrator.is_ok());
  EXPECT_EQ(calibrator->logits, (Floats{-2, 0, 2}));
  EXPECT_EQ(calibrator->probabilities, (Floats{0.25F, 0.5F, 0.75F}));
  EXPECT_FLOAT_EQ(calibrator->probability(-9), 0.25F);
  EXPECT_FLOAT_EQ(calibrator->probability(1), 0.625F);
}

TEST(Calibration, RefusesOneSidedLabels) {
  EXPECT_FALSE(fit_calibrator(Calibration::kPlatt, Floats{1, 1}, Floats{0, 1}).is_ok());
  EXPECT_FALSE(fit_calibrator(Calibration::kPlatt, Floats{1}, Floats{0, 1}).is_ok());
  EXPECT_TRUE(fit_calibrator(Calibration::kNone, {}, {}).is_ok());
  EXPECT_FALSE(parse_calibration("plat").is_ok());
}

}  // namespace
}  // namespace tamis::ranker
