// bought_together(): what goes with a cart.
#include <algorithm>

#include "engine/query/query.h"
#include "engine/query/request_checks.h"
#include "engine/retrieval/eligibility.h"
#include "engine/retrieval/last_basket.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMostInCart = 1'000;
constexpr std::string_view kMember = "bought_together";

class CartAnswer {
 public:
  CartAnswer(const ReadState& state, const BoughtTogetherRequest& request, TimestampMs now_ms,
             BoughtTogetherAnswer* answer)
      : state_(state),
        request_(request),
        now_ms_(now_ms),
        eligibility_(*state.items, *state.item_attributes, request.filter, state.store->ids(EntityKind::kItem).size(),
                     now_ms),
        answer_(*answer) {}

  Status find_cart() {
    const storage::IdTable& ids = state_.store->ids(EntityKind::kItem);
    for (std::size_t i = 0; i < request_.items.size(); ++i) {
      const std::string field = request_.items.size() == 1 ? "items" : "items[" + std::to_string(i) + "]";
      TAMIS_RETURN_IF_ERROR(validate_external_id(request_.items[i], field));
      const auto item = ids.find(request_.items[i]);
      if (!item || !state_.items->is_live(*item, now_ms_)) {
        if (request_.items.size() == 1)
          return Status::not_found("there is no item \"" + request_.items[i] + "\"").at_field("items");
        warn(field, "there is no item \"" + request_.items[i] + "\"; it is passed over");
        continue;
      }
      if (std::find(cart_.begin(), cart_.end(), *item) != cart_.end()) continue;
      cart_.push_back(*item);
      eligibility_.exclude(*item);
    }
    for (const std::string& id : request_.exclude)
      if (const auto item = ids.find(id)) eligibility_.exclude(*item);
    return Status::ok();
  }

  void fill() {
    const models::BoughtTogetherModel* model = find_bought_together(state_);
    if (model == nullptr) {
      warn("", "bought_together is not trained");
    } else {
      answer_.baskets = model->basket_count();
      add_pairs(*model, model->support(), "bought_together");
      if (request_.is_relaxed && model->support() > 1) add_pairs(*model, 1, "low_support");
    }
    if (!request_.is_relaxed) return;
    add_neighbors();
    add_popular();
  }

 private:
  bool is_full() const { return answer_.items.size() >= request_.k; }
  void warn(const std::string& field, std::string detail) {
    answer_.warnings.push_back({field.empty() ? "" : "/" + field, std::move(detail)});
  }

  BoughtTogetherEntry& add(DenseId item, double score, std::string_view source) {
    eligibility_.exclude(item);
    BoughtTogetherEntry& entry = answer_.items.emplace_back();
    entry.item = state_.store->ids(EntityKind::kItem).name(item);
    entry.rank = static_cast<std::uint32_t>(answer_.items.size());
    entry.score = score;
    entry.source = source;
    if (request_.with_features) {
      const auto entity = state_.items->get(item, now_ms_);
      entry.features = entity == nullptr ? Features{} : entity->features;
    }
    return entry;
  }

  std::vector<std::uint32_t> rows_in(const Vocabulary& vocabulary) const {
    std::vector<std::uint32_t> rows;
    for (const DenseId item : cart_)
      if (const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item); row != kNoDenseId) rows.push_back(row);
    return rows;
  }

  void add_pairs(const models::BoughtTogetherModel& model, std::uint32_t support, std::string_view source) {
    if (is_full()) return;
    const Vocabulary& vocabulary = state_.generation->vocabulary(kMember);
    const std::vector<std::uint32_t> rows = rows_in(vocabulary);
    const auto accepts = [&](std::uint32_t row) { return eligibility_(vocabulary.items[row]); };
    for (const models::BoughtTogetherItem& found :
         model.complete(rows, support, request_.k - answer_.items.size(), accepts)) {
      BoughtTogetherEntry& entry = add(vocabulary.items[found.item], found.score, source);
      entry.because = state_.store->ids(EntityKind::kItem).name(vocabulary.items[found.because]);
      entry.lift = found.lift;
      entry.confidence = found.confidence;
      entry.baskets = found.baskets;
    }
  }

  void add_neighbors() {
    const Generation* generation = state_.generation.get();
    if (is_full() || generation == nullptr || !generation->item_neighbors) return;
    const Vocabulary& vocabulary = generation->vocabulary("item_knn");
    const std::vector<std::uint32_t> rows = rows_in(vocabulary);
    if (rows.empty()) return;
    const auto found = models::score_item_knn(*generation->item_neighbors, rows, {}, vocabulary.items.size());
    for (const models::ScoredId& scored : found) {
      if (is_full()) return;
      const DenseId item = vocabulary.items[scored.id];
      if (eligibility_(item)) add(item, double{scored.score}, "item_knn");
    }
  }

  void add_popular() {
    if (is_full()) return;
    bool is_current = false;
    const ItemStatistics::Ranking ranking = state_.item_statistics->popular(&is_current);
    for (const models::ScoredId& scored : *ranking) {
      if (is_full()) return;
      if (eligibility_(scored.id)) add(scored.id, double{scored.score}, "popular");
    }
  }

  const ReadState& state_;
  const BoughtTogetherRequest& request_;
  TimestampMs now_ms_;
  Eligibility eligibility_;
  std::vector<DenseId> cart_;
  BoughtTogetherAnswer& answer_;
};

}  // namespace

Result<BoughtTogetherAnswer> bought_together(const ReadState& state, const BoughtTogetherRequest& request,
                                             Sequence sequence) {
  TAMIS_RETURN_IF_ERROR(check_k(request.k));
  TAMIS_RETURN_IF_ERROR(validate_filter(request.filter));
  if (request.items.empty() || request.items.size() > kMostInCart)
    return Status::invalid_argument("items holds " + std::to_string(request.items.size()) + " ids, expected 1 to 1000")
        .at_field("items");
  BoughtTogetherAnswer answer;
  answer.generation = state.generation == nullptr ? "" : state.generation->info.id;
  answer.sequence = sequence;
  CartAnswer cart(state, request, state.options->clock->now_ms(), &answer);
  TAMIS_RETURN_IF_ERROR(cart.find_cart());
  cart.fill();
  return answer;
}

}  // namespace tamis::engine
