#include "index/attribute_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/random.h"
#include "index/numeric_column.h"

namespace tamis::index {
namespace {

// Values from a small world, so that filters meet features, with the awkward ones among them: both zeros, infinities,
// NaN, strings that equal a text, repeated and empty elements, long prose that differs in its tail alone.
FeatureValue random_value(Random* random) {
  static const std::vector<std::string> kWords = {
      "red", "green", "", "blue", "17", std::string(200, 'x') + "a", std::string(200, 'x') + "b"};
  static const std::vector<double> kNumbers = {0.0,
                                               -0.0,
                                               1,
                                               2,
                                               2.5,
                                               -3,
                                               1000,
                                               std::numeric_limits<double>::infinity(),
                                               -std::numeric_limits<double>::infinity(),
                                               std::numeric_limits<double>::quiet_NaN(),
                                               std::numeric_limits<double>::denorm_min()};
  const auto word = [&] { return kWords[random->below(static_cast<std::uint32_t>(kWords.size()))]; };
  switch (random->below(6)) {
    case 0: return random->below(2) == 0;
    case 1: return kNumbers[random->below(static_cast<std::uint32_t>(kNumbers.size()))];
    case 2: return Timestamp{static_cast<TimestampMs>(random->below(4)) - 1};
    case 3: return word();
    case 4: {
      std::vector<std::string> elements(random->below(4));
      for (std::string& element : elements) element = word();
      return elements;
    }
    default: return Text{word()};
  }
}

// "e17" is 17: the external ids of these tests.
std::optional<DenseId> find_id(std::string_view external_id) {
  if (!external_id.starts_with('e')) return std::nullopt;
  return static_cast<DenseId>(std::stoul(std::string(external_id.substr(1))));
}

std::string random_field(Random* random) { return std::string(1, static_cast<char>('a' + random->below(4))); }

Features random_features(Random* random) {
  Features features;
  for (std::uint32_t i = random->below(4); i > 0; --i) features[random_field(random)] = random_value(random);
  return features;
}

Filter random_filter(Random* random, int depth) {
  Filter filter;
  const std::uint32_t ops = depth > 0 ? 10 : 7;
  filter.op = static_cast<Filter::Op>(9 - random->below(ops));
  switch (filter.op) {
    case Filter::Op::kAll:
    case Filter::Op::kAny:
      for (std::uint32_t i = random->below(4); i > 0; --i) filter.children.push_back(random_filter(random, depth - 1));
      break;
    case Filter::Op::kNot:
      if (random->below(8) != 0) filter.children.push_back(random_filter(random, depth - 1));
      break;
    default:
      filter.field = random->below(8) == 0 ? "id" : random_field(random);
      for (std::uint32_t i = random->below(3); i > 0; --i) filter.values.push_back(random_value(random));
      if (filter.field == "id" && random->below(2) == 0) {
        filter.values.emplace_back("e" + std::to_string(random->below(80)));
      }
  }
  return filter;
}

// To the bit: NaN is NaN, and -0 is not 0.
bool are_same(const Features& a, const Features& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    const auto* number = std::get_if<double>(&x.second);
    if (number == nullptr) return x == y;
    const auto* other = std::get_if<double>(&y.second);
    return x.first == y.first && other != nullptr &&
           std::bit_cast<std::uint64_t>(*number) == std::bit_cast<std::uint64_t>(*other);
  });
}

TEST(AttributeIndexTest, AgreesWithTheDefinitionOnRandomFeaturesAndFilters) {
  Random random(20'240'601);
  for (int round = 0; round < 40; ++round) {
    AttributeIndex index(find_id);
    std::map<DenseId, std::pair<std::string, Features>> entities;
    for (int step = 0; step < 120; ++step) {
      const DenseId id = random.below(80) * (random.below(2) == 0 ? 1U : 50'000U);
      if (random.below(5) == 0) {
        index.remove(id);
        entities.erase(id);
      } else {
        const std::string external = "e" + std::to_string(id);
        const Features features = random_features(&random);
        index.set(id, features);
        entities[id] = {external, features};
      }
      if (const auto known = entities.find(id); known != entities.end()) {
        ASSERT_TRUE(are_same(index.features(id), known->second.second)) << "round " << round << ", step " << step;
      } else {
        ASSERT_TRUE(index.features(id).empty());
      }
      if (step % 6 != 0) continue;
      const Filter filter = random_filter(&random, 3);
      Bitmap expected;
      for (const auto& [entity, known] : entities) {
        if (matches(filter, known.first, known.second)) expected.add(entity);
      }
      ASSERT_TRUE(index.evaluate(filter) == expected) << "round " << round << ", step " << step;
    }
    EXPECT_EQ(index.all().cardinality(), entities.size());
  }
}

TEST(AttributeIndexTest, SetReplacesAllThatWasKnown) {
  AttributeIndex index(find_id);
  index.set(3, {{"color", std::string("red")}, {"price", 2.0}});
  index.set(3, {{"color", std::string("blue")}});
  const auto equal = [](std::string field, FeatureValue value) {
    return Filter{Filter::Op::kEqual, {}, std::move(field), {std::move(value)}};
  };
  EXPECT_TRUE(index.evaluate(equal("color", std::string("red"))).isEmpty());
  EXPECT_TRUE(index.evaluate(equal("price", 2.0)).isEmpty());
  EXPECT_TRUE(index.evaluate(equal("id", std::string("e4"))).isEmpty());
  EXPECT_EQ(index.evaluate(equal("color", std::string("blue"))), Bitmap::bitmapOf(1, 3));
  EXPECT_EQ(index.evaluate(equal("id", std::string("e3"))), Bitmap::bitmapOf(1, 3));
  EXPECT_GT(index.memory_bytes(), 0U);
}

TEST(AttributeIndexTest, EvaluationsRunBesideAWriter) {
  AttributeIndex index(find_id);
  for (DenseId id = 0; id < 500; ++id) index.set(id, {{"even", id % 2 == 0}});
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      const Filter even{Filter::Op::kEqual, {}, "even", {true}};
      while (!stop) {
        const Bitmap found = index.evaluate(even);
        for (const DenseId id : found) ASSERT_EQ(id % 2, 0U);
      }
    });
  }
  Random random(5);
  for (int i = 0; i < 3'000; ++i) {
    const DenseId id = random.below(500);
    index.remove(id);
    index.set(id, {{"even", id % 2 == 0}, {"n", static_cast<double>(random.below(10))}});
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

// The first filter over a field prepares it while others write, also where they take every value away.
TEST(AttributeIndexTest, AFieldIsPreparedBesideWriters) {
  constexpr DenseId kIds = 30'000;
  AttributeIndex index(find_id);
  std::map<DenseId, Features> expected;
  Random random(11);
  const auto set = [&](DenseId id) {
    Features features = {{"even", id % 2 == 0}, {"n", static_cast<double>(random.below(50))}};
    if (random.below(2) == 0) features["word"] = "w" + std::to_string(random.below(9));
    index.set(id, features);
    expected[id] = std::move(features);
  };
  for (DenseId id = 0; id < kIds; ++id) set(id);
  index.set(kIds, {{"only here", true}});

  const std::vector<Filter> filters = {{Filter::Op::kEqual, {}, "even", {true}},
                                       {Filter::Op::kLess, {}, "n", {25.0}},
                                       {Filter::Op::kEqual, {}, "word", {std::string("w3")}},
                                       {Filter::Op::kExists, {}, "only here", {}}};
  for (const Filter& filter : filters) EXPECT_EQ(index.count_unprepared(filter), 1U);
  std::vector<std::thread> askers;
  std::atomic<std::size_t> asking{filters.size()};
  for (const Filter& filter : filters) {
    askers.emplace_back([&] {
      index.evaluate(filter);
      --asking;
    });
  }
  std::size_t written = 0;
  while (asking > 0) {
    const DenseId id = random.below(kIds);
    if (random.below(8) == 0) {
      index.remove(id);
      expected.erase(id);
    } else {
      set(id);
    }
    index.remove(kIds);
    index.set(kIds, {{"only here", ++written % 2 == 0}});
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_GT(written, 10U) << "writers waited for the whole";

  for (std::size_t i = 0; i < 3; ++i) {
    Bitmap wanted;
    for (const auto& [id, features] : expected)
      if (matches(filters[i], "e" + std::to_string(id), features)) wanted.add(id);
    EXPECT_EQ(index.evaluate(filters[i]), wanted) << i;
    EXPECT_EQ(index.count_unprepared(filters[i]), 0U);
  }
  EXPECT_EQ(index.evaluate(filters[3]), Bitmap::bitmapOf(1, kIds));
}

// Against a plain list, over value distributions that split, isolate and empty buckets.
TEST(NumericColumnTest, AgreesWithAPlainList) {
  for (const std::uint32_t distinct : {1U, 3U, 50U, 100'000U}) {
    Random random(distinct);
    NumericColumn column;
    std::map<DenseId, double> values;
    const auto check = [&] {
      for (int i = 0; i < 40; ++i) {
        const double low = static_cast<double>(random.below(distinct + 2)) - 1;
        const double high = low + static_cast<double>(random.below(i % 2 == 0 ? 3 : distinct + 1)) - 0.5;
        Bitmap expected;
        for (const auto& [id, value] : values) {
          if (low <= value && value <= high) expected.add(id);
        }
        Bitmap found;
        column.collect(low, high, &found);
        ASSERT_TRUE(found == expected) << distinct << ": " << low << ".." << high;
      }
    };
    for (DenseId id = 0; id < 20'000; ++id) {
      values[id] = random.below(distinct);
      column.add(id, values[id]);
    }
    check();
    for (int i = 0; i < 20'000; ++i) {  // updates, of which half go to values between the old ones
      const DenseId id = random.below(20'000);
      column.remove(id, values[id]);
      values[id] = random.below(distinct) + (random.below(2) == 0 ? 0.25 : 0.0);
      column.add(id, values[id]);
    }
    check();
    while (values.size() > 50) {
      const auto victim = values.begin();
      column.remove(victim->first, victim->second);
      values.erase(victim);
    }
    check();
    for (DenseId id = 30'000; id < 35'000; ++id) {
      values[id] = 1 + static_cast<double>(random.below(3)) * 0.125;
      column.add(id, values[id]);
    }
    check();
  }
}

}  // namespace
}  // namespace tamis::index
