// rebuy: what the user takes again and again, when it is due.
//
// An item that the user took on n days has a period: the geometric mean of the days between, shrunk towards the user's
// usual one, as if that had been seen twice. Usual is the mean of all of the user's repeats, or where there are none
// the time between the days on which the user did anything, else 30 days. With z the logarithm of the time since the
// last, in periods, the score is n^2 exp(-z^2 / 2 w^2), w 2 before it is due and 1 after. (Repeat consumption: Anderson
// et al. 2014, doi:10.1145/2566486.2568018; periods of one's own: Bhagat et al. 2018, doi:10.1145/3219819.3219891. The
// form was chosen on a shop's invoices, docs/shops.md.)
#include <algorithm>
#include <cmath>
#include <map>

#include "engine/retrieval/retrievers.h"

namespace tamis::engine {
namespace {

constexpr double kRebuyDayMs = 86'400'000;
constexpr double kPriorGaps = 2;
constexpr double kEarlyWidth = 2;
constexpr double kUnknownPeriodDays = 30;  // of who was there on one day only

class RebuyRetriever final : public Retriever {
 public:
  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    if (context.user.events.empty()) {
      out->note = "the user has taken nothing";
      return Status::ok();
    }
    const double usual = find_usual(context.user);
    for (const auto& [item, taken] : find_taken(context.user)) {
      if (!context.is_eligible(item)) continue;
      const double own_gaps = static_cast<double>(taken.days - 1);
      const double log_period = (taken.log_gap_sum + kPriorGaps * usual) / (own_gaps + kPriorGaps);
      const double since_days = std::max(0.01, static_cast<double>(context.now_ms - taken.last_ms) / kRebuyDayMs);
      const double z = (std::log(since_days) - log_period) / (std::log(since_days) < log_period ? kEarlyWidth : 1);
      const double days = static_cast<double>(taken.days);
      out->candidates.push_back({item, static_cast<float>(days * days * std::exp(-z * z / 2))});
    }
    std::erase_if(out->candidates, [](const models::ScoredId& candidate) { return !(candidate.score > 0); });
    std::sort(out->candidates.begin(), out->candidates.end(), models::ranks_before);
    if (out->candidates.size() > config.quota) out->candidates.resize(config.quota);
    if (out->candidates.empty()) out->note = "what the user takes again is excluded: exclude_seen, or a filter";
    return Status::ok();
  }

 private:
  // What was taken when; actions less than a day apart are one.
  struct Taken {
    std::size_t days = 0;
    double log_gap_sum = 0;  // natural logarithms of the days between
    TimestampMs last_ms = 0;

    void add(TimestampMs timestamp_ms) {
      const double gap_days = static_cast<double>(timestamp_ms - last_ms) / kRebuyDayMs;
      if (days > 0 && gap_days < 1) return;
      if (days > 0) log_gap_sum += std::log(gap_days);
      last_ms = timestamp_ms;
      ++days;
    }
  };

  // Events come oldest first.
  static std::map<DenseId, Taken> find_taken(const UserState& user) {
    std::map<DenseId, Taken> taken;
    for (const HistoryItem& event : user.events) taken[event.item].add(event.timestamp_ms);
    return taken;
  }

  // The logarithm of the user's usual period in days.
  static double find_usual(const UserState& user) {
    double gaps = 0;
    double log_sum = 0;
    for (const auto& [item, taken] : find_taken(user)) {
      gaps += static_cast<double>(taken.days - 1);
      log_sum += taken.log_gap_sum;
    }
    if (gaps > 0) return log_sum / gaps;
    Taken anything;
    for (const HistoryItem& event : user.events) anything.add(event.timestamp_ms);
    if (anything.days < 2) return std::log(kUnknownPeriodDays);
    return anything.log_gap_sum / static_cast<double>(anything.days - 1);
  }
};

}  // namespace

const Retriever& rebuy_retriever() {
  static const RebuyRetriever retriever;
  return retriever;
}

}  // namespace tamis::engine
