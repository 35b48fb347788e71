#include "engine/funnel/funnel_registry.h"

#include <utility>
#include <vector>

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxBases = 16;  // from a funnel to the last of its bases

Status base_fault(const FunnelConfig& funnel, const std::string& why) {
  return Status::invalid_argument("\"" + funnel.base + "\" cannot be the base of \"" + funnel.name + "\": " + why)
      .at_field("/base");
}

}  // namespace

void FunnelRegistry::put(FunnelConfig funnel) {
  std::string name = funnel.name;
  funnels_.insert_or_assign(std::move(name), std::move(funnel));
}

void FunnelRegistry::erase(std::string_view name) {
  if (const auto found = funnels_.find(name); found != funnels_.end()) funnels_.erase(found);
}

void FunnelRegistry::set_built_in(FunnelConfig funnel) {
  built_in_ = std::move(funnel);
  built_in_.name = "default";
}

Funnels FunnelRegistry::resolve() const {
  Funnels resolved;
  if (!funnels_.contains("default")) resolved.emplace("default", std::make_shared<FunnelConfig>(built_in_));
  // A pass settles every funnel whose base is settled; as many passes as the longest chain of bases has links.
  std::size_t before = 0;
  do {
    before = resolved.size();
    for (const auto& [name, stored] : funnels_) {
      if (resolved.contains(name)) continue;
      const auto base = resolved.find(stored.base);
      if (!stored.base.empty() && base == resolved.end()) continue;
      auto funnel = std::make_shared<FunnelConfig>(stored);
      if (!stored.base.empty()) inherit_members(*base->second, funnel.get());
      resolved.emplace(name, std::move(funnel));
    }
  } while (resolved.size() > before);
  return resolved;
}

Status check_base(const Funnels& funnels, const FunnelConfig& funnel) {
  std::string base = funnel.base;
  for (std::size_t links = 0; !base.empty(); ++links) {
    if (base == funnel.name) return base_fault(funnel, "it would inherit from itself");
    if (links == kMaxBases) return base_fault(funnel, "a chain of more than 16 bases");
    const auto found = funnels.find(base);
    if (found == funnels.end()) return base_fault(funnel, "there is no funnel \"" + base + "\"");
    base = found->second->base;
  }
  return Status::ok();
}

}  // namespace tamis::engine
