#include "engine/learn/dataset.h"

#include <gmock/gmock.h>

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

TEST_F(DatasetTest, AnEmptyStoreGivesAnEmptyDataset) {
  const auto dataset = load_dataset(*store_, types(), clock_.now_ms(), nullptr);
  ASSERT_TRUE(dataset.is_ok());
  EXPECT_TRUE(dataset->events.empty());
  EXPECT_TRUE(dataset->users.empty());
}

}  // namespace
}  // namespace tamis::engine
