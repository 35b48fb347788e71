#include "ranker/rules/pins.h"

#include <algorithm>
#include <set>

namespace tamis::ranker {

Result<PinRule> PinRule::create(std::vector<Pin> pins) {
  std::set<std::uint32_t> items;
  std::set<std::size_t> slots;
  for (std::size_t i = 0; i < pins.size(); ++i) {
    const std::string path = "pins[" + std::to_string(i) + "]";
    if (!items.insert(pins[i].item).second)
      return Status::invalid_argument("an item is pinned twice").at_field(path + ".item");
    if (!slots.insert(pins[i].slot).second)
      return Status::invalid_argument("slot " + std::to_string(pins[i].slot) + " is taken twice")
          .at_field(path + ".slot");
  }
  std::sort(pins.begin(), pins.end(), [](const Pin& a, const Pin& b) { return a.slot < b.slot; });
  return PinRule(std::move(pins));
}

void PinRule::apply(CandidateList& list, const RuleContext&) const {
  std::vector<std::pair<std::size_t, Candidate>> pinned;
  for (const Pin& pin : pins_) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Candidate& candidate) { return candidate.item == pin.item; });
    Candidate candidate{.item = pin.item};
    if (found != list.end()) {
      candidate = *found;
      list.erase(found);
    } else if (!pin.insert) {
      continue;
    } else if (!list.empty()) {
      candidate.score = list[std::min(pin.slot, list.size() - 1)].score;
    }
    candidate.propensity = 1;
    pinned.emplace_back(pin.slot, candidate);
  }
  for (const auto& [slot, candidate] : pinned)
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(std::min(slot, list.size())), candidate);
}

}  // namespace tamis::ranker
