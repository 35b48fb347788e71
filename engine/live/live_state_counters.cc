// What interactions came to: counted one by one, kept, and taken up again after a start.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "common/record_checks.h"
#include "engine/interactions/stored_types.h"
#include "engine/live/live_state.h"

namespace tamis::engine {

std::string LiveState::meaning_of_counts() const {
  std::string meaning = "half-life " + std::to_string(options_->trending_half_life_s) + " s, daily repeats " +
                        std::to_string(options_->daily_repeats) + "\n";
  for (const InteractionType& type : item_counter_.types().list()) {
    meaning += type.name + (type.is_declared ? " " : " undeclared ") + interaction_type_to_json(type) + "\n";
  }
  return meaning;
}

std::optional<CounterState> LiveState::save_counters() {
  if (!item_counter_.can_be_saved() || !item_statistics_.knows_newest()) return std::nullopt;
  CounterState state;
  auto set_aside = quarantine_.names(Quarantine::kInteraction);
  if (!set_aside) return std::nullopt;
  state.set_aside = std::move(*set_aside);
  state.meaning = meaning_of_counts();
  state.statistics = item_statistics_.save();
  state.counter = item_counter_.save();
  {
    MutexLock lock(counts_mutex_);
    state.counts_by_type = counts_by_type_;
  }
  state.ratings = recent_ratings_.save();
  state.user_fields = user_attributes_.prepared_fields();
  state.item_fields = item_attributes_.prepared_fields();
  return state;
}

void LiveState::settle_counters(CounterState* saved) {
  item_statistics_.settle(&saved->statistics);
  PairFilter::settle(&saved->counter.layers);
}

void LiveState::load_counters(CounterState state) {
  item_statistics_.load(state.statistics);
  item_counter_.load(std::move(state.counter));
  {
    MutexLock lock(counts_mutex_);
    counts_by_type_.clear();
  }
  for (std::size_t type = 0; type < state.counts_by_type.size(); ++type) {
    const auto count = static_cast<std::int64_t>(state.counts_by_type[type]);
    if (count > 0) count_type(static_cast<storage::InteractionTypeId>(type), count);
  }
  recent_ratings_.load(std::move(state.ratings));
  for (const std::string& name : state.set_aside) {
    quarantine_.add(Quarantine::kInteraction, name, Status::corruption("its time or value is out of range"));
  }
  user_attributes_.prepare(state.user_fields);
  item_attributes_.prepare(state.item_fields);
}

void LiveState::begin_counting(std::span<const storage::CommittedRecord> changes) {
  item_counter_.begin_group(changes);
}

Status LiveState::count_record(const storage::CommittedRecord& record) {
  if (const auto* put = std::get_if<PutInteraction>(&record.mutation)) {
    if (record.user == kNoDenseId || record.item == kNoDenseId) {
      return Status::corruption("sequence " + std::to_string(record.sequence) + " names whom the store does not know");
    }
    count_interaction(record, put->interaction);
  } else if (std::holds_alternative<MergeUser>(record.mutation)) {
    item_counter_.apply_change(record);
  } else if (!record.affected.empty()) {
    uncount(record);
  }
  return Status::ok();
}

std::optional<storage::StoredInteraction> LiveState::count_interaction(const storage::CommittedRecord& record,
                                                                       const Interaction& interaction) {
  auto known = type_ids_.find(interaction.type);
  if (known == type_ids_.end()) {
    const auto type = store_->find_interaction_type(interaction.type);
    if (!type) {
      spdlog::error("sequence {}: the store does not know its own interaction type", record.sequence);
      return std::nullopt;
    }
    known = type_ids_.emplace(interaction.type, *type).first;
  }
  if (!is_sound_interaction(interaction.value, interaction.timestamp_ms)) {
    quarantine_.add(Quarantine::kInteraction, std::to_string(record.sequence),
                    check_interaction_numbers(interaction.value, interaction.timestamp_ms));
    return std::nullopt;
  }
  storage::StoredInteraction stored;
  stored.sequence = record.sequence;
  stored.user = record.user;
  stored.item = record.item;
  stored.type = known->second;
  stored.timestamp_ms = interaction.timestamp_ms;
  stored.value = interaction.value;
  item_counter_.add(stored);
  count_type(stored.type, 1);
  if (stored.value && interaction.type == kRatingType) recent_ratings_.add(*stored.value);
  return stored;
}

// Takes the interactions that the record deleted out of the counts.
void LiveState::uncount(const storage::CommittedRecord& record) {
  item_counter_.apply_change(record);
  for (const auto& stored : record.affected) {
    if (!is_sound_interaction(stored.value, stored.timestamp_ms)) {
      quarantine_.release(Quarantine::kInteraction, std::to_string(stored.sequence));
      continue;
    }
    count_type(stored.type, -1);
    if (item_listener_ != nullptr && options_->online.enabled) item_listener_->on_interaction(stored.item);
  }
}

}  // namespace tamis::engine
