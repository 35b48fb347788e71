// ExperimentSet: the experiments that there are, ready to be asked by a query.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/experiment.h"
#include "engine/funnel.h"
#include "engine/requests.h"

namespace tamis::engine {

// Immutable; thread-safe. Experiments are asked in the order of their layers' names; where those of several layers
// change the funnel of one request, each builds on what the one before left.
class ExperimentSet {
 public:
  ExperimentSet() = default;
  // A changed copy. Stored overrides are read once, here.
  std::shared_ptr<const ExperimentSet> with(const ExperimentConfig& experiment) const;
  std::shared_ptr<const ExperimentSet> without(std::string_view name) const;

  const ExperimentConfig* find(std::string_view name) const;
  std::vector<ExperimentConfig> list() const;  // by name
  bool empty() const { return entries_.empty(); }

  // Whom and what a query is about.
  struct Subject {
    std::string_view user;            // empty: anonymous, who takes part in nothing
    const Entity* profile = nullptr;  // null: unknown
    TimestampMs now_ms = 0;
  };
  // The arms that hold for the subject, and the funnel that they make of `funnel`, which is what the request ended up
  // at. `stored` finds a funnel by name, null where there is none: an arm whose funnel is gone serves what was asked.
  std::vector<ServedArm> assign(const Subject& subject,
                                const std::function<std::shared_ptr<const FunnelConfig>(const std::string&)>& stored,
                                std::shared_ptr<const FunnelConfig>* funnel) const;

 private:
  struct Entry {
    ExperimentConfig config;
    std::string layer;                    // never empty
    std::string salt;                     // likewise
    std::vector<double> shares;           // of the arms, then of the holdout
    std::vector<FunnelConfig> overrides;  // by arm; what it inherits is named in it
  };
  // The arm of a user: an index into the arms, their number for the holdout, -1 for none.
  static int arm_of_user(const Entry& entry, const Subject& subject);

  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Entry>> entries_;  // by layer, name
};

// The shares of the arms, then of the holdout, which is left out where it is 0.
std::vector<double> planned_shares(const ExperimentConfig& experiment);

}  // namespace tamis::engine
