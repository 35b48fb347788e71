// RankFeature: one field of the ranker by its name, and where its value comes from. Names are what `ranker.features`
// lists and what a ranker's file holds.
//
//   item.id            the item itself                        user.id          the user
//   item.<feature>     a feature of the item                  user.<feature>   a feature of the user
//   context.<feature>  a feature of the request               context.hour, context.weekday  of the request, UTC
//   history.items      distinct items of the user             history.events   their interactions
//   history.days       since the newest of them               history.span_days  from the first to the newest
//   crossed.score.<model>   what a retrieval model gives the item: an encoder of the generation, item_knn, user_knn
//   crossed.rank.<model>    its place by that score among the candidates of the request
//   crossed.recent.<model>  the score for the newest day of the history alone (item_knn, encoders)
//   crossed.popularity      weighted count of the item's interactions
//   crossed.trend           the same, decayed by the half-life of `trending`
//   crossed.age_days        since the item was listed
//   crossed.taken           weight of the user's interactions with the item; crossed.taken_days since the newest
//   crossed.share.<feature>       share of the history with the item's value of a categorical feature
//   crossed.difference.<feature>  log of the item's number over the mean of the history's
// Value types; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/feature.h"
#include "common/status.h"
#include "ranker/feature_schema.h"

namespace tamis::engine {

enum class RankSource {
  kItemId,
  kItemFeature,
  kUserId,
  kUserFeature,
  kContextFeature,
  kContextHour,
  kContextWeekday,
  kHistoryItems,
  kHistoryEvents,
  kHistoryDays,
  kHistorySpanDays,
  kScore,
  kRank,
  kRecentScore,
  kPopularity,
  kTrend,
  kAgeDays,
  kTaken,
  kTakenDays,
  kShare,
  kDifference,
};

struct RankFeature {
  std::string name;  // the whole
  RankSource source = RankSource::kItemId;
  std::string argument;  // the entity's feature or the model; empty for the others

  ranker::FieldSide side() const;
  // Numbers of the engine's own making; entities' features have the kind of their values.
  bool is_computed_number() const;
};

// invalid_argument with what a name may be and the nearest known one.
Result<RankFeature> parse_rank_feature(std::string_view name);
// The same of a list; `field` names it in errors, as "ranker.features[2]"; a name twice is refused, too.
Result<std::vector<RankFeature>> parse_rank_features(std::span<const std::string> names, std::string_view field);

// The schema of who declares none: every categorical, multi-valued, boolean and numeric feature of the users, items and
// contexts given, history, popularity and age, and score, rank and recency by each of `models`. Ids are left out: a
// model of features and scores also ranks who came after it was learned.
std::vector<std::string> default_rank_features(std::span<const Features> users, std::span<const Features> items,
                                               std::span<const Features> contexts, std::span<const std::string> models);

}  // namespace tamis::engine
