#include "engine/departing_users.h"

namespace tamis::engine {

void DepartingUsers::announce(std::string_view user) {
  MutexLock lock(mutex_);
  ++departures_[std::string(user)].announced;
  announced_.fetch_add(1);
}

void DepartingUsers::add_stored(std::string_view user, const std::vector<storage::StoredInteraction>& interactions) {
  MutexLock lock(mutex_);
  const auto found = departures_.find(user);
  if (found == departures_.end()) return;
  for (const auto& interaction : interactions) found->second.interactions.emplace(interaction.sequence, interaction);
}

void DepartingUsers::withdraw(std::string_view user) {
  MutexLock lock(mutex_);
  const auto found = departures_.find(user);
  if (found == departures_.end()) return;
  announced_.fetch_sub(1);
  if (--found->second.announced == 0) departures_.erase(found);
}

void DepartingUsers::on_interaction(std::string_view user, const storage::StoredInteraction& interaction) {
  MutexLock lock(mutex_);
  const auto found = departures_.find(user);
  if (found != departures_.end()) found->second.interactions.emplace(interaction.sequence, interaction);
}

std::vector<storage::StoredInteraction> DepartingUsers::take(std::string_view user) {
  std::vector<storage::StoredInteraction> taken;
  if (is_idle()) return taken;
  MutexLock lock(mutex_);
  const auto found = departures_.find(user);
  if (found == departures_.end()) return taken;
  for (auto& [sequence, interaction] : found->second.interactions) taken.push_back(std::move(interaction));
  found->second.interactions.clear();
  return taken;
}

}  // namespace tamis::engine
