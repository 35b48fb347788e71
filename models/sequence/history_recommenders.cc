#include "models/sequence/history_recommenders.h"

namespace tamis::models {

HistoryRecommender rank_by_encoder(const SequenceEncoder& encoder) {
  return [&encoder](const std::vector<HeldOutAction>& histories) {
    return [&encoder, &histories](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
      const std::size_t dim = encoder.options().dim;
      std::vector<std::span<const std::uint32_t>> batch;
      std::vector<RankingQuery> numbered(queries.begin(), queries.end());
      for (std::size_t i = 0; i < queries.size(); ++i) {
        batch.emplace_back(histories[queries[i].user].history);
        numbered[i].user = static_cast<std::uint32_t>(i);
      }
      std::vector<float> users(queries.size() * dim);
      encoder.encode_batch(batch, users);
      const std::span items(encoder.item_embeddings(), std::size_t{encoder.options().items} * dim);
      rank_by_dot_product(users, items, dim)(numbered, lists);
    };
  };
}

}  // namespace tamis::models
