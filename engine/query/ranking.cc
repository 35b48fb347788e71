#include "engine/query/ranking.h"

#include <algorithm>
#include <unordered_map>

#include "common/feature_time.h"
#include "engine/query/objective_names.h"
#include "engine/serving/generation_ranker.h"
#include "ranker/objective_formula.h"

namespace tamis::engine {
namespace {

// The query in the ranker's terms. Externally synchronised; lives for one ranking.
class RankingWorld {
 public:
  explicit RankingWorld(const RankingInput& input) : input_(input), state_(input.context.state) {
    const UserState& user = input.context.user;
    const Generation& generation = *state_.generation;
    const std::size_t skipped = user.events.size() - std::min(user.events.size(), kMaxRankedHistory);
    for (const HistoryItem& event : std::span(user.events).subspan(skipped))
      events_.push_back(
          {event.item, generation.row_of(EntityKind::kItem, event.item), event.weight, event.timestamp_ms});
    std::vector<DenseId> items;
    for (const MergedCandidates::Entry& entry : input.candidates.entries) items.push_back(entry.item);
    const TimestampMs clock_ms = state_.item_statistics->data_clock_ms(input.context.now_ms);
    const auto counts = state_.item_statistics->counts(items, clock_ms);
    for (std::size_t i = 0; i < items.size(); ++i) {
      EntityTable::Revision revision = 0;
      entities_.push_back(state_.items->get(items[i], input.context.now_ms, &revision));
      revisions_.push_back(revision);
      const Features* features = entities_.back() == nullptr ? nullptr : &entities_.back()->features;
      candidates_.push_back({.key = items[i],
                             .row = generation.row_of(EntityKind::kItem, items[i]),
                             .features = features,
                             .popularity = counts[i].popularity,
                             .trend = counts[i].trend,
                             .listed_ms = listed_ms(features)});
    }
    for (const auto& encoder : generation.encoders) models_.encoders.push_back(encoder.get());
    for (const auto& model : generation.history_models) models_.history_models.push_back(model.get());
    if (generation.item_neighbors) models_.item_neighbors = &*generation.item_neighbors;
    if (generation.interactions_by_item.rows == generation.vocabulary("user_knn").items.size() &&
        !generation.user_norms.empty()) {
      models_.interactions = &generation.interactions;
      models_.by_item = &generation.interactions_by_item;
      models_.user_norms = generation.user_norms;
    }
    for (const auto& [member, vocabulary] : generation.inherited_vocabularies)
      models_.vocabularies.emplace(member, vocabulary.get());
    if (user.user != kNoDenseId) user_id_ = state_.store->ids(EntityKind::kUser).name(user.user);
    query_ = {.user_id = user_id_,
              .user_key = user.user,
              .user_row = generation.row_of(EntityKind::kUser, user.user),
              .events = events_,
              .user = user.entity == nullptr ? nullptr : &user.entity->features,
              .context = user.context,
              .now_ms = clock_ms,
              .asked_ms = input.context.now_ms};
  }
  RankingWorld(const RankingWorld&) = delete;
  RankingWorld& operator=(const RankingWorld&) = delete;

  const RankModels& models() const { return models_; }
  const RankQuery& query() const { return query_; }
  std::span<const RankCandidate> candidates() const { return candidates_; }
  EntityTable::Revision revision(std::size_t candidate) const { return revisions_[candidate]; }

  static const Features* features_of(const void* world, std::uint32_t item) {
    return static_cast<const RankingWorld*>(world)->history_features(item);
  }

 private:
  TimestampMs listed_ms(const Features* features) const {
    return features == nullptr ? 0 : find_time(*features, state_.options->latest_field).value_or(0);
  }
  const Features* history_features(DenseId item) const {
    const auto [entry, is_new] = history_.try_emplace(item);
    if (is_new) entry->second = state_.items->get(item, input_.context.now_ms);
    return entry->second == nullptr ? nullptr : &entry->second->features;
  }

  const RankingInput& input_;
  const ReadState& state_;
  std::vector<RankEvent> events_;
  std::vector<std::shared_ptr<const Entity>> entities_;
  std::vector<EntityTable::Revision> revisions_;  // of the same
  std::vector<RankCandidate> candidates_;
  RankModels models_;
  std::string user_id_;
  RankQuery query_;
  mutable std::unordered_map<DenseId, std::shared_ptr<const Entity>> history_;
};

bool same_features(std::span<const RankFeature> a, std::span<const RankFeature> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const RankFeature& x, const RankFeature& y) { return x.name == y.name; });
}

Result<std::vector<double>> score_objective(const GenerationRanker::Objective& objective, const RankingWorld& world,
                                            const RankingInput& input, std::span<const double> numbers) {
  const std::size_t count = world.candidates().size();
  const storage::IdTable& names = input.context.state.store->ids(EntityKind::kItem);
  std::vector<std::shared_ptr<const RankedItems::Part>> held;
  std::vector<ranker::FactorizedScorer::ItemPart> parts;
  for (std::size_t i = 0; i < count; ++i) {
    const DenseId item = world.candidates()[i].key;
    TAMIS_ASSIGN_OR_RETURN(
        std::shared_ptr<const RankedItems::Part> part,
        objective.items().get(item, names.name(item), world.revision(i), world.candidates()[i].features));
    parts.push_back({part->hidden.data(), part->vectors.data()});
    held.push_back(std::move(part));
  }
  const ranker::ExampleTable request_row = objective.encoder().encode_request(world.query());
  TAMIS_ASSIGN_OR_RETURN(const ranker::FactorizedScorer::Request request, objective.scorer().prepare(request_row));
  const ranker::ExampleTable crossed = objective.encoder().encode_crossed(numbers, count);
  std::vector<float> logits(count);
  thread_local ranker::FactorizedScorer::Scratch scratch;
  TAMIS_RETURN_IF_ERROR(objective.scorer().score(request, parts, crossed, logits, scratch));
  std::vector<double> probabilities;
  for (const float logit : logits) probabilities.push_back(objective.probability(logit));
  return probabilities;
}

// The formula's value for each candidate, or why there is none.
void combine(const ranker::ObjectiveFormula& formula, const RankingInput& input, Ranking* ranking) {
  std::vector<const std::vector<double>*> columns;  // null: the merged score
  for (const std::string& name : formula.names()) {
    const auto found = std::find_if(ranking->objectives.begin(), ranking->objectives.end(),
                                    [&](const ObjectiveScores& scores) { return scores.name == name; });
    if (found == ranking->objectives.end() && name != kMergedScore) {
      ranking->note = "the formula names \"" + name + "\", which the serving generation's ranker does not predict";
      ranking->objectives.clear();
      return;
    }
    columns.push_back(found == ranking->objectives.end() ? nullptr : &found->scores);
  }
  std::vector<double> values(columns.size());
  for (std::size_t i = 0; i < input.candidates.entries.size(); ++i) {
    for (std::size_t c = 0; c < columns.size(); ++c)
      values[c] = columns[c] == nullptr ? input.candidates.entries[i].score : (*columns[c])[i];
    ranking->scores.push_back(formula.evaluate(values));
  }
}

}  // namespace

Result<Ranking> rank_candidates(const RankingInput& input) {
  Ranking ranking;
  if (input.config.kind == "none") return ranking;
  const Generation* generation = input.context.state.generation.get();
  if (generation == nullptr || generation->ranker == nullptr) {
    ranking.note = "the serving generation has no ranker";
    return ranking;
  }
  if (input.candidates.entries.empty()) return ranking;
  const RankingWorld world(input);
  const ModelScores scores(world.models(), world.query());
  const auto& objectives = generation->ranker->objectives();
  std::vector<double> numbers;
  std::span<const RankFeature> numbered;
  for (const auto& objective : objectives) {
    if (numbers.empty() || !same_features(numbered, objective->encoder().crossed())) {
      numbered = objective->encoder().crossed();
      numbers = crossed_numbers(numbered, scores, world.query(), world.candidates(), &world, RankingWorld::features_of);
    }
    TAMIS_ASSIGN_OR_RETURN(std::vector<double> probabilities, score_objective(*objective, world, input, numbers));
    ranking.objectives.push_back({objective->name(), std::move(probabilities)});
  }
  if (input.config.objective.empty()) {
    ranking.scores = ranking.objectives.front().scores;
    return ranking;
  }
  TAMIS_ASSIGN_OR_RETURN(const ranker::ObjectiveFormula formula,
                         ranker::ObjectiveFormula::parse(input.config.objective));
  combine(formula, input, &ranking);
  return ranking;
}

}  // namespace tamis::engine
