#include <gmock/gmock.h>

#include "tests/engine/replay_fixture.h"

namespace tamis::engine {
namespace {

TEST_F(ReplayTest, AnswersAsItDidThenInAnyOrder) {
  begin();
  live(40);
  close();
  open();
  std::size_t with_items = 0;
  for (std::size_t i = 0; i < past.size(); ++i) {
    const PastAnswer& noted = past[i % 3 == 0 ? past.size() - 1 - i : i];
    const auto again = replay(noted);
    ASSERT_TRUE(again.is_ok()) << again.status().to_string();
    EXPECT_TRUE(same(noted.answer, *again)) << shown(noted.answer) << "\n" << shown(*again);
    EXPECT_TRUE(again->is_exact);
    with_items += noted.answer.items.empty() ? 0 : 1;
  }
  EXPECT_GT(with_items, 30u);
}

TEST_F(ReplayTest, NoticesAnotherIdAndAnotherSequence) {
  begin();
  const Sequence first = database->sequence();
  live(40);
  std::size_t by_id = 0;
  std::size_t by_sequence = 0;
  for (const PastAnswer& noted : past) {
    PastAnswer other = noted;
    other.answer.recommendation_id = "another";
    const auto another = replay(other);
    ASSERT_TRUE(another.is_ok()) << another.status().to_string();
    other.answer = *another;
    other.answer.recommendation_id = noted.answer.recommendation_id;
    by_id += same(noted.answer, other.answer) ? 0 : 1;
    other = noted;
    other.answer.sequence = first;
    const auto earlier = replay(other);
    ASSERT_TRUE(earlier.is_ok()) << earlier.status().to_string();
    by_sequence += same(noted.answer, *earlier) ? 0 : 1;
  }
  EXPECT_GT(by_id, past.size() / 4);  // the funnels that explore
  EXPECT_GT(by_sequence, past.size() / 2);
}

TEST_F(ReplayTest, SaysWhatItCannotGiveBack) {
  begin();
  RecommendRequest request{.user = "u1"};
  request.as_of_sequence = database->sequence();
  EXPECT_EQ(database->recommend(request).status().field(), "as_of");
  request.as_of_ms = clock.now_ms();
  EXPECT_TRUE(database->recommend(request).is_ok());
  request.generation = "g77";
  EXPECT_EQ(database->recommend(request).status().code(), StatusCode::kNotFound);
  request.as_of_sequence = database->sequence() + 1;
  EXPECT_EQ(database->recommend(request).status().field(), "as_of_sequence");
}

TEST_F(ReplayTest, APastThatIsLargerThanItsBudgetIsRefusedAndLetGo) {
  begin();
  RecommendRequest request;
  request.user = "u1";
  const auto answer = database->recommend(request);
  ASSERT_TRUE(answer.is_ok());
  request.as_of_sequence = answer->sequence;
  request.as_of_ms = clock.now_ms();
  request.generation = answer->generation;
  EXPECT_EQ(database->stats().memory_parts.at("replay"), 0u);
  ASSERT_TRUE(database->recommend(request).is_ok());
  const std::uint64_t bytes = database->stats().memory_parts.at("replay");
  EXPECT_GT(bytes, 10'000u);

  close();
  options.memory.replay_bytes = bytes / 2;
  open();
  const Status refused = database->recommend(request).status();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("memory.replay: the database as of sequence"));
  EXPECT_EQ(database->stats().memory_parts.at("replay"), 0u);
}

// A past database has f32 rows in memory; one that rounds them for a rule, or takes its candidates by them, may differ.
TEST_F(ReplayTest, AnswersOverRowsThatStayOnDiskAreNotExact) {
  begin();
  std::vector<Mutation> mutations = {put_item("a"), put_item("b")};
  for (const bool keep_f32 : {true, false}) {
    const std::string space = keep_f32 ? "whole" : "lean";
    mutations.push_back(PutSpace{{.name = space, .dim = 2, .keep_f32 = keep_f32}});
    mutations.push_back(PutVector{space, EntityKind::kItem, "a", {1, 0}});
    mutations.push_back(PutVector{space, EntityKind::kItem, "b", {0, 1}});
    mutations.push_back(PutVector{space, EntityKind::kUser, "u1", {1, 1}});
  }
  mutations.push_back(PutInteraction{interaction("u1", "a")});
  write(std::move(mutations));
  const auto is_exact = [&](const std::string& document) {
    RecommendRequest request{.user = "u1"};
    request.override_funnel = *parse_funnel("f", document);
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() && answer->is_exact;
  };
  for (const std::string space : {"whole", "lean"}) {
    const bool expected = space == "whole";
    EXPECT_EQ(is_exact(R"({"retrievers":[{"kind":"ann","space":")" + space + R"("}],"fallback":[]})"), expected);
    EXPECT_EQ(is_exact(R"({"retrievers":[{"kind":"similar","space":")" + space + R"("}],"fallback":[]})"), expected);
    EXPECT_EQ(
        is_exact(R"({"retrievers":[{"kind":"popular"}],"rules":[{"kind":"diversity","space":")" + space + R"("}]})"),
        expected);
  }
}

TEST_F(ReplayTest, MarksAnswersThatGoByWhatWasShown) {
  begin();
  ASSERT_TRUE(database->put_funnel(*parse_funnel("tired", R"({"rules":[{"kind":"rotation"}]})")).is_ok());
  EXPECT_FALSE(database->recommend({.user = "u1", .funnel = "tired"})->is_exact);
  EXPECT_TRUE(database->recommend({.user = "u1", .funnel = "rules"})->is_exact);
}

}  // namespace
}  // namespace tamis::engine
