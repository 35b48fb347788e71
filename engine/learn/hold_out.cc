#include "engine/learn/hold_out.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "common/checksum.h"
#include "common/random.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kFewUsers = 20;          // who return after a cut
constexpr double kReturning = 0.2;             // share of the users that makes a short span a true one
constexpr TimestampMs kShortSpanMs = kHourMs;  // as an import takes
constexpr TimestampMs kSpanMs = 100 * kDayMs;  // of the new times
constexpr std::size_t kEnoughUsers = 300;      // who return: fewer make the held-out share grow
constexpr double kMostHeldOut = 0.3;
constexpr double kMostOfSequence = 3;  // last interactions held out of a user's sequence
constexpr double kGrain = 1.0 / (1ull << 32);

std::size_t cut_of(const Dataset& dataset, double holdout) {
  return static_cast<std::size_t>((1 - holdout) * static_cast<double>(dataset.events.size()));
}

// Users with something before the cut and something from it on.
std::size_t count_returning(const Dataset& dataset, std::size_t cut) {
  std::vector<char> is_known(dataset.users.size());
  std::vector<char> returns(dataset.users.size());
  for (std::size_t i = 0; i < dataset.events.size(); ++i) {
    const std::uint32_t user = dataset.events[i].user;
    if (i < cut)
      is_known[user] = 1;
    else if (is_known[user])
      returns[user] = 1;
  }
  return static_cast<std::size_t>(std::count(returns.begin(), returns.end(), 1));
}

std::size_t count_repeating(const Dataset& dataset) {
  std::vector<std::uint32_t> events(dataset.users.size());
  for (const models::TimedInteraction& event : dataset.events) ++events[event.user];
  return static_cast<std::size_t>(std::count_if(events.begin(), events.end(), [](auto count) { return count > 1; }));
}

// Whether most events stand beside one of the same user, or of the same item, as in a file sorted by either.
bool is_grouped(const Dataset& dataset) {
  std::size_t of_user = 0;
  std::size_t of_item = 0;
  for (std::size_t i = 1; i < dataset.events.size(); ++i) {
    of_user += dataset.events[i].user == dataset.events[i - 1].user ? 1 : 0;
    of_item += dataset.events[i].item == dataset.events[i - 1].item ? 1 : 0;
  }
  return 2 * std::max(of_user, of_item) > dataset.events.size();
}

// Whether each type of interaction arrived in a file of its own. A purchase then stands far behind the view that led to
// it, and nobody knows what of it all came first.
bool types_arrived_apart(const Dataset& dataset) {
  constexpr std::size_t kFilesPerType = 4;
  const std::vector<std::uint16_t>& types = dataset.event_types;
  if (types.size() != dataset.events.size()) return false;
  std::size_t files = 0;
  std::set<std::uint16_t> known;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (i > 0 && types[i] == types[i - 1]) continue;
    ++files;
    known.insert(types[i]);
  }
  return known.size() > 1 && files <= kFilesPerType * known.size();
}

// Of half of the users.
bool is_drawn(const std::string& user) { return checksum64(user.data(), user.size()) % 2 == 0; }

// A number in [0, 1) that depends on the user's name alone.
double phase_of(const std::string& user) {
  return static_cast<double>(checksum64(user.data(), user.size()) >> 32) * kGrain;
}

// Whether most neighbours among a user's interactions stand in the order of their items: by first appearance, as
// numbers of one length after the other, or as texts.
bool is_sorted_by_item(const Dataset& dataset) {
  constexpr double kMost = 0.9;
  constexpr std::size_t kOrders = 3;
  std::vector<std::uint32_t> last(dataset.users.size(), kNoDenseId);
  std::size_t ascending[kOrders] = {};
  std::size_t pairs = 0;
  for (const models::TimedInteraction& event : dataset.events) {
    const std::uint32_t before = std::exchange(last[event.user], event.item);
    if (before == kNoDenseId || before == event.item) continue;
    const std::string& a = dataset.items[before];
    const std::string& b = dataset.items[event.item];
    ++pairs;
    ascending[0] += before < event.item ? 1 : 0;
    ascending[1] += (a.size() != b.size() ? a.size() < b.size() : a < b) ? 1 : 0;
    ascending[2] += a < b ? 1 : 0;
  }
  return std::any_of(std::begin(ascending), std::end(ascending), [&](std::size_t count) {
    const double share = pairs > 0 ? static_cast<double>(count) / static_cast<double>(pairs) : 0;
    return share > kMost || (pairs > 0 && share < 1 - kMost);
  });
}

// Pairs that occur more than once, each with every other of the same: sum of n (n - 1) / 2.
double count_coincidences(std::vector<std::uint64_t>* pairs) {
  std::sort(pairs->begin(), pairs->end());
  double sum = 0;
  for (std::size_t i = 0, end = 0; i < pairs->size(); i = end) {
    while (end < pairs->size() && (*pairs)[end] == (*pairs)[i]) ++end;
    const auto count = static_cast<double>(end - i);
    sum += count * (count - 1) / 2;
  }
  return sum;
}

std::uint64_t directed(std::uint32_t a, std::uint32_t b) { return std::uint64_t{a} << 32 | b; }
std::uint64_t undirected(std::uint32_t a, std::uint32_t b) { return directed(std::min(a, b), std::max(a, b)); }

// Whether the order of arrival of what each user took tells what follows what, as a sequence in time does.
//
// Neighbours in such a sequence are neighbours of many users, more than in a shuffled one. A file in which each user's
// lines stand by a property of the items (their number, their popularity, hours played) has that, too, but there two
// items stand in the same order with every user. In a sequence they stand in both orders.
bool is_sequence(const Dataset& dataset) {
  constexpr double kTelling = 1.5;  // coincidences beside those of a shuffle
  constexpr double kFixed = 0.78;   // directed beside undirected: 0.5 where both orders are as frequent, 1 where one is
  constexpr double kFewest = 100;   // coincidences
  constexpr std::size_t kMostPairs = 4'000'000;
  std::vector<std::vector<std::uint32_t>> items(dataset.users.size());
  for (const models::TimedInteraction& event : dataset.events) {
    std::vector<std::uint32_t>& own = items[event.user];
    if (own.empty() || own.back() != event.item) own.push_back(event.item);
  }
  std::vector<std::uint64_t> in_direction;
  std::vector<std::uint64_t> together;
  std::vector<std::uint64_t> shuffled;
  Random random(1);
  for (std::vector<std::uint32_t>& own : items) {
    if (together.size() > kMostPairs) break;
    for (std::size_t i = 1; i < own.size(); ++i) {
      in_direction.push_back(directed(own[i - 1], own[i]));
      together.push_back(undirected(own[i - 1], own[i]));
    }
    for (std::size_t i = own.size(); i > 1; --i)
      std::swap(own[i - 1], own[random.below(static_cast<std::uint32_t>(i))]);
    for (std::size_t i = 1; i < own.size(); ++i) shuffled.push_back(undirected(own[i - 1], own[i]));
  }
  const double neighbours = count_coincidences(&together);
  const double expected = std::max(1.0, count_coincidences(&shuffled));
  return neighbours >= kFewest && neighbours > kTelling * expected &&
         count_coincidences(&in_direction) < kFixed * neighbours;
}

// The first event of each user with each item: its time, its type and its position.
class FirstEvents {
 public:
  struct First {
    TimestampMs timestamp_ms;
    std::uint16_t type;
    std::size_t position;
  };
  explicit FirstEvents(const Dataset& dataset) {
    for (std::size_t i = 0; i < dataset.events.size(); ++i)
      first_.try_emplace(key_of(dataset.events[i]), First{dataset.events[i].timestamp_ms, dataset.event_types[i], i});
  }
  const First* find(const models::TimedInteraction& event) const {
    const auto found = first_.find(key_of(event));
    return found == first_.end() ? nullptr : &found->second;
  }

 private:
  static std::uint64_t key_of(const models::TimedInteraction& event) { return directed(event.user, event.item); }
  std::unordered_map<std::uint64_t, First> first_;
};

struct Moment {
  TimestampMs before_ms;
  std::uint64_t position;  // in its list, or drawn
  std::uint32_t item;
  models::TimedInteraction* event;
};

template <typename Value>
std::vector<Value> in_order(const std::vector<Value>& values, const std::vector<std::size_t>& order) {
  if (values.empty()) return {};
  std::vector<Value> sorted;
  sorted.reserve(values.size());
  for (const std::size_t i : order) sorted.push_back(values[i]);
  return sorted;
}

void order_by_time(std::vector<models::TimedInteraction>* events) {
  std::stable_sort(events->begin(), events->end(),
                   [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; });
}

}  // namespace

bool needs_retiming(const Dataset& dataset, double holdout) {
  if (dataset.events.empty()) return false;
  const TimestampMs span_ms = dataset.events.back().timestamp_ms - dataset.events.front().timestamp_ms;
  if (span_ms < kShortSpanMs && is_grouped(dataset)) return true;
  const std::size_t returning = count_returning(dataset, cut_of(dataset, holdout));
  const std::size_t repeating = count_repeating(dataset);
  if (returning * 2 >= repeating) return false;
  const bool is_short =
      span_ms < kShortSpanMs && static_cast<double>(returning) < kReturning * static_cast<double>(repeating);
  return returning < kFewUsers || is_short;
}

double retime(Dataset* dataset, double holdout) {
  const bool is_sorted = is_sorted_by_item(*dataset);
  const bool in_sequence = !is_sorted && is_sequence(*dataset);
  dataset->is_retimed = true;
  std::optional<FirstEvents> first_events;
  if (types_arrived_apart(*dataset)) first_events.emplace(*dataset);
  double held_out = 0;
  double all = 0;
  std::vector<std::vector<Moment>> moments(dataset->users.size());
  for (auto* list : {&dataset->events, &dataset->negatives, &dataset->ratings})
    for (std::size_t i = 0; i < list->size(); ++i) {
      models::TimedInteraction& event = (*list)[i];
      if (is_sorted || (!in_sequence && is_drawn(dataset->users[event.user]))) {
        const std::string pair = dataset->users[event.user] + "\n" + dataset->items[event.item];
        moments[event.user].push_back({0, checksum64(pair.data(), pair.size()), event.item, &event});
      } else {
        const FirstEvents::First* first = first_events ? first_events->find(event) : nullptr;
        if (first != nullptr && list == &dataset->events && dataset->event_types[i] == first->type) first = nullptr;
        moments[event.user].push_back({first != nullptr ? first->timestamp_ms : event.timestamp_ms,
                                       first != nullptr ? first->position : i, event.item, &event});
      }
    }
  for (std::uint32_t user = 0; user < moments.size(); ++user) {
    std::vector<Moment>& own = moments[user];
    std::stable_sort(own.begin(), own.end(), [](const Moment& a, const Moment& b) {
      return std::tie(a.before_ms, a.position) < std::tie(b.before_ms, b.position);
    });
    std::map<std::pair<TimestampMs, std::uint32_t>, std::size_t> places;
    for (const Moment& moment : own) places.try_emplace({moment.before_ms, moment.item}, places.size());
    const auto size = static_cast<double>(places.size());
    const double last = in_sequence ? std::min(kMostOfSequence, holdout * size) : holdout * size;
    held_out += last;
    all += size;
    const double phase = phase_of(dataset->users[user]);
    for (const Moment& moment : own) {
      const double place = static_cast<double>(places.at({moment.before_ms, moment.item})) + phase;
      const double kept = size - last;
      const double share = place < kept ? (1 - holdout) * place / kept : 1 - holdout * (size - place) / last;
      moment.event->timestamp_ms = 1 + static_cast<TimestampMs>(share * double{kSpanMs});
    }
  }
  std::vector<std::size_t> order(dataset->events.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return dataset->events[a].timestamp_ms < dataset->events[b].timestamp_ms;
  });
  dataset->events = in_order(dataset->events, order);
  dataset->event_types = in_order(dataset->event_types, order);
  dataset->event_values = in_order(dataset->event_values, order);
  dataset->event_contexts = in_order(dataset->event_contexts, order);
  dataset->event_baskets = in_order(dataset->event_baskets, order);
  order_by_time(&dataset->negatives);
  order_by_time(&dataset->ratings);
  return in_sequence ? held_out / all : holdout;
}

double held_out_share(const Dataset& dataset, double least) {
  double share = least;
  while (share < kMostHeldOut && count_returning(dataset, cut_of(dataset, share)) < kEnoughUsers)
    share = std::min(kMostHeldOut, share + 0.1);
  return share;
}

double repeat_share(const Dataset& dataset, double holdout) {
  const std::size_t cut = cut_of(dataset, holdout);
  const auto pair_of = [](const models::TimedInteraction& event) {
    return std::uint64_t{event.user} << 32 | event.item;
  };
  std::vector<std::uint64_t> met;
  std::vector<char> is_known(dataset.users.size());
  for (std::size_t i = 0; i < cut; ++i) {
    met.push_back(pair_of(dataset.events[i]));
    is_known[dataset.events[i].user] = 1;
  }
  std::sort(met.begin(), met.end());
  std::size_t again = 0;
  std::size_t all = 0;
  for (std::size_t i = cut; i < dataset.events.size(); ++i) {
    const models::TimedInteraction& event = dataset.events[i];
    if (!is_known[event.user]) continue;
    ++all;
    if (std::binary_search(met.begin(), met.end(), pair_of(event))) ++again;
  }
  return all > 0 ? static_cast<double>(again) / static_cast<double>(all) : 0;
}

}  // namespace tamis::engine
