// ranker_account(): the funnel's run again, and one candidate's score as its features are taken away one by one.
#include "engine/ranker_account.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "common/cancellation.h"
#include "common/nearest_name.h"
#include "engine/experiments/take_part.h"
#include "engine/query/choose_funnel.h"
#include "engine/query/prepared_request.h"
#include "engine/query/query.h"
#include "engine/query/ranking_world.h"
#include "engine/query/request_checks.h"
#include "engine/query/retrieve.h"
#include "engine/serving/generation_ranker.h"

namespace tamis::engine {
namespace {

using Objective = GenerationRanker::Objective;

Result<const Objective*> choose_objective(const Generation& generation, const std::string& name) {
  const auto& objectives = generation.ranker->objectives();
  if (name.empty()) return objectives.front().get();
  std::string known;
  for (const auto& objective : objectives) {
    if (objective->name() == name) return objective.get();
    known += (known.empty() ? "" : ", ") + objective->name();
  }
  return Status::invalid_argument("the ranker predicts no \"" + name.substr(0, 64) + "\"; expected one of " + known)
      .at_field("objective");
}

bool fits(const ranker::Field& field, const FeatureValue& value) {
  const bool is_text = std::holds_alternative<std::string>(value) || std::holds_alternative<Text>(value);
  switch (field.kind) {
    case ranker::FieldKind::kNumeric:
      return std::holds_alternative<double>(value) || std::holds_alternative<bool>(value) ||
             std::holds_alternative<Timestamp>(value);
    case ranker::FieldKind::kCategorical: return is_text || std::holds_alternative<bool>(value);
    case ranker::FieldKind::kBag: return is_text || std::holds_alternative<std::vector<std::string>>(value);
  }
  return false;
}

Status check_changes(const ranker::FeatureSchema& schema, const Features& changes) {
  for (const auto& [name, value] : changes) {
    const auto& fields = schema.fields();
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const auto& known) { return known.name == name; });
    if (field == fields.end()) {
      std::vector<std::string_view> names;
      for (const ranker::Field& known : fields) names.push_back(known.name);
      const std::string_view nearest = nearest_name(name, names);
      return Status::invalid_argument("the ranker reads no feature \"" + name.substr(0, 128) + "\"" +
                                      (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"))
          .at_field("changes." + name.substr(0, 128));
    }
    if (!fits(*field, value))
      return Status::invalid_argument("the value of \"" + name + "\" is of another kind; expected one of a " +
                                      std::string(ranker::field_kind_name(field->kind)) + " feature")
          .at_field("changes." + name);
  }
  return Status::ok();
}

// What each field of the schema is of this candidate; what is unknown is left out.
Features values_of(const Objective& objective, const RankingWorld& world, std::size_t candidate, std::string_view id,
                   std::span<const double> crossed_numbers_of_candidate) {
  Features named;
  const auto crossed = objective.encoder().crossed();
  for (std::size_t i = 0; i < crossed.size(); ++i)
    if (std::isfinite(crossed_numbers_of_candidate[i])) named.emplace(crossed[i].name, crossed_numbers_of_candidate[i]);
  for (const ranker::Field& field : objective.encoder().schema().fields()) {
    if (field.side == ranker::FieldSide::kCrossed) continue;
    const auto feature = parse_rank_feature(field.name);
    if (!feature.is_ok()) continue;  // a generation holds none
    auto value = field.side == ranker::FieldSide::kItem
                     ? item_value(*feature, id, world.candidates()[candidate].features)
                     : request_value(*feature, world.query());
    if (value) named.emplace(field.name, *std::move(value));
  }
  return named;
}

// The candidate's score in many variants, in one pass of the network. Externally synchronised.
class Variants {
 public:
  explicit Variants(const Objective& objective)
      : objective_(objective), table_(objective.encoder().encoder().make_table(ranker::Columns::kAll)) {}

  std::size_t add(const Features& values) {
    objective_.encoder().encoder().append(values, ranker::Columns::kAll, table_);
    return table_.rows - 1;
  }
  std::size_t add_without(Features values, std::span<const std::string> names) {
    for (const std::string& name : names) values.erase(name);
    return add(values);
  }
  const ranker::ExampleTable& table() const { return table_; }
  Status score() {
    const ranker::Dlrm& model = objective_.scorer().model();
    logits_.resize(table_.rows);
    return ranker::score_rows(model, model.freeze(), table_, 0, table_.rows, logits_.data(), scratch_);
  }
  double logit(std::size_t row) const { return double{logits_[row]}; }
  double probability(std::size_t row) const { return objective_.probability(logits_[row]); }
  // [vectors, dim] of one variant.
  std::span<const float> vectors(std::size_t row) const {
    const auto& layout = objective_.scorer().model().layout();
    const std::size_t width = layout.vectors.size() * layout.dim;
    return std::span(scratch_.vectors).subspan(row * width, width);
  }

 private:
  const Objective& objective_;
  ranker::ExampleTable table_;
  std::vector<float> logits_;
  ranker::ScoreScratch scratch_;
};

// Whether a field of row 0 says something: a category that training met, a bag that is not empty, a number.
bool is_known(const ranker::FeatureSchema& schema, const ranker::ExampleTable& table, std::size_t field,
              const Features& values) {
  const auto& id_fields = schema.id_fields();
  const auto place = std::find(id_fields.begin(), id_fields.end(), field);
  if (place == id_fields.end()) return values.contains(schema.fields()[field].name);
  const auto rows = table.ids[static_cast<std::size_t>(place - id_fields.begin())].of(0);
  return std::any_of(rows.begin(), rows.end(), [](std::uint32_t row) { return row != 0; });
}

void add_crosses(const ranker::Dlrm& model, std::span<const float> vectors, RankerAccount* account) {
  const ranker::DlrmLayout& layout = model.layout();
  const auto& schema = model.schema();
  for (const ranker::VectorSource& source : layout.vectors) {
    account->vectors.push_back(source.is_bottom ? "numbers of " + std::string(ranker::field_side_name(source.side))
                                                : schema.fields()[schema.id_fields()[source.index]].name);
  }
  const std::size_t count = layout.vectors.size();
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      const auto row = vectors.subspan(a * layout.dim, layout.dim);
      account->dots.push_back(std::inner_product(row.begin(), row.end(), vectors.begin() + b * layout.dim, 0.0));
    }
  }
}

// Fills what follows from the candidate's values alone.
Status account_for(const Objective& objective, const Features& values, const Features& changes,
                   RankerAccount* account) {
  const ranker::FeatureSchema& schema = objective.encoder().schema();
  Variants variants(objective);
  const std::size_t whole = variants.add(values);
  Features changed_values = values;
  for (const auto& [name, value] : changes) changed_values.insert_or_assign(name, value);
  const std::size_t changed = variants.add(changed_values);
  std::vector<std::size_t> without;
  for (const ranker::Field& field : schema.fields())
    without.push_back(variants.add_without(values, std::array{field.name}));
  TAMIS_RETURN_IF_ERROR(variants.score());

  account->logit = variants.logit(whole);
  account->score = variants.probability(whole);
  if (!changes.empty()) account->changed_score = variants.probability(changed);
  for (std::size_t i = 0; i < schema.fields().size(); ++i) {
    const ranker::Field& field = schema.fields()[i];
    RankedFeature& feature = account->features.emplace_back();
    feature.name = field.name;
    feature.side = ranker::field_side_name(field.side);
    feature.kind = ranker::field_kind_name(field.kind);
    if (const auto value = values.find(field.name); value != values.end()) feature.value = value->second;
    if (const auto value = changes.find(field.name); value != changes.end()) feature.changed = value->second;
    feature.is_known = is_known(schema, variants.table(), i, values);
    feature.without = variants.probability(without[i]);
    feature.effect = account->logit - variants.logit(without[i]);
  }
  add_crosses(objective.scorer().model(), variants.vectors(whole), account);
  std::stable_sort(account->features.begin(), account->features.end(),
                   [](const auto& a, const auto& b) { return std::abs(a.effect) > std::abs(b.effect); });
  return Status::ok();
}

Status account_for_pairs(const Objective& objective, const Features& values, RankerAccount* account) {
  const std::size_t count = std::min(account->features.size(), kMaxPairedFeatures);
  Variants variants(objective);
  for (std::size_t a = 0; a < count; ++a) {
    account->paired.push_back(account->features[a].name);
    for (std::size_t b = 0; b < count; ++b)
      variants.add_without(values, std::array{account->features[a].name, account->features[b].name});
  }
  TAMIS_RETURN_IF_ERROR(variants.score());
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      const double both = account->logit - variants.logit(a * count + b);
      const double apart = account->features[a].effect + account->features[b].effect;
      account->pair_effects.push_back(a == b ? both : both - apart);
    }
  }
  return Status::ok();
}

std::uint32_t rank_of(std::span<const double> scores, std::size_t own, double score) {
  std::uint32_t rank = 1;
  for (std::size_t i = 0; i < scores.size(); ++i) rank += i != own && scores[i] > score ? 1 : 0;
  return rank;
}

}  // namespace

Result<RankerAccount> ranker_account(const ReadState& state, const RankerAccountRequest& asked, Sequence sequence) {
  const RecommendRequest& request = asked.request;
  TAMIS_RETURN_IF_ERROR(check_recommend_request(state, request));
  TAMIS_RETURN_IF_ERROR(validate_external_id(asked.item, "item"));
  if (state.generation == nullptr || state.generation->ranker == nullptr)
    return Status::failed_precondition("the serving generation has no ranker; train \"ranker\"");
  TAMIS_ASSIGN_OR_RETURN(const Objective* objective, choose_objective(*state.generation, asked.objective));
  TAMIS_RETURN_IF_ERROR(check_changes(objective->encoder().schema(), asked.changes));
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<const FunnelConfig> chosen, choose_funnel(state, request));
  take_part(state, request, &chosen);
  FunnelConfig funnel = *chosen;
  funnel.ranker.kind = "dlrm";  // a funnel without a ranker keeps no candidates beyond its list

  StageClock clock(funnel.name, /*observer=*/nullptr, /*trace=*/nullptr);
  PreparedRequest prepared(state, request, funnel);
  TAMIS_RETURN_IF_ERROR(prepared.prepare(&clock));
  const RetrievalContext context = prepared.context();
  TAMIS_ASSIGN_OR_RETURN(std::vector<CandidateList> lists, retrieve(context, funnel, &clock));
  TAMIS_RETURN_IF_ERROR(check_cancelled());
  TAMIS_ASSIGN_OR_RETURN(const FunnelRun run, run_funnel(context, funnel, std::move(lists),
                                                         prepared.run_options(request.recommendation_id), &clock));
  const auto item = state.store->ids(EntityKind::kItem).find(asked.item);
  const auto& entries = run.merged.entries;
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const MergedCandidates::Entry& one) { return item && one.item == *item; });
  if (entry == entries.end())
    return Status::failed_precondition("item \"" + asked.item +
                                       "\" is no candidate of this list, so nothing ranks it; " +
                                       "why-not tells where it falls out")
        .at_field("item");
  const auto candidate = static_cast<std::size_t>(entry - entries.begin());

  RankerConfig config = funnel.ranker;
  config.objective.clear();
  const RankingInput input{.context = context, .config = config, .lists = run.lists, .candidates = run.merged};
  TAMIS_ASSIGN_OR_RETURN(const Ranking ranking, rank_candidates(input));
  const auto scores = std::find_if(ranking.objectives.begin(), ranking.objectives.end(),
                                   [&](const ObjectiveScores& one) { return one.name == objective->name(); });
  const RankingWorld world(input);
  const ModelScores model_scores(world.models(), world.query());
  const auto crossed = objective->encoder().crossed();
  const std::vector<double> numbers =
      crossed_numbers(crossed, model_scores, world.query(), world.candidates(), &world, RankingWorld::features_of);

  RankerAccount account{.user = request.user, .item = asked.item, .funnel = funnel.name};
  account.generation = state.generation->info.id;
  account.sequence = sequence;
  account.objective = objective->name();
  for (const auto& one : state.generation->ranker->objectives()) account.objectives.push_back(one->name());
  account.candidates = static_cast<std::uint32_t>(entries.size());
  const Features values = values_of(*objective, world, candidate, asked.item,
                                    std::span(numbers).subspan(candidate * crossed.size(), crossed.size()));
  TAMIS_RETURN_IF_ERROR(account_for(*objective, values, asked.changes, &account));
  TAMIS_RETURN_IF_ERROR(account_for_pairs(*objective, values, &account));
  if (scores != ranking.objectives.end()) {
    account.rank = rank_of(scores->scores, candidate, scores->scores[candidate]);
    if (account.changed_score) account.changed_rank = rank_of(scores->scores, candidate, *account.changed_score);
  }
  return account;
}

}  // namespace tamis::engine
