#include "engine/measure/impression_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "common/feature_reading.h"
#include "common/record_checks.h"
#include "engine/measure/sampling.h"

namespace tamis::engine {
namespace {

constexpr TimestampMs kForEver = std::numeric_limits<TimestampMs>::max();

// About what a context takes in a record.
std::size_t context_bytes(const Features& context) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : context) {
    bytes += name.size() + 16;
    visit_texts(value, [&](std::string_view text) { bytes += text.size() + 1; });
  }
  return bytes;
}

float finite_score(double score) {
  const auto narrow = static_cast<float>(score);
  return std::isfinite(narrow) ? narrow : 0;
}

std::vector<DenseId> items_of(const storage::Impression& list) {
  std::vector<DenseId> items;
  items.reserve(list.slots.size());
  for (const storage::ServedSlot& slot : list.slots) items.push_back(slot.item);
  return items;
}

}  // namespace

std::uint64_t ImpressionLog::Pending::bytes() const {
  std::uint64_t bytes = sizeof(Pending) + list.recommendation_id.size() + list.user.size() + list.funnel.size() +
                        list.generation.size() + context_bytes(list.context) +
                        list.slots.capacity() * sizeof(storage::ServedSlot);
  for (const auto& arm : list.arms) bytes += sizeof arm + arm.experiment.size() + arm.arm.size();
  for (const std::string& item : items) bytes += sizeof item + item.size();
  return bytes;
}

ImpressionLog::ImpressionLog(storage::Store* store, const DatabaseOptions* options)
    : store_(store),
      options_(options),
      attribution_(options->impressions.memory_bytes),
      activity_([store](const std::string& funnel, const std::string& experiment) {
        if (!experiment.empty()) return store->get_document("experiment", experiment).is_ok();
        return funnel == "default" || funnel == "override" || store->get_document("funnel", funnel).is_ok();
      }),
      kinds_(*store, start_types(*options), options->impressions.conversion_types) {}

// --- the query's part ---

void ImpressionLog::on_answer(const ServedAnswer& served) {
  const RecommendAnswer& answer = served.answer;
  if (served.request.as_of_ms || served.request.as_of_sequence) return;  // the past is not served again
  if (answer.items.empty() || answer.recommendation_id.size() > storage::kMaxRecommendationIdBytes) return;
  if (store_->is_being_erased(answer.user)) return;
  if (!is_sampled(answer.recommendation_id, served.funnel.impressions.sample_rate)) {
    sampled_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  Pending pending;
  storage::Impression& list = pending.list;
  list.recommendation_id = answer.recommendation_id;
  list.served_ms = served.served_ms;
  list.user = answer.user;
  list.funnel = answer.funnel;
  list.funnel_version = answer.funnel_version;
  list.generation = answer.generation;
  list.sequence = answer.sequence;
  list.asked = served.request.k;
  list.attribution_window_s = std::max<std::int64_t>(served.funnel.impressions.attribution_window_s, 0);
  list.had_conditions = !served.request.filter.is_trivial() || !served.request.exclude.empty() ||
                        !served.request.history.empty() || served.request.exclude_seen.has_value() ||
                        served.rotates_otherwise || served.request.override_funnel.has_value() ||
                        !served.request.similar_to.empty() || !served.request.cursor.empty();
  for (const ServedArm& arm : answer.arms) list.arms.push_back({arm.experiment, arm.arm});
  if (context_bytes(served.request.context) <= kMaxContextBytes) list.context = served.request.context;
  list.slots.reserve(answer.items.size());
  pending.items.reserve(answer.items.size());
  for (const RecommendedItem& item : answer.items) {
    list.slots.push_back({.score = finite_score(item.score), .propensity = item.propensity});
    pending.items.push_back(item.item);
  }
  const std::uint64_t bytes = pending.bytes();
  MutexLock lock(pending_mutex_);
  const std::uint64_t waiting = waiting_bytes_.load(std::memory_order_relaxed);
  if (waiting != 0 && waiting + bytes > options_->impressions.queue_bytes) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  pending_.push_back(std::move(pending));
  has_pending_.store(true, std::memory_order_release);
}

ImpressionCounts ImpressionLog::of_item(DenseId item) const {
  if (has_pending_.load(std::memory_order_acquire)) {
    MutexLock lock(state_mutex_);
    absorb();
  }
  return exposure_.of_item(item);
}

std::vector<ShownItem> ImpressionLog::shown_to(std::string_view user) const {
  std::vector<ShownItem> shown;
  if (user.empty()) return shown;
  MutexLock lock(state_mutex_);
  absorb();
  attribution_.visit_user(user, [&](const RecentList& list) {
    for (const RecentList::Slot& slot : list.slots) shown.push_back({slot.item, list.served_ms});
  });
  if (shown.size() > kMaxShown) shown.erase(shown.begin(), shown.end() - kMaxShown);
  return shown;
}

// --- taking in what was served and done ---

void ImpressionLog::absorb() const {
  if (!has_pending_.load(std::memory_order_acquire)) return;
  std::vector<Pending> taken;
  {
    MutexLock lock(pending_mutex_);
    taken.swap(pending_);
    has_pending_.store(false, std::memory_order_release);
  }
  // Whatever came before the first list is none of its outcomes: a start need not look for them.
  if (attribution_.empty()) unwritten_.attributed_through = std::max(unwritten_.attributed_through, seen_through_);
  const storage::IdTable& ids = store_->ids(EntityKind::kItem);
  for (Pending& pending : taken) {
    const std::uint64_t bytes = pending.bytes();
    bool is_known = true;
    for (std::size_t i = 0; i < pending.items.size(); ++i) {
      const auto item = ids.find(pending.items[i]);
      is_known &= item.has_value();
      pending.list.slots[i].item = item.value_or(kNoDenseId);
    }
    if (!is_known) {  // the disk took the item back
      dropped_.fetch_add(1, std::memory_order_relaxed);
      waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      continue;
    }
    count_list(pending.list, {});
    ++figures_.logged;
    unwritten_.impressions.push_back(std::move(pending.list));
    unwritten_bytes_ += bytes;
  }
}

FunnelActivity::OutcomeChange ImpressionLog::take_outcome(const storage::Outcome& outcome,
                                                          RecentList::Slot* slot) const {
  const OutcomeKinds::Kind kind = kinds_.of(outcome);
  FunnelActivity::OutcomeChange change;
  change.type = outcome.type;
  const bool acts = kind.is_click || kind.is_conversion;
  change.is_first_click = acts && !std::exchange(slot->clicked, slot->clicked || acts);
  change.is_first_conversion = kind.is_conversion && !std::exchange(slot->converted, true);
  change.value = kind.value;
  return change;
}

void ImpressionLog::set_types(std::shared_ptr<const InteractionTypes> types) {
  MutexLock lock(state_mutex_);
  kinds_ = OutcomeKinds(*store_, std::move(types), options_->impressions.conversion_types);
}

void ImpressionLog::count_list(const storage::Impression& list, std::span<const storage::Outcome> outcomes) const {
  const std::vector<DenseId> items = items_of(list);
  const std::vector<std::uint32_t> groups = activity_.groups_of(list);
  activity_.add_list(groups, list.served_ms, items);
  for (const DenseId item : items) exposure_.add(item, 1, 0);
  std::vector<RecentList::Slot> slots(items.size());
  for (const storage::Outcome& outcome : outcomes) {
    const auto change = take_outcome(outcome, &slots[outcome.slot]);
    activity_.add_outcome(groups, list.served_ms, change);
    if (change.is_first_click) exposure_.add(items[outcome.slot], 0, 1);
  }
  attribution_.add(list, groups, std::move(slots));
}

void ImpressionLog::forget_list(const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
  const std::vector<DenseId> items = items_of(list);
  const std::vector<std::uint32_t> groups = activity_.find_groups(list);
  activity_.forget_list(groups, items);
  for (const DenseId item : items) exposure_.add(item, -1, 0);
  std::vector<RecentList::Slot> slots(items.size());
  for (const storage::Outcome& outcome : outcomes) {
    const auto change = take_outcome(outcome, &slots[outcome.slot]);
    activity_.forget_outcome(groups, change);
    if (change.is_first_click) exposure_.add(items[outcome.slot], 0, -1);
  }
}

void ImpressionLog::recount(const storage::Impression& list, std::span<const storage::Outcome> before,
                            std::span<const storage::Outcome> after) {
  const std::vector<DenseId> items = items_of(list);
  const std::vector<std::uint32_t> groups = activity_.groups_of(list);
  std::vector<RecentList::Slot> slots(items.size());
  for (const storage::Outcome& outcome : before) {
    const auto change = take_outcome(outcome, &slots[outcome.slot]);
    activity_.take_back_outcome(groups, list.served_ms, change);
    if (change.is_first_click) exposure_.add(items[outcome.slot], 0, -1);
  }
  slots.assign(items.size(), {});
  for (const storage::Outcome& outcome : after) {
    const auto change = take_outcome(outcome, &slots[outcome.slot]);
    activity_.add_outcome(groups, list.served_ms, change);
    if (change.is_first_click) exposure_.add(items[outcome.slot], 0, 1);
  }
  attribution_.set_slots(list.recommendation_id, slots);
}

void ImpressionLog::attribute(const storage::CommittedRecord& record, const Interaction& interaction) {
  if (!is_sound_interaction(interaction.value, interaction.timestamp_ms)) return;  // set aside
  const Attribution::Found found = attribution_.find({.user = interaction.user,
                                                      .recommendation_id = interaction.recommendation_id,
                                                      .item = record.item,
                                                      .timestamp_ms = interaction.timestamp_ms});
  switch (found.result) {
    case TouchResult::kNoTouch: ++figures_.without_touch; return;
    case TouchResult::kUnknownList: ++figures_.unknown_list; return;
    case TouchResult::kForeignItem: ++figures_.foreign_item; return;
    case TouchResult::kAttributed: break;
  }
  const auto type = store_->find_interaction_type(interaction.type);
  if (!type) return;
  ++figures_.attributed;
  storage::OutcomeRow row{found.list->served_ms,
                          found.list->recommendation_id,
                          {.interaction = record.sequence,
                           .slot = found.slot,
                           .type = *type,
                           .value = interaction.value,
                           .timestamp_ms = interaction.timestamp_ms}};
  RecentList::Slot& slot = found.list->slots[found.slot];
  const auto change = take_outcome(row.outcome, &slot);
  activity_.add_outcome(found.list->groups, found.list->served_ms, change);
  if (change.is_first_click) exposure_.add(slot.item, 0, 1);
  unwritten_.outcomes.push_back(std::move(row));
}

void ImpressionLog::on_commit(std::span<const storage::CommittedRecord> records) {
  MutexLock lock(state_mutex_);
  absorb();
  for (const storage::CommittedRecord& record : records) {
    if (record.duplicate) continue;
    if (const auto* put = std::get_if<PutInteraction>(&record.mutation)) attribute(record, put->interaction);
    seen_through_ = std::max(seen_through_, record.sequence);
    if (!attribution_.empty()) unwritten_.attributed_through = seen_through_;
  }
}

// --- the store's part ---

void ImpressionLog::write_pending() {
  MutexLock writing(write_mutex_);
  storage::ImpressionBatch batch;
  std::uint64_t batch_bytes = 0;
  {
    MutexLock lock(state_mutex_);
    absorb();
    std::swap(batch, unwritten_);
    std::swap(batch_bytes, unwritten_bytes_);
  }
  if (batch.impressions.empty() && batch.outcomes.empty() && batch.attributed_through == 0) return;
  const Status written = store_->write_impressions(batch);
  waiting_bytes_.fetch_sub(batch_bytes, std::memory_order_relaxed);
  if (written.is_ok()) return;
  // It stays in the counts until the next start, which counts what the store holds. The mark stays where it was, so
  // that a store that takes nothing any more loses no attribution: the next start attributes again from there.
  dropped_.fetch_add(batch.impressions.size(), std::memory_order_relaxed);
  spdlog::warn("{} served lists and {} outcomes are not logged: {}", batch.impressions.size(), batch.outcomes.size(),
               written.to_string());
}

Status ImpressionLog::prune() {
  const TimestampMs before_ms = options_->clock->now_ms() - options_->impressions.retention_s * 1'000;
  TimestampMs from_ms = 0;
  {
    MutexLock lock(state_mutex_);
    from_ms = counted_from_ms_;
  }
  write_pending();
  TAMIS_RETURN_IF_ERROR(store_->scan_impressions(
      from_ms, before_ms, [this](const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
        MutexLock lock(state_mutex_);
        forget_list(list, outcomes);
        return true;
      }));
  {
    MutexLock lock(state_mutex_);
    attribution_.forget_before(before_ms);
    counted_from_ms_ = std::max(counted_from_ms_, before_ms);
  }
  return store_->prune_impressions(before_ms);
}

Status ImpressionLog::take_back(std::span<const Sequence> interactions) {
  if (interactions.empty()) return Status::ok();
  TimestampMs from_ms = 0;
  {
    MutexLock lock(state_mutex_);
    from_ms = counted_from_ms_;
  }
  write_pending();
  std::vector<storage::ImpressionRow> gone;
  std::vector<storage::Outcome> kept;
  TAMIS_RETURN_IF_ERROR(store_->scan_impressions(
      from_ms, kForEver, [&](const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
        kept.clear();
        for (const storage::Outcome& outcome : outcomes) {
          if (std::binary_search(interactions.begin(), interactions.end(), outcome.interaction)) {
            gone.push_back({list.served_ms, list.recommendation_id, outcome.interaction});
          } else {
            kept.push_back(outcome);
          }
        }
        if (kept.size() == outcomes.size()) return true;
        MutexLock lock(state_mutex_);
        recount(list, outcomes, kept);
        return true;
      }));
  return store_->remove_impressions(gone);
}

Status ImpressionLog::forget_users(const std::set<std::string, std::less<>>& users) {
  if (users.empty()) return Status::ok();
  write_pending();
  std::vector<storage::ImpressionRow> gone;
  TAMIS_RETURN_IF_ERROR(store_->scan_impressions(
      0, kForEver, [&](const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
        if (!users.contains(list.user)) return true;
        gone.push_back({list.served_ms, list.recommendation_id, 0});
        for (const storage::Outcome& outcome : outcomes) {
          gone.push_back({list.served_ms, list.recommendation_id, outcome.interaction});
        }
        MutexLock lock(state_mutex_);
        if (list.served_ms >= counted_from_ms_) forget_list(list, outcomes);
        attribution_.forget(list.recommendation_id);
        return true;
      }));
  return store_->remove_impressions(gone);
}

bool ImpressionLog::has_lists() const {
  MutexLock lock(state_mutex_);
  return !attribution_.empty() || !unwritten_.impressions.empty();
}

Status ImpressionLog::recover(const std::atomic<bool>* stop) {
  const TimestampMs from_ms = options_->clock->now_ms() - options_->impressions.retention_s * 1'000;
  {
    MutexLock lock(state_mutex_);
    MutexLock pending_lock(pending_mutex_);
    for (const Pending& pending : pending_) waiting_bytes_.fetch_sub(pending.bytes(), std::memory_order_relaxed);
    pending_.clear();
    has_pending_.store(false, std::memory_order_release);
    attribution_.clear();
    activity_.clear();
    exposure_.clear();
    unwritten_ = {};
    waiting_bytes_.fetch_sub(std::exchange(unwritten_bytes_, 0), std::memory_order_relaxed);
    counted_from_ms_ = from_ms;
    seen_through_ = store_->last_sequence();
  }
  TAMIS_ASSIGN_OR_RETURN(const Sequence through, store_->attributed_through());
  const std::size_t known_items = store_->ids(EntityKind::kItem).size();
  const auto goes_on = [&] { return !stop->load(std::memory_order_relaxed); };
  bool has_lists = false;
  TAMIS_RETURN_IF_ERROR(store_->scan_impressions(
      from_ms, kForEver, [&](const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
        const bool is_known = std::all_of(list.slots.begin(), list.slots.end(),
                                          [&](const storage::ServedSlot& slot) { return slot.item < known_items; });
        MutexLock lock(state_mutex_);
        if (is_known) count_list(list, outcomes);
        has_lists |= is_known;
        return goes_on();
      }));
  std::vector<Sequence> taken_back;
  if (has_lists && through < store_->last_sequence()) {
    // A log that begins later has nothing to attribute before that.
    const Sequence from = std::max(through + 1, store_->first_log_sequence());
    const Status read = store_->read_log(from, [&](const storage::CommittedRecord& record) {
      MutexLock lock(state_mutex_);
      if (const auto* put = std::get_if<PutInteraction>(&record.mutation)) attribute(record, put->interaction);
      if (const auto* erased = std::get_if<DeleteInteractions>(&record.mutation)) {
        for (const InteractionRef& row : erased->rows) taken_back.push_back(row.sequence);
      }
      unwritten_.attributed_through = record.sequence;
      return goes_on();
    });
    TAMIS_RETURN_IF_ERROR(read);
    std::sort(taken_back.begin(), taken_back.end());
    if (!options_->read_only) TAMIS_RETURN_IF_ERROR(take_back(taken_back));
  }
  return goes_on() ? Status::ok() : Status::unavailable("closing");
}

// --- figures ---

std::vector<FunnelFigures> ImpressionLog::funnel_figures(std::uint64_t listed_items) const {
  std::vector<FunnelActivity::Figures> activity;
  std::vector<std::string> type_names;
  {
    MutexLock lock(state_mutex_);
    absorb();
    activity = activity_.figures(options_->clock->now_ms());
  }
  for (const FunnelActivity::Figures& group : activity) {
    for (const auto& window : group.windows) {
      if (window.outcomes.empty()) continue;
      while (type_names.size() <= window.outcomes.rbegin()->first)
        type_names.push_back(store_->interaction_type_name(static_cast<storage::InteractionTypeId>(type_names.size())));
    }
  }
  std::vector<FunnelFigures> figures;
  for (const FunnelActivity::Figures& group : activity) {
    FunnelFigures& made = figures.emplace_back(FunnelFigures{group.funnel, group.experiment, group.arm, {}});
    const char* const kWindows[] = {"hour", "day", "all"};
    for (std::size_t i = 0; i < group.windows.size(); ++i)
      made.windows.push_back(window_figures(kWindows[i], group.windows[i], listed_items, type_names));
  }
  return figures;
}

ImpressionFigures ImpressionLog::figures() const {
  ImpressionFigures figures;
  {
    MutexLock lock(state_mutex_);
    figures = figures_;
    figures.pending = unwritten_.impressions.size();
  }
  {
    MutexLock lock(pending_mutex_);
    figures.pending += pending_.size();
  }
  figures.sampled_out = sampled_out_.load(std::memory_order_relaxed);
  figures.dropped = dropped_.load(std::memory_order_relaxed);
  return figures;
}

std::uint64_t ImpressionLog::memory_bytes() const {
  MutexLock lock(state_mutex_);
  return attribution_.memory_bytes() + activity_.memory_bytes() + exposure_.memory_bytes() +
         waiting_bytes_.load(std::memory_order_relaxed);
}

}  // namespace tamis::engine
