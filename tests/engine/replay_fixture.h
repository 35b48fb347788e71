// A database that lives through writes of every kind, trainings and restarts, while answers are noted down.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "tests/engine/camps_fixture.h"

namespace tamis::engine {

class ReplayTest : public CampsTest {
 protected:
  struct PastAnswer {
    RecommendRequest request;
    RecommendAnswer answer;
  };

  void begin() {
    open();
    write({put_space("look", 4)});
    write_camps();
    put_funnels(0.5);
  }

  void put_funnels(double relevance) {
    const std::string rules =
        R"({"retrievers":[{"kind":"ann","quota":20},{"kind":"item_knn"},{"kind":"user_knn"},{"kind":"trending"},
            {"kind":"similar","space":"look","quota":15}],"merge":"normalized_score","rules":[
            {"kind":"seen","policies":[{"type":"view","window_s":3600,"multiply":0.5}]},
            {"kind":"freshness","scale_s":1000},{"kind":"boost","condition":{"field":"price","lt":4},"multiply":1.2},
            {"kind":"diversity","space":"look","relevance":)" +
        std::to_string(relevance) +
        R"(},{"kind":"cap","field":"brand","most":4},
            {"kind":"explore","policy":"epsilon_greedy","share":0.3,"most_impressions":1e12},
            {"kind":"pin","pins":[{"item":"i3","slot":2}]}]})";
    ASSERT_TRUE(database->put_funnel(*parse_funnel("rules", rules)).is_ok());
    ASSERT_TRUE(database->put_funnel(*parse_funnel("derived", R"({"base":"rules","exclude_seen":false})")).is_ok());
  }

  std::string user(std::uint32_t count = 200) { return "u" + std::to_string(random.below(count)); }
  std::string item(std::uint32_t count = 60) { return "i" + std::to_string(random.below(count)); }

  // One write of a random kind.
  void write_something() {
    clock.advance(random.below(5'000));
    switch (random.below(12)) {
      case 0: {
        Mutation put =
            put_item(item(), {{"price", FeatureValue(static_cast<double>(random.below(10)))},
                              {"brand", FeatureValue("b" + std::to_string(random.below(4)))},
                              {"listed_at", FeatureValue(Timestamp{clock.now_ms() - random.below(10'000)})}});
        write({std::move(put)});
        break;
      }
      case 1: write({put_item(item(), {}, clock.now_ms() + 20'000)}); break;
      case 2: static_cast<void>(database->write({DeleteEntity{EntityKind::kItem, item()}}).is_ok()); break;
      case 3:
        if (random.below(4) == 0) static_cast<void>(database->write({DeleteEntity{EntityKind::kUser, user()}}).is_ok());
        break;
      case 4:
      case 5: {
        std::vector<float> vector;
        for (int i = 0; i < 4; ++i) vector.push_back(static_cast<float>(random.normal()));
        write({PutVector{"look", EntityKind::kItem, item(), std::move(vector)}});
        break;
      }
      default: {
        Interaction made = interaction(user(), item(), random.below(3) == 0 ? "purchase" : "view");
        made.timestamp_ms = clock.now_ms() - random.below(1'000);
        write({PutInteraction{std::move(made)}});
      }
    }
  }

  RecommendRequest some_request() {
    RecommendRequest request{.user = user(), .k = 5 + random.below(16)};
    const char* const funnels[] = {"default", "rules", "derived"};
    request.funnel = funnels[random.below(3)];
    if (random.below(4) == 0) {
      request.user.clear();
      request.history = {{.item = item()}, {.item = item(), .type = "purchase"}};
    }
    if (random.below(5) == 0) request.filter = *parse_filter(R"({"field":"price","lt":7})");
    if (random.below(5) == 0) request.exclude = {item(), item()};
    if (random.below(6) == 0)
      request.override_funnel = read_funnel_override("override", R"({"merge":"interleave"})").funnel;
    return request;
  }

  // Asks until one more answer that can be replayed is noted.
  void note_answer() {
    for (int attempt = 0; attempt < 100; ++attempt) {
      const RecommendRequest request = some_request();
      auto answer = database->recommend(request);
      ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
      if (!answer->is_exact) continue;
      past.push_back({request, std::move(answer).value()});
      return;
    }
    FAIL() << "no answer can be replayed";
  }

  Result<RecommendAnswer> replay(const PastAnswer& noted) {
    RecommendRequest request = noted.request;
    request.as_of_sequence = noted.answer.sequence;
    request.as_of_ms = noted.answer.served_ms;
    request.generation = noted.answer.generation;
    request.recommendation_id = noted.answer.recommendation_id;
    return database->recommend(request);
  }

  // Equal to the bit: items, scores, propensities and what answered.
  static bool same(const RecommendAnswer& a, const RecommendAnswer& b) {
    if (a.items.size() != b.items.size() || a.funnel != b.funnel || a.funnel_version != b.funnel_version ||
        a.generation != b.generation || a.known_user != b.known_user || a.recommendation_id != b.recommendation_id)
      return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
      if (a.items[i].item != b.items[i].item || a.items[i].score != b.items[i].score ||
          a.items[i].propensity != b.items[i].propensity || a.items[i].fallback != b.items[i].fallback)
        return false;
    }
    return true;
  }
  static std::string shown(const RecommendAnswer& answer) {
    std::string text = answer.funnel + " " + answer.generation + " at " + std::to_string(answer.sequence) + ":";
    for (const auto& row : answer.items) text += " " + row.item + "=" + std::to_string(row.score);
    return text;
  }

  // Writes and answers in turn, with a training, a change of funnels, another training that is promoted, and a restart
  // every so many answers (0: none).
  void live(std::size_t answers, std::size_t restart_every = 0) {
    for (std::size_t i = 0; i < answers; ++i) {
      if (restart_every > 0 && i % restart_every == restart_every / 2) {
        close();
        open();
      }
      if (i == answers / 4) {
        const Job job = train();
        ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
      }
      if (i == answers / 2) {
        put_funnels(0.8);
      }
      if (i == answers * 3 / 4) {
        const Job job = train();
        ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
        ASSERT_TRUE(database->promote(job.generation).is_ok());
      }
      write_something();
      note_answer();
    }
  }

  Random random{20'261'123};
  std::vector<PastAnswer> past;
};

}  // namespace tamis::engine
