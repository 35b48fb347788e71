#include "engine/retrieval/merge.h"

#include <algorithm>

#include "engine/serving/stamped_array.h"

namespace tamis::engine {
namespace {

constexpr double kReciprocalRankOffset = 60;  // k of Cormack, Clarke & Buettcher 2009, doi:10.1145/1571941.1572114

bool ranks_before(const RankedItem& a, const RankedItem& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
}

// Sums `points(list, position)` per item.
template <typename Points>
std::vector<RankedItem> sum_points(std::span<const CandidateList> lists, std::size_t limit, const Points& points) {
  thread_local StampedArray<std::uint32_t> slot_of;  // item -> index in `merged`
  slot_of.clear();
  std::vector<RankedItem> merged;
  std::size_t total = 0;
  for (const CandidateList& list : lists) total += list.candidates.size();
  merged.reserve(total);
  for (const CandidateList& list : lists) {
    for (std::size_t i = 0; i < list.candidates.size(); ++i) {
      const DenseId item = list.candidates[i].id;
      if (!slot_of.contains(item)) {
        slot_of[item] = static_cast<std::uint32_t>(merged.size());
        merged.push_back({.item = item});
      }
      merged[slot_of[item]].score += points(list, i);
    }
  }
  const std::size_t kept = std::min(limit, merged.size());
  std::partial_sort(merged.begin(), merged.begin() + static_cast<std::ptrdiff_t>(kept), merged.end(), ranks_before);
  merged.resize(kept);
  return merged;
}

std::vector<RankedItem> interleave(std::span<const CandidateList> lists, std::size_t limit) {
  struct Turn {
    const CandidateList* list;
    std::size_t next = 0;
    double credit = 0;
  };
  thread_local StampedArray<char> taken;
  taken.clear();
  std::vector<Turn> turns;
  for (const CandidateList& list : lists) turns.push_back({&list, 0, 0});
  std::vector<RankedItem> merged;
  while (merged.size() < limit) {
    // Who has nothing new left is out of the round.
    std::erase_if(turns, [](Turn& turn) {
      const auto& candidates = turn.list->candidates;
      while (turn.next < candidates.size() && taken.contains(candidates[turn.next].id)) ++turn.next;
      return turn.next == candidates.size();
    });
    if (turns.empty()) break;
    double total_weight = 0;
    for (Turn& turn : turns) {
      turn.credit += turn.list->weight;
      total_weight += turn.list->weight;
    }
    const auto turn =
        std::max_element(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return a.credit < b.credit; });
    turn->credit -= total_weight;
    const DenseId item = turn->list->candidates[turn->next++].id;
    taken[item] = 1;
    merged.push_back({.item = item, .score = 1.0 / static_cast<double>(merged.size() + 1)});
  }
  return merged;
}

}  // namespace

std::vector<RankedItem> merge_candidates(std::span<const CandidateList> lists, MergeMethod method, std::size_t limit) {
  switch (method) {
    case MergeMethod::kInterleave: return interleave(lists, limit);
    case MergeMethod::kNormalizedScore:
      return sum_points(lists, limit, [](const CandidateList& list, std::size_t i) {
        const double best = list.candidates.front().score;
        const double worst = list.candidates.back().score;
        const double step = (best - worst) / static_cast<double>(list.candidates.size());
        return list.weight * (best > worst ? (list.candidates[i].score - worst + step) / (best - worst + step) : 1.0);
      });
    case MergeMethod::kReciprocalRank: break;
  }
  return sum_points(lists, limit, [](const CandidateList& list, std::size_t i) {
    return list.weight / (kReciprocalRankOffset + static_cast<double>(i + 1));
  });
}

MergedCandidates merge_with_sources(std::span<const CandidateList> lists, MergeMethod method, std::size_t limit) {
  thread_local StampedArray<std::uint32_t> entry_of;  // item -> index in `merged.entries`
  entry_of.clear();
  MergedCandidates merged;
  for (const RankedItem& item : merge_candidates(lists, method, limit)) {
    entry_of[item.item] = static_cast<std::uint32_t>(merged.entries.size());
    merged.entries.push_back({.item = item.item, .score = item.score});
  }
  const auto visit = [&](const auto& take) {
    for (std::size_t list = 0; list < lists.size(); ++list) {
      for (std::size_t i = 0; i < lists[list].candidates.size(); ++i) {
        const models::ScoredId& candidate = lists[list].candidates[i];
        if (const std::uint32_t* entry = entry_of.find(candidate.id))
          take(merged.entries[*entry], CandidateSource{.list = static_cast<std::uint32_t>(list),
                                                       .rank = static_cast<std::uint32_t>(i + 1),
                                                       .score = candidate.score});
      }
    }
  };
  visit([](MergedCandidates::Entry& entry, const CandidateSource&) { ++entry.source_count; });
  std::uint32_t next = 0;
  for (MergedCandidates::Entry& entry : merged.entries) {
    entry.first_source = next;
    next += entry.source_count;
    entry.source_count = 0;
  }
  merged.sources.resize(next);
  visit([&](MergedCandidates::Entry& entry, const CandidateSource& source) {
    merged.sources[entry.first_source + entry.source_count++] = source;
  });
  return merged;
}

}  // namespace tamis::engine
