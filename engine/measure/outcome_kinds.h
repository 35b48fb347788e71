// OutcomeKinds: what came of a served item, by what its interactions mean.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/interactions/stored_types.h"
#include "engine/interactions/weigh_events.h"
#include "storage/store.h"

namespace tamis::engine {

// What the outcomes of one slot come to. An interaction that was taken back (a return, an unlike) counts no more.
struct SlotOutcome {
  bool is_clicked = false;    // something that speaks for the item, or a conversion
  bool is_converted = false;  // an interaction of the conversion types
  double value = 0;           // of the conversions, less what was taken back
};

// Externally synchronised.
class OutcomeKinds {
 public:
  // REQUIRES: the store outlives this.
  OutcomeKinds(const storage::Store& store, std::shared_ptr<const InteractionTypes> types,
               std::span<const std::string> conversion_types);

  struct Kind {
    bool is_click = false;
    bool is_conversion = false;
    double value = 0;  // what the outcome adds to the value of conversions; a return with a value takes it off
  };
  // Of one outcome by itself.
  Kind of(const storage::Outcome& outcome);
  // Of all outcomes of one slot.
  SlotOutcome of_slot(std::span<const storage::Outcome> outcomes);

 private:
  bool converts(const TypeRule& rule) const;
  bool takes_back_conversions(const TypeRule& rule) const;

  std::vector<std::string> conversion_types_;
  TypeRules rules_;
};

}  // namespace tamis::engine
