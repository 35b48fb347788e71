#include "engine/serving/rank_feature.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "common/nearest_name.h"
#include "models/kinds/history_model_kinds.h"

namespace tamis::engine {
namespace {

using ranker::FieldSide;

struct KnownName {
  std::string_view name;  // a prefix where it ends in a dot
  RankSource source;
};

// Whole names stand before the prefixes that they begin with.
constexpr std::array<KnownName, 21> kKnown = {{
    {"item.id", RankSource::kItemId},
    {"item.", RankSource::kItemFeature},
    {"user.id", RankSource::kUserId},
    {"user.", RankSource::kUserFeature},
    {"context.hour", RankSource::kContextHour},
    {"context.weekday", RankSource::kContextWeekday},
    {"context.", RankSource::kContextFeature},
    {"history.items", RankSource::kHistoryItems},
    {"history.events", RankSource::kHistoryEvents},
    {"history.days", RankSource::kHistoryDays},
    {"history.span_days", RankSource::kHistorySpanDays},
    {"crossed.score.", RankSource::kScore},
    {"crossed.rank.", RankSource::kRank},
    {"crossed.recent.", RankSource::kRecentScore},
    {"crossed.popularity", RankSource::kPopularity},
    {"crossed.trend", RankSource::kTrend},
    {"crossed.age_days", RankSource::kAgeDays},
    {"crossed.taken", RankSource::kTaken},
    {"crossed.taken_days", RankSource::kTakenDays},
    {"crossed.share.", RankSource::kShare},
    {"crossed.difference.", RankSource::kDifference},
}};

// The kind that most values of each feature have.
std::map<std::string, FeatureKind> feature_kinds(std::span<const Features> entities) {
  std::map<std::string, std::map<FeatureKind, std::size_t>> counts;
  for (const Features& features : entities)
    for (const auto& [name, value] : features) ++counts[name][feature_kind(value)];
  std::map<std::string, FeatureKind> kinds;
  for (const auto& [name, by_kind] : counts) {
    kinds[name] = std::max_element(by_kind.begin(), by_kind.end(), [](const auto& a, const auto& b) {
                    return a.second < b.second;
                  })->first;
  }
  return kinds;
}

bool is_category(FeatureKind kind) {
  return kind == FeatureKind::kBoolean || kind == FeatureKind::kCategorical || kind == FeatureKind::kMultiCategorical;
}

}  // namespace

FieldSide RankFeature::side() const {
  switch (source) {
    case RankSource::kItemId:
    case RankSource::kItemFeature: return FieldSide::kItem;
    case RankSource::kContextFeature:
    case RankSource::kContextHour:
    case RankSource::kContextWeekday: return FieldSide::kContext;
    case RankSource::kUserId:
    case RankSource::kUserFeature:
    case RankSource::kHistoryItems:
    case RankSource::kHistoryEvents:
    case RankSource::kHistoryDays:
    case RankSource::kHistorySpanDays: return FieldSide::kUser;
    default: return FieldSide::kCrossed;
  }
}

bool RankFeature::is_computed_number() const {
  switch (source) {
    case RankSource::kItemId:
    case RankSource::kItemFeature:
    case RankSource::kUserId:
    case RankSource::kUserFeature:
    case RankSource::kContextFeature:
    case RankSource::kContextHour:
    case RankSource::kContextWeekday: return false;
    default: return true;
  }
}

Result<RankFeature> parse_rank_feature(std::string_view name) {
  for (const KnownName& known : kKnown) {
    const bool is_prefix = known.name.back() == '.';
    if (is_prefix ? !name.starts_with(known.name) || name.size() == known.name.size() : name != known.name) continue;
    return RankFeature{std::string(name), known.source, is_prefix ? std::string(name.substr(known.name.size())) : ""};
  }
  std::vector<std::string_view> names;
  for (const KnownName& known : kKnown) names.push_back(known.name);
  const std::string_view nearest = nearest_name(name, names);
  return Status::invalid_argument("\"" + std::string(name.substr(0, 64)) +
                                  "\" is no feature of the ranker; expected item.*, user.*, context.*, history.* or "
                                  "crossed.*" +
                                  (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"));
}

Result<std::vector<RankFeature>> parse_rank_features(std::span<const std::string> names, std::string_view field) {
  std::vector<RankFeature> features;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string at = std::string(field) + "[" + std::to_string(i) + "]";
    auto feature = parse_rank_feature(names[i]);
    if (!feature.is_ok()) return Status(feature.status()).at_field(at);
    if (!seen.insert(names[i]).second)
      return Status::invalid_argument("\"" + names[i] + "\" stands there twice").at_field(at);
    features.push_back(*std::move(feature));
  }
  return features;
}

std::vector<std::string> default_rank_features(std::span<const Features> users, std::span<const Features> items,
                                               std::span<const Features> contexts,
                                               std::span<const std::string> models) {
  std::vector<std::string> names = {"history.items", "history.events", "history.days", "history.span_days"};
  for (const auto& [name, kind] : feature_kinds(users))
    if (is_category(kind) || kind == FeatureKind::kNumeric) names.push_back("user." + name);
  for (const auto& [name, kind] : feature_kinds(contexts))
    if (is_category(kind) || kind == FeatureKind::kNumeric) names.push_back("context." + name);
  for (const auto& [name, kind] : feature_kinds(items)) {
    if (is_category(kind) || kind == FeatureKind::kNumeric) names.push_back("item." + name);
    if (is_category(kind)) names.push_back("crossed.share." + name);
    if (kind == FeatureKind::kNumeric) names.push_back("crossed.difference." + name);
  }
  for (const char* name :
       {"crossed.popularity", "crossed.trend", "crossed.age_days", "crossed.taken", "crossed.taken_days"})
    names.emplace_back(name);
  for (const std::string& model : models) {
    names.push_back("crossed.score." + model);
    names.push_back("crossed.rank." + model);
    // What walks over other users costs too much to be asked twice.
    const models::HistoryModelKind* kind = models::find_history_model_kind(model);
    const bool walks = model == "user_knn" || (kind != nullptr && kind->walks_over_users);
    if (!walks) names.push_back("crossed.recent." + model);
  }
  return names;
}

}  // namespace tamis::engine
