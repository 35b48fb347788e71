// Reading back: entities, lists, the log; and the queries.
#include <algorithm>
#include <utility>

#include "engine/database/cursor.h"
#include "engine/database/database_impl.h"
#include "engine/query/query.h"
#include "engine/query/query_cost.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kMaxPage = 1'000;
constexpr std::uint32_t kMaxLogPage = 10'000;
constexpr std::int64_t kMaxWaitMs = 10'000;
constexpr std::int64_t kDefaultWaitMs = 1'000;  // for a min_seq of requests that carry no timeout

Status check_limit(std::uint32_t limit, std::uint32_t most) {
  if (limit >= 1 && limit <= most) return Status::ok();
  return Status::invalid_argument("limit is " + std::to_string(limit) + "; expected 1 to " + std::to_string(most))
      .at_field("limit");
}

std::string kind_word(EntityKind kind) { return kind == EntityKind::kUser ? "user" : "item"; }

InteractionRow interaction_row(const storage::Store& store, storage::StoredInteraction stored) {
  InteractionRow row;
  row.sequence = stored.sequence;
  row.interaction.user = store.ids(EntityKind::kUser).name(stored.user);
  row.interaction.item = store.ids(EntityKind::kItem).name(stored.item);
  row.interaction.type = store.interaction_type_name(stored.type);
  row.interaction.value = stored.value;
  row.interaction.timestamp_ms = stored.timestamp_ms;
  row.interaction.context = std::move(stored.context);
  row.interaction.recommendation_id = std::move(stored.recommendation_id);
  row.interaction.idempotency_key = std::move(stored.idempotency_key);
  row.interaction.import_id = std::move(stored.import_id);
  return row;
}

}  // namespace

Status DatabaseImpl::wait_for_sequence(Sequence sequence, std::chrono::milliseconds timeout) {
  return visible_.wait_for(sequence, timeout);
}

std::shared_ptr<const void> DatabaseImpl::when_visible(Sequence sequence, std::function<void()> done) {
  return visible_.when_reached(sequence, std::move(done));
}

Result<DenseId> DatabaseImpl::find_live(EntityKind kind, std::string_view id) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  TAMIS_RETURN_IF_ERROR(validate_external_id(id, "id"));
  const auto dense = store_->ids(kind).find(id);
  if (dense && live()->entities(kind).is_live(*dense, options_.clock->now_ms())) return *dense;
  return Status::not_found(kind_word(kind) + " \"" + std::string(id) + "\" does not exist");
}

Result<Entity> DatabaseImpl::get_entity(EntityKind kind, std::string_view id) const {
  TAMIS_ASSIGN_OR_RETURN(const DenseId dense, find_live(kind, id));
  const auto entity = live()->entities(kind).get(dense, options_.clock->now_ms());
  if (entity != nullptr) return *entity;
  return Status::not_found(kind_word(kind) + " \"" + std::string(id) + "\" does not exist");
}

Result<Page<Entity>> DatabaseImpl::list_entities(EntityKind kind, std::string_view cursor, std::uint32_t limit) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  TAMIS_RETURN_IF_ERROR(check_limit(limit, kMaxPage));
  TAMIS_ASSIGN_OR_RETURN(const auto position, decode_entity_cursor(cursor, kind));
  const TimestampMs now = options_.clock->now_ms();
  Page<Entity> page;
  live()->entities(kind).scan(position ? position->next : 0, [&](DenseId id, const auto& entity) {
    if (entity->expires_ms != 0 && entity->expires_ms <= now) return true;
    if (page.rows.size() == limit) {
      page.cursor = encode_cursor(EntityPosition{kind, id});
      return false;
    }
    page.rows.push_back(*entity);
    return true;
  });
  return page;
}

Result<Page<InteractionRow>> DatabaseImpl::list_interactions(EntityKind kind, std::string_view id,
                                                             std::string_view cursor, std::uint32_t limit) const {
  TAMIS_RETURN_IF_ERROR(check_limit(limit, kMaxPage));
  TAMIS_ASSIGN_OR_RETURN(const DenseId owner, find_live(kind, id));
  TAMIS_ASSIGN_OR_RETURN(const auto position, decode_interaction_cursor(cursor, kind, owner));
  const auto before = position ? std::optional(position->after) : std::nullopt;
  // One more than asked tells whether there is a next page.
  auto read = kind == EntityKind::kUser ? store_->user_interactions(owner, limit + std::size_t{1}, before)
                                        : store_->item_interactions(owner, limit + std::size_t{1}, before);
  if (!read.is_ok()) return read.status();
  auto& stored = read.value();
  Page<InteractionRow> page;
  if (stored.size() > limit) {
    stored.resize(limit);
    page.cursor = encode_cursor(InteractionPosition{kind, owner, {stored.back().timestamp_ms, stored.back().sequence}});
  }
  page.rows.reserve(stored.size());
  for (auto& row : stored) page.rows.push_back(interaction_row(*store_, std::move(row)));
  return page;
}

Result<std::vector<LogEntry>> DatabaseImpl::read_log(Sequence from, std::uint32_t limit) const {
  TAMIS_RETURN_IF_ERROR(check_limit(limit, kMaxLogPage));
  std::vector<LogEntry> entries;
  TAMIS_RETURN_IF_ERROR(store_->read_log(from, [&](const storage::CommittedRecord& record) {
    entries.push_back({record.sequence, record.committed_ms, record.mutation});
    return entries.size() < limit;
  }));
  return entries;
}

Status DatabaseImpl::await(Sequence min_seq, std::int64_t timeout_ms) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  if (min_seq <= visible_.get()) return Status::ok();
  if (timeout_ms < 0 || timeout_ms > kMaxWaitMs) {
    return Status::invalid_argument("min_seq_timeout_ms is " + std::to_string(timeout_ms) + "; expected 0 to 10000")
        .at_field("min_seq_timeout_ms");
  }
  Status waited = visible_.wait_for(min_seq, std::chrono::milliseconds(timeout_ms));
  return waited.is_ok() ? waited : std::move(waited).at_field("min_seq");
}

// A query names the sequence that was visible before it pinned its state: it reflects at least that, and exactly that
// where no write came while it ran.
Result<RecommendAnswer> DatabaseImpl::recommend(const RecommendRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.min_seq, request.min_seq_timeout_ms));
  if (request.as_of_sequence) return replay_->recommend(request);
  const Sequence sequence = visible_.get();
  auto answer = engine::recommend(*live()->pin(), request, sequence, options_.observer.get());
  if (answer.is_ok() && !visible_.is_still(sequence)) answer->is_exact = false;
  return answer;
}

double DatabaseImpl::recommend_cost_us(const RecommendRequest& request) const {
  return readiness_.status().is_ok() ? engine::recommend_cost_us(*live()->pin(), request) : 0;
}

double DatabaseImpl::similar_cost_us(const SimilarRequest& request) const {
  return readiness_.status().is_ok() ? engine::similar_cost_us(*live()->pin(), request) : 0;
}

double DatabaseImpl::search_cost_us(const SearchRequest& request) const {
  return readiness_.status().is_ok() ? engine::search_cost_us(*live()->pin(), request) : 0;
}

double DatabaseImpl::bought_together_cost_us(const BoughtTogetherRequest& request) const {
  return readiness_.status().is_ok() ? filter_cost_us(*live()->pin(), EntityKind::kItem, request.filter) : 0;
}

Result<WhyNotAnswer> DatabaseImpl::why_not(const RecommendRequest& request, std::string_view item) {
  TAMIS_RETURN_IF_ERROR(await(request.min_seq, request.min_seq_timeout_ms));
  const Sequence sequence = visible_.get();
  return engine::why_not(*live()->pin(), request, item, sequence);
}

Result<RankerAccount> DatabaseImpl::ranker_account(const RankerAccountRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.request.min_seq, request.request.min_seq_timeout_ms));
  const Sequence sequence = visible_.get();
  return engine::ranker_account(*live()->pin(), request, sequence);
}

Result<UserParts> DatabaseImpl::user_parts(const UserPartsRequest& request) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const Sequence sequence = visible_.get();
  return engine::user_parts(*live()->pin(), request, sequence);
}

Result<ScoredAnswer> DatabaseImpl::similar(const SimilarRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.min_seq, kDefaultWaitMs));
  const Sequence sequence = visible_.get();
  return engine::similar(*live()->pin(), request, sequence);
}

Result<BoughtTogetherAnswer> DatabaseImpl::bought_together(const BoughtTogetherRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.min_seq, kDefaultWaitMs));
  const Sequence sequence = visible_.get();
  return engine::bought_together(*live()->pin(), request, sequence);
}

Result<CompareAnswer> DatabaseImpl::compare(const CompareRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.request.min_seq, request.request.min_seq_timeout_ms));
  const Sequence sequence = visible_.get();
  return engine::compare(*live()->pin(), request, sequence);
}

Result<PagesAnswer> DatabaseImpl::pages(const PagesRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.request.min_seq, request.request.min_seq_timeout_ms));
  const Sequence sequence = visible_.get();
  return engine::pages(*live()->pin(), request, sequence, options_.observer.get());
}

Result<AudienceAnswer> DatabaseImpl::audience(const AudienceRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.min_seq, kDefaultWaitMs));
  const Sequence sequence = visible_.get();
  return engine::audience(*live()->pin(), request, sequence);
}

Result<ScoredAnswer> DatabaseImpl::search(const SearchRequest& request) {
  TAMIS_RETURN_IF_ERROR(await(request.min_seq, kDefaultWaitMs));
  const Sequence sequence = visible_.get();
  return engine::search(*live()->pin(), request, sequence);
}

}  // namespace tamis::engine
