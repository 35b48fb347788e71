#include "engine/live/quarantine.h"

#include <spdlog/spdlog.h>

namespace tamis::engine {

void Quarantine::add(std::string_view kind, const std::string& name, const Status& why) {
  empty_.store(false, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  Kind& known = kinds_[std::string(kind)];
  if (known.names.size() < kMaxNames) {
    if (!known.names.insert(name).second) return;
  } else if (!known.names.contains(name)) {
    ++known.unnamed;
  }
  if (++known.logged < kMaxLogged) {
    spdlog::warn("{} {} is set aside: {}", kind, name, why.to_string());
  } else if (known.logged == kMaxLogged) {
    spdlog::warn("{} {} is set aside: {}; more of this kind are counted and not named", kind, name, why.to_string());
  }
}

void Quarantine::release(std::string_view kind, const std::string& name) {
  if (is_empty()) return;
  MutexLock lock(mutex_);
  const auto known = kinds_.find(kind);
  if (known != kinds_.end()) known->second.names.erase(name);
}

void Quarantine::release_ending(std::string_view kind, std::string_view suffix) {
  if (is_empty()) return;
  MutexLock lock(mutex_);
  const auto known = kinds_.find(kind);
  if (known == kinds_.end()) return;
  std::erase_if(known->second.names, [&](const std::string& name) { return name.ends_with(suffix); });
}

std::optional<std::vector<std::string>> Quarantine::names(std::string_view kind) const {
  MutexLock lock(mutex_);
  const auto known = kinds_.find(kind);
  if (known == kinds_.end()) return std::vector<std::string>();
  if (known->second.unnamed > 0) return std::nullopt;
  return std::vector<std::string>(known->second.names.begin(), known->second.names.end());
}

std::map<std::string, std::uint64_t> Quarantine::counts() const {
  std::map<std::string, std::uint64_t> counts;
  MutexLock lock(mutex_);
  for (const auto& [kind, known] : kinds_) {
    if (const std::uint64_t count = known.names.size() + known.unnamed; count > 0) counts[kind] = count;
  }
  return counts;
}

}  // namespace tamis::engine
