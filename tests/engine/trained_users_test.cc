// The users of a trained space: found by the generation's own rows, and by a graph over them.
#include "engine/live/trained_users.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <thread>

#include "common/random.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kTowerDim = 12;
constexpr std::uint32_t kTowerUsers = 3'000;

class Towers final : public models::Encoder {
 public:
  Towers(Metric metric, std::vector<float> users)
      : Encoder({.name = "towers", .kind = "imported", .users = kTowerUsers, .dim = kTowerDim, .metric = metric}),
        users_(std::move(users)) {}
  std::span<const float> item_vectors() const override { return {}; }
  std::span<const float> user_vectors() const override { return users_; }
  Status embed_user(const models::UserInput&, std::span<float>) const override { return Status::ok(); }
  void add_tensors(models::TensorWriter&) const override {}

 private:
  std::vector<float> users_;
};

class TrainedUsersTest : public ::testing::TestWithParam<Metric> {
 protected:
  TrainedUsersTest() {
    Random random(7);
    std::vector<float> values(kTowerUsers * kTowerDim);
    for (float& value : values) value = static_cast<float>(random.normal());
    auto generation = std::make_shared<Generation>();
    generation->info.id = "g1";
    for (std::uint32_t row = 0; row < kTowerUsers; ++row) {
      generation->users.push_back(id_of(row));
      generation->user_rows.resize(id_of(row) + 1, kNoDenseId);
      generation->user_rows.back() = row;
    }
    auto towers = std::make_shared<const Towers>(GetParam(), std::move(values));
    generation->encoders.push_back(towers);
    encoder = towers.get();
    made = generation;
  }
  static DenseId id_of(std::uint32_t row) { return row * 2 + 5; }  // there are users whom the model does not know
  std::span<const float> vector(std::uint32_t row) const {
    return encoder->user_vectors().subspan(std::size_t{row} * kTowerDim, kTowerDim);
  }
  std::unique_ptr<TrainedUsers> make(std::uint64_t graph_from) const {
    index::IndexOptions options{.dim = kTowerDim, .metric = GetParam(), .growing_limit = 1'000};
    return std::make_unique<TrainedUsers>(made, *encoder, options, graph_from);
  }
  // Takes all in but each seventh.
  void fill(TrainedUsers* users) {
    for (std::uint32_t row = 0; row < kTowerUsers; ++row) {
      if (row % 7 == 0) continue;
      present.insert(row);
      ASSERT_TRUE(users->upsert(id_of(row), vector(row)).is_ok());
    }
  }
  double score(std::span<const float> a, std::span<const float> b) const {
    double dot = 0, aa = 0, bb = 0, l2 = 0;
    for (std::uint32_t i = 0; i < kTowerDim; ++i) {
      dot += double{a[i]} * b[i];
      aa += double{a[i]} * a[i];
      bb += double{b[i]} * b[i];
      l2 += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    }
    return GetParam() == Metric::kDot ? dot : GetParam() == Metric::kL2 ? -l2 : dot / std::sqrt(aa * bb);
  }
  // By definition, best first.
  std::vector<std::pair<double, DenseId>> expected(std::span<const float> query, const index::Bitmap* filter) const {
    std::vector<std::pair<double, DenseId>> all;
    for (const std::uint32_t row : present) {
      if (filter == nullptr || filter->contains(id_of(row))) all.emplace_back(score(query, vector(row)), id_of(row));
    }
    std::sort(all.begin(), all.end(), std::greater<>());
    all.resize(std::min<std::size_t>(all.size(), 10));
    return all;
  }
  // The share of what should be found that is, with the right scores.
  double recall(const TrainedUsers& users, const index::SearchOptions& options) const {
    Random random(99);
    double found = 0;
    double wanted = 0;
    for (int q = 0; q < 30; ++q) {
      std::vector<float> query(kTowerDim);
      for (float& value : query) value = static_cast<float>(random.normal());
      const auto best = expected(query, options.filter);
      const auto answer = users.search(query, 10, options);
      EXPECT_TRUE(answer.is_ok());
      for (const index::Neighbor& neighbor : *answer) {
        const std::uint32_t row = (neighbor.id - 5) / 2;
        EXPECT_TRUE(present.contains(row)) << row;
        EXPECT_NEAR(neighbor.score, score(query, vector(row)), 1e-4);
        found += std::any_of(best.begin(), best.end(), [&](const auto& b) { return b.second == neighbor.id; });
      }
      wanted += static_cast<double>(best.size());
    }
    return found / wanted;
  }

  std::shared_ptr<const Generation> made;
  const models::Encoder* encoder = nullptr;
  std::set<std::uint32_t> present;
};

TEST_P(TrainedUsersTest, AScanFindsTheNearest) {
  const auto users = make(1'000'000);
  EXPECT_TRUE(users->search(vector(0), 5, {})->empty());
  fill(users.get());
  EXPECT_EQ(users->size(), present.size());
  EXPECT_EQ(recall(*users, {}), 1);
  index::Bitmap half;
  index::Bitmap few;
  for (std::uint32_t row = 0; row < kTowerUsers; row += 2) half.add(id_of(row));
  for (std::uint32_t row = 0; row < kTowerUsers; row += 100) few.add(id_of(row));
  few.add(6);  // whom the model does not know
  EXPECT_EQ(recall(*users, {.filter = &half}), 1);
  EXPECT_EQ(recall(*users, {.filter = &few}), 1);
  for (std::uint32_t row = 0; row < kTowerUsers; row += 3) {
    users->remove(id_of(row));
    present.erase(row);
  }
  users->remove(6);
  EXPECT_EQ(users->size(), present.size());
  EXPECT_EQ(recall(*users, {}), 1);
  EXPECT_FALSE(users->contains(id_of(3)));
  std::vector<float> out(kTowerDim);
  EXPECT_FALSE(users->get(id_of(3), out));
  EXPECT_TRUE(users->get(id_of(4), out));
  EXPECT_NEAR(score(out, vector(4)), GetParam() == Metric::kCosine ? 1 : score(vector(4), vector(4)), 1e-5);
  EXPECT_LT(users->stats().memory_bytes, kTowerUsers / 4) << "the vectors are the generation's";
}

TEST_P(TrainedUsersTest, RefusesWhatAnIndexRefuses) {
  const auto users = make(10);
  EXPECT_EQ(users->upsert(6, vector(0)).field(), "id");
  EXPECT_EQ(users->upsert(id_of(0), vector(0).first(3)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(users->search(vector(0), 0, {}).status().field(), "k");
  EXPECT_EQ(users->search(vector(0).first(3), 1, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(users->size(), 0u);
}

TEST_P(TrainedUsersTest, ManyAreFoundByAGraphThatFollowsChanges) {
  const auto users = make(1'000);
  fill(users.get());
  EXPECT_EQ(users->stats().segments, 0u) << "none before the first search";
  EXPECT_GE(recall(*users, {}), 0.9) << "a scan while the graph is built";
  // What changes meanwhile.
  for (std::uint32_t row = 0; row < kTowerUsers; row += 5) {
    users->remove(id_of(row));
    present.erase(row);
  }
  for (std::uint32_t row = 0; row < kTowerUsers; row += 7) {
    ASSERT_TRUE(users->upsert(id_of(row), vector(row)).is_ok());
    present.insert(row);
  }
  for (int i = 0; i < 600 && users->stats().segments == 0; ++i) {
    (void)users->search(vector(1), 10, {});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ASSERT_GT(users->stats().segments, 0u);
  EXPECT_EQ(users->stats().vectors, present.size());
  EXPECT_GE(recall(*users, {.ef = 200}), 0.95);
  EXPECT_EQ(recall(*users, {.exact = true}), 1);
  for (std::uint32_t row = 0; row < kTowerUsers; row += 11) {
    users->remove(id_of(row));
    present.erase(row);
  }
  EXPECT_GE(recall(*users, {.ef = 200}), 0.95);
}

TEST_P(TrainedUsersTest, AStopDoesNotWaitForTheGraph) {
  if (GetParam() != Metric::kDot) GTEST_SKIP() << "one metric will do";
  index::IndexOptions options{.dim = kTowerDim, .metric = GetParam(), .growing_limit = 1'000};
  options.ef_construction = 1'000;  // takes a while
  auto users = std::make_unique<TrainedUsers>(made, *encoder, options, 1'000);
  fill(users.get());
  const auto start = std::chrono::steady_clock::now();
  (void)users->search(vector(1), 10, {});  // begins it
  while (users->stats().segments == 0) (void)users->search(vector(1), 10, {});
  const auto whole = std::chrono::steady_clock::now() - start;
  users = std::make_unique<TrainedUsers>(made, *encoder, options, 1'000);
  fill(users.get());
  (void)users->search(vector(1), 10, {});
  std::this_thread::sleep_for(whole / 10);
  const auto stop = std::chrono::steady_clock::now();
  users.reset();
  EXPECT_LT((std::chrono::steady_clock::now() - stop) * 4, whole);
}

INSTANTIATE_TEST_SUITE_P(Metrics, TrainedUsersTest, testing::Values(Metric::kCosine, Metric::kDot, Metric::kL2),
                         [](const auto& metric) { return std::string(metric_name(metric.param)); });

}  // namespace
}  // namespace tamis::engine
