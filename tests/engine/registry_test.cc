#include "engine/generations/registry.h"

#include <gmock/gmock.h>

#include "tests/engine/trainer_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RegistryTest : public TrainerFixture {
 protected:
  void SetUp() override {
    TrainerFixture::SetUp();
    open_registry();
  }
  void open_registry() {
    auto registry = Registry::open(
        *store_, [this](std::vector<Mutation> mutations) { return host_->commit(std::move(mutations)); });
    ASSERT_TRUE(registry.is_ok()) << registry.status().to_string();
    registry_ = std::move(*registry);
  }
  void add(const std::string& id) {
    GenerationInfo info;
    info.id = id;
    info.state = "ready";
    info.models = {"ials"};
    info.metrics = {{"ials", {{"ndcg@10", 0.1}}}};
    ASSERT_TRUE(registry_->add(info).is_ok());
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const GenerationInfo& info : registry_->list()) ids.push_back(info.id);
    return ids;
  }
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, OrdersByNumberAndSurvivesReopening) {
  for (const char* id : {"g9", "g10", "g11"}) add(id);
  ASSERT_TRUE(registry_->set_serving("g10").is_ok());
  ASSERT_TRUE(registry_->set_serving("g11").is_ok());
  EXPECT_EQ(registry_->take_job_number().value(), 1);
  open_registry();
  EXPECT_THAT(ids(), ElementsAre("g11", "g10", "g9"));
  EXPECT_EQ(registry_->serving(), "g11");
  EXPECT_EQ(registry_->rollback_target(), "g10");
  EXPECT_EQ(registry_->get("g11")->metrics.at("ials").at("ndcg@10"), 0.1);
  EXPECT_EQ(registry_->take_job_number().value(), 2);
  EXPECT_EQ(registry_->begin_run({.ms = 5, .interactions = 7}).value(), "g12");
  open_registry();
  EXPECT_EQ(registry_->last_run().ms, 5);
  EXPECT_EQ(registry_->last_run().interactions, 7);
  EXPECT_EQ(registry_->begin_run({}).value(), "g13");
}

TEST_F(RegistryTest, RollbackGoesBackStepByStep) {
  for (const char* id : {"g1", "g2", "g3"}) {
    add(id);
    ASSERT_TRUE(registry_->set_serving(id).is_ok());
  }
  ASSERT_TRUE(registry_->set_rolled_back("g2").is_ok());
  EXPECT_EQ(registry_->rollback_target(), "g1");
  ASSERT_TRUE(registry_->set_rolled_back("g1").is_ok());
  EXPECT_EQ(registry_->rollback_target(), std::nullopt);
}

TEST_F(RegistryTest, RollbackPassesOverTheDamaged) {
  for (const char* id : {"g1", "g2", "g3"}) {
    add(id);
    ASSERT_TRUE(registry_->set_serving(id).is_ok());
  }
  ASSERT_TRUE(registry_->set_state("g2", "corrupt", "a bit fell over").is_ok());
  EXPECT_EQ(registry_->rollback_target(), "g1");
}

TEST_F(RegistryTest, SuperfluousSparesWhatServesAndWhatRollbackNeeds) {
  for (const char* id : {"g1", "g2", "g3", "g4", "g5"}) add(id);
  ASSERT_TRUE(registry_->set_serving("g1").is_ok());
  ASSERT_TRUE(registry_->set_serving("g2").is_ok());
  EXPECT_THAT(registry_->superfluous(2), ElementsAre("g3"));
  EXPECT_THAT(registry_->superfluous(5), IsEmpty());
  ASSERT_TRUE(registry_->remove({"g3"}).is_ok());
  EXPECT_EQ(registry_->remove({"g2"}).code(), StatusCode::kFailedPrecondition);
  open_registry();
  EXPECT_THAT(ids(), ElementsAre("g5", "g4", "g2", "g1"));
}

TEST_F(RegistryTest, AFailedCommitChangesNothing) {
  add("g1");
  host_->fail_commits(Status::unavailable("poisoned"));
  EXPECT_EQ(registry_->set_serving("g1").code(), StatusCode::kUnavailable);
  EXPECT_EQ(registry_->serving(), "");
  EXPECT_FALSE(registry_->take_job_number().is_ok());
  host_->fail_commits(Status::ok());
  EXPECT_EQ(registry_->take_job_number().value(), 1);
}

TEST_F(RegistryTest, DocumentsThatAreNotOursAreLeftOut) {
  add("g2");
  write({PutDocument{"generation", "g7", "{\"id\":3}"},
         PutDocument{"setting", "trainer", "{\"next_generation\":1e30,\"next_job\":true}"},
         PutDocument{"setting", "serving_generation", "[]"}});
  const auto commit = [this](std::vector<Mutation> mutations) { return host_->commit(std::move(mutations)); };
  const auto opened = Registry::open(*store_, commit);
  ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
  EXPECT_EQ((*opened)->refused().size(), 3u);
  EXPECT_EQ((*opened)->list().size(), 1u);
  EXPECT_EQ((*opened)->serving(), "");
  EXPECT_EQ((*opened)->begin_run({}).value(), "g8") << "the name of what cannot be read stays taken";
}

}  // namespace
}  // namespace tamis::engine
