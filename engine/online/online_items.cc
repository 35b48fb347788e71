#include "engine/online/online_items.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include "common/thread_priority.h"
#include "engine/live/space_index.h"
#include "engine/online/refit_item.h"

namespace tamis::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPlacedAtOnce = 256;
constexpr std::size_t kRefittedAtOnce = 32;
constexpr milliseconds kFirstRetry(1'000);
constexpr milliseconds kLongestRetry(60'000);

std::vector<DenseId> take(std::set<DenseId>* waiting, std::size_t count) {
  std::vector<DenseId> taken;
  while (!waiting->empty() && taken.size() < count) {
    taken.push_back(*waiting->begin());
    waiting->erase(waiting->begin());
  }
  return taken;
}

bool any_asks_server(const Generation& generation) {
  return std::any_of(generation.encoders.begin(), generation.encoders.end(),
                     [](const auto& encoder) { return encoder->asks_server(); });
}

// Whether an encoder that asks a server was trained without the item.
bool is_new_to_a_server(const Generation& generation, DenseId item) {
  return std::any_of(generation.encoders.begin(), generation.encoders.end(), [&](const auto& encoder) {
    return encoder->asks_server() &&
           generation.vocabulary(encoder->shape().name).row_of(EntityKind::kItem, item) == kNoDenseId;
  });
}

// What came after it is news to one of the members.
Sequence oldest_sequence(const Generation& generation) {
  Sequence oldest = generation.info.sequence;
  for (const auto& encoder : generation.encoders)
    oldest = std::min(oldest, generation.sequence_of(encoder->shape().name));
  return oldest;
}

}  // namespace

// What refits remember while one generation serves.
class OnlineItems::Refitter {
 public:
  explicit Refitter(std::shared_ptr<const ReadState> state) : state_(std::move(state)) {
    for (const auto& encoder : state_->generation->encoders)
      if (encoder->refits_items()) users_.emplace(encoder.get(), AskedUsers(*state_, *encoder));
  }
  const Generation* generation() const { return state_->generation.get(); }

  Result<std::vector<Made>> refit(const std::vector<DenseId>& items) {
    std::vector<Made> all;
    for (auto& [encoder, users] : users_) {
      Made& made = all.emplace_back();
      made.encoder = encoder;
      for (const DenseId item : items) {
        TAMIS_ASSIGN_OR_RETURN(std::vector<float> vector, refit_item(*state_, *encoder, item, &users));
        made.items.push_back(item);
        made.vectors.push_back(std::move(vector));
        made.described.push_back(nullptr);
      }
    }
    return all;
  }

 private:
  std::shared_ptr<const ReadState> state_;
  std::map<const models::Encoder*, AskedUsers> users_;
};

OnlineItems::OnlineItems(Host host) : host_(std::move(host)), thread_([this] { loop(); }) {}

OnlineItems::~OnlineItems() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void OnlineItems::on_generation() {
  {
    MutexLock lock(mutex_);
    is_new_generation_ = true;
    to_place_.clear();
    to_refit_.clear();
  }
  changed_.notify_all();
}

void OnlineItems::on_described(DenseId item) {
  {
    MutexLock lock(mutex_);
    to_place_.insert(item);
  }
  changed_.notify_all();
}

void OnlineItems::on_interaction(DenseId item) {
  {
    MutexLock lock(mutex_);
    to_refit_.insert(item);
  }
  changed_.notify_all();
}

OnlineFigures OnlineItems::figures() const {
  OnlineFigures figures{.placed = placed_.load(), .refitted = refitted_.load(), .failures = failures_.load()};
  MutexLock lock(mutex_);
  figures.waiting = to_place_.size() + to_refit_.size();
  return figures;
}

bool OnlineItems::wait_idle(milliseconds timeout) const {
  const auto deadline = steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  while (is_busy_ || is_new_generation_ || !to_place_.empty() || !to_refit_.empty()) {
    if (!changed_.wait_until(mutex_, deadline) && steady_clock::now() >= deadline) return false;
  }
  return true;
}

bool OnlineItems::is_stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

void OnlineItems::loop() {
  lower_thread_priority();
  for (;;) {
    bool is_new = false;
    {
      MutexLock lock(mutex_);
      is_busy_ = false;
      changed_.notify_all();
      while (!stopping_ && !is_new_generation_ && to_refit_.empty()) {
        const auto now = steady_clock::now();
        if (!to_place_.empty() && now >= retry_at_) break;
        if (to_place_.empty()) {
          changed_.wait(mutex_);
        } else {
          changed_.wait_until(mutex_, retry_at_);
        }
      }
      if (stopping_) return;
      is_busy_ = true;
      is_new = std::exchange(is_new_generation_, false);
    }
    try {
      if (is_new) look_for_work();
      refit_some();
      if (steady_clock::now() >= retry_at_) place_some();
    } catch (const std::exception& error) {  // want of memory, as a rule: what was taken up waits for its next event
      failures_.fetch_add(1);
      spdlog::error("placing or refitting items failed: {}", error.what());
    }
  }
}

void OnlineItems::look_for_work() {
  refitter_.reset();
  retry_at_ = {};
  retry_wait_ = milliseconds(0);
  const std::shared_ptr<const ReadState> state = host_.pin();
  const Generation* generation = state->generation.get();
  if (generation == nullptr) return;
  if (state->options->online.enabled) refitter_ = std::make_unique<Refitter>(state);
  std::vector<DenseId> newer;
  if (any_asks_server(*generation)) {
    state->items->scan_ids(0, [&](DenseId id) {
      if (is_new_to_a_server(*generation, id)) newer.push_back(id);
      return true;
    });
  }
  std::vector<DenseId> met;
  if (refitter_ != nullptr) {
    const Sequence from = std::max(oldest_sequence(*generation) + 1, state->store->first_log_sequence());
    const Status read = state->store->read_log(from, [&](const auto& record) {
      if (std::holds_alternative<PutInteraction>(record.mutation)) met.push_back(record.item);
      return !is_stopping();
    });
    if (!read.is_ok()) spdlog::warn("items met since the training are not refitted: {}", read.to_string());
  }
  MutexLock lock(mutex_);
  to_place_.insert(newer.begin(), newer.end());
  to_refit_.insert(met.begin(), met.end());
}

bool OnlineItems::place_some() {
  std::vector<DenseId> items;
  {
    MutexLock lock(mutex_);
    items = take(&to_place_, kPlacedAtOnce);
  }
  if (items.empty()) return false;
  const std::shared_ptr<const ReadState> state = host_.pin();
  if (state->generation == nullptr) return true;
  const Status placed = place(state, items);
  if (placed.is_ok()) {
    retry_wait_ = milliseconds(0);
    return true;
  }
  failures_.fetch_add(1);
  retry_wait_ = std::clamp(retry_wait_ * 2, kFirstRetry, kLongestRetry);
  retry_at_ = steady_clock::now() + retry_wait_;
  spdlog::warn("{} new items wait for their vectors, to be tried again in {} s: {}", items.size(),
               retry_wait_.count() / 1'000, placed.to_string());
  MutexLock lock(mutex_);
  if (!is_new_generation_) to_place_.insert(items.begin(), items.end());
  return true;
}

Status OnlineItems::place(const std::shared_ptr<const ReadState>& state, const std::vector<DenseId>& items) {
  const TimestampMs now_ms = state->options->clock->now_ms();
  for (const auto& encoder : state->generation->encoders) {
    if (!encoder->asks_server()) continue;
    const Vocabulary& vocabulary = state->generation->vocabulary(encoder->shape().name);
    Made made{.encoder = encoder.get(), .items = {}, .vectors = {}, .described = {}};
    std::vector<const Features*> features;
    for (const DenseId item : items) {
      auto entity = state->items->get(item, now_ms);
      if (entity == nullptr || vocabulary.row_of(EntityKind::kItem, item) != kNoDenseId) continue;
      features.push_back(&entity->features);
      made.items.push_back(item);
      made.described.push_back(std::move(entity));
    }
    if (made.items.empty()) continue;
    TAMIS_ASSIGN_OR_RETURN(const std::vector<float> vectors, encoder->embed_items(features));
    const std::size_t dim = encoder->shape().dim;
    for (std::size_t i = 0; i < made.items.size(); ++i) {
      const auto begin = vectors.begin() + static_cast<std::ptrdiff_t>(i * dim);
      made.vectors.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(dim));
      const bool is_nothing =
          std::all_of(made.vectors[i].begin(), made.vectors[i].end(), [](float value) { return value == 0; });
      if (is_nothing) made.vectors[i].clear();
    }
    put(state, made);
    placed_.fetch_add(made.items.size());
  }
  return Status::ok();
}

bool OnlineItems::refit_some() {
  std::vector<DenseId> items;
  {
    MutexLock lock(mutex_);
    items = take(&to_refit_, kRefittedAtOnce);
  }
  if (items.empty() || refitter_ == nullptr) return false;
  const std::shared_ptr<const ReadState> state = host_.pin();
  if (state->generation.get() != refitter_->generation()) return true;
  const auto refitted = refitter_->refit(items);
  if (!refitted.is_ok()) {
    failures_.fetch_add(1);
    spdlog::warn("items are not refitted: {}", refitted.status().to_string());
    return true;
  }
  for (const Made& made : *refitted) put(state, made);
  refitted_.fetch_add(items.size());
  return true;
}

void OnlineItems::put(const std::shared_ptr<const ReadState>& state, const Made& made) {
  host_.run_exclusive([&] {
    const auto now = host_.pin();  // the generation may have changed, the items be gone or described anew
    if (now->generation != state->generation) return;
    const auto space = now->spaces.find(made.encoder->shape().name);
    if (space == now->spaces.end()) return;
    index::VectorIndex& target = *space->second->items;
    for (std::size_t i = 0; i < made.items.size(); ++i) {
      const DenseId item = made.items[i];
      const auto entity = now->items->get(item, now->options->clock->now_ms());
      if (entity == nullptr || (made.described[i] != nullptr && *made.described[i] != *entity)) continue;
      if (made.vectors[i].empty()) {
        target.remove(item);
      } else if (const Status status = target.upsert(item, made.vectors[i]); !status.is_ok()) {
        spdlog::error("space {}: {}", space->first, status.to_string());
      }
      space->second->changes.fetch_add(1, std::memory_order_relaxed);
    }
  });
}

}  // namespace tamis::engine
