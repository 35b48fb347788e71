// FunnelRegistry: the stored funnels by name, each with what it inherits.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"
#include "engine/funnel.h"

namespace tamis::engine {

using Funnels = std::map<std::string, std::shared_ptr<const FunnelConfig>, std::less<>>;

// Externally synchronised: of the thread that applies commits. "default" is always there.
class FunnelRegistry {
 public:
  void put(FunnelConfig funnel);
  // "default" is the built-in one again.
  void erase(std::string_view name);
  // What "default" is where nobody stored one.
  void set_built_in(FunnelConfig funnel);
  // Every funnel whose bases are all there, with the settings that it inherits from them as they are now.
  Funnels resolve() const;

 private:
  std::map<std::string, FunnelConfig, std::less<>> funnels_;  // as stored
  FunnelConfig built_in_ = FunnelConfig::default_funnel();
};

// invalid_argument at "/base" where the base is unknown among `funnels`, or leads back to `funnel` itself.
Status check_base(const Funnels& funnels, const FunnelConfig& funnel);

}  // namespace tamis::engine
