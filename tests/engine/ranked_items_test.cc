#include "engine/serving/ranked_items.h"

#include <gtest/gtest.h>

#include "tests/ranker/random_examples.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kItems = 200;
constexpr std::uint64_t kPartBytes = 64 + sizeof(RankedItems::Part) + (8 + 16) * sizeof(float);

class RankedItemsTest : public ::testing::Test {
 protected:
  static std::string name_of(std::uint32_t item) { return "i" + std::to_string(item); }
  RankedItemsTest() {
    std::vector<std::string> values;
    for (std::uint32_t item = 1; item < kItems; ++item) values.push_back(name_of(item));
    const ranker::FeatureSchema schema =
        ranker::make_schema({ranker::id_field("user.id", ranker::FieldSide::kUser, 2),
                             ranker::id_field("item.id", ranker::FieldSide::kItem, kItems)});
    std::vector<ranker::Vocabulary> vocabularies;
    vocabularies.push_back(*ranker::Vocabulary::create({"u"}));
    vocabularies.push_back(*ranker::Vocabulary::create(std::move(values)));
    auto encoder = RankEncoder::create(*ranker::FeatureEncoder::create(schema, std::move(vocabularies)));
    EXPECT_TRUE(encoder.is_ok()) << encoder.status().to_string();
    encoder_.emplace(std::move(*encoder));
    scorer_.emplace(std::make_shared<const ranker::Dlrm>(
        *ranker::Dlrm::create(schema, {.dim = 16, .bottom = {}, .top = {8}, .embedding_stddev = 1}, 1)));
  }
  // All in one shard.
  static DenseId id_of(std::uint32_t item) { return item * 64; }
  static std::vector<float> get(const RankedItems& items, std::uint32_t item, std::uint32_t revision = 0) {
    const auto part = items.get(id_of(item), name_of(item), revision, nullptr);
    EXPECT_TRUE(part.is_ok()) << part.status().to_string();
    return (*part)->vectors;
  }

  std::optional<RankEncoder> encoder_;
  std::optional<ranker::FactorizedScorer> scorer_;
};

TEST_F(RankedItemsTest, KeepsWhatFitsAndWhatIsAskedFor) {
  const RankedItems all(*encoder_, *scorer_, 1 << 30);
  const RankedItems few(*encoder_, *scorer_, 64 * 20 * kPartBytes);  // twenty in a shard
  for (std::uint32_t round = 0; round < 5; ++round) {
    for (std::uint32_t item = 0; item < kItems; ++item) {
      ASSERT_EQ(get(few, item), get(all, item)) << item;
      for (std::uint32_t hot = 0; hot < 4; ++hot) ASSERT_EQ(get(few, hot), get(all, hot));
      ASSERT_LE(few.memory_bytes(), 20 * kPartBytes + 512 * 32);
    }
  }
  EXPECT_EQ(all.figures().misses, kItems);
  EXPECT_GT(few.figures().misses, 4 * (kItems - 40)) << "most of a round have gone when the next one comes";
  EXPECT_LT(few.figures().misses, 5 * kItems + 200) << "the hot ones stay";
  EXPECT_GT(few.memory_bytes(), 15 * kPartBytes);
}

TEST_F(RankedItemsTest, MakesAPartAgainAfterAChange) {
  const RankedItems items(*encoder_, *scorer_, 1 << 20);
  get(items, 7);
  const std::uint64_t bytes = items.memory_bytes();
  get(items, 7, 1);
  get(items, 7, 1);
  EXPECT_EQ(items.figures().misses, 2u);
  EXPECT_EQ(items.figures().hits, 1u);
  EXPECT_EQ(items.memory_bytes(), bytes);
}

TEST_F(RankedItemsTest, WithoutRoomNothingIsKept) {
  const RankedItems items(*encoder_, *scorer_, 0);
  const RankedItems all(*encoder_, *scorer_, 1 << 30);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(items, 9), get(all, 9));
  EXPECT_EQ(items.figures().hits, 0u);
}

}  // namespace
}  // namespace tamis::engine
