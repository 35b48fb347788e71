// rebuy: what the user takes again and again, when it is due.
//
// An item that the user took n times, on different days, has a period: the geometric mean of the gaps between, shrunk
// towards the one of all of the user's repeats, as if that had been seen twice. With x the time since the last, in
// periods, the score is log(1 + n) exp(-ln(x)^2 / 2): highest when the period is over, half at about a third of it and
// at three times it. (Repeat consumption: Anderson et al. 2014, doi:10.1145/2566486.2568018; periods of one's own:
// Bhagat et al. 2018, doi:10.1145/3219819.3219891.)
#include <algorithm>
#include <cmath>
#include <map>

#include "engine/retrieval/retrievers.h"

namespace tamis::engine {
namespace {

constexpr double kRebuyDayMs = 86'400'000;
constexpr double kPriorGaps = 2;

struct Repeat {
  DenseId item = kNoDenseId;
  std::size_t times = 0;   // days on which it was taken
  double log_gap_sum = 0;  // natural logarithms of gaps in days
  TimestampMs last_ms = 0;
};

class RebuyRetriever final : public Retriever {
 public:
  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const std::vector<Repeat> repeats = find_repeats(context.user);
    if (repeats.empty()) {
      out->note = "the user has taken nothing on two days";
      return Status::ok();
    }
    double gaps = 0;
    double log_sum = 0;
    for (const Repeat& repeat : repeats) {
      gaps += static_cast<double>(repeat.times - 1);
      log_sum += repeat.log_gap_sum;
    }
    const double usual = log_sum / gaps;
    for (const Repeat& repeat : repeats) {
      if (!context.is_eligible(repeat.item)) continue;
      const double own_gaps = static_cast<double>(repeat.times - 1);
      const double log_period = (repeat.log_gap_sum + kPriorGaps * usual) / (own_gaps + kPriorGaps);
      const double since_days = std::max(0.01, static_cast<double>(context.now_ms - repeat.last_ms) / kRebuyDayMs);
      const double log_periods = std::log(since_days) - log_period;
      const double score = std::log1p(static_cast<double>(repeat.times)) * std::exp(-log_periods * log_periods / 2);
      out->candidates.push_back({repeat.item, static_cast<float>(score)});
    }
    std::erase_if(out->candidates, [](const models::ScoredId& candidate) { return !(candidate.score > 0); });
    std::sort(out->candidates.begin(), out->candidates.end(), models::ranks_before);
    if (out->candidates.size() > config.quota) out->candidates.resize(config.quota);
    if (out->candidates.empty()) out->note = "what the user takes again is excluded: exclude_seen, or a filter";
    return Status::ok();
  }

 private:
  // Of the user's actions, oldest first; those less than a day apart are one.
  static std::vector<Repeat> find_repeats(const UserState& user) {
    std::map<DenseId, Repeat> by_item;
    for (const HistoryItem& event : user.events) {
      Repeat& repeat = by_item[event.item];
      if (repeat.times == 0) {
        repeat = {.item = event.item, .times = 1, .log_gap_sum = 0, .last_ms = event.timestamp_ms};
        continue;
      }
      const double gap_days = static_cast<double>(event.timestamp_ms - repeat.last_ms) / kRebuyDayMs;
      if (gap_days < 1) continue;
      repeat.log_gap_sum += std::log(gap_days);
      repeat.last_ms = event.timestamp_ms;
      ++repeat.times;
    }
    std::vector<Repeat> repeats;
    for (const auto& [item, repeat] : by_item)
      if (repeat.times >= 2) repeats.push_back(repeat);
    return repeats;
  }
};

}  // namespace

const Retriever& rebuy_retriever() {
  static const RebuyRetriever retriever;
  return retriever;
}

}  // namespace tamis::engine
