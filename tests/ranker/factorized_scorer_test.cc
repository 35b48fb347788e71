#include "ranker/factorized_scorer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/ranker/random_examples.h"

namespace tamis::ranker {
namespace {

FeatureSchema without_crossed() {
  return make_schema({id_field("item", FieldSide::kItem, 30), id_field("user", FieldSide::kUser, 20),
                      id_field("tags", FieldSide::kItem, 7, FieldKind::kBag),
                      numeric_field("hour", FieldSide::kContext)});
}

FeatureSchema items_alone() {
  return make_schema({id_field("item", FieldSide::kItem, 30), id_field("tags", FieldSide::kItem, 7, FieldKind::kBag)});
}

// More vectors of the request than a register holds.
FeatureSchema wide() {
  std::vector<Field> fields;
  for (int i = 0; i < 18; ++i) fields.push_back(id_field("u" + std::to_string(i), FieldSide::kUser, 9));
  for (int i = 0; i < 3; ++i) fields.push_back(id_field("i" + std::to_string(i), FieldSide::kItem, 9));
  for (int i = 0; i < 2; ++i) fields.push_back(id_field("c" + std::to_string(i), FieldSide::kCrossed, 9));
  return make_schema(std::move(fields));
}

// Joins a request, an item and a row of crossed features into one example per candidate.
ExampleTable join(const FeatureSchema& schema, const ExampleTable& request, const ExampleTable& items,
                  std::span<const std::uint32_t> candidates, const ExampleTable& crossed) {
  ExampleTable joined;
  joined.rows = candidates.size();
  const auto source = [&](FieldSide side, std::size_t i) {
    if (side == FieldSide::kItem) return std::pair{&items, std::size_t{candidates[i]}};
    return side == FieldSide::kCrossed ? std::pair{&crossed, i} : std::pair{&request, std::size_t{0}};
  };
  for (std::size_t f = 0; f < schema.id_fields().size(); ++f) {
    IdColumn column;
    column.offsets.push_back(0);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto [table, row] = source(schema.fields()[schema.id_fields()[f]].side, i);
      for (const std::uint32_t id : table->ids[f].of(row)) column.ids.push_back(id);
      column.offsets.push_back(static_cast<std::uint32_t>(column.ids.size()));
    }
    joined.ids.push_back(std::move(column));
  }
  const std::size_t numbers = schema.numeric_fields().size();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (std::size_t n = 0; n < numbers; ++n) {
      const auto [table, row] = source(schema.fields()[schema.numeric_fields()[n]].side, i);
      joined.numeric.push_back(table->numeric[row * numbers + n]);
    }
  }
  return joined;
}

class Factorized : public testing::TestWithParam<std::pair<Interaction, bool>> {};

TEST_P(Factorized, EqualsThePlainForwardPass) {
  const auto [interaction, batch_norm] = GetParam();
  for (const FeatureSchema& schema : {mixed_schema(), without_crossed(), items_alone(), wide()}) {
    Random random(31);
    const DlrmOptions options{.dim = 6,
                              .bottom = {7},
                              .top = {24, 10},
                              .interaction = interaction,
                              .batch_norm = batch_norm,
                              .dropout = 0.4F,
                              .embedding_stddev = 0.6F};
    auto created = Dlrm::create(schema, options, 3);
    ASSERT_TRUE(created.is_ok());
    for (float& value : created->parameters().values())  // variances stay positive
      value = std::abs(value + static_cast<float>(0.2 * random.normal())) * (value < 0 ? -1.0F : 1.0F);
    const auto model = std::make_shared<const Dlrm>(std::move(*created));
    const FactorizedScorer scorer(model);

    const ExampleTable item_rows = random_examples(schema, 50, random, Columns::kItem);
    const auto items = scorer.precompute(item_rows, {.threads = 2});
    ASSERT_TRUE(items.is_ok()) << items.status().to_string();
    FactorizedScorer::Scratch scratch;
    for (int round = 0; round < 3; ++round) {
      const ExampleTable user = random_examples(schema, 1, random, Columns::kUserAndContext);
      const auto request = scorer.prepare(user);
      ASSERT_TRUE(request.is_ok()) << request.status().to_string();
      std::vector<std::uint32_t> candidates;
      for (int i = 0; i < 33 * round + 1; ++i) candidates.push_back(random.below(50));
      const ExampleTable crossed = random_examples(schema, candidates.size(), random, Columns::kCrossed);
      std::vector<float> logits(candidates.size());
      ASSERT_TRUE(scorer.score(*request, *items, candidates, crossed, logits, scratch).is_ok());

      const ExampleTable joined = join(schema, user, item_rows, candidates, crossed);
      std::vector<float> plain(candidates.size());
      ASSERT_TRUE(score_examples(*model, joined, plain, {}).is_ok());
      const std::set<float> distinct(plain.begin(), plain.end());
      EXPECT_GE(distinct.size(), candidates.size() / 4) << "scores must differ";
      for (std::size_t i = 0; i < plain.size(); ++i) {
        EXPECT_NEAR(logits[i], plain[i], 1e-5 * std::max(1.0F, std::abs(plain[i])));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Factorized,
                         testing::Values(std::pair{Interaction::kDot, false}, std::pair{Interaction::kBoth, true},
                                         std::pair{Interaction::kCat, true}));

TEST(FactorizedScorer, RefusesWhatDoesNotFit) {
  const FeatureSchema schema = mixed_schema();
  Random random(5);
  auto model = Dlrm::create(schema, {.dim = 4, .top = {8}}, 1);
  const FactorizedScorer scorer(std::make_shared<const Dlrm>(std::move(*model)));
  const auto items = scorer.precompute(random_examples(schema, 4, random, Columns::kItem), {});
  ASSERT_TRUE(items.is_ok());
  const auto request = scorer.prepare(random_examples(schema, 1, random, Columns::kUserAndContext));
  ASSERT_TRUE(request.is_ok());
  EXPECT_FALSE(scorer.prepare(random_examples(schema, 2, random)).is_ok());
  EXPECT_FALSE(scorer.prepare(random_examples(schema, 1, random, Columns::kItem)).is_ok());

  FactorizedScorer::Scratch scratch;
  std::vector<float> logits(2);
  const std::uint32_t good[] = {0, 3};
  const std::uint32_t bad[] = {0, 4};
  const ExampleTable crossed = random_examples(schema, 2, random, Columns::kCrossed);
  EXPECT_TRUE(scorer.score(*request, *items, good, crossed, logits, scratch).is_ok());
  EXPECT_FALSE(scorer.score(*request, *items, bad, crossed, logits, scratch).is_ok());
  EXPECT_FALSE(scorer.score(*request, *items, good, ExampleTable{}, logits, scratch).is_ok());
  EXPECT_FALSE(scorer.score(*request, *items, good, crossed, std::span(logits).first(1), scratch).is_ok());
}

}  // namespace
}  // namespace tamis::ranker
