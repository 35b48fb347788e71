// What users turn down, and its like, falls for them: in every model that learns from dislikes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/random.h"
#include "models/ease/ease_history_model.h"
#include "models/ease/ease_options.h"
#include "models/ials/ials.h"
#include "models/kinds/encoder_kinds.h"
#include "models/kinds/history_model_kinds.h"
#include "models/kinds/model_options.h"
#include "models/neighbors.h"
#include "models/rating_mean.h"
#include "models/training_data.h"
#include "models/value_scale.h"

namespace tamis::models {
namespace {

constexpr std::uint32_t kUsers = 60;
constexpr std::uint32_t kItems = 30;
constexpr std::uint32_t kOther = 10;  // items from here on are of the other kind,
constexpr std::uint32_t kRare = 20;   // and from here on of a kind that few care for

// Everybody likes items of the first kind. Odd users like those of the other kind, too; even users turn them down.
// Nobody meets all of a kind, so that something is left to recommend.
class Negatives : public testing::Test {
 protected:
  void SetUp() override {
    Random random(7);
    for (std::uint32_t user = 0; user < kUsers; ++user) {
      for (std::uint32_t item = 0; item < kItems; ++item) {
        if (random.uniform() < (item < kRare ? 0.5 : 0.85)) continue;
        const bool dislikes = item >= kOther && item < kRare && user % 2 == 0;
        (dislikes ? negatives_ : events_)
            .push_back({.user = user, .item = item, .weight = 1, .timestamp_ms = 1'000 + item});
      }
    }
  }
  TrainingData data(bool with_negatives) const {
    TrainingData data{.users = kUsers, .items = kItems, .events = events_};
    if (with_negatives) data.negatives = negatives_;
    return data;
  }
  static std::vector<HistoryEvent> of_user(const std::vector<TimedInteraction>& events, std::uint32_t user) {
    std::vector<HistoryEvent> history;
    for (const TimedInteraction& event : events)
      if (event.user == user) history.push_back({event.item, event.weight, event.timestamp_ms});
    return history;
  }
  bool has_met(std::uint32_t user, std::uint32_t item) const {
    const auto names = [&](const TimedInteraction& event) { return event.user == user && event.item == item; };
    return std::any_of(events_.begin(), events_.end(), names) ||
           std::any_of(negatives_.begin(), negatives_.end(), names);
  }
  // The mean place (0 first, 1 last) that even users' scores give to the items of the other kind: those that they
  // turned down, or those that they have not met.
  template <typename ScoresOf>
  double place_of_other_kind(bool met, const ScoresOf& scores_of) const {
    double places = 0;
    double count = 0;
    for (std::uint32_t user = 0; user < kUsers; user += 2) {
      const std::vector<double> scores = scores_of(user);
      for (std::uint32_t item = kOther; item < kRare; ++item) {
        if (has_met(user, item) != met) continue;
        const auto better = std::count_if(scores.begin(), scores.end(), [&](double s) { return s >= scores[item]; });
        places += static_cast<double>(better - 1) / kItems;
        count += 1;
      }
    }
    return places / count;
  }

  std::vector<TimedInteraction> events_;
  std::vector<TimedInteraction> negatives_;
};

class EncoderNegatives : public Negatives, public testing::WithParamInterface<const char*> {
 protected:
  double place(bool with_negatives, bool met, bool as_stranger) const {
    Settings given;
    if (std::string_view(GetParam()) != "content") given["dim"] = "8";
    const auto settings = resolve_settings(*model_options(GetParam()), given);
    EXPECT_TRUE(settings.is_ok()) << settings.status().message();
    auto encoder = find_encoder_kind(GetParam())->train(data(with_negatives), *settings, {.threads = 1});
    EXPECT_TRUE(encoder.is_ok()) << encoder.status().message();
    return place_of_other_kind(met, [&](std::uint32_t user) {
      const auto history = of_user(events_, user);
      const auto negatives = of_user(negatives_, user);
      UserInput input;
      if (!as_stranger) input.row = user;
      input.history = history;
      if (with_negatives) input.negatives = negatives;
      std::vector<float> vector(8);
      EXPECT_TRUE((*encoder)->embed_user(input, vector).is_ok());
      std::vector<double> scores(kItems);
      for (std::uint32_t item = 0; item < kItems; ++item) {
        const auto row = (*encoder)->item_vectors().subspan(item * 8, 8);
        scores[item] = std::inner_product(row.begin(), row.end(), vector.begin(), 0.0);
      }
      return scores;
    });
  }
};

TEST_P(EncoderNegatives, WhatWasTurnedDownFalls) {
  EXPECT_GT(place(true, true, false), place(false, true, false) + 0.05);
}

TEST_P(EncoderNegatives, AndSoDoesItsLike) { EXPECT_GT(place(true, false, false), place(false, false, false) + 0.02); }

INSTANTIATE_TEST_SUITE_P(Encoders, EncoderNegatives, testing::Values("ials", "bpr", "two_tower"));

class FoldInNegatives : public EncoderNegatives {};
TEST_P(FoldInNegatives, CountForAStrangerToo) {
  EXPECT_GT(place(true, true, true), place(false, true, true) + 0.05);
  EXPECT_GT(place(true, false, true), place(false, false, true) + 0.02);
}
INSTANTIATE_TEST_SUITE_P(Encoders, FoldInNegatives, testing::Values("ials", "bpr"));

class HistoryNegatives : public Negatives, public testing::WithParamInterface<const char*> {
 protected:
  double place(bool with_negatives, bool met) const {
    const HistoryModelKind* kind = find_history_model_kind(GetParam());
    const auto settings = resolve_settings(*model_options(GetParam()), {});
    auto model = kind->train(data(with_negatives).signed_matrix(), *settings, {.threads = 1});
    EXPECT_TRUE(model.is_ok()) << model.status().message();
    return place_of_other_kind(met, [&](std::uint32_t user) {
      const InteractionMatrix matrix = data(with_negatives).signed_matrix();
      std::vector<double> scores(kItems, -1e9);  // of what is not answered at all
      for (const ScoredId& item : (*model)->recommend(matrix.row_columns(user), matrix.row_weights(user), kItems, {}))
        scores[item.id] = item.score;
      return scores;
    });
  }
};

class SignedHistoryNegatives : public HistoryNegatives {};
TEST_P(SignedHistoryNegatives, WhatWasTurnedDownAndItsLikeFall) {
  EXPECT_GT(place(true, true), place(false, true) + 0.05);
  EXPECT_GT(place(true, false), place(false, false) + 0.02);
}
INSTANTIATE_TEST_SUITE_P(Models, SignedHistoryNegatives, testing::Values("ease"));

class UnharmedHistoryNegatives : public HistoryNegatives {};
TEST_P(UnharmedHistoryNegatives, ChangeNothing) {
  EXPECT_EQ(place(true, true), place(false, true));
  EXPECT_EQ(place(true, false), place(false, false));
}
INSTANTIATE_TEST_SUITE_P(Models, UnharmedHistoryNegatives, testing::Values("graph_filter", "bspm"));

TEST_F(Negatives, LowerTheirLikeInItemKnn) {
  const auto place = [&](bool with_negatives, bool met) {
    const InteractionMatrix matrix = data(with_negatives).signed_matrix();
    const auto table = train_neighbors(matrix.transpose(), {.neighbors = kItems}, {.threads = 1});
    EXPECT_TRUE(table.is_ok());
    return place_of_other_kind(met, [&](std::uint32_t user) {
      std::vector<double> scores(kItems, -1e9);
      for (const ScoredId& item : score_item_knn(*table, matrix.row_columns(user), matrix.row_weights(user), kItems))
        scores[item.id] = item.score;
      return scores;
    });
  };
  EXPECT_GT(place(true, true), place(false, true) + 0.05);
  EXPECT_GT(place(true, false), place(false, false) + 0.02);
}

TEST_F(Negatives, LowerTheirLikeInUserKnn) {
  const auto place = [&](bool with_negatives, bool met, bool live) {
    const InteractionMatrix matrix = data(with_negatives).signed_matrix();
    const auto table = train_neighbors(matrix, {.neighbors = 20}, {.threads = 1});
    EXPECT_TRUE(table.is_ok());
    const InteractionMatrix by_item = matrix.transpose();
    std::vector<float> norms;
    for (std::uint32_t user = 0; user < kUsers; ++user)
      norms.push_back(std::sqrt(static_cast<float>(matrix.row_columns(user).size())));
    return place_of_other_kind(met, [&](std::uint32_t user) {
      std::vector<ScoredId> similar;
      if (live) {
        similar = find_similar_users(by_item, norms, matrix.row_columns(user), 20, matrix.row_weights(user));
      } else {
        const auto neighbors = table->row_neighbors(user);
        for (std::size_t n = 0; n < neighbors.size(); ++n)
          similar.push_back({neighbors[n], table->row_similarities(user)[n]});
      }
      std::vector<double> scores(kItems, -1e9);
      for (const ScoredId& item : score_user_knn(similar, matrix, kItems)) scores[item.id] = item.score;
      return scores;
    });
  };
  for (const bool live : {false, true}) {
    EXPECT_GT(place(true, true, live), place(false, true, live) + 0.05);
    EXPECT_GT(place(true, false, live), place(false, false, live) + 0.02);
  }
}

TEST_F(Negatives, AreSolvedAlikeByEverySolverOfIals) {
  const InteractionMatrix matrix = data(true).signed_matrix();
  IalsOptions options{.dim = 6, .iterations = 40, .solver = IalsSolver::kCholesky};
  const auto reference = train_ials(matrix, options, {.threads = 1});
  ASSERT_TRUE(reference.is_ok());
  const double loss = ials_loss(matrix, *reference);
  for (const IalsSolver solver : {IalsSolver::kDual, IalsSolver::kConjugateGradient, IalsSolver::kBlock}) {
    options.solver = solver;
    const auto model = train_ials(matrix, options, {.threads = 1});
    ASSERT_TRUE(model.is_ok());
    EXPECT_NEAR(ials_loss(matrix, *model), loss, 0.02 * loss);
  }
}

TEST_F(Negatives, SharesOfAFoldInSumToTheScore) {
  const auto settings = resolve_settings(*model_options("ials"), {{"dim", "8"}});
  const auto encoder = find_encoder_kind("ials")->train(data(true), *settings, {.threads = 1});
  ASSERT_TRUE(encoder.is_ok());
  const HistoryEvent liked[] = {{.item = 1}, {.item = 2, .weight = 3}};
  const HistoryEvent disliked[] = {{.item = kOther, .weight = 2}};
  std::vector<float> with(8);
  std::vector<float> without(8);
  ASSERT_TRUE((*encoder)->embed_user({.history = liked, .negatives = disliked}, with).is_ok());
  ASSERT_TRUE((*encoder)->embed_user({.history = liked}, without).is_ok());
  EXPECT_NE(with, without);
}

TEST_F(Negatives, LeaveTrainingWithoutThemAsItWas) {
  const InteractionMatrix plain = data(false).matrix();
  const InteractionMatrix with_sign = data(false).signed_matrix();
  EXPECT_EQ(plain.column, with_sign.column);
  EXPECT_EQ(plain.weight, with_sign.weight);
  EXPECT_EQ(data(true).matrix().column, plain.column);
  EXPECT_EQ(data(true).signed_matrix().liked().column, plain.column);
  EXPECT_EQ(data(true).disliked_matrix().nonzeros(), negatives_.size());
}

TEST(Ratings, AreComparedWithTheUsersOwn) {
  const ValueScale scale = measure_values(std::vector<double>{1, 2, 3, 3, 4, 4, 4, 5, 5});
  const auto preference = [&](std::initializer_list<double> ratings, double rating) {
    RatingMean mean;
    for (const double value : ratings) mean.add(scale.standardize(value));
    return mean.preference(scale.standardize(rating));
  };
  EXPECT_LT(preference({5, 5, 5, 5, 5, 5, 3}, 3), 0);  // a three of somebody who gives fives
  EXPECT_GT(preference({1, 1, 2, 1, 1, 2, 3}, 3), 1);  // and of somebody who gives ones
  EXPECT_GT(preference({5}, 5), 1);                    // a single rating beside everybody's
  EXPECT_LT(preference({1}, 1), 0);
  EXPECT_NEAR(preference({3, 3, 3, 3, 3, 3, 3, 3, 3}, 3), 1, 0.5);  // who always gives the same says little
}

TEST(Ratings, AllEqualOnesAreAllLiked) {
  const ValueScale scale = measure_values(std::vector<double>{4, 4, 4});
  RatingMean mean;
  for (int i = 0; i < 3; ++i) mean.add(scale.standardize(4));
  EXPECT_DOUBLE_EQ(mean.preference(scale.standardize(4)), 1);
}

TEST(ValueScale, TheMeanOfEqualValuesIsNoneBeyondThem) {
  for (int tenths = 1; tenths < 100; ++tenths) {
    for (std::size_t count = 1; count < 40; ++count) {
      const double value = tenths / 10.0;
      const ValueScale scale = measure_values(std::vector<double>(count, value));
      EXPECT_GE(scale.mean, scale.low) << count << " of " << value;
      EXPECT_LE(scale.mean, scale.high) << count << " of " << value;
    }
  }
}

TEST(Ratings, FarOutOnesAreClippedToTheOthers) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double absurd : {1e39, 1e30, 1'700'000'000'000.0, -1e20, inf, -inf}) {
    const ValueScale scale = measure_values(std::vector<double>{1, 2, 3, 4, 5, 3, 4, absurd});
    EXPECT_TRUE(scale.is_outlier(absurd));
    EXPECT_DOUBLE_EQ(scale.low, 1);
    EXPECT_DOUBLE_EQ(scale.high, 5);
    EXPECT_DOUBLE_EQ(scale.clip(absurd), absurd > 0 ? 5 : 1);
    EXPECT_NEAR(scale.mean, 22.0 / 7, 1e-9);
  }
}

TEST(Ratings, AWideRangeIsNoOutlier) {
  std::vector<double> skewed(90, 0.0);  // most gave nothing, some gave up to ten
  for (int i = 1; i <= 10; ++i) skewed.push_back(i);
  const ValueScale scale = measure_values(skewed);
  EXPECT_DOUBLE_EQ(scale.high, 10);
  EXPECT_FALSE(scale.is_outlier(10));
}

TEST(Ratings, NothingOrNotANumberIsNoScale) {
  EXPECT_DOUBLE_EQ(measure_values({}).mean, 0);
  const double none[] = {std::numeric_limits<double>::quiet_NaN()};
  EXPECT_DOUBLE_EQ(measure_values(none).deviation, 1);
}

}  // namespace
}  // namespace tamis::models
