// Dataset: the weighted interactions that a run learns from, cut out of the store.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"
#include "engine/interactions/interaction_types.h"
#include "engine/interactions/rating_scales.h"
#include "models/training_data.h"
#include "storage/store.h"

namespace tamis::engine {

// Names and rows of its own, so that a run needs nothing of the database (and could be a process apart). Users and
// items are those that have an event, a negative or a rating, in the order of their dense ids. A value type.
struct Dataset {
  Sequence sequence = 0;           // no interaction after it is in here
  std::uint64_t interactions = 0;  // in the store at that time, ignored ones included
  std::vector<std::string> users;  // external ids by row
  std::vector<std::string> items;
  // By time; those of one user at one moment in the order of their arrival (an import without times gives many rows one
  // moment). `user` and `item` are rows, weights are those of weigh_events() with
  // rating_scales that are above 0.
  std::vector<models::TimedInteraction> events;
  // By time, likewise: what counts against its item, by a weight above 0.
  std::vector<models::TimedInteraction> negatives;
  // By time, likewise: the newest rating of each pair with its value, whatever it says of the item.
  std::vector<models::TimedInteraction> ratings;
  // Of each event: its type, an index into `types`, and its value (1 where it has none). What rankers are taught by.
  std::vector<std::uint16_t> event_types;
  std::vector<float> event_values;
  std::vector<std::string> types;
  RatingScales rating_scales;  // of the ratings that the store had
  bool is_retimed = false;     // times are those of retime(), not the store's
  // By row where features were asked for, else empty.
  std::vector<Features> user_features;
  std::vector<Features> item_features;
  std::vector<Features> other_item_features;  // of the live items that nobody met, by ascending dense id
  // How many values were far outside of what their type has and count as the end of that range, and the first few of
  // them: "user 'ada' with item 'lamp': rating of 900".
  std::uint64_t outliers = 0;
  std::vector<std::string> named_outliers;
  // What is known of the moment of each event: an index into the distinct `contexts`, whose first is that of none. Both
  // are empty where features were not asked for and where no event has a context.
  std::vector<Features> contexts;
  std::vector<std::uint32_t> event_contexts;
  // The basket of each event, from 1: those of one user that name the same one. 0: it names none. Empty where baskets
  // were not asked for and where no event names one.
  std::vector<std::uint32_t> event_baskets;
  const models::TextEmbedderSource* text_embedders = nullptr;  // set by who learns; outlives the run

  // The events [begin, end) as models take them, with the negatives and ratings of the same time; the first event opens
  // it to all before, the last to all after. REQUIRES: this outlives it.
  models::TrainingData training_data(std::size_t begin, std::size_t end) const;
};

// Reads one consistent snapshot. `types` say what an event means. Interactions that count nothing (engine/interactions)
// and those of users and items that are deleted, or expired at `now_ms`, are left out. Features cost their memory, so
// they are loaded only on demand. `event_baskets` holds the baskets that contexts name
// (kBasketContext), where asked for; `contexts` leave them out, since a name of one order teaches nothing. unavailable
// once
// `*cancelled` (may be null); io_error, corruption.
Result<Dataset> load_dataset(const storage::Store& store, std::shared_ptr<const InteractionTypes> types,
                             TimestampMs now_ms, const std::atomic<bool>* cancelled, bool with_features = false,
                             bool with_baskets = false);

// The context feature by which events name their basket: an order, an invoice, a session.
inline constexpr std::string_view kBasketContext = "basket";

}  // namespace tamis::engine
