#include "engine/learn/held_out_database.h"

#include <gmock/gmock.h>

#include "tests/engine/trainer_fixture.h"

namespace tamis::engine {
namespace {

class HeldOutDatabaseTest : public TrainerFixture {
 protected:
  static constexpr int kUsers = 60;
  static constexpr int kItems = 40;

  // Each user takes eight items in turn, one an hour; what everybody takes last is held out.
  void SetUp() override {
    TrainerFixture::SetUp();
    std::vector<Mutation> mutations;
    for (int step = 0; step < 8; ++step)
      for (int user = 0; user < kUsers; ++user)
        mutations.push_back(interaction("user-" + std::to_string(user),
                                        "item-" + std::to_string((user * 7 + step * 3) % kItems),
                                        kStartMs + step * kHourMs + user));
    write(std::move(mutations));
    dataset_ = load_dataset(*store_,
                            std::make_shared<const InteractionTypes>(std::map<std::string, double>(),
                                                                     std::map<std::string, InteractionType>()),
                            clock_.now_ms(), nullptr)
                   .value();
  }

  // All of the catalogue, but what each user had met.
  std::vector<std::vector<models::ScoredId>> lists(std::uint64_t max_interactions) {
    DatabaseOptions options;
    options.clock = &clock_;
    auto made = HeldOutDatabase::create({.store = store_.get(),
                                         .options = options,
                                         .scratch = dir_ / "scratch",
                                         .max_users = 10,
                                         .max_interactions = max_interactions},
                                        dataset_, kStartMs + 7 * kHourMs, {});
    EXPECT_TRUE(made.is_ok()) << made.status().to_string();
    if (!made.is_ok()) return {};
    users_ = (*made)->users();
    FunnelConfig funnel;
    funnel.retrievers = {{.kind = "popular", .quota = kItems, .space = {}}};
    return (*made)->lists(funnel, kItems, {}).value();
  }

  Dataset dataset_;
  std::vector<ReturningUser> users_;
};

TEST_F(HeldOutDatabaseTest, UsersAreAskedAsOfTheCut) {
  const auto found = lists(1'000'000);
  ASSERT_EQ(users_.size(), 10);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].size(), kItems - 7) << "seven were met before";
    EXPECT_EQ(users_[i].fresh.size(), 1);
  }
}

// Popularity is then that among a sample of the users; what one was asked has met is all known.
TEST_F(HeldOutDatabaseTest, OfTooManyInteractionsUsersAreSampled) {
  const auto all = lists(1'000'000);
  const auto sampled = lists(100);
  ASSERT_EQ(sampled.size(), all.size());
  std::size_t same = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(sampled[i].size(), kItems - 7) << "every item that anybody met is in the catalogue";
    same += std::equal(all[i].begin(), all[i].end(), sampled[i].begin(), sampled[i].end(),
                       [](const auto& a, const auto& b) { return a.id == b.id; });
  }
  EXPECT_EQ(same, 0) << "counts are those of a sample";
}

}  // namespace
}  // namespace tamis::engine
