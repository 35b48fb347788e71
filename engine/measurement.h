// Measurement as callers see it: how funnels do, and what became of the impressions. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tamis {

// What a funnel, or an arm of an experiment in it, came to over one window: lists served then, whenever people acted.
struct FunnelWindow {
  std::string window;  // "hour", "day", "all" (as far back as impressions are kept)
  std::uint64_t lists = 0;
  std::uint64_t slots = 0;
  std::uint64_t clicked = 0;                      // slots with an attributed interaction that weighs or converts
  std::uint64_t converted = 0;                    // slots with one of a conversion type
  std::map<std::string, std::uint64_t> outcomes;  // attributed interactions by type
  double value = 0;                               // sum of the values of the converting ones, 1 where it has none
  double click_through_rate = 0;                  // clicked / slots
  double conversion_rate = 0;                     // converted / slots
  double coverage = 0;                            // share of the listed items that were served
  double gini = 0;                                // of how often each listed item was served; 0: all alike
};

struct FunnelFigures {
  std::string funnel;
  std::string experiment;  // empty: all traffic of the funnel
  std::string arm;
  std::vector<FunnelWindow> windows;
};

// What became of answers and interactions since this process opened the database.
struct ImpressionFigures {
  std::uint64_t logged = 0;
  std::uint64_t sampled_out = 0;
  std::uint64_t dropped = 0;  // the queue was full, or the store refused
  std::uint64_t pending = 0;  // waiting to be written
  std::uint64_t attributed = 0;
  std::uint64_t without_touch = 0;  // interactions that belong to no list
  std::uint64_t unknown_list = 0;   // named a list that was not logged or is out of reach
  std::uint64_t foreign_item = 0;   // named a list that does not hold their item
};

}  // namespace tamis
