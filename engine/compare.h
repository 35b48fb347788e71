// Comparing two funnels on one request. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/requests.h"

namespace tamis {

struct CompareRequest {
  // Whom the lists are for, and all else that they have in common. Its funnel, surface, override, cursor and past
  // answer are not read; dry_run and explain are taken as set.
  RecommendRequest request = {};
  // `funnel` names one, or `override_funnel` is one, as in a RecommendRequest.
  RecommendRequest a = {};
  RecommendRequest b = {};
};

// An item of either list. A rank is 0 where the list does not have it.
struct ComparedItem {
  std::string item;
  std::uint32_t rank_a = 0;  // from 1
  std::uint32_t rank_b = 0;
};

struct CompareAnswer {
  RecommendAnswer a;  // with stages; items are explained where the request asks for it
  RecommendAnswer b;
  std::vector<ComparedItem> items;  // by rank_a, then those of b alone by rank_b
  std::uint32_t shared = 0;         // items in both
  double jaccard = 0;               // shared / items in either; 1 where both are empty
  // Rank-biased overlap at the lists' depth with p 0.9, extrapolated (Webber, Moffat & Zobel 2010, eq. 32): 1 where
  // the lists are the same, 0 where they share nothing; the head counts more.
  double rank_biased_overlap = 0;
  double mean_rank_change = 0;  // of shared items, |rank_a - rank_b|
};

}  // namespace tamis
