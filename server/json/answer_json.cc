#include "server/json/answer_json.h"

#include "server/json/measurement_json.h"

namespace tamis::server {

std::string_view kind_name(EntityKind kind) { return kind == EntityKind::kItem ? "item" : "user"; }
std::string_view kinds_name(EntityKind kind) { return kind == EntityKind::kItem ? "items" : "users"; }

void write_ack(const WriteAck& ack, JsonWriter* json) {
  json->begin_object()
      .field("accepted", ack.accepted)
      .field("duplicates", ack.duplicates)
      .field("sequence", ack.sequence);
  write_unstored(ack, json);
  write_undeclared(ack, json);
}

void write_unstored(const WriteAck& ack, JsonWriter* json) {
  if (ack.ignored != 0) json->field("ignored", ack.ignored);
  if (ack.outdated != 0) json->field("outdated", ack.outdated);
}

void write_undeclared(const WriteAck& ack, JsonWriter* json) {
  if (ack.undeclared_types.empty()) return;
  json->key("undeclared_types").begin_array();
  for (const std::string& type : ack.undeclared_types) json->value(std::string_view(type));
  json->end_array();
}

void write_entity(const Entity& entity, JsonWriter* json) {
  json->begin_object().field("id", entity.id).key("features").features(entity.features);
  if (entity.updated_ms != 0) json->key("updated_at").time(entity.updated_ms);
  if (entity.expires_ms != 0) json->key("expires_at").time(entity.expires_ms);
  if (entity.version != 0) json->field("version", entity.version);
  if (entity.hidden) json->field("hidden", true);
  json->end_object();
}

void write_interaction(const Interaction& interaction, JsonWriter* json) {
  json->begin_object().field("user", interaction.user).field("item", interaction.item).field("type", interaction.type);
  if (interaction.value) json->field("value", *interaction.value);
  json->key("timestamp").time(interaction.timestamp_ms);
  if (!interaction.context.empty()) json->key("context").features(interaction.context);
  if (!interaction.recommendation_id.empty()) json->field("recommendation_id", interaction.recommendation_id);
  if (!interaction.idempotency_key.empty()) json->field("idempotency_key", interaction.idempotency_key);
  if (!interaction.import_id.empty()) json->field("import_id", interaction.import_id);
}

namespace {

// Rank 0 is no rank: the rule brought the item in, or took it out.
void write_rule_effects(const std::vector<RuleEffect>& effects, JsonWriter* json) {
  json->begin_array();
  for (const RuleEffect& effect : effects) {
    json->begin_object().field("rule", effect.rule);
    if (effect.rank_before != 0)
      json->field("rank_before", effect.rank_before).field("score_before", effect.score_before);
    if (effect.rank_after != 0) json->field("rank_after", effect.rank_after).field("score_after", effect.score_after);
    json->end_object();
  }
  json->end_array();
}

void write_explanation(const RecommendedItem& item, JsonWriter* json) {
  const ItemExplanation& explanation = *item.explain;
  json->key("explain").begin_object().field("merged_score", explanation.merged_score);
  if (explanation.merged_rank != 0) json->field("merged_rank", explanation.merged_rank);
  if (explanation.ranker_score) json->field("ranker_score", *explanation.ranker_score);
  if (!explanation.objectives.empty()) {
    json->key("objectives").begin_object();
    for (const auto& [name, score] : explanation.objectives) json->field(name, score);
    json->end_object();
  }
  if (!explanation.rules.empty()) {
    json->key("rules");
    write_rule_effects(explanation.rules, json);
  }
  json->key("retrieved_by").begin_array();
  for (const RetrievedBy& source : explanation.retrieved_by) {
    json->begin_object().field("retriever", source.retriever).field("rank", source.rank).field("score", source.score);
    if (!source.because.empty()) {
      json->key("because").begin_array();
      for (const auto& [because, weight] : source.because)
        json->begin_object().field("item", because).field("weight", weight).end_object();
      json->end_array();
    }
    json->end_object();
  }
  json->end_array().end_object();
}

}  // namespace

void write_warnings(const std::vector<Warning>& warnings, JsonWriter* json) {
  json->key("warnings").begin_array();
  for (const Warning& warning : warnings)
    json->begin_object().field("path", warning.path).field("detail", warning.detail).end_object();
  json->end_array();
}

void write_recommendations(const RecommendAnswer& answer, JsonWriter* json) {
  json->begin_object().field("recommendation_id", answer.recommendation_id);
  if (!answer.user.empty()) json->field("user", answer.user).field("known_user", answer.known_user);
  json->field("funnel", answer.funnel)
      .field("funnel_version", answer.funnel_version)
      .field("generation", answer.generation)
      .field("sequence", answer.sequence);
  if (answer.served_ms != 0) json->key("served_at").time(answer.served_ms);
  json->field("exact", answer.is_exact);
  if (!answer.arms.empty()) {
    json->key("experiments").begin_array();
    for (const ServedArm& arm : answer.arms)
      json->begin_object().field("experiment", arm.experiment).field("arm", arm.arm).end_object();
    json->end_array();
  }
  json->key("items").begin_array();
  for (const RecommendedItem& item : answer.items) {
    json->begin_object().field("item", item.item).field("rank", item.rank).field("score", item.score);
    if (item.fallback) json->field("fallback", true);
    if (item.propensity != 1) json->field("propensity", item.propensity);
    if (item.features) json->key("features").features(*item.features);
    if (item.explain) write_explanation(item, json);
    json->end_object();
  }
  json->end_array();
  if (!answer.cursor.empty()) json->field("cursor", answer.cursor);
  if (!answer.stages.empty()) {
    json->key("stages").begin_array();
    for (const StageTrace& stage : answer.stages) {
      json->begin_object().field("stage", stage.stage);
      if (stage.before != 0) json->field("before", stage.before);
      json->field("count", stage.count).field("microseconds", stage.microseconds);
      if (!stage.note.empty()) json->field("note", stage.note);
      json->end_object();
    }
    json->end_array();
    write_warnings(answer.warnings, json);
  }
  json->end_object();
}

void write_why_not(const WhyNotAnswer& answer, JsonWriter* json) {
  json->begin_object().field("item", answer.item);
  if (!answer.user.empty()) json->field("user", answer.user);
  json->field("verdict", why_not_name(answer.verdict))
      .field("reason", answer.reason)
      .field("funnel", answer.funnel)
      .field("funnel_version", answer.funnel_version)
      .field("generation", answer.generation)
      .field("sequence", answer.sequence)
      .field("k", answer.k);
  if (!answer.failed_conditions.empty()) {
    json->key("failed_conditions").begin_array();
    for (const std::string& condition : answer.failed_conditions) json->raw(condition);
    json->end_array();
  }
  json->key("retrievers").begin_array();
  for (const RetrieverPlace& place : answer.retrievers) {
    json->begin_object().field("retriever", place.retriever).field("quota", place.quota);
    if (place.rank != 0) json->field("rank", place.rank).field("score", place.score);
    json->field("retrieved", place.is_retrieved);
    if (!place.note.empty()) json->field("note", place.note);
    json->end_object();
  }
  json->end_array();
  if (answer.merged_rank != 0) json->field("merged_rank", answer.merged_rank);
  if (answer.ranked_rank != 0) json->field("ranked_rank", answer.ranked_rank);
  if (answer.final_rank != 0) json->field("final_rank", answer.final_rank);
  if (!answer.rule.empty()) json->field("rule", answer.rule);
  json->key("rules");
  write_rule_effects(answer.rules, json);
  json->end_object();
}

void write_scored(const ScoredAnswer& answer, EntityKind found_kind, EntityKind about_kind, std::string_view about,
                  JsonWriter* json) {
  json->begin_object();
  if (!about.empty()) json->field(kind_name(about_kind), about);
  json->field("space", answer.space).field("generation", answer.generation).field("sequence", answer.sequence);
  json->key(kinds_name(found_kind)).begin_array();
  for (const ScoredEntity& found : answer.items) {
    json->begin_object().field(kind_name(found_kind), found.id).field("rank", found.rank).field("score", found.score);
    if (found.features) json->key("features").features(*found.features);
    json->end_object();
  }
  json->end_array().end_object();
}

void write_bought_together(const BoughtTogetherRequest& request, const BoughtTogetherAnswer& answer, JsonWriter* json) {
  json->begin_object().key("cart").begin_array();
  for (const std::string& item : request.items) json->value(item);
  json->end_array();
  json->field("mode", request.is_relaxed ? "relaxed" : "strict")
      .field("generation", answer.generation)
      .field("sequence", answer.sequence)
      .field("baskets", answer.baskets);
  json->key("items").begin_array();
  for (const BoughtTogetherEntry& entry : answer.items) {
    json->begin_object()
        .field("item", entry.item)
        .field("rank", entry.rank)
        .field("score", entry.score)
        .field("source", entry.source);
    if (!entry.because.empty())
      json->field("because", entry.because)
          .field("lift", entry.lift)
          .field("confidence", entry.confidence)
          .field("baskets", entry.baskets);
    if (entry.features) json->key("features").features(*entry.features);
    json->end_object();
  }
  json->end_array();
  if (!answer.warnings.empty()) write_warnings(answer.warnings, json);
  json->end_object();
}

void write_comparison(const CompareAnswer& answer, JsonWriter* json) {
  json->begin_object();
  if (!answer.a.user.empty()) json->field("user", answer.a.user);
  json->field("generation", answer.a.generation)
      .field("sequence", answer.a.sequence)
      .field("shared", answer.shared)
      .field("jaccard", answer.jaccard)
      .field("rank_biased_overlap", answer.rank_biased_overlap)
      .field("mean_rank_change", answer.mean_rank_change);
  json->key("items").begin_array();
  const auto rank = [&](std::string_view name, std::uint32_t value) {
    json->key(name);
    if (value == 0)
      json->null();
    else
      json->value(value);
  };
  for (const ComparedItem& item : answer.items) {
    json->begin_object().field("item", item.item);
    rank("rank_a", item.rank_a);
    rank("rank_b", item.rank_b);
    json->end_object();
  }
  json->end_array();
  json->key("a");
  write_recommendations(answer.a, json);
  json->key("b");
  write_recommendations(answer.b, json);
  json->end_object();
}

void write_page(std::string_view user, const PagesAnswer& page, JsonWriter* json) {
  json->begin_object();
  if (!user.empty()) json->field("user", user);
  json->field("generation", page.generation).field("sequence", page.sequence);
  json->key("rows").begin_array();
  for (const AnsweredRow& row : page.rows) {
    json->begin_object().field("name", row.name).field("title", row.title);
    if (!row.item.empty()) json->field("because", row.item);
    if (!row.value.empty()) json->field("value", row.value);
    json->key("list");
    write_recommendations(row.answer, json);
    json->end_object();
  }
  json->end_array();
  json->key("left_out").begin_array();
  for (const LeftOutRow& row : page.left_out)
    json->begin_object().field("name", row.name).field("reason", row.reason).end_object();
  json->end_array().end_object();
}

void write_audience(std::string_view item, const AudienceAnswer& answer, JsonWriter* json) {
  json->begin_object()
      .field("item", item)
      .field("space", answer.space)
      .field("generation", answer.generation)
      .field("sequence", answer.sequence);
  json->key("users").begin_array();
  for (const AudienceMember& member : answer.users) {
    json->begin_object()
        .field("user", member.user)
        .field("rank", member.rank)
        .field("score", member.score)
        .field("because", member.because);
    if (member.features) json->key("features").features(*member.features);
    json->end_object();
  }
  json->end_array();
  json->key("left_out")
      .begin_object()
      .field("filter", answer.filtered)
      .field("seen", answer.seen)
      .field("turned_down", answer.turned_down)
      .field("cap", answer.capped)
      .end_object();
  json->end_object();
}

void write_space(const Space& space, JsonWriter* json) {
  json->begin_object()
      .field("name", space.name)
      .field("dim", space.dim)
      .field("metric", metric_name(space.metric))
      .field("quantization", quantization_name(space.quantization))
      .field("keep_f32", space.keep_f32)
      .field("encoder", space.encoder);
}

void write_job(const Job& job, JsonWriter* json) {
  json->begin_object()
      .field("job", job.id)
      .field("kind", job.kind)
      .field("state", job_state_name(job.state))
      .field("progress", job.progress)
      .field("stage", job.stage)
      .field("detail", job.detail)
      .field("generation", job.generation);
  json->key("warnings").begin_array();
  for (const std::string& warning : job.warnings) json->value(std::string_view(warning));
  json->end_array();
  if (job.coalesced) json->field("coalesced", true);
  if (!job.result.empty()) json->key("result").raw(job.result);
  json->key("created_at").time(job.created_ms);
  if (job.started_ms != 0) json->key("started_at").time(job.started_ms);
  if (job.finished_ms != 0) json->key("finished_at").time(job.finished_ms);
  json->end_object();
}

namespace {

void write_funnel_quality(const FunnelQuality& quality, JsonWriter* json) {
  json->begin_object().field("ndcg@10", quality.ndcg10).field("users", quality.users);
  if (quality.serving_ndcg10) json->field("serving_ndcg@10", *quality.serving_ndcg10);
  if (!quality.without.empty()) {
    json->key("without").begin_array();
    for (const std::string& member : quality.without) json->value(std::string_view(member));
    json->end_array();
  }
  json->end_object();
}

// Into an open object: what was trained, what was not, and how good it is.
void write_members(const GenerationInfo& generation, JsonWriter* json) {
  json->key("models").begin_array();
  for (const std::string& model : generation.models) json->value(std::string_view(model));
  json->end_array().key("metrics").begin_object();
  for (const auto& [model, metrics] : generation.metrics) {
    json->key(model).begin_object();
    for (const auto& [name, value] : metrics) json->field(name, value);
    json->end_object();
  }
  json->end_object().key("inherited").begin_object();
  for (const auto& [member, origin] : generation.inherited) json->field(member, origin.generation);
  json->end_object().key("left_out").begin_object();
  for (const auto& [member, why] : generation.left_out) json->field(member, why);
  json->end_object().key("funnels").begin_object();
  for (const auto& [name, quality] : generation.funnels) {
    json->key(name);
    write_funnel_quality(quality, json);
  }
  json->end_object().key("chosen").begin_array();
  for (const std::string& member : generation.chosen) json->value(std::string_view(member));
  json->end_array().field("note", generation.note);
}

}  // namespace

void write_generation(const GenerationInfo& generation, JsonWriter* json) {
  json->begin_object().field("generation", generation.id).field("state", generation.state);
  json->key("created_at").time(generation.created_ms);
  json->field("sequence", generation.sequence);
  write_members(generation, json);
  json->end_object();
}

void write_training_report(const GenerationInfo& generation, JsonWriter* json) {
  constexpr double kNormal95 = 1.96;
  json->begin_object().field("generation", generation.id);
  write_members(generation, json);
  if (generation.default_funnel) json->key("default_funnel").raw(funnel_to_json(*generation.default_funnel));
  json->key("settings").begin_object();
  for (const auto& [model, settings] : generation.found_settings) {
    json->key(model).begin_object();
    for (const auto& [name, value] : settings) json->field(name, value);
    json->end_object();
  }
  json->end_object().key("trials").begin_array();
  for (const SearchTrial& trial : generation.trials) {
    json->begin_object().field("step", trial.step).field("name", trial.name);
    if (!trial.detail.empty()) json->field("detail", trial.detail);
    if (trial.ndcg10 > 0) json->field("ndcg@10", trial.ndcg10);
    if (trial.error > 0) {
      json->key("interval").begin_array();
      json->value(std::max(0.0, trial.ndcg10 - kNormal95 * trial.error)).value(trial.ndcg10 + kNormal95 * trial.error);
      json->end_array();
    }
    json->field("seconds", trial.seconds).field("chosen", trial.is_chosen).end_object();
  }
  json->end_array().end_object();
}

void write_stats(const Stats& stats, JsonWriter* json) {
  json->begin_object()
      .field("sequence", stats.sequence)
      .field("users", stats.users)
      .field("items", stats.items)
      .field("interactions", stats.interactions);
  json->key("interactions_by_type").begin_object();
  for (const auto& [type, count] : stats.interactions_by_type) json->field(type, count);
  json->end_object().key("undeclared_types").begin_object();
  for (const auto& [type, nearest] : stats.undeclared_types) json->field(type, nearest);
  json->end_object().field("recounting", stats.recounting).key("spaces").begin_array();
  for (const SpaceStats& space : stats.spaces) {
    write_space(space.space, json);
    json->field("item_vectors", space.item_vectors)
        .field("user_vectors", space.user_vectors)
        .field("index_bytes", space.index_bytes)
        .field("tombstones", space.tombstones)
        .field("segments", space.segments)
        .field("ef", space.ef)
        .field("recall", space.recall)
        .field("recall_samples", space.recall_samples)
        .end_object();
  }
  json->end_array()
      .field("generation", stats.generation)
      .field("generation_problem", stats.generation_problem)
      .field("rejected_runs", stats.rejected_runs)
      .field("last_job", stats.last_job)
      .field("pending_writes", stats.pending_writes)
      .field("memory_bytes", stats.memory_bytes)
      .field("memory_limit_bytes", stats.memory_limit_bytes)
      .field("free_disk_bytes", stats.free_disk_bytes)
      .field("writable", stats.writable)
      .field("uptime_s", stats.uptime_s);
  json->key("memory_parts").begin_object();
  for (const auto& [part, bytes] : stats.memory_parts) json->field(part, bytes);
  json->end_object();
  json->key("memory_part_limits").begin_object();
  for (const auto& [part, bytes] : stats.memory_part_limits) json->field(part, bytes);
  json->end_object();
  json->key("caches").begin_object();
  for (const auto& [part, figures] : stats.caches)
    json->key(part).begin_object().field("hits", figures.hits).field("misses", figures.misses).end_object();
  json->end_object();
  json->key("quarantined").begin_object();
  for (const auto& [kind, count] : stats.quarantined) json->field(kind, count);
  json->end_object();
  json->key("storage").begin_object();
  for (const auto& [name, value] : stats.storage) json->field(name, value);
  json->end_object();
  write_measurement(stats, json);
  json->key("warnings").begin_array();
  for (const auto& [funnel, warnings] : stats.warnings) {
    for (const Warning& warning : warnings) {
      json->begin_object();
      if (!funnel.empty()) json->field("funnel", funnel);
      json->field("path", warning.path).field("detail", warning.detail).end_object();
    }
  }
  json->end_array().end_object();
}

}  // namespace tamis::server
