#include "engine/query/ranking.h"

#include <algorithm>

#include "engine/query/objective_names.h"
#include "engine/query/ranking_world.h"
#include "engine/serving/generation_ranker.h"
#include "ranker/objective_formula.h"

namespace tamis::engine {
namespace {

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
