// Random mutations that a database's door takes: ordinary ones and extremes of every number, text, time and shape.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "common/record_checks.h"
#include "common/records.h"

namespace tamis::engine {

class RandomMutations {
 public:
  RandomMutations(std::uint64_t seed, TimestampMs now_ms) : random_(seed), now_ms_(now_ms) {}

  bool one_in(std::uint32_t n) { return random_.below(n) == 0; }
  std::uint32_t below(std::uint32_t n) { return random_.below(n); }
  void set_now(TimestampMs now_ms) { now_ms_ = now_ms; }

  std::string user() { return id("u"); }
  std::string item() { return id("i"); }
  std::string space_name() { return "space-" + std::to_string(random_.below(4)); }

  Mutation ordinary_view() {
    Interaction made;
    made.user = "u" + std::to_string(random_.below(12));
    made.item = "i" + std::to_string(random_.below(15));
    made.type = pick<const char*>({"view", "click", "purchase", "like"});
    made.timestamp_ms = now_ms_ - static_cast<TimestampMs>(random_.below(2'592'000'000u));
    return PutInteraction{made};
  }

  Mutation any() {
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3: return interaction();
      case 4: return PutEntity{kind(), entity()};
      case 5: return patch();
      case 6: return DeleteEntity{EntityKind::kItem, item()};
      case 7: return DeleteEntity{EntityKind::kUser, user()};
      case 8: return PutSpace{space()};
      case 9: return one_in(3) ? Mutation(DeleteSpace{space_name()}) : Mutation(PutSpace{space()});
      case 10: return DeleteVector{space_name(), kind(), item()};
      default: return vector(space_name(), 1 + static_cast<std::uint32_t>(random_.below(5)));
    }
  }

  Mutation interaction() {
    Interaction made;
    made.user = user();
    made.item = item();
    made.type = one_in(6) ? text(1 + random_.below(64), 64)
                          : pick<const char*>({"view", "rating", "purchase", "like", "dislike", "skip", "watch",
                                               "return", "hide", "impression", "unlike"});
    if (one_in(2)) made.value = value();
    if (one_in(2)) made.timestamp_ms = time();
    if (one_in(4)) made.context = features();
    if (one_in(8)) made.recommendation_id = text(20, 200);
    if (one_in(6)) made.idempotency_key = "k" + std::to_string(random_.below(10));
    return PutInteraction{made};
  }

  Mutation vector(const std::string& space, std::uint32_t dim) {
    const EntityKind of = kind();
    PutVector put{space, of, of == EntityKind::kUser ? user() : item(), {}};
    const float scale = pick<float>({1, 1, 1, 1e-45F, 1e-38F, 1e-20F, 6e4F, 1e10F, 1e17F, 4e17F});
    for (std::uint32_t i = 0; i < dim; ++i)
      put.vector.push_back(one_in(4) ? 0.0F : scale * static_cast<float>(2 * random_.uniform() - 1));
    return put;
  }

  double value() {
    return pick<double>({0, 1, 1, 3, 5, 0.5, -1, -5, 1e-300, -1e-300, 5e-324, kMaxInteractionValue,
                         -kMaxInteractionValue, 999'999'999.5, 1e6});
  }

  Features features() {
    Features made;
    for (std::uint32_t i = random_.below(5); i > 0; --i) made[feature_name()] = feature();
    return made;
  }

  // JSON of a funnel that the door takes.
  std::string funnel_json() {
    const std::string space = space_name();
    return pick<std::string>(
        {R"({"retrievers":[{"kind":"popular","quota":50}],"exclude_seen":false})",
         R"({"retrievers":[{"kind":"latest"},{"kind":"trending"}],"rules":[{"kind":"freshness","half_life_s":1}]})",
         R"({"retrievers":[{"kind":"ann","space":")" + space + R"("},{"kind":"similar","space":")" + space + R"("}]})",
         R"({"retrievers":[{"kind":"popular"}],"rules":[{"kind":"diversity","space":")" + space + R"("}]})",
         R"({"filter":{"any":[{"field":"price","gt":-1e308},{"field":"n","eq":9007199254740992},{"field":"id","in":["i1","i2"]}]}})",
         R"({"retrievers":[{"kind":"item_knn"},{"kind":"user_knn"},{"kind":"popular","weight":1000000}],"rules":[{"kind":"boost","condition":{"field":"color","exists":true},"multiply":1e6}]})",
         R"({"rules":[{"kind":"cap","field":"color","most":1},{"kind":"dedupe","field":"tags"},{"kind":"explore","share":0.5}]})"});
  }

  std::string experiment_json() {
    return pick<std::string>(
        {R"({"funnel":"default","arms":[{"name":"a","share":0.5},{"name":"b","share":0.5}]})",
         R"({"funnel":"default","arms":[{"name":"a","share":1e-9},{"name":"b","share":0.999999999}],"start":"1970-01-01T00:00:00Z"})",
         R"({"funnel":"default","holdout":1,"arms":[{"name":"a","share":0}],"control":"holdout","end":"9999-12-31T23:59:59Z"})"});
  }

 private:
  template <typename T>
  T pick(const std::vector<T>& of) {
    return of[random_.below(static_cast<std::uint32_t>(of.size()))];
  }
  EntityKind kind() { return one_in(3) ? EntityKind::kUser : EntityKind::kItem; }

  std::string id(const char* prefix) {
    if (!one_in(12)) return prefix + std::to_string(random_.below(15));
    return pick<std::string>({"a/b?c=d", "\xF0\x9F\x8D\x95", "007", "7", " ", "null", "\xC3\xA9t\xC3\xA9", "-1",
                              std::string(256, 'x'), "..", "%2F", "default"});
  }
  std::string feature_name() {
    return pick<std::string>({"price", "color", "tags", "listed_at", "title", "n", "hidden", "price.cents", "\xC3\xA9",
                              std::string(128, 'f')});
  }
  FeatureValue feature() {
    switch (random_.below(8)) {
      case 0: return one_in(2);
      case 1: return pick<double>({0, -0.0, 1e308, -1e308, 5e-324, 1e-308, 9007199254740992, 3.5});
      case 2: return Timestamp{time()};
      case 3: return text(10, 60);
      case 4: return std::vector<std::string>{};
      case 5: return std::vector<std::string>{text(3, 10), text(3, 10), text(100, 400)};
      case 6: return Text{text(200, 2'000)};
      default: return text(100, 300);  // prose by its length
    }
  }
  // 1..most bytes of words, about `about` long.
  std::string text(std::size_t about, std::size_t most) {
    static constexpr std::array<const char*, 8> kWords = {
        "red ", "blue ", "\xC3\xA9t\xC3\xA9 ", "1 ", "\xF0\x9F\x8D\x95", "kitchen ", "a", "-"};
    std::string made;
    while (made.size() < about) made += kWords[random_.below(static_cast<std::uint32_t>(kWords.size()))];
    while (made.size() > most) made.pop_back();
    while (!is_valid_utf8(made)) made.pop_back();
    return made.empty() ? "a" : made;
  }
  TimestampMs time() {
    return pick<TimestampMs>({now_ms_, now_ms_ - 1, now_ms_ - 86'400'000, 0, 1, -1, kMinTimestampMs, kMaxTimestampMs,
                              now_ms_ + 86'400'000'000, now_ms_ - 900'000'000'000});
  }
  Entity entity() {
    Entity made;
    made.id = item();
    made.features = features();
    if (one_in(6)) made.expires_ms = time();
    return made;
  }
  Mutation patch() {
    PatchEntity made{kind(), item(), features(), {}, {}};
    if (one_in(3)) made.removed = {feature_name()};
    if (one_in(4)) made.expires_ms = time();
    return made;
  }
  Space space() {
    Space made;
    made.name = space_name();
    made.dim = 1 + static_cast<std::uint32_t>(random_.below(5));
    made.metric = pick<Metric>({Metric::kDot, Metric::kCosine, Metric::kL2});
    made.quantization = pick<Quantization>({Quantization::kF32, Quantization::kF16, Quantization::kInt8});
    return made;
  }

  Random random_;
  TimestampMs now_ms_;
};

}  // namespace tamis::engine
