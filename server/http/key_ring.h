// KeyRing: API keys, their scopes, and how fast each may ask. Thread-safe.
//
// A key is written "name:scopes:secret"; scopes are read, write, admin joined by '+' (admin includes write, write
// includes read); the secret is at least 16 bytes, or "sha256:" and the 64 hexadecimal digits of its SHA-256. Only
// digests are kept, and all of them are compared in constant time for every request.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "server/http/router.h"

namespace tamis::server {

class KeyRing {
 public:
  struct Grant {
    std::string_view name;  // of the key; outlived by the ring
    Scope scope = Scope::kOpen;
  };

  static Result<KeyRing> parse(const std::vector<std::string>& keys);
  KeyRing() = default;

  bool is_empty() const { return keys_.empty(); }
  // By "Authorization: Bearer <secret>" or "X-API-Key: <secret>"; nullopt for a wrong or absent secret.
  std::optional<Grant> find(std::string_view authorization, std::string_view api_key) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Key {
    std::string name;
    Scope scope;
    Digest digest;
  };
  static Result<Key> parse_key(std::string_view text);
  std::vector<Key> keys_;
};

// A token bucket per client name: `per_second` on average, bursts of as many. Thread-safe.
class RateLimiter {
 public:
  explicit RateLimiter(double per_second) : per_second_(per_second) {}
  // nullopt: go on. Else the seconds after which a request would pass.
  std::optional<double> delay(std::string_view client) TAMIS_EXCLUDES(mutex_);

 private:
  using Clock = std::chrono::steady_clock;
  struct Bucket {
    double tokens;
    Clock::time_point at;
  };
  void forget_idle(Clock::time_point now) TAMIS_REQUIRES(mutex_);

  static constexpr std::size_t kMaxClients = 65'536;
  const double per_second_;
  Mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::server
