// ModelScores: what the retrieval models give the candidates of one request.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/serving/rank_query.h"

namespace tamis::engine {

// Scores of one request by any model for any candidates. Externally synchronised; lives for one query. REQUIRES: models
// and query outlive it.
class ModelScores {
 public:
  ModelScores(const RankModels& models, const RankQuery& query);

  // scores[i] of candidates[i], in the model's own unit: an encoder or a history model by its name, item_knn, user_knn.
  // An item that the model does not know and cannot embed has 0. False, and zeros, where there is no such model or it
  // cannot place the user. With `recent` from the newest day of the history alone.
  bool score(std::string_view model, bool recent, std::span<const RankCandidate> candidates,
             std::span<double> scores) const;
  // The best `depth` rows by a model, best first; empty where it has none.
  std::vector<models::ScoredId> top(std::string_view model, std::size_t depth) const;

 private:
  // The history in rows of the models.
  struct Rows {
    std::vector<models::HistoryEvent> events;  // oldest first
    std::vector<std::uint32_t> items;          // each once, newest first
    std::vector<float> weights;                // summed by item
  };
  // The same in the rows of one model.
  struct History {
    Rows all;
    Rows recent;  // of the newest day alone
    std::uint32_t user_row = kNoDenseId;
  };
  History history_in(const Vocabulary* vocabulary) const;
  const History& history_of(std::string_view model) const;
  std::uint32_t row_in(std::string_view model, const RankCandidate& candidate) const;
  static Rows rows_of(std::span<const RankEvent> events, const Vocabulary* vocabulary);
  const models::Encoder* find_encoder(std::string_view name) const;
  const models::HistoryModel* find_history_model(std::string_view name) const;
  std::vector<float> embed(const models::Encoder& encoder, const History& history, const Rows& rows) const;
  std::vector<models::ScoredId> voters() const;

  const RankModels& models_;
  const RankQuery& query_;
  std::map<const Vocabulary*, History> histories_;  // null: rows of the query's world
};

}  // namespace tamis::engine
