// ItemStatistics: live counts behind `popular`, `trending` and `latest`, kept up with every commit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "models/neighbors.h"

namespace tamis::engine {

// Thread-safe: readers beside one writer. Lists are ordered best first (ties: lower id), hold at most kMaxRanking
// listed items, and are refreshed within a second of a change; at once where that costs little.
// Counts and decayed sums are kept in fixed point, so that the order in which interactions arrive does not change them:
// a database that was reopened, or replayed, ranks as the live one did, to the bit.
class ItemStatistics {
 public:
  static constexpr std::size_t kMaxRanking = 100'000;

  explicit ItemStatistics(double half_life_s);
  ~ItemStatistics();

  using Ranking = std::shared_ptr<const std::vector<models::ScoredId>>;  // never null
  // `is_current`, where given, is told whether the list is that of now or of up to a second ago.
  Ranking popular(bool* is_current = nullptr) const;  // score: weighted count of interactions
  // Score: weighted count decayed by half_life_s at now_ms, or at three half-lives after the newest interaction where
  // the data ends before that. The order does not depend on the clock, and no age empties the list.
  Ranking trending(TimestampMs now_ms, bool* is_current = nullptr) const;
  Ranking latest(bool* is_current = nullptr) const;  // score: Unix ms of the listing
  double popularity(DenseId item) const;             // 0 where the item is not listed
  // Of each of `items`: popularity as above and the score of `trending`, both 0 where the item is not listed.
  struct Counts {
    double popularity = 0;
    double trend = 0;
  };
  std::vector<Counts> counts(std::span<const DenseId> items, TimestampMs now_ms) const;
  // The moment by the data's own clock: now_ms, or that of the newest interaction where the data ended before. What is
  // learned of ages and trends then means the same however long ago that was.
  TimestampMs data_clock_ms(TimestampMs now_ms) const;
  // Brings all three lists up to date now.
  void refresh(TimestampMs now_ms) const;
  // Brings up to date what readers asked for and is due: the background calls it a few times a second.
  void refresh_wanted(TimestampMs now_ms) const;

  // Writer only. A weight below 0 counts against the item.
  void add(DenseId item, double weight, TimestampMs timestamp_ms);
  void subtract(DenseId item, double weight, TimestampMs timestamp_ms);  // takes back an add()
  void set_listed(DenseId item, TimestampMs listed_ms);                  // lists the item, or moves its date
  void remove(DenseId item);  // off the lists; its interactions keep counting should it be listed again
  std::uint64_t memory_bytes() const;

  struct RowCopy;
  // What interactions came to, as a file keeps it: all but the listings. Writer only, or beside none.
  struct Saved {
    struct Row {  // persistent
      std::int64_t popularity = 0;
      std::uint64_t interactions = 0;
      std::int64_t trend_high = 0;
      std::uint64_t trend_low = 0;
      std::int64_t trend_exponent = 0;
      bool operator==(const Row&) const = default;
    };
    std::vector<Row> rows;  // by item; of save(), once settled
    // The newest times, each with how many interactions have it, and how many older ones there are.
    std::vector<std::pair<TimestampMs, std::uint64_t>> newest;
    std::uint64_t older = 0;
    std::shared_ptr<RowCopy> unsettled;  // not persistent: rows that settle() copies
  };
  // As of now. Takes next to no time, since settle() copies the rows: a writer that is about to change one before that
  // copies the few thousand around it first.
  Saved save();
  // By any thread, beside the writer.
  void settle(Saved* saved);
  // Takes the place of what was counted. Listings stay.
  void load(const Saved& saved);
  // False where the newest interactions were taken back until their times are no longer known: data_clock_ms() is then
  // that of one that is gone.
  bool knows_newest() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::engine
