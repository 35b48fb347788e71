#include "models/bought_together/bought_together.h"

#include <algorithm>
#include <cmath>

#include "models/encoder.h"
#include "models/parallel.h"
#include "models/ragged_tensors.h"
#include "models/sparse_accumulator.h"

namespace tamis::models {
namespace {

constexpr std::size_t kBasketItemsPerBlock = 64;
constexpr double kMostBaskets = 4294967295;

// A pair of an item, before it is kept.
struct Pair {
  std::uint32_t other;
  float score;
  std::uint32_t baskets;
};

bool is_better(const Pair& a, const Pair& b) { return a.score != b.score ? a.score > b.score : a.other < b.other; }

}  // namespace

std::vector<ModelOption> bought_together_table() {
  const BoughtTogetherOptions defaults;
  return {
      text_option("types", defaults.baskets.types, 1'024,
                  "interaction types that count as buying, separated by commas; empty: purchase, order, buy, bought, "
                  "transaction, or else whatever names a basket"),
      number_option("gap_minutes", defaults.baskets.gap_minutes, 0, 100'000,
                    "purchases of a user that name no basket share one up to this gap between them"),
      integer_option("max_basket_items", defaults.baskets.most, 2, 1e6, "larger baskets are left out"),
      number_option("shrinkage", defaults.shrinkage, 0.01, 1e6,
                    "pulls the lift of a pair towards 1, as if it had been seen so often by chance"),
      number_option("confidence_exponent", defaults.confidence_exponent, 0, 1,
                    "weight of how often an item comes along; 0: pairs are ranked by lift alone"),
      integer_option("support", defaults.support, 1, 1e6, "baskets that must hold a pair for it to count as strict"),
      integer_option("neighbors", defaults.neighbors, 1, 10'000, "pairs kept per item, the best"),
  };
}

BoughtTogetherOptions bought_together_options(const Settings& settings) {
  return {.baskets = {.types = std::string(choice_setting(settings, "types")),
                      .gap_minutes = number_setting(settings, "gap_minutes"),
                      .most = static_cast<std::uint32_t>(integer_setting(settings, "max_basket_items"))},
          .shrinkage = number_setting(settings, "shrinkage"),
          .confidence_exponent = number_setting(settings, "confidence_exponent"),
          .support = static_cast<std::uint32_t>(integer_setting(settings, "support")),
          .neighbors = static_cast<std::uint32_t>(integer_setting(settings, "neighbors"))};
}

Result<std::unique_ptr<BoughtTogetherModel>> BoughtTogetherModel::count(const InteractionMatrix& baskets,
                                                                        std::uint32_t users,
                                                                        const BoughtTogetherOptions& options,
                                                                        const TrainControl& control) {
  const std::uint32_t items = baskets.columns;
  std::unique_ptr<BoughtTogetherModel> model(
      new BoughtTogetherModel({.kind = "bought_together", .users = users, .items = items}));
  model->support_ = options.support;
  model->baskets_ = baskets.rows;
  model->gap_minutes_ = options.baskets.gap_minutes;
  const InteractionMatrix by_item = baskets.transpose();
  model->item_baskets_.resize(items);
  for (std::uint32_t item = 0; item < items; ++item)
    model->item_baskets_[item] = static_cast<std::uint32_t>(by_item.row_columns(item).size());

  std::vector<std::vector<Pair>> found(items);
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, items, kBasketItemsPerBlock, [&](std::size_t begin, std::size_t end) {
    thread_local SparseAccumulator together;
    for (std::size_t index = begin; index < end; ++index) {
      const auto item = static_cast<std::uint32_t>(index);
      together.reset(items);
      for (const std::uint32_t basket : by_item.row_columns(item))
        for (const std::uint32_t other : baskets.row_columns(basket)) together.add(other, 1);
      std::vector<Pair>& pairs = found[item];
      for (const std::uint32_t other : together.touched()) {
        if (other == item) continue;
        const std::uint32_t count = together[other].count;
        const double expected =
            static_cast<double>(model->item_baskets_[item]) * model->item_baskets_[other] / std::max(1U, baskets.rows);
        const double lift = (count + options.shrinkage) / (expected + options.shrinkage);
        if (!(lift > 1)) continue;
        const double confidence = static_cast<double>(count) / model->item_baskets_[item];
        const double score = std::pow(confidence, options.confidence_exponent) * std::log(lift);
        pairs.push_back({other, static_cast<float>(score), count});
      }
      const auto kept =
          pairs.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(options.neighbors, pairs.size()));
      std::partial_sort(pairs.begin(), kept, pairs.end(), is_better);
      pairs.erase(kept, pairs.end());
      std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.other < b.other; });
      pairs.shrink_to_fit();
    }
  }));
  model->offsets_ = {0};
  for (const std::vector<Pair>& pairs : found) {
    for (const Pair& pair : pairs) {
      if (!(pair.score > 0)) continue;
      model->neighbor_.push_back(pair.other);
      model->score_.push_back(pair.score);
      model->together_.push_back(pair.baskets);
    }
    model->offsets_.push_back(model->neighbor_.size());
  }
  control.progress(1, std::to_string(baskets.rows) + " baskets");
  return model;
}

Result<std::unique_ptr<HistoryModel>> BoughtTogetherModel::train(const TrainingData& data, const Settings& settings,
                                                                 const TrainControl& control) {
  const BoughtTogetherOptions options = bought_together_options(settings);
  TAMIS_ASSIGN_OR_RETURN(const InteractionMatrix baskets, make_baskets(data, options.baskets));
  TAMIS_ASSIGN_OR_RETURN(std::unique_ptr<BoughtTogetherModel> model, count(baskets, data.users, options, control));
  return std::unique_ptr<HistoryModel>(std::move(model));
}

Result<std::unique_ptr<HistoryModel>> BoughtTogetherModel::load(const SavedHistoryModel& saved) {
  // Beside the options that serving needs, the number of baskets.
  std::vector<ModelOption> known = bought_together_table();
  known.push_back(integer_option("baskets", 0, 0, kMostBaskets, "that were counted"));
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(known, saved.settings));
  std::unique_ptr<BoughtTogetherModel> model(new BoughtTogetherModel(saved.shape));
  const BoughtTogetherOptions options = bought_together_options(settings);
  model->support_ = options.support;
  model->gap_minutes_ = options.baskets.gap_minutes;
  model->baskets_ = static_cast<std::uint32_t>(integer_setting(settings, "baskets"));
  TAMIS_ASSIGN_OR_RETURN(RaggedIds table,
                         read_ragged_ids(saved.tensors, "neighbor", saved.shape.items, saved.shape.items));
  TAMIS_ASSIGN_OR_RETURN(model->score_, read_finite(saved.tensors, "score", {table.ids.size()}));
  TAMIS_ASSIGN_OR_RETURN(model->together_, saved.tensors.read<std::uint32_t>("baskets", {table.ids.size()}));
  TAMIS_ASSIGN_OR_RETURN(model->item_baskets_, saved.tensors.read<std::uint32_t>("item_baskets", {saved.shape.items}));
  if (std::any_of(model->score_.begin(), model->score_.end(), [](float value) { return !(value > 0); }))
    return Status::corruption("score holds a value that is not above 0");
  model->offsets_ = std::move(table.offsets);
  model->neighbor_ = std::move(table.ids);
  return std::unique_ptr<HistoryModel>(std::move(model));
}

std::int64_t BoughtTogetherModel::find_pair(std::uint32_t item, std::uint32_t other) const {
  const auto begin = neighbor_.begin() + static_cast<std::ptrdiff_t>(offsets_[item]);
  const auto end = neighbor_.begin() + static_cast<std::ptrdiff_t>(offsets_[item + 1]);
  const auto found = std::lower_bound(begin, end, other);
  return found != end && *found == other ? found - neighbor_.begin() : -1;
}

std::vector<BoughtTogetherItem> BoughtTogetherModel::complete(std::span<const std::uint32_t> cart,
                                                              std::uint32_t support, std::size_t k,
                                                              const ItemFilter& accepts) const {
  thread_local SparseAccumulator scores;
  scores.reset(shape().items);
  for (const std::uint32_t item : cart)
    for (std::uint64_t n = offsets_[item]; n < offsets_[item + 1]; ++n)
      if (together_[n] >= support) scores.add(neighbor_[n], score_[n]);
  std::vector<std::uint32_t> in_cart(cart.begin(), cart.end());
  std::sort(in_cart.begin(), in_cart.end());
  const auto is_new = [&](std::uint32_t item) {
    return !std::binary_search(in_cart.begin(), in_cart.end(), item) && (!accepts || accepts(item));
  };
  std::vector<BoughtTogetherItem> items;
  for (const ScoredId& scored : scores.best(k, is_new)) {
    BoughtTogetherItem& found = items.emplace_back();
    found.item = scored.id;
    found.score = double{scored.score};
    float strongest = 0;
    for (const std::uint32_t item : cart) {
      const std::int64_t pair = find_pair(item, scored.id);
      if (pair < 0) continue;
      const auto at = static_cast<std::size_t>(pair);
      if (together_[at] < support || score_[at] <= strongest) continue;
      strongest = score_[at];
      found.because = item;
      found.baskets = together_[at];
    }
    const double own = item_baskets_[found.because];
    const double expected = own * item_baskets_[found.item] / std::max(1U, baskets_);
    found.lift = expected > 0 ? found.baskets / expected : 0;
    found.confidence = own > 0 ? found.baskets / own : 0;
  }
  return items;
}

std::vector<ScoredId> BoughtTogetherModel::recommend(std::span<const std::uint32_t> history,
                                                     std::span<const float> weights, std::size_t k,
                                                     const ItemFilter& accepts) const {
  const LikedHistory liked(history, weights);
  std::vector<ScoredId> list;
  for (const BoughtTogetherItem& item : complete(liked.items, support_, k, accepts))
    list.push_back({item.item, static_cast<float>(item.score)});
  return list;
}

bool BoughtTogetherModel::explain(std::span<const std::uint32_t> history, std::span<const float> weights,
                                  std::uint32_t item, std::span<double> shares) const {
  for (std::size_t h = 0; h < history.size(); ++h) {
    shares[h] = 0;
    if (!weights.empty() && weights[h] < 0) continue;
    const std::int64_t pair = find_pair(history[h], item);
    if (pair >= 0 && together_[static_cast<std::size_t>(pair)] >= support_)
      shares[h] = double{score_[static_cast<std::size_t>(pair)]};
  }
  return true;
}

Settings BoughtTogetherModel::settings() const {
  return {{"support", std::to_string(support_)},
          {"gap_minutes", number_text(gap_minutes_)},
          {"baskets", std::to_string(baskets_)}};
}

void BoughtTogetherModel::add_tensors(TensorWriter& writer) const {
  writer.add<std::uint64_t>("offsets", {offsets_.size()}, offsets_);
  writer.add<std::uint32_t>("neighbor", {neighbor_.size()}, neighbor_);
  writer.add<float>("score", {score_.size()}, score_);
  writer.add<std::uint32_t>("baskets", {together_.size()}, together_);
  writer.add<std::uint32_t>("item_baskets", {item_baskets_.size()}, item_baskets_);
}

}  // namespace tamis::models
