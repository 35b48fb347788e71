// A shop whose visitors click with known probabilities, served by the real engine.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/random.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {

class EvaluateWorld : public DatabaseTest {
 protected:
  static constexpr int kItems = 8;
  static constexpr std::uint32_t kSlots = 3;

  // Items by falling listing date; the dearest tastes lie in the middle.
  static double click_probability(const std::string& item, std::uint32_t rank) {
    static constexpr double kTaste[kItems] = {0.1, 0.15, 0.2, 0.5, 0.55, 0.6, 0.3, 0.1};
    return kTaste[std::stoi(item.substr(4))] / static_cast<double>(rank);
  }
  // `newest_first`: items by their date; otherwise the other way round, by a boost.
  static FunnelConfig funnel(const std::string& name, const std::string& policy, double share) {
    FunnelConfig made = FunnelConfig::default_funnel();
    made.name = name;
    made.retrievers = {{.kind = "latest", .quota = 20, .weight = 1, .space = {}}};
    made.exclude_seen = false;
    made.fallback = {};
    ExploreRuleConfig explore;
    explore.policy = policy;
    explore.share = share;
    explore.most_impressions = 1e9;
    made.rules = {explore};
    return made;
  }
  void open_world() {
    open();
    for (int i = 0; i < kItems; ++i)
      write({put_item("item" + std::to_string(i), {{"listed_at", Timestamp{clock.now_ms() - i * 1'000}}})});
    clock.advance(1'000);
  }
  RecommendAnswer serve(const std::string& user, const std::string& funnel_name, std::uint64_t number,
                        bool dry = false) {
    RecommendRequest request;
    request.user = user;
    request.funnel = funnel_name;
    request.k = kSlots;
    request.dry_run = dry;
    request.recommendation_id = "list-" + std::to_string(number);
    auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : RecommendAnswer{};
  }
  // Serves `lists` answers, one a user, and clicks as the world does.
  void log_lists(const std::string& funnel_name, int lists, std::uint64_t seed) {
    Random random(seed);
    std::vector<Mutation> clicks;
    for (int i = 0; i < lists; ++i) {
      const std::string user = "u" + std::to_string(seed) + "-" + std::to_string(i);
      const auto answer = serve(user, funnel_name, seed * 1'000'000 + static_cast<std::uint64_t>(i));
      for (const RecommendedItem& item : answer.items) {
        if (random.uniform() >= click_probability(item.item, item.rank)) continue;
        Interaction made = interaction(user, item.item, "click");
        made.recommendation_id = answer.recommendation_id;
        clicks.push_back(PutInteraction{made});
      }
    }
    write(std::move(clicks));
  }
  // What the funnel earns per list, over a great many answers that are not logged.
  double true_value(const std::string& funnel_name, int lists) {
    double sum = 0;
    for (int i = 0; i < lists; ++i) {
      const auto answer = serve("judge", funnel_name, 9'000'000'000 + static_cast<std::uint64_t>(i), true);
      for (const RecommendedItem& item : answer.items) sum += click_probability(item.item, item.rank);
    }
    return sum / lists;
  }
};

}  // namespace tamis::engine
