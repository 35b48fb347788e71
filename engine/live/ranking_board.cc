#include "engine/live/ranking_board.h"

#include <algorithm>
#include <utility>

namespace tamis::engine {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr steady_clock::duration kCheap = microseconds(2'000);     // below it, readers recompute, and always exactly
constexpr steady_clock::duration kMaxAge = microseconds(700'000);  // with the background's period: "within a second"
constexpr int kCostShare = 50;                                     // else at most a fiftieth of the time

}  // namespace

// Whether the list at hand still does for the caller.
bool RankingBoard::serves(std::uint64_t version, Caller caller) {
  if (ranking_ == nullptr) return caller == Caller::kBackground;
  if (version_ == version) return true;
  if (caller == Caller::kExact || cost_ <= kCheap) return false;
  if (caller == Caller::kReader) {
    wanted_ = true;
    return true;
  }
  return !wanted_ || steady_clock::now() - computed_at_ < std::min(kMaxAge, cost_ * kCostShare);
}

RankingBoard::Ranking RankingBoard::get(std::uint64_t version, Caller caller,
                                        const std::function<std::vector<models::ScoredId>()>& compute,
                                        bool* is_current) {
  if (is_current != nullptr) *is_current = true;
  {
    MutexLock lock(mutex_);
    while (true) {
      if (serves(version, caller)) {
        if (is_current != nullptr) *is_current = version_ == version;
        return ranking_;
      }
      if (!computing_) break;
      done_.wait(mutex_);
    }
    computing_ = true;
  }
  const auto start = steady_clock::now();
  auto fresh = std::make_shared<const std::vector<models::ScoredId>>(compute());
  const auto end = steady_clock::now();

  MutexLock lock(mutex_);
  ranking_ = std::move(fresh);
  version_ = version;
  computed_at_ = end;
  cost_ = end - start;
  computing_ = false;
  wanted_ = false;
  done_.notify_all();
  return ranking_;
}

}  // namespace tamis::engine
