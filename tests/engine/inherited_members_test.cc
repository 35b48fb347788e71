// A run replaces the members that it names; the generation keeps the others of the one that serves.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "engine/generations/generation_files.h"
#include "tests/engine/trainer_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class InheritedMembersTest : public TrainerFixture {
 protected:
  GenerationInfo newest() const { return trainer_->list_generations().front(); }
  // The vectors of a user by name, through the vocabulary that the member has.
  std::vector<float> user_vector(const std::string& encoder_name, const std::string& user) const {
    const auto generation = host_->serving();
    const models::Encoder* encoder = generation == nullptr ? nullptr : generation->encoder(encoder_name);
    if (encoder == nullptr) return {};
    const auto id = store_->ids(EntityKind::kUser).find(user);
    const std::uint32_t row = id ? generation->vocabulary(encoder_name).row_of(EntityKind::kUser, *id) : kNoDenseId;
    if (row == kNoDenseId) return {};
    const auto vector = encoder->user_vectors().subspan(std::size_t{row} * encoder->shape().dim, encoder->shape().dim);
    return {vector.begin(), vector.end()};
  }
  void damage(const std::string& generation, const std::string& file) {
    std::fstream stream(generations() / generation / file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-3, std::ios::end);
    stream.put('\x5a');
  }
};

TEST_F(InheritedMembersTest, EachModelAloneLeavesTheOthersAsTheyAre) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const std::vector<float> ials = user_vector("ials", "user-3");
  ASSERT_FALSE(ials.empty());
  for (const char* model : {"user_knn", "item_knn", "popular", "bpr", "graph_filter"}) {
    const Job job = train({.models = {model}});
    ASSERT_EQ(job.state, JobState::kSucceeded) << model << ": " << job.detail;
    EXPECT_EQ(host_->serving_id(), job.generation) << model;
    const auto serving = host_->serving();
    EXPECT_TRUE(serving->item_neighbors && serving->user_neighbors) << model;
    EXPECT_EQ(user_vector("ials", "user-3"), ials) << model;
    EXPECT_FALSE(newest().inherited.contains(model)) << model;
    EXPECT_EQ(newest().inherited.at("ials").generation, "g1") << model;
    EXPECT_THAT(newest().models, IsSupersetOf({"popular", "item_knn", "user_knn", "ials"})) << model;
  }
  EXPECT_GE(std::filesystem::hard_link_count(generations() / newest().id / "ials.safetensors"), 2);
}

TEST_F(InheritedMembersTest, KeepsItsVocabularyAsTheDatabaseGrows) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const std::vector<float> before = user_vector("ials", "user-39");
  // Newcomers whose names come first, and somebody who leaves: rows of the two vocabularies differ throughout.
  std::vector<Mutation> mutations;
  for (int n = 0; n < 6; ++n) {
    mutations.push_back(interaction("a-newcomer", "item-" + std::to_string(n), kStartMs + n));
    mutations.push_back(interaction("user-" + std::to_string(n * 2), "a-new-item", kStartMs + 100 + n));
  }
  mutations.push_back(DeleteEntity{EntityKind::kUser, "user-0"});
  mutations.push_back(DeleteEntity{EntityKind::kItem, "item-0"});
  write(std::move(mutations));
  ASSERT_EQ(train({.models = {"item_knn", "user_knn"}}).state, JobState::kSucceeded);

  const auto serving = host_->serving();
  const auto newcomer = store_->ids(EntityKind::kUser).find("a-newcomer");
  const auto item = store_->ids(EntityKind::kItem).find("a-new-item");
  ASSERT_TRUE(newcomer && item);
  EXPECT_NE(serving->vocabulary("user_knn").row_of(EntityKind::kUser, *newcomer), kNoDenseId);
  EXPECT_NE(serving->vocabulary("item_knn").row_of(EntityKind::kItem, *item), kNoDenseId);
  EXPECT_EQ(serving->vocabulary("ials").row_of(EntityKind::kUser, *newcomer), kNoDenseId);
  EXPECT_EQ(serving->vocabulary("ials").items.size(), 30);
  EXPECT_EQ(serving->vocabulary("item_knn").items.size(), 30);  // one came, one went
  EXPECT_EQ(user_vector("ials", "user-39"), before);
  EXPECT_LT(serving->sequence_of("ials"), serving->sequence_of("item_knn"));

  // The next one keeps members of two origins; a restart reads them all.
  ASSERT_EQ(train({.models = {"bpr"}}).state, JobState::kSucceeded);
  EXPECT_EQ(newest().inherited.at("ials").generation, "g1");
  EXPECT_EQ(newest().inherited.at("item_knn").generation, "g2");
  restart();
  ASSERT_EQ(load_and_serve(), "g3");
  EXPECT_EQ(user_vector("ials", "user-39"), before);
  EXPECT_EQ(host_->serving()->vocabulary("ials").users.size(), 40);

  // Given away and taken in, it is the same.
  ASSERT_TRUE(trainer_->export_generation("g3", dir_ / "out").is_ok());
  const auto imported = trainer_->import_generation(dir_ / "out", "copy");
  ASSERT_TRUE(imported.is_ok()) << imported.status().to_string();
  ASSERT_TRUE(trainer_->promote("copy").is_ok());
  EXPECT_EQ(user_vector("ials", "user-39"), before);
  EXPECT_EQ(imported->inherited.at("ials").generation, "g1");
}

TEST_F(InheritedMembersTest, ADefaultRunKeepsSpecialMembersFresh) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  ASSERT_EQ(train({.models = {"bpr"}}).state, JobState::kSucceeded);
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_THAT(newest().models, UnorderedElementsAre("popular", "item_knn", "user_knn", "ials", "bpr"));
  EXPECT_THAT(newest().inherited, IsEmpty()) << "all are learned anew";
  ASSERT_EQ(train({.models = {}, .inherit = false}).state, JobState::kSucceeded);
  EXPECT_THAT(newest().models, Not(Contains("bpr"))) << "as asked";
}

TEST_F(InheritedMembersTest, WhatCannotBeKeptIsLearnedAnew) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  damage("g1", "item_knn.safetensors");
  const Job job = train({.models = {"user_knn"}});
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_THAT(job.warnings, ElementsAre(HasSubstr("item_knn of g1 cannot be kept")));
  EXPECT_FALSE(newest().inherited.contains("item_knn"));
  EXPECT_TRUE(newest().inherited.contains("ials"));
  EXPECT_TRUE(host_->serving()->item_neighbors.has_value());
}

TEST_F(InheritedMembersTest, AWeakMemberIsLeftOutWithItsReason) {
  write_clusters();
  options_.training.models = {"popular", "item_knn", "mf"};  // nobody rates
  open_trainer();
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_EQ(host_->serving_id(), "g1");
  EXPECT_THAT(newest().models, ElementsAre("popular", "item_knn"));
  EXPECT_THAT(newest().left_out.at("mf"), HasSubstr("no interactions of the type rating"));
  EXPECT_THAT(newest().note, HasSubstr("no mf"));
  EXPECT_THAT(job.warnings, ElementsAre(HasSubstr("mf is left out: there are no interactions of the type rating")));
  // Alone, there is nothing to promote.
  const Job alone = train({.models = {"mf"}});
  EXPECT_EQ(alone.state, JobState::kFailed);
  EXPECT_THAT(alone.detail, HasSubstr("no interactions of the type rating"));
  EXPECT_EQ(host_->serving_id(), "g1");
}

TEST_F(InheritedMembersTest, AMemberThatFailsKeepsTheOneOfBefore) {
  write_clusters();
  for (int n = 0; n < 20; ++n)
    write({interaction("critic", "item-" + std::to_string(n), kStartMs + n, "rating", 1 + n % 5)});
  options_.training.models = {"popular", "item_knn", "mf"};
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  ASSERT_NE(host_->serving()->encoder("mf"), nullptr);
  write({DeleteEntity{EntityKind::kUser, "critic"}});
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_EQ(host_->serving_id(), "g2");
  EXPECT_NE(host_->serving()->encoder("mf"), nullptr);
  EXPECT_EQ(newest().inherited.at("mf").generation, "g1");
  EXPECT_THAT(newest().left_out.at("mf"), HasSubstr("is kept"));
}

TEST_F(InheritedMembersTest, TheRankerIsAMemberLikeOthers) {
  open_trainer();
  EXPECT_EQ(trainer_->train({.models = {"ranker"}}).status().code(), StatusCode::kInvalidArgument)
      << "there is nothing to rank";
  write_clusters();
  ASSERT_EQ(train({.models = {"item_knn"}}).state, JobState::kSucceeded);
  EXPECT_TRUE(trainer_->train({.models = {"ranker"}}).is_ok()) << "item_knn is kept, and retrieves";
  const Status unknown = trainer_->train({.models = {"nosuch"}}).status();
  EXPECT_THAT(unknown.message(), HasSubstr("bert4rec"));
  EXPECT_THAT(unknown.message(), HasSubstr("item_knn"));
  EXPECT_THAT(trainer_->train({.models = {"bprr"}}).status().message(), HasSubstr("did you mean 'bpr'"));
}

// What an importer made knows items in an order of its own.
TEST_F(InheritedMembersTest, AnImportKeepsWhatItLacks) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const std::vector<float> before = user_vector("ials", "user-3");
  GenerationContents contents;
  contents.info.id = "elsewhere";
  contents.info.state = "ready";
  contents.info.models = {"item_knn"};
  contents.users = {"user-7"};
  contents.items = {"item-9", "item-3"};
  contents.models.item_neighbors =
      models::NeighborTable{.offsets = {0, 1, 2}, .neighbor = {1, 0}, .similarity = {1, 1}};
  ASSERT_TRUE(write_generation(dir_ / "elsewhere", contents).is_ok());
  const auto imported = trainer_->import_generation(dir_ / "elsewhere", "torch");
  ASSERT_TRUE(imported.is_ok()) << imported.status().to_string();
  EXPECT_EQ(imported->inherited.at("ials").generation, "g1");
  ASSERT_TRUE(trainer_->promote("torch").is_ok());
  EXPECT_EQ(host_->serving()->vocabulary("item_knn").items.size(), 2);
  EXPECT_EQ(user_vector("ials", "user-3"), before);
  EXPECT_TRUE(host_->serving()->user_neighbors.has_value());
}

TEST_F(InheritedMembersTest, ImportsOfOneNameAtOnceAreSafe) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  ASSERT_TRUE(trainer_->export_generation("g1", dir_ / "out").is_ok());
  for (int round = 0; round < 10; ++round) {
    const std::string name = "copy-" + std::to_string(round);
    std::atomic<int> taken = 0;
    std::vector<std::thread> importers;
    for (int n = 0; n < 5; ++n)
      importers.emplace_back([&] {
        const auto imported = trainer_->import_generation(dir_ / "out", name);
        if (imported.is_ok())
          taken.fetch_add(1);
        else
          EXPECT_EQ(imported.status().code(), StatusCode::kAlreadyExists) << imported.status().to_string();
      });
    for (std::thread& importer : importers) importer.join();
    EXPECT_EQ(taken.load(), 1);
    const Status promoted = trainer_->promote(name);
    EXPECT_TRUE(promoted.is_ok()) << promoted.to_string();
  }
}

TEST_F(InheritedMembersTest, FunnelsAreComparedEndToEnd) {
  write_clusters(20);
  open_trainer();
  FunnelConfig wide = FunnelConfig::default_funnel();
  wide.name = "wide";
  wide.retrievers.push_back({.kind = "ann", .quota = 50, .weight = 1, .space = "bpr"});
  host_->use_funnels({FunnelConfig::default_funnel(), wide});
  const Job first = train();
  ASSERT_EQ(first.state, JobState::kSucceeded) << first.detail;
  ASSERT_EQ(newest().funnels.size(), 2) << newest().note;
  EXPECT_GT(newest().funnels.at("default").ndcg10, 0.05);
  EXPECT_GT(newest().funnels.at("default").users, 10);
  EXPECT_FALSE(newest().funnels.at("default").serving_ndcg10.has_value());

  const Job special = train({.models = {"bpr"}});
  ASSERT_EQ(special.state, JobState::kSucceeded) << special.detail;
  EXPECT_THAT(special.detail, HasSubstr("funnel default"));
  const FunnelQuality quality = newest().funnels.at("default");
  ASSERT_TRUE(quality.serving_ndcg10.has_value());
  EXPECT_NEAR(quality.ndcg10, *quality.serving_ndcg10, 1e-9) << "no retriever of it asks bpr";

  const Job poor = train({.models = {"popular"}, .inherit = false});
  EXPECT_EQ(poor.state, JobState::kRejected);
  EXPECT_THAT(poor.detail, HasSubstr("funnel default"));
  EXPECT_EQ(host_->serving_id(), "g2");
  for (const auto& entry : std::filesystem::directory_iterator(generations()))
    EXPECT_FALSE(entry.path().filename().string().ends_with(".tmp")) << entry.path();
  // It recovers by itself.
  EXPECT_EQ(train().state, JobState::kSucceeded);
}

}  // namespace
}  // namespace tamis::engine
