// A ranker whose embedding tables stay in their file, through a cache of a tenth of them.
#include "engine/serving/file_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ranker/dlrm_file.h"
#include "ranker/factorized_scorer.h"
#include "tests/engine/temporary_directory.h"
#include "tests/ranker/random_examples.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kUsers = 3'000;
constexpr std::uint32_t kItems = 6'000;

ranker::Vocabulary numbered(const std::string& prefix, std::uint32_t rows) {
  std::vector<std::string> values;
  for (std::uint32_t row = 1; row < rows; ++row) values.push_back(prefix + std::to_string(row));
  return *ranker::Vocabulary::create(std::move(values));
}

class FileRowsTest : public ::testing::Test {
 protected:
  FileRowsTest() {
    ranker::FeatureSchema schema = ranker::make_schema({ranker::id_field("user", ranker::FieldSide::kUser, kUsers),
                                                        ranker::id_field("item", ranker::FieldSide::kItem, kItems),
                                                        ranker::numeric_field("price", ranker::FieldSide::kItem),
                                                        ranker::numeric_field("score", ranker::FieldSide::kCrossed)});
    std::vector<ranker::Vocabulary> vocabularies;
    vocabularies.push_back(numbered("u", kUsers));
    vocabularies.push_back(numbered("i", kItems));
    const auto encoder = ranker::FeatureEncoder::create(schema, std::move(vocabularies));
    EXPECT_TRUE(encoder.is_ok()) << encoder.status().to_string();
    const ranker::Dlrm model =
        *ranker::Dlrm::create(schema, {.dim = 16, .bottom = {8}, .top = {32, 16}, .embedding_stddev = 1}, 3);
    for (const auto& table : model.tables()) table_bytes_ += table.values().size_bytes();
    EXPECT_TRUE(ranker::write_dlrm(path(), model, *encoder, ranker::Calibrator{}).is_ok());
  }
  std::filesystem::path path() const { return directory_ / "ranker.safetensors"; }

  std::shared_ptr<const ranker::Dlrm> load(const std::shared_ptr<RowCache>& cache) const {
    const ranker::TablesOnDisk on_disk{
        .above_bytes = cache == nullptr ? 0 : cache->capacity_bytes(), .open = [&](auto file, auto tables) {
          return std::make_shared<const FileRows>(cache, std::move(file), std::move(tables));
        }};
    auto read = ranker::read_dlrm(path(), cache == nullptr ? nullptr : &on_disk);
    EXPECT_TRUE(read.is_ok()) << read.status().to_string();
    EXPECT_EQ(read->model.tables().empty(), cache != nullptr);
    return std::make_shared<const ranker::Dlrm>(std::move(read->model));
  }

  // A few are asked for often, as in life.
  static std::uint32_t popular(Random& random, std::uint32_t count) {
    return static_cast<std::uint32_t>(std::pow(random.uniform(), 4) * count);
  }
  static ranker::ExampleTable examples_of(const ranker::FeatureSchema& schema, std::size_t rows, Random& random,
                                          ranker::Columns columns) {
    ranker::ExampleTable table = ranker::random_examples(schema, rows, random, columns);
    for (std::uint32_t& id : table.ids[0].ids) id = popular(random, kUsers);
    for (std::uint32_t& id : table.ids[1].ids) id = popular(random, kItems);
    return table;
  }

  TemporaryDirectory directory_;
  std::uint64_t table_bytes_ = 0;
};

TEST_F(FileRowsTest, ScoresAreThoseOfTablesInMemoryToTheBit) {
  const auto cache = std::make_shared<RowCache>(table_bytes_ / 10);
  const ranker::FactorizedScorer whole(load(nullptr));
  const ranker::FactorizedScorer cached(load(cache));
  const ranker::FeatureSchema& schema = whole.model().schema();
  Random random(5);
  ranker::FactorizedScorer::Scratch scratch;
  constexpr std::size_t kCandidates = 50;
  std::vector<std::uint32_t> candidates(kCandidates);
  for (std::uint32_t i = 0; i < kCandidates; ++i) candidates[i] = i;
  for (int request = 0; request < 400; ++request) {
    const ranker::ExampleTable user = examples_of(schema, 1, random, ranker::Columns::kUserAndContext);
    const ranker::ExampleTable items = examples_of(schema, kCandidates, random, ranker::Columns::kItem);
    const ranker::ExampleTable crossed = examples_of(schema, kCandidates, random, ranker::Columns::kCrossed);
    std::vector<std::vector<float>> logits;
    for (const ranker::FactorizedScorer* scorer : {&whole, &cached}) {
      const auto prepared = scorer->prepare(user);
      const auto parts = scorer->precompute(items, {});
      ASSERT_TRUE(prepared.is_ok() && parts.is_ok());
      logits.emplace_back(kCandidates);
      ASSERT_TRUE(scorer->score(*prepared, *parts, candidates, crossed, logits.back(), scratch).is_ok());
    }
    ASSERT_EQ(logits[0], logits[1]) << "request " << request;
    ASSERT_LE(cache->memory_bytes(), table_bytes_ / 10);
  }
  EXPECT_GT(cache->memory_bytes(), table_bytes_ / 20) << "the cache holds what it may";
  const CacheFigures figures = cache->figures();
  EXPECT_EQ(figures.hits + figures.misses, 400u * (kCandidates + 1));
  EXPECT_GT(figures.hits, figures.misses / 4) << "a tenth of the bytes holds 3% of rows as short as these";
  RecordProperty("hits", std::to_string(figures.hits));
  RecordProperty("misses", std::to_string(figures.misses));
}

TEST_F(FileRowsTest, TablesShareTheCacheAndTheFileOutlivesItsName) {
  const auto cache = std::make_shared<RowCache>(4 << 10);
  const auto first = load(cache);
  const auto second = load(cache);
  std::filesystem::remove(path());
  Random random(6);
  const ranker::ExampleTable examples = examples_of(first->schema(), 500, random, ranker::Columns::kAll);
  std::vector<float> one(500);
  std::vector<float> other(500);
  ASSERT_TRUE(ranker::score_examples(*first, examples, one, {}).is_ok());
  ASSERT_TRUE(ranker::score_examples(*second, examples, other, {.threads = 4}).is_ok());
  EXPECT_EQ(one, other);
  EXPECT_LE(cache->memory_bytes(), 4u << 10);
}

}  // namespace
}  // namespace tamis::engine
