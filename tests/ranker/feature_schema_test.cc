#include "ranker/feature_schema.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ranker/feature_encoder.h"
#include "tests/ranker/random_examples.h"

namespace tamis::ranker {
namespace {

TEST(FeatureSchema, RefusesWhatCannotBeLearnedFrom) {
  const auto field_of_fault = [](std::vector<Field> fields) {
    return FeatureSchema::create(std::move(fields)).status().field();
  };
  const Field good = id_field("a", FieldSide::kUser, 3);
  EXPECT_EQ(field_of_fault({}), "fields");
  EXPECT_EQ(field_of_fault({good, good}), "fields[1].name");
  EXPECT_EQ(field_of_fault({id_field("", FieldSide::kUser, 3)}), "fields[0].name");
  EXPECT_EQ(field_of_fault({good, id_field("b", FieldSide::kUser, 0)}), "fields[1].rows");
  Field number = numeric_field("n", FieldSide::kItem);
  number.stddev = 0;
  EXPECT_EQ(field_of_fault({number}), "fields[0].stddev");
  number.stddev = 1;
  number.mean = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(field_of_fault({number}), "fields[0].mean");
  EXPECT_TRUE(FeatureSchema::create({good}).is_ok());
}

TEST(FeatureSchema, NamesReadBack) {
  for (const FieldKind kind : {FieldKind::kCategorical, FieldKind::kBag, FieldKind::kNumeric})
    EXPECT_EQ(*parse_field_kind(field_kind_name(kind)), kind);
  for (const FieldSide side : {FieldSide::kUser, FieldSide::kContext, FieldSide::kItem, FieldSide::kCrossed})
    EXPECT_EQ(*parse_field_side(field_side_name(side)), side);
  for (const Normalization n : {Normalization::kNone, Normalization::kStandard, Normalization::kLogStandard})
    EXPECT_EQ(*parse_normalization(normalization_name(n)), n);
  EXPECT_FALSE(parse_field_side("usr").is_ok());
}

TEST(FeatureSchema, NormalizesNumbers) {
  Field field = numeric_field("n", FieldSide::kItem);
  EXPECT_FLOAT_EQ(normalize(field, 3), 3);
  EXPECT_FLOAT_EQ(normalize(field, std::numeric_limits<double>::infinity()), 0);
  EXPECT_FLOAT_EQ(normalize(field, 1e300), 1e6F);
  field.normalization = Normalization::kStandard;
  field.mean = 1;
  field.stddev = 4;
  EXPECT_FLOAT_EQ(normalize(field, 3), 0.5F);
  field.normalization = Normalization::kLogStandard;
  EXPECT_FLOAT_EQ(normalize(field, std::expm1(3.0)), 0.5F);
  EXPECT_FLOAT_EQ(normalize(field, -5), -0.25F);
}

TEST(FeatureSchema, NumbersOutOfRangeCountAsItsEnds) {
  Field days{.name = "days", .kind = FieldKind::kNumeric, .normalization = Normalization::kStandard};
  days.low = 1;
  days.high = 300;
  EXPECT_EQ(normalize(days, 5'475), normalize(days, 300));
  EXPECT_EQ(normalize(days, -3), normalize(days, 1));
  EXPECT_EQ(normalize(days, 20), 20);
  std::swap(days.low, days.high);
  EXPECT_EQ(FeatureSchema::create({days}).status().field(), "fields[0].low");
}

TEST(Vocabulary, RowsFollowFrequencyAndNotTheOrderOfTheData) {
  VocabularyBuilder one;
  VocabularyBuilder other;
  for (const char* value : {"b", "a", "c", "b", "a", "b", "rare"}) one.add(value);
  for (const char* value : {"rare", "a", "b", "b", "b", "c", "a"}) other.add(value);
  const auto first = one.build(1);
  const auto second = other.build(1);
  EXPECT_EQ(first->values(), (std::vector<std::string>{"b", "a", "c", "rare"}));
  EXPECT_EQ(first->values(), second->values());
  EXPECT_EQ(first->row_of("b"), 1U);
  EXPECT_EQ(first->row_of("never"), Vocabulary::kUnknown);
  EXPECT_EQ(one.build(2)->rows(), 3U);
  EXPECT_FALSE(Vocabulary::create({"x", "x"}).is_ok());
}

TEST(FeatureEncoder, EncodesNamedFeatures) {
  Field price = numeric_field("price", FieldSide::kItem);
  price.normalization = Normalization::kStandard;
  price.mean = 2;
  const auto encoder = FeatureEncoder::create(
      make_schema({id_field("color", FieldSide::kItem, 3), id_field("tags", FieldSide::kItem, 3, FieldKind::kBag),
                   price, id_field("country", FieldSide::kUser, 2)}),
      {*Vocabulary::create({"red", "blue"}), *Vocabulary::create({"new", "old"}), *Vocabulary::create({"FR"})});
  ASSERT_TRUE(encoder.is_ok()) << encoder.status().to_string();
  ExampleTable table = encoder->make_table(Columns::kItem);
  encoder->append({{"color", std::string("blue")}, {"tags", std::vector<std::string>{"old", "odd"}}, {"price", 5.0}},
                  Columns::kItem, table);
  encoder->append({{"color", 7.0}, {"country", std::string("FR")}}, Columns::kItem, table);
  EXPECT_TRUE(check_examples(encoder->schema(), table, Columns::kItem).is_ok());
  EXPECT_EQ(table.ids[0].ids, (std::vector<std::uint32_t>{2, 0}));
  EXPECT_EQ(table.ids[1].ids, (std::vector<std::uint32_t>{2, 0}));
  EXPECT_EQ(table.ids[1].offsets, (std::vector<std::uint32_t>{0, 2, 2}));
  EXPECT_EQ(table.numeric, (std::vector<float>{3, 0}));
  EXPECT_TRUE(table.ids[2].ids.empty()) << "the user's side was not asked for";
  EXPECT_FALSE(check_examples(encoder->schema(), table).is_ok());

  const auto mismatch = FeatureEncoder::create(make_schema({id_field("color", FieldSide::kItem, 9)}),
                                               {*Vocabulary::create({"red", "blue"})});
  EXPECT_EQ(mismatch.status().field(), "fields[0].rows");
}

TEST(ExampleTable, RefusesWhatDoesNotFitTheSchema) {
  const FeatureSchema schema = mixed_schema();
  Random random(5);
  const ExampleTable good = random_examples(schema, 6, random);
  ASSERT_TRUE(check_examples(schema, good).is_ok());
  ExampleTable bad = good;
  bad.ids[0].ids[3] = 20;
  EXPECT_EQ(check_examples(schema, bad).field(), "user");
  bad = good;
  bad.ids[1].offsets.back() += 1;
  EXPECT_EQ(check_examples(schema, bad).field(), "likes");
  bad = good;
  bad.ids.pop_back();
  EXPECT_FALSE(check_examples(schema, bad).is_ok());
  bad = good;
  bad.numeric[2] = std::nanf("");
  EXPECT_FALSE(check_examples(schema, bad).is_ok());
  bad = good;
  bad.labels[1] = 2;
  EXPECT_FALSE(check_examples(schema, bad).is_ok());
}

}  // namespace
}  // namespace tamis::ranker
