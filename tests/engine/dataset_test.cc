#include "engine/learn/dataset.h"

#include <gmock/gmock.h>

#include <cmath>

#include "engine/learn/learned_models.h"
#include "tests/engine/trainer_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;

class DatasetTest : public TrainerFixture {
 protected:
  static std::shared_ptr<const InteractionTypes> types(const std::map<std::string, double>& weights = {}) {
    return std::make_shared<const InteractionTypes>(weights, std::map<std::string, InteractionType>());
  }
};

TEST_F(DatasetTest, HoldsWhatIsLiveAndWeighsSomethingInOrderOfTime) {
  Entity expired;
  expired.id = "expired";
  expired.expires_ms = kStartMs;
  write({PutEntity{EntityKind::kItem, expired}, interaction("ada", "lantern", kStartMs + 3, "purchase", 6),
         interaction("bob", "lamp", kStartMs + 1, "view"), interaction("ada", "expired", kStartMs + 2),
         interaction("bob", "lantern", kStartMs + 2, "purchase", -6), interaction("bob", "gone", kStartMs + 4),
         interaction("eve", "lamp", kStartMs + 5), interaction("ada", "lamp", kStartMs + 6, "ignored")});
  write({DeleteEntity{EntityKind::kItem, "gone"}, DeleteEntity{EntityKind::kUser, "eve"}});

  const auto dataset =
      load_dataset(*store_, types({{"purchase", 5}, {"ignored", 0}}), clock_.now_ms(), /*cancelled=*/nullptr);
  ASSERT_TRUE(dataset.is_ok()) << dataset.status().to_string();
  EXPECT_EQ(dataset->sequence, store_->last_sequence());
  EXPECT_THAT(dataset->users, ElementsAre("ada", "bob"));
  EXPECT_THAT(dataset->items, ElementsAre("lantern", "lamp"));
  ASSERT_EQ(dataset->events.size(), 2);
  EXPECT_EQ(dataset->events[0].user, 1);
  EXPECT_EQ(dataset->events[0].item, 1);
  EXPECT_EQ(dataset->events[0].weight, 1);
  EXPECT_EQ(dataset->events[1].user, 0);
  EXPECT_EQ(dataset->events[1].item, 0);
  EXPECT_EQ(dataset->events[1].weight, 5);
}

// An import without times gives many rows one moment: what each user did is a sequence all the same.
TEST_F(DatasetTest, OfOneMomentTheOrderIsThatOfArrival) {
  write({interaction("ada", "a", kStartMs), interaction("bob", "c", kStartMs), interaction("ada", "b", kStartMs),
         interaction("ada", "c", kStartMs), interaction("bob", "a", kStartMs), interaction("ada", "d", kStartMs - 1)});
  const Dataset dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr).value();
  std::map<std::string, std::string> order;
  for (const auto& event : dataset.events) order[dataset.users[event.user]] += dataset.items[event.item];
  EXPECT_EQ(order, (std::map<std::string, std::string>{{"ada", "dabc"}, {"bob", "ca"}}));
}

TEST_F(DatasetTest, RepeatsAddUp) {
  write({interaction("ada", "lantern", kStartMs), interaction("ada", "lantern", kStartMs + 1, "view")});
  const Dataset dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr).value();
  const models::InteractionMatrix matrix = dataset.training_data(0, dataset.events.size()).matrix();
  EXPECT_EQ(matrix.nonzeros(), 1);
  EXPECT_EQ(matrix.weight[0], 6);
}

TEST_F(DatasetTest, NumbersContextsOfEventsWhereFeaturesAreAsked) {
  const auto with = [](TimestampMs at_ms, Features context) -> Mutation {
    auto put = std::get<PutInteraction>(interaction("ada", "lamp", at_ms));
    put.interaction.context = std::move(context);
    return put;
  };
  write({with(kStartMs + 3, {{"device", std::string("phone")}}), with(kStartMs + 2, {}),
         with(kStartMs + 1, {{"device", std::string("phone")}}), with(kStartMs, {{"hour", 7.0}})});
  const Dataset dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr, /*with_features=*/true).value();
  std::vector<Features> by_event;
  for (const std::uint32_t context : dataset.event_contexts) by_event.push_back(dataset.contexts[context]);
  EXPECT_THAT(by_event, ElementsAre(Features{{"hour", 7.0}}, Features{{"device", std::string("phone")}}, Features{},
                                    Features{{"device", std::string("phone")}}));
  EXPECT_EQ(dataset.contexts.size(), 3);
  // The pair's newest event says in which context it came about.
  const models::TrainingData data = dataset.training_data(0, 2);
  EXPECT_THAT(data.pair_contexts(data.matrix()), ElementsAre(dataset.event_contexts[1]));
  EXPECT_TRUE(load_dataset(*store_, types(), clock_.now_ms(), nullptr).value().contexts.empty());
}

TEST_F(DatasetTest, NumbersBasketsApartFromContexts) {
  const auto with = [](const char* user, TimestampMs at_ms, Features context) -> Mutation {
    auto put = std::get<PutInteraction>(interaction(user, "lamp", at_ms));
    put.interaction.context = std::move(context);
    return put;
  };
  const std::string phone = "phone";
  write({with("ada", kStartMs, {{"basket", std::string("7")}}),
         with("ada", kStartMs + 1, {{"basket", std::string("7")}, {"device", phone}}),
         with("ada", kStartMs + 2, {{"device", phone}}), with("bob", kStartMs + 3, {{"basket", std::string("7")}}),
         with("bob", kStartMs + 4, {{"basket", 8.0}})});
  const Dataset dataset =
      load_dataset(*store_, types(), clock_.now_ms(), nullptr, /*with_features=*/true, /*with_baskets=*/true).value();
  const auto& baskets = dataset.event_baskets;
  ASSERT_EQ(baskets.size(), 5);
  EXPECT_NE(baskets[0], 0);
  EXPECT_EQ(baskets[1], baskets[0]);
  EXPECT_EQ(baskets[2], 0);
  EXPECT_NE(baskets[3], baskets[0]);  // of another user
  EXPECT_NE(baskets[4], baskets[3]);
  // No model reads the name of an order as what was known of the moment.
  EXPECT_THAT(dataset.contexts, ElementsAre(Features{}, Features{{"device", phone}}));
  EXPECT_THAT(dataset.event_contexts, ElementsAre(0, 1, 1, 0, 0));
  EXPECT_TRUE(load_dataset(*store_, types(), clock_.now_ms(), nullptr, true).value().event_baskets.empty());
}

TEST_F(DatasetTest, ClipsWhatIsFarOutAndNamesIt) {
  std::vector<Mutation> mutations;
  for (int user = 0; user < 8; ++user)
    for (int item = 0; item < 5; ++item)
      mutations.push_back(interaction("u" + std::to_string(user), "i" + std::to_string(item), kStartMs + item, "rating",
                                      1 + (user + item) % 5));
  mutations.push_back(interaction("ada", "lamp", kStartMs + 9, "rating", 900.0));
  write(std::move(mutations));
  const Dataset dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr).value();
  EXPECT_EQ(dataset.outliers, 1);
  EXPECT_THAT(dataset.named_outliers, ElementsAre("user 'ada' with item 'lamp': rating of 900"));
  for (const models::TimedInteraction& event : dataset.events) EXPECT_LE(event.weight, 5);
  for (const models::TimedInteraction& rating : dataset.ratings) EXPECT_LE(rating.rating, 5);
}

TEST_F(DatasetTest, EveryModelLearnsBesideAbsurdValues) {
  std::vector<Mutation> mutations;
  for (int item = 0; item < 6; ++item) {
    Entity entity;
    entity.id = "i" + std::to_string(item);
    entity.features = {{"name", std::string("lamp number ") + std::to_string(item)},
                       {"price", item == 0   ? 1e308
                                 : item == 1 ? -1.7e308
                                             : 2.0 + item}};
    mutations.push_back(PutEntity{EntityKind::kItem, entity});
  }
  for (int user = 0; user < 12; ++user)
    for (int item = 0; item < 6; ++item)
      mutations.push_back(interaction("u" + std::to_string(user), "i" + std::to_string(item), kStartMs + item,
                                      user % 3 == 0 ? "purchase" : "rating", 1 + (user + item) % 5));
  int moment = 10;
  for (const double absurd : {900.0, 1e39, 1e30, -1e30, 1'700'000'000'000.0, 1e300, -1e39}) {
    mutations.push_back(interaction("ada", "i" + std::to_string(moment % 6), kStartMs + moment, "rating", absurd));
    mutations.push_back(interaction("bob", "i" + std::to_string(moment % 5), kStartMs + moment, "purchase", absurd));
    ++moment;
  }
  write(std::move(mutations));
  const Dataset dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr, /*with_features=*/true).value();
  EXPECT_GT(dataset.outliers, 0);
  TrainingOptions options;
  for (const char* model : {"sasrec", "bert4rec"})
    options.settings[model] = {{"dim", "8"}, {"epochs", "2"}, {"max_length", "8"}};
  const ModelSettings settings = parse_model_settings(options).value();
  const models::TrainingData data = dataset.training_data(0, dataset.events.size());
  for (const std::string& model : trainable_models()) {
    LearnedModels learned;
    const Status status = learn_model(model, data, data.signed_matrix(), settings, {.threads = 1}, &learned);
    EXPECT_TRUE(status.is_ok()) << model << ": " << status.to_string();
    for (const auto& encoder : learned.encoders) {
      for (const float value : encoder->item_vectors()) ASSERT_TRUE(std::isfinite(value)) << model;
      const models::HistoryEvent history[] = {{.item = 0, .weight = 1}};
      const models::HistoryEvent ratings[] = {{.item = 0, .weight = 1, .timestamp_ms = 0, .rating = 3e38F}};
      std::vector<float> user(encoder->shape().dim);
      ASSERT_TRUE(encoder->embed_user({.history = history, .ratings = ratings}, user).is_ok()) << model;
      for (const float value : user) EXPECT_TRUE(std::isfinite(value)) << model;
    }
  }
}

TEST_F(DatasetTest, HasTheFeaturesOfItemsThatNobodyMet) {
  Entity expired;
  expired.id = "expired";
  expired.expires_ms = kStartMs;
  expired.features = {{"name", std::string("gone")}};
  Entity lamp;
  lamp.id = "lamp";
  lamp.features = {{"name", std::string("lamp")}};
  Entity lantern;
  lantern.id = "lantern";
  lantern.features = {{"name", std::string("lantern")}};
  write({PutEntity{EntityKind::kItem, expired}, PutEntity{EntityKind::kItem, lamp},
         PutEntity{EntityKind::kItem, lantern}, interaction("ada", "lamp", kStartMs)});
  const Dataset dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr, /*with_features=*/true).value();
  EXPECT_THAT(dataset.item_features, ElementsAre(Features{{"name", std::string("lamp")}}));
  EXPECT_THAT(dataset.other_item_features, ElementsAre(Features{{"name", std::string("lantern")}}));
  EXPECT_TRUE(load_dataset(*store_, types(), clock_.now_ms(), nullptr).value().other_item_features.empty());
}

TEST_F(DatasetTest, AnEmptyStoreGivesAnEmptyDataset) {
  const auto dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr);
  ASSERT_TRUE(dataset.is_ok());
  EXPECT_TRUE(dataset->events.empty());
  EXPECT_TRUE(dataset->users.empty());
}

}  // namespace
}  // namespace tamis::engine
