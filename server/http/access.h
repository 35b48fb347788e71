// Access: who may ask, and how it is replaced while requests come in.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "server/http/key_ring.h"

namespace tamis::server {

struct Access {
  KeyRing keys;
  bool checks_host = false;          // served to loopback without keys: only a local name may ask
  std::vector<std::string> origins;  // of web pages that may ask; "*": of any

  bool allows_origin(std::string_view origin) const {
    return std::any_of(origins.begin(), origins.end(),
                       [&](const std::string& allowed) { return allowed == "*" || allowed == origin; });
  }
};

// Thread-safe. A request goes by the access that was in force when its header was complete.
class AccessControl {
 public:
  std::shared_ptr<const Access> get() const TAMIS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return access_;
  }
  void set(Access access) TAMIS_EXCLUDES(mutex_) {
    auto made = std::make_shared<const Access>(std::move(access));
    const MutexLock lock(mutex_);
    access_.swap(made);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Access> access_ TAMIS_GUARDED_BY(mutex_) = std::make_shared<const Access>();
};

}  // namespace tamis::server
