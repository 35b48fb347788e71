#include "engine/interactions/default_types.h"

#include <algorithm>
#include <initializer_list>

namespace tamis::engine {
namespace {

using Meaning = InteractionMeaning;
using Value = InteractionValue;
using Repeats = InteractionRepeats;
using Names = std::initializer_list<const char*>;

InteractionType make(const char* name, Meaning meaning, double weight, Repeats repeats, Value value = Value::kNone) {
  InteractionType type;
  type.name = name;
  type.meaning = meaning;
  type.weight = weight;
  type.repeats = repeats;
  type.value = value;
  type.is_declared = true;
  return type;
}

// An act that counts each time.
InteractionType act(const char* name, double weight, Value value = Value::kNone) {
  return make(name, Meaning::kPositive, weight, Repeats::kAdd, value);
}

// A state that the user puts an item into: it holds once, and ends what `undoes` names.
InteractionType state(const char* name, double weight, Names undoes = {}) {
  InteractionType type = make(name, Meaning::kPositive, weight, Repeats::kNewest);
  type.undoes.assign(undoes.begin(), undoes.end());
  return type;
}

InteractionType negative(const char* name, double weight, bool excludes, Names undoes = {}) {
  InteractionType type = make(name, Meaning::kNegative, weight, Repeats::kNewest);
  type.excludes = excludes;
  type.undoes.assign(undoes.begin(), undoes.end());
  return type;
}

InteractionType undo(const char* name, Names undoes, Value value = Value::kNone) {
  InteractionType type = make(name, Meaning::kUndo, 0, Repeats::kAdd, value);
  type.undoes.assign(undoes.begin(), undoes.end());
  return type;
}

// Stars out of five: 4 and 5 speak for the item, 1 and 2 against it.
InteractionType rating(const char* name) {
  InteractionType type = make(name, Meaning::kPositive, 1, Repeats::kNewest, Value::kRating);
  type.at_least = 4;
  type.below = 3;
  type.excludes = true;
  return type;
}

std::vector<InteractionType> make_all() {
  std::vector<InteractionType> types = {
      act("view", 1), act("click", 1), act("play", 1), act("listen", 1, Value::kSeconds),
      act("watch", 1, Value::kSeconds), act("read", 1, Value::kSeconds), act("share", 3), act("comment", 2),
      act("download", 2), make("review", Meaning::kNeutral, 0, Repeats::kAdd), rating("rating"),
      make("impression", Meaning::kShown, 0, Repeats::kAdd),
      // what is bought, and what comes back
      act("purchase", 5, Value::kCount), act("order", 5, Value::kCount),
      undo("return", {"purchase", "order"}, Value::kCount), undo("refund", {"purchase", "order"}, Value::kAmount),
      // lists that the user keeps
      state("cart", 2), state("add_to_cart", 2), undo("remove_from_cart", {"cart", "add_to_cart"}),
      state("wishlist", 2), undo("remove_from_wishlist", {"wishlist"}), state("save", 2), undo("unsave", {"save"}),
      state("bookmark", 2), undo("unbookmark", {"bookmark"}), state("favorite", 3), undo("unfavorite", {"favorite"}),
      state("follow", 3), undo("unfollow", {"follow"}), state("subscribe", 3), undo("unsubscribe", {"subscribe"}),
      // judgements
      state("like", 3, {"dislike"}), undo("unlike", {"like"}), negative("dislike", 3, true, {"like"}),
      undo("undislike", {"dislike"}), state("thumbs_up", 3, {"thumbs_down"}),
      negative("thumbs_down", 3, true, {"thumbs_up"}), negative("hide", 1, true), undo("unhide", {"hide"}),
      negative("not_interested", 2, true), negative("report", 3, true)};
  InteractionType skip = negative("skip", 0.5, false);
  skip.repeats = Repeats::kCapped;
  skip.cap = 3;
  types.push_back(std::move(skip));
  std::sort(types.begin(), types.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return types;
}

}  // namespace

std::span<const InteractionType> default_interaction_types() {
  static const std::vector<InteractionType> kTypes = make_all();
  return kTypes;
}

}  // namespace tamis::engine
