// Warnings about funnels: retrievers, ranker, rules.
#include <algorithm>
#include <set>

#include "engine/query/objective_names.h"
#include "engine/query/warnings.h"
#include "engine/retrieval/retriever.h"
#include "engine/retrieval/similar_users.h"

namespace tamis::engine {
namespace {

constexpr std::string_view kImpression = "impression";
constexpr std::string_view kNoEffect = "changes nothing";

std::string at(std::string_view list, std::size_t i, std::string_view member) {
  std::string path = "/" + std::string(list) + "/" + std::to_string(i);
  if (!member.empty()) path += "/" + std::string(member);
  return path;
}

bool is_written_type(const ReadState& state, std::string_view type) {
  return type == kImpression || state.store->find_interaction_type(type).has_value();
}

void warn_of_type(const ReadState& state, const std::string& type, const std::string& path, Warnings* warnings) {
  if (is_written_type(state, type)) return;
  const std::string_view near =
      state.interaction_types->find(type) == nullptr ? state.interaction_types->nearest(type) : std::string_view();
  std::string detail = "no interaction of type \"" + type + "\" was ever written";
  if (!near.empty()) detail += "; did you mean \"" + std::string(near) + "\"?";
  warnings->add(path, std::move(detail));
}

void warn_of_space(const ReadState& state, const std::string& space, const std::string& path, Warnings* warnings) {
  const SpaceIndex* found = find_space(state, space);
  if (found == nullptr) {
    warnings->add(path, "there is no space \"" + space + "\": it is neither made nor trained");
  } else if (found->items == nullptr || found->items->size() == 0) {
    warnings->add(path, "no item has a vector in the space \"" + space + "\"");
  }
}

bool is_trained(const ReadState& state, std::string_view kind) {
  const Generation* generation = state.generation.get();
  if (kind == "popular" || kind == "trending" || kind == "latest" || kind == "rebuy") return true;
  if (generation == nullptr) return false;
  if (kind == "item_knn") return generation->item_neighbors.has_value();
  if (kind == "user_knn") return has_user_knn(*generation);
  return generation->history_model(kind) != nullptr;
}

void warn_of_retrievers(const ReadState& state, const FunnelConfig& funnel, Warnings* warnings) {
  for (std::size_t i = 0; i < funnel.retrievers.size(); ++i) {
    const RetrieverConfig& retriever = funnel.retrievers[i];
    if (retriever.kind == "ann" || retriever.kind == "similar") {
      warn_of_space(state, retriever.space.empty() ? "ials" : retriever.space, at("retrievers", i, "space"), warnings);
    } else if (!is_trained(state, retriever.kind)) {
      warnings->add(at("retrievers", i, "kind"), retriever.kind + " is not trained; the retriever finds nothing");
    } else if (retriever.kind == "rebuy" && funnel.exclude_seen && funnel.seen_types.empty()) {
      warnings->add(at("retrievers", i, "kind"),
                    "rebuy finds what the user has taken before, which exclude_seen leaves out");
    } else if (retriever.kind == "latest" && state.item_attributes->find_field(state.options->latest_field)) {
      warn_of_time_field(state, state.options->latest_field, at("retrievers", i, "kind"), warnings);
    }
  }
}

void warn_of_ranker(const ReadState& state, const FunnelConfig& funnel, Warnings* warnings) {
  const RankerConfig& ranker = funnel.ranker;
  if (ranker.kind == "none") {
    if (!ranker.objective.empty())
      warnings->add("/ranker/objective", "the formula changes nothing: the ranker's kind is \"none\"");
  } else if (state.generation == nullptr || state.generation->ranker == nullptr) {
    warnings->add("/ranker/kind", "no ranker is trained; the merged scores stand");
  }
  for (const std::string& name : unpredicted_names(state, funnel))
    warnings->add("/ranker/objective", "the formula names \"" + name + "\", which no ranker here predicts");
}

class RuleWarnings {
 public:
  RuleWarnings(const ReadState& state, std::size_t rule, Warnings* warnings)
      : state_(state), rule_(rule), warnings_(warnings) {}

  void operator()(const FilterRuleConfig& rule) const { filter(rule.condition); }
  void operator()(const BoostRuleConfig& rule) const {
    filter(rule.condition);
    if (rule.multiply == 1 && rule.add == 0) nothing("multiply", "multiply 1 and add 0");
  }
  void operator()(const FreshnessRuleConfig& rule) const {
    warn_of_time_field(state_, rule.field, path("field"), warnings_);
    if (rule.weight == 0) nothing("weight", "weight 0");
  }
  void operator()(const DiversityRuleConfig& rule) const {
    warn_of_space(state_, rule.space, path("space"), warnings_);
    if (rule.method == "mmr" && rule.relevance == 1) nothing("relevance", "relevance 1");
  }
  void operator()(const CapRuleConfig& rule) const { field(rule.field); }
  void operator()(const SpreadRuleConfig& rule) const { field(rule.field); }
  void operator()(const CalibratedRuleConfig& rule) const {
    field(rule.field);
    if (rule.weight == 0) nothing("weight", "weight 0");
  }
  void operator()(const PinRuleConfig& rule) const {
    const TimestampMs now_ms = state_.options->clock->now_ms();
    for (std::size_t i = 0; i < rule.pins.size(); ++i) {
      const auto item = state_.store->ids(EntityKind::kItem).find(rule.pins[i].item);
      if (!item || !state_.items->is_live(*item, now_ms))
        warnings_->add(path("pins/" + std::to_string(i) + "/item"),
                       "item \"" + rule.pins[i].item + "\" does not exist, and is not pinned");
    }
  }
  void operator()(const DedupeRuleConfig& rule) const { field(rule.field); }
  void operator()(const RotationRuleConfig& rule) const {
    warn_of_type(state_, rule.type, path("type"), warnings_);
    if (rule.fatigue == 0) nothing("fatigue", "fatigue 0");
  }
  void operator()(const SeenRuleConfig& rule) const {
    for (std::size_t i = 0; i < rule.policies.size(); ++i) {
      const std::string policy = "policies/" + std::to_string(i) + "/";
      warn_of_type(state_, rule.policies[i].type, path(policy + "type"), warnings_);
      if (rule.policies[i].multiply == 1) nothing(policy + "multiply", "multiply 1");
    }
  }
  void operator()(const MinimumScoreRuleConfig&) const {}
  void operator()(const ExploreRuleConfig& rule) const {
    if (!rule.age_field.empty()) warn_of_time_field(state_, rule.age_field, path("age_field"), warnings_);
    if (rule.age_field.empty() && rule.most_age_s > 0) nothing("most_age_s", "most_age_s without age_field");
    if (rule.share == 0) nothing("share", "share 0");
  }

 private:
  std::string path(std::string_view member) const { return at("rules", rule_, member); }
  void field(const std::string& name) const { warn_of_field(state_, name, path("field"), warnings_); }
  void filter(const Filter& condition) const { warn_of_filter(state_, condition, path("condition"), warnings_); }
  void nothing(std::string_view member, std::string_view what) const {
    warnings_->add(path(member), std::string(what) + " " + std::string(kNoEffect));
  }

  const ReadState& state_;
  std::size_t rule_;
  Warnings* warnings_;
};

// The members of a generation that a funnel asks.
void note_used(const FunnelConfig& funnel, std::set<std::string>* used) {
  for (const RetrieverConfig& retriever : funnel.retrievers) {
    const bool reads_space = retriever.kind == "ann" || retriever.kind == "similar";
    used->insert(!reads_space ? retriever.kind : retriever.space.empty() ? "ials" : retriever.space);
  }
  for (const RuleConfig& rule : funnel.rules) {
    if (const auto* diversity = std::get_if<DiversityRuleConfig>(&rule)) used->insert(diversity->space);
  }
  if (funnel.ranker.kind != "none") used->insert(funnel.ranker.kind);
}

}  // namespace

std::vector<Warning> funnel_warnings(const ReadState& state, const FunnelConfig& funnel) {
  Warnings warnings;
  warn_of_retrievers(state, funnel, &warnings);
  for (std::size_t i = 0; i < funnel.seen_types.size(); ++i)
    warn_of_type(state, funnel.seen_types[i], at("seen_types", i, ""), &warnings);
  warn_of_filter(state, funnel.filter, "/filter", &warnings);
  if (funnel.rotate_shown == "always" && funnel.impressions.sample_rate == 0)
    warnings.add("/rotate_shown", "nothing that is shown is logged (impressions.sample_rate is 0), so nothing rotates");
  warn_of_ranker(state, funnel, &warnings);
  for (std::size_t i = 0; i < funnel.rules.size(); ++i) std::visit(RuleWarnings(state, i, &warnings), funnel.rules[i]);
  return warnings.take();
}

std::vector<Warning> request_warnings(const ReadState& state, const RecommendRequest& request,
                                      const FunnelConfig& funnel) {
  Warnings warnings;
  warn_of_filter(state, request.filter, "/filter", &warnings);
  const std::string prefix = request.override_funnel ? "/override" : "/funnel";
  for (Warning& warning : funnel_warnings(state, funnel))
    warnings.add(prefix + warning.path, std::move(warning.detail));
  return warnings.take();
}

std::vector<Warning> generation_warnings(const ReadState& state) {
  if (state.generation == nullptr) return {};
  const Generation& generation = *state.generation;
  std::set<std::string> used;
  for (const auto& [name, funnel] : state.funnels) note_used(*funnel, &used);
  const bool is_ranked = generation.ranker != nullptr && used.contains("dlrm");
  // What a run chose by itself is no oversight of anybody's: similar items may need it.
  used.insert(generation.info.chosen.begin(), generation.info.chosen.end());
  Warnings warnings;
  const auto check = [&](const std::string& model, std::string_view hint) {
    if (!used.contains(model))
      warnings.add("/generation/" + model, "\"" + model + "\" is trained, and no funnel uses it: " + std::string(hint));
  };
  for (const auto& encoder : generation.encoders) {
    // The ranker asks every encoder.
    if (!is_ranked) check(encoder->shape().name, "name it as the space of an \"ann\" or a \"similar\" retriever");
  }
  for (const auto& model : generation.history_models)
    if (model->shape().kind != "bought_together")  // it has an endpoint of its own
      check(std::string(model->shape().kind), "name it as the kind of a retriever");
  if (generation.item_neighbors && !is_ranked) check("item_knn", "name it as the kind of a retriever");
  if (has_user_knn(generation) && !is_ranked) check("user_knn", "name it as the kind of a retriever");
  if (generation.ranker != nullptr) check("dlrm", "name it as the kind of the ranker");
  return warnings.take();
}

}  // namespace tamis::engine
