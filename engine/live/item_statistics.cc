#include "engine/live/item_statistics.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "common/mutex.h"
#include "engine/live/ranking_board.h"

namespace tamis::engine {
namespace {

using Caller = RankingBoard::Caller;

constexpr double kPopularityUnit = 1.0 / (1 << 20);  // of the fixed-point counts
constexpr double kMaxWeight = 1e6;                   // of one interaction, however large its value
constexpr double kQuietHalfLives = 3;                // after the newest interaction, scores decay no further
constexpr std::size_t kCopyBlock = 4'096;            // rows read per spell of the lock
constexpr std::size_t kNewestTimes = 4'096;          // kept apart, for when the newest interactions are taken back

__extension__ using Int128 = __int128;

// Sums of weights that decay by powers of two, over any span of time: units * 2^(exponent - kUnitBits - kRoom).
// `exponent` is the largest number of whole half-lives since 1970 among the terms. A term is a whole number of
// 2^kUnitBits-th of an interaction of weight 1, kept kRoom bits up, so that no order of terms changes the sum unless
// they lie more than kRoom half-lives apart.
struct DecayedSum {
  static constexpr int kUnitBits = 20;
  static constexpr int kRoom = 50;
  static constexpr std::int64_t kMaxShift = 127;

  Int128 units = 0;
  std::int64_t exponent = 0;

  // REQUIRES: |weight| <= kMaxWeight.
  void add(double weight, double half_lives) {
    const double whole = std::floor(half_lives);
    const auto term_exponent = static_cast<std::int64_t>(whole);
    if (units == 0) exponent = term_exponent;
    if (term_exponent > exponent) {
      units >>= std::min(term_exponent - exponent, kMaxShift);
      exponent = term_exponent;
    }
    const Int128 term = Int128{std::llround(std::ldexp(weight * std::exp2(half_lives - whole), kUnitBits))} << kRoom;
    units += term >> std::min(exponent - term_exponent, kMaxShift);
  }
  // fraction * 2^exponent, a fraction in [0.5, 1): what sums are ordered by, however far apart their times lie. Of
  // half-lives since 1970: a sum decayed to a moment is scaled by that moment alone.
  struct Magnitude {
    std::int64_t exponent = 0;
    double fraction = 0;
    auto operator<=>(const Magnitude&) const = default;
    // At the moment `half_lives`, kept within what a float holds.
    float at(double half_lives) const {
      const double power = static_cast<double>(exponent) - half_lives;
      const double value = fraction * std::exp2(std::clamp(power, -1'000.0, 1'000.0));
      return static_cast<float>(
          std::clamp<double>(value, std::numeric_limits<float>::min(), std::numeric_limits<float>::max()));
    }
  };
  // REQUIRES: units != 0.
  Magnitude magnitude() const {
    int power = 0;
    const double fraction = std::frexp(static_cast<double>(units), &power);
    return {exponent + power - kUnitBits - kRoom, fraction};
  }
  // By the magnitude, which the path to a sum leaves no trace in: its exponent may be that of a term taken back.
  double at(double half_lives) const {
    if (units == 0) return 0;
    const Magnitude value = magnitude();
    return value.fraction * std::exp2(std::clamp(static_cast<double>(value.exponent) - half_lives, -1'000.0, 1'000.0));
  }
};

struct Row {
  std::int64_t popularity = 0;  // in kPopularityUnit
  std::uint64_t interactions = 0;
  DecayedSum trend;
  TimestampMs listed_ms = 0;
  bool listed = false;
};

ItemStatistics::Saved::Row saved_row(const Row& row) {
  return {.popularity = row.popularity,
          .interactions = row.interactions,
          .trend_high = static_cast<std::int64_t>(row.trend.units >> 64),
          .trend_low = static_cast<std::uint64_t>(row.trend.units),
          .trend_exponent = row.trend.exponent};
}

// The first ItemStatistics::kMaxRanking of what is added, by an order that knows no ties. Of a large catalogue it keeps
// twice as many at most: what comes after so many better ones is passed over.
template <typename T, typename Before>
class Best {
 public:
  explicit Best(Before before) : before_(std::move(before)) {}
  void add(const T& entry) {
    if (last_ && !before_(entry, *last_)) return;
    kept_.push_back(entry);
    if (kept_.size() < 2 * ItemStatistics::kMaxRanking) return;
    cut();
    last_ = kept_.back();
  }
  std::vector<T> take() {
    if (kept_.size() > ItemStatistics::kMaxRanking) cut();
    std::sort(kept_.begin(), kept_.end(), before_);
    return std::move(kept_);
  }

 private:
  // Leaves the best, the last of them at the end.
  void cut() {
    const auto last = kept_.begin() + (ItemStatistics::kMaxRanking - 1);
    std::nth_element(kept_.begin(), last, kept_.end(), before_);
    kept_.resize(ItemStatistics::kMaxRanking);
  }

  Before before_;
  std::vector<T> kept_;
  std::optional<T> last_;
};

template <typename T, typename Before>
Best<T, Before> best_of(Before before) {
  return Best<T, Before>(std::move(before));
}

}  // namespace

// The rows as they were when save() was called, block by block.
struct ItemStatistics::RowCopy {
  std::size_t rows = 0;
  std::vector<std::vector<Saved::Row>> blocks;  // empty: not copied yet
};

struct ItemStatistics::Impl {
  explicit Impl(double half_life_s) : half_life_ms(half_life_s * 1'000.0) {}

  double half_lives(TimestampMs time_ms) const { return static_cast<double>(time_ms) / half_life_ms; }

  // The row, for a change.
  Row& row(DenseId item) TAMIS_REQUIRES(mutex) {
    for (const std::weak_ptr<RowCopy>& copy : copies)
      if (const auto unsettled = copy.lock()) copy_block(unsettled.get(), item / kCopyBlock);
    if (item >= rows.size()) rows.resize(item + std::size_t{1});
    changes.fetch_add(1, std::memory_order_release);
    return rows[item];
  }

  // Copies these rows unless they are copied already, or came after the copy began.
  void copy_block(RowCopy* copy, std::size_t block) TAMIS_REQUIRES(mutex) {
    if (block >= copy->blocks.size() || !copy->blocks[block].empty()) return;
    const std::size_t begin = block * kCopyBlock;
    const std::size_t end = std::min(begin + kCopyBlock, copy->rows);
    std::vector<Saved::Row>& to = copy->blocks[block];
    to.reserve(end - begin);
    for (std::size_t item = begin; item < end; ++item) to.push_back(saved_row(rows[item]));
  }

  // The best of the listed items by `score`, those of score 0 or below left out.
  std::vector<models::ScoredId> rank(const std::function<double(const Row&)>& score) const {
    auto ranking = best_of<models::ScoredId>([](const models::ScoredId& a, const models::ScoredId& b) {
      return a.score != b.score ? a.score > b.score : a.id < b.id;
    });
    for (std::size_t begin = 0;; begin += kCopyBlock) {
      MutexLock lock(mutex);
      if (begin >= rows.size()) break;
      const std::size_t end = std::min(begin + kCopyBlock, rows.size());
      for (std::size_t item = begin; item < end; ++item) {
        const Row& candidate = rows[item];
        if (!candidate.listed) continue;
        const auto value = static_cast<float>(score(candidate));
        if (value > 0) ranking.add(models::ScoredId{static_cast<std::uint32_t>(item), value});
      }
    }
    return ranking.take();
  }

  // Ordered by the sums' magnitudes: their values at one moment underflow once they are 149 half-lives old.
  std::vector<models::ScoredId> rank_trending(double now) const {
    struct Trend {
      DecayedSum::Magnitude magnitude;
      DenseId item;
    };
    auto trends = best_of<Trend>([](const Trend& a, const Trend& b) {
      return a.magnitude != b.magnitude ? a.magnitude > b.magnitude : a.item < b.item;
    });
    for (std::size_t begin = 0;; begin += kCopyBlock) {
      MutexLock lock(mutex);
      if (begin >= rows.size()) break;
      const std::size_t end = std::min(begin + kCopyBlock, rows.size());
      for (std::size_t item = begin; item < end; ++item) {
        const Row& row = rows[item];
        if (!row.listed || row.trend.units <= 0) continue;
        trends.add(Trend{row.trend.magnitude(), static_cast<DenseId>(item)});
      }
    }
    const std::vector<Trend> best = trends.take();
    // Whole half-lives.
    const double newest = std::floor(half_lives(newest_ms.load(std::memory_order_relaxed)));
    const double then = std::min(now, newest + kQuietHalfLives);
    std::vector<models::ScoredId> ranking;
    ranking.reserve(best.size());
    for (const Trend& trend : best) ranking.push_back({trend.item, trend.magnitude.at(then)});
    return ranking;
  }

  // Listings are told apart by milliseconds, which a float does not hold: ordered by the date itself.
  std::vector<models::ScoredId> rank_latest() const {
    struct Listing {
      TimestampMs listed_ms;
      DenseId item;
    };
    // Of equal dates the later id first: ids count up as items appear.
    auto listings = best_of<Listing>([](const Listing& a, const Listing& b) {
      return a.listed_ms != b.listed_ms ? a.listed_ms > b.listed_ms : a.item > b.item;
    });
    for (std::size_t begin = 0;; begin += kCopyBlock) {
      MutexLock lock(mutex);
      if (begin >= rows.size()) break;
      const std::size_t end = std::min(begin + kCopyBlock, rows.size());
      for (std::size_t item = begin; item < end; ++item) {
        if (rows[item].listed) listings.add(Listing{rows[item].listed_ms, static_cast<DenseId>(item)});
      }
    }
    const std::vector<Listing> best = listings.take();
    std::vector<models::ScoredId> ranking;
    ranking.reserve(best.size());
    for (const Listing& listing : best) ranking.push_back({listing.item, static_cast<float>(listing.listed_ms)});
    return ranking;
  }

  Ranking popular(Caller caller, bool* is_current = nullptr) {
    return popular_board.get(
        changes.load(std::memory_order_acquire), caller,
        [this] { return rank([](const Row& row) { return static_cast<double>(row.popularity) * kPopularityUnit; }); },
        is_current);
  }
  Ranking trending(TimestampMs now_ms, Caller caller, bool* is_current = nullptr) {
    // Time scales all scores alike and leaves the order: a list serves until its scale is off by a thousandth.
    const double slice = std::floor(half_lives(now_ms) * 1'000.0);
    const std::uint64_t version =
        changes.load(std::memory_order_acquire) ^ (static_cast<std::uint64_t>(static_cast<std::int64_t>(slice)) << 32);
    const double now = slice / 1'000.0;
    return trending_board.get(
        version, caller, [this, now] { return rank_trending(now); }, is_current);
  }
  Ranking latest(Caller caller, bool* is_current = nullptr) {
    return latest_board.get(
        listing_changes.load(std::memory_order_acquire), caller, [this] { return rank_latest(); }, is_current);
  }

  void add_time(TimestampMs time_ms) TAMIS_REQUIRES(mutex) {
    const TimestampMs kept_from = newest_times.empty() ? newest_ms.load() : newest_times.begin()->first;
    if (older > 0 && time_ms < kept_from) {
      ++older;
    } else {
      ++newest_times[time_ms];
      if (newest_times.size() > kNewestTimes) {
        older += newest_times.begin()->second;
        newest_times.erase(newest_times.begin());
      }
    }
    follow_newest();
  }
  void remove_time(TimestampMs time_ms) TAMIS_REQUIRES(mutex) {
    if (const auto found = newest_times.find(time_ms); found != newest_times.end()) {
      if (--found->second == 0) newest_times.erase(found);
    } else if (older > 0) {
      --older;
    }
    follow_newest();
  }
  // With none left but older ones, the time stays what it was.
  void follow_newest() TAMIS_REQUIRES(mutex) {
    if (newest_times.empty() && older > 0) return;
    newest_ms.store(newest_times.empty() ? 0 : newest_times.rbegin()->first, std::memory_order_relaxed);
  }

  void refresh(TimestampMs now_ms, Caller caller) {
    popular(caller);
    trending(now_ms, caller);
    latest(caller);
  }

  const double half_life_ms;
  mutable Mutex mutex;
  std::deque<Row> rows TAMIS_GUARDED_BY(mutex);
  std::vector<std::weak_ptr<RowCopy>> copies TAMIS_GUARDED_BY(mutex);  // that are not settled
  std::atomic<std::uint64_t> changes{1};
  std::atomic<std::uint64_t> listing_changes{1};  // of them, those that `latest` depends on
  std::atomic<TimestampMs> newest_ms{0};          // of all interactions, 0 without any; one writer
  std::map<TimestampMs, std::uint64_t> newest_times
      TAMIS_GUARDED_BY(mutex);                      // times and how many interactions have them
  std::uint64_t older TAMIS_GUARDED_BY(mutex) = 0;  // interactions before the first of them
  RankingBoard popular_board;
  RankingBoard trending_board;
  RankingBoard latest_board;
};

ItemStatistics::ItemStatistics(double half_life_s) : impl_(std::make_unique<Impl>(half_life_s)) {}
ItemStatistics::~ItemStatistics() = default;

ItemStatistics::Ranking ItemStatistics::popular(bool* is_current) const {
  return impl_->popular(Caller::kReader, is_current);
}
ItemStatistics::Ranking ItemStatistics::trending(TimestampMs now_ms, bool* is_current) const {
  return impl_->trending(now_ms, Caller::kReader, is_current);
}
ItemStatistics::Ranking ItemStatistics::latest(bool* is_current) const {
  return impl_->latest(Caller::kReader, is_current);
}

void ItemStatistics::refresh(TimestampMs now_ms) const { impl_->refresh(now_ms, Caller::kExact); }
void ItemStatistics::refresh_wanted(TimestampMs now_ms) const { impl_->refresh(now_ms, Caller::kBackground); }

double ItemStatistics::popularity(DenseId item) const {
  MutexLock lock(impl_->mutex);
  if (item >= impl_->rows.size() || !impl_->rows[item].listed) return 0;
  return std::max(0.0, static_cast<double>(impl_->rows[item].popularity) * kPopularityUnit);
}

std::vector<ItemStatistics::Counts> ItemStatistics::counts(std::span<const DenseId> items, TimestampMs now_ms) const {
  std::vector<Counts> counts(items.size());
  const double now = impl_->half_lives(now_ms);
  MutexLock lock(impl_->mutex);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i] >= impl_->rows.size() || !impl_->rows[items[i]].listed) continue;
    const Row& row = impl_->rows[items[i]];
    counts[i] = {std::max(0.0, static_cast<double>(row.popularity) * kPopularityUnit),
                 std::max(0.0, row.trend.at(now))};
  }
  return counts;
}

TimestampMs ItemStatistics::data_clock_ms(TimestampMs now_ms) const {
  return std::min(now_ms, std::max<TimestampMs>(0, impl_->newest_ms.load(std::memory_order_relaxed)));
}

void ItemStatistics::add(DenseId item, double weight, TimestampMs timestamp_ms) {
  weight = std::clamp(weight, -kMaxWeight, kMaxWeight);
  MutexLock lock(impl_->mutex);
  Row& row = impl_->row(item);
  impl_->add_time(timestamp_ms);
  row.popularity += std::llround(weight / kPopularityUnit);
  ++row.interactions;
  if (weight != 0) row.trend.add(weight, impl_->half_lives(timestamp_ms));
}

void ItemStatistics::subtract(DenseId item, double weight, TimestampMs timestamp_ms) {
  weight = std::clamp(weight, -kMaxWeight, kMaxWeight);
  MutexLock lock(impl_->mutex);
  Row& row = impl_->row(item);
  impl_->remove_time(timestamp_ms);
  if (row.interactions <= 1) {  // exactly nothing is left, whatever rounding says
    row.popularity = 0;
    row.interactions = 0;
    row.trend = DecayedSum{};
    return;
  }
  row.popularity -= std::llround(weight / kPopularityUnit);
  --row.interactions;
  if (weight != 0) row.trend.add(-weight, impl_->half_lives(timestamp_ms));
}

void ItemStatistics::set_listed(DenseId item, TimestampMs listed_ms) {
  MutexLock lock(impl_->mutex);
  Row& row = impl_->row(item);
  if (row.listed && row.listed_ms == listed_ms) return;
  row.listed = true;
  row.listed_ms = listed_ms;
  impl_->listing_changes.fetch_add(1, std::memory_order_release);
}

void ItemStatistics::remove(DenseId item) {
  MutexLock lock(impl_->mutex);
  impl_->row(item).listed = false;
  impl_->listing_changes.fetch_add(1, std::memory_order_release);
}

ItemStatistics::Saved ItemStatistics::save() {
  Saved saved;
  saved.unsettled = std::make_shared<RowCopy>();
  MutexLock lock(impl_->mutex);
  saved.unsettled->rows = impl_->rows.size();
  saved.unsettled->blocks.resize((impl_->rows.size() + kCopyBlock - 1) / kCopyBlock);
  std::erase_if(impl_->copies, [](const auto& copy) { return copy.expired(); });
  impl_->copies.push_back(saved.unsettled);
  saved.newest.assign(impl_->newest_times.begin(), impl_->newest_times.end());
  saved.older = impl_->older;
  return saved;
}

void ItemStatistics::settle(Saved* saved) {
  const auto copy = std::exchange(saved->unsettled, nullptr);
  if (copy == nullptr) return;
  saved->rows.reserve(copy->rows);
  for (std::size_t block = 0; block < copy->blocks.size(); ++block) {
    {
      MutexLock lock(impl_->mutex);
      impl_->copy_block(copy.get(), block);
    }
    saved->rows.insert(saved->rows.end(), copy->blocks[block].begin(), copy->blocks[block].end());
  }
}

void ItemStatistics::load(const Saved& saved) {
  MutexLock lock(impl_->mutex);
  if (saved.rows.size() > impl_->rows.size()) impl_->rows.resize(saved.rows.size());
  for (std::size_t item = 0; item < impl_->rows.size(); ++item) {
    const Saved::Row from = item < saved.rows.size() ? saved.rows[item] : Saved::Row{};
    Row& row = impl_->rows[item];
    row.popularity = from.popularity;
    row.interactions = from.interactions;
    row.trend.units = Int128{from.trend_high} << 64 | Int128{from.trend_low};
    row.trend.exponent = from.trend_exponent;
  }
  impl_->newest_times = {saved.newest.begin(), saved.newest.end()};
  impl_->older = saved.older;
  impl_->follow_newest();
  impl_->changes.fetch_add(1, std::memory_order_release);
}

bool ItemStatistics::knows_newest() const {
  MutexLock lock(impl_->mutex);
  return !impl_->newest_times.empty() || impl_->older == 0;
}

std::uint64_t ItemStatistics::memory_bytes() const {
  MutexLock lock(impl_->mutex);
  return impl_->rows.size() * sizeof(Row);
}

}  // namespace tamis::engine
