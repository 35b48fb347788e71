// Refits between trainings: where items go, how far, and that it is the log alone that counts.
#include "engine/online/refit_item.h"

#include <gtest/gtest.h>

#include <cmath>

#include "query_fixture.h"

namespace tamis::engine {
namespace {

float distance(const std::vector<float>& a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return static_cast<float>(std::sqrt(sum));
}

// Two camps of users and items, learned; then what comes in is news.
class RefitItem : public testing::Test {
 protected:
  RefitItem() {
    for (int user = 0; user < 8; ++user)
      for (int item = 0; item < 4; ++item)
        if (item != user % 4) database.interact(name("a", user), name("red", item));
    for (int user = 0; user < 8; ++user)
      for (int item = 0; item < 4; ++item)
        if (item != user % 4) database.interact(name("b", user), name("blue", item));
    database.train({.dim = 4, .iterations = 8});
    auto generation = std::make_shared<Generation>(*database.generation);
    generation->info.sequence = database.store.last_sequence();
    database.generation = generation;
  }
  static std::string name(const std::string& camp, int n) { return camp + std::to_string(n); }

  const models::Encoder& encoder() const { return *database.generation->encoders[0]; }
  std::vector<float> refit(const std::string& item) const {
    const ReadState state = database.state();
    AskedUsers users(state, encoder());
    return refit_item(state, encoder(), *database.store.items.find(item), &users).value();
  }
  std::span<const float> trained(const std::string& item) const {
    const std::uint32_t row = database.generation->row_of(EntityKind::kItem, *database.store.items.find(item));
    return encoder().item_vectors().subspan(row * 4, 4);
  }
  float score(const std::string& user, const std::vector<float>& item) const {
    const std::uint32_t row = database.generation->row_of(EntityKind::kUser, *database.store.users.find(user));
    float sum = 0;
    for (std::size_t d = 0; d < 4; ++d) sum += encoder().user_vectors()[row * 4 + d] * item[d];
    return sum;
  }

  QueryDatabase database;
};

TEST_F(RefitItem, StaysAsTrainedWithoutNews) { EXPECT_EQ(distance(refit("red0"), trained("red0")), 0); }

TEST_F(RefitItem, GoesToThoseWhoMeetItNow) {
  for (int user = 0; user < 8; ++user) database.interact(name("b", user), "red0");
  const std::vector<float> moved = refit("red0");
  const std::vector<float> before(trained("red0").begin(), trained("red0").end());
  EXPECT_GT(score("b1", moved), score("b1", before) + 0.1);
  EXPECT_GT(score("a1", moved), 0.1) << "its old friends are not forgotten";
}

TEST_F(RefitItem, GoesNoFartherThanAllowed) {
  for (int user = 0; user < 8; ++user) database.interact(name("b", user), "red0");
  const float whole = distance(refit("red0"), trained("red0"));
  database.options.online.learning_rate = 0.5;
  EXPECT_NEAR(distance(refit("red0"), trained("red0")), whole / 2, 1e-4);
  database.options.online.max_drift = 0.05;
  const float length = distance(std::vector<float>(4), trained("red0"));
  EXPECT_NEAR(distance(refit("red0"), trained("red0")), 0.05 * length, 1e-4);
}

TEST_F(RefitItem, PlacesANewItemOnceEnoughHaveMetIt) {
  database.interact("a0", "new");
  database.interact("a1", "new");
  EXPECT_TRUE(refit("new").empty());
  database.interact("a2", "new");
  const std::vector<float> placed = refit("new");
  ASSERT_EQ(placed.size(), 4u);
  EXPECT_GT(score("a5", placed), score("b5", placed) + 0.2);
}

TEST_F(RefitItem, NewUsersStandWhereTheirHistoryPutThemThen) {
  database.interact("stranger", "blue1");
  database.interact("stranger", "blue2");
  database.interact("stranger", "red0");
  const std::vector<float> moved = refit("red0");
  EXPECT_GT(distance(moved, trained("red0")), 0);
  database.interact("stranger", "red1");  // what they do later changes nothing of it
  database.interact("stranger", "red2");
  EXPECT_EQ(distance(refit("red0"), moved), 0);
}

TEST_F(RefitItem, ReadsTheNewestInteractionsOnly) {
  for (int user = 0; user < 8; ++user) database.interact(name("b", user), "red0");
  const std::vector<float> of_all = refit("red0");
  database.options.online.max_interactions = 8;
  const std::vector<float> of_newest = refit("red0");
  EXPECT_LT(score("a1", of_newest), score("a1", of_all));
}

}  // namespace
}  // namespace tamis::engine
