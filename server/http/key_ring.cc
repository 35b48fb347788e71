#include "server/http/key_ring.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>

namespace tamis::server {
namespace {

constexpr std::size_t kMinSecretBytes = 16;
constexpr std::string_view kDigestPrefix = "sha256:";

std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

std::optional<unsigned char> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned char>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned char>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned char>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<Scope> parse_scope(std::string_view text) {
  if (text == "read") return Scope::kRead;
  if (text == "write") return Scope::kWrite;
  if (text == "admin") return Scope::kAdmin;
  return std::nullopt;
}

}  // namespace

// Errors never quote the key: it is a secret.
Result<KeyRing::Key> KeyRing::parse_key(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (first == 0 || second == std::string_view::npos)
    return Status::invalid_argument("a key is malformed; expected name:scopes:secret").at_field("auth.keys");
  Key key{.name = std::string(text.substr(0, first)), .scope = Scope::kOpen, .digest = {}};
  const auto refuse = [&key](std::string_view why) {
    return Status::invalid_argument("key " + key.name + " " + std::string(why)).at_field("auth.keys");
  };

  std::string_view scopes = text.substr(first + 1, second - first - 1);
  while (!scopes.empty()) {
    const std::string_view name = scopes.substr(0, scopes.find('+'));
    scopes.remove_prefix(std::min(scopes.size(), name.size() + 1));
    const auto scope = parse_scope(name);
    if (!scope) return refuse("has the scope " + std::string(name) + "; expected read, write or admin");
    key.scope = std::max(key.scope, *scope);
  }
  if (key.scope == Scope::kOpen) return refuse("has no scope; expected read, write or admin");

  const std::string_view secret = text.substr(second + 1);
  if (!secret.starts_with(kDigestPrefix)) {
    if (secret.size() < kMinSecretBytes) return refuse("has a secret shorter than 16 bytes");
    key.digest = sha256(secret);
    return key;
  }
  const std::string_view digits = secret.substr(kDigestPrefix.size());
  if (digits.size() != 2 * key.digest.size()) return refuse("has a digest that is not 64 hexadecimal digits");
  for (std::size_t i = 0; i < key.digest.size(); ++i) {
    const auto high = hex_value(digits[2 * i]);
    const auto low = hex_value(digits[2 * i + 1]);
    if (!high || !low) return refuse("has a digest that is not 64 hexadecimal digits");
    key.digest[i] = static_cast<unsigned char>(*high * 16 + *low);
  }
  return key;
}

Result<KeyRing> KeyRing::parse(const std::vector<std::string>& keys) {
  KeyRing ring;
  for (const std::string& text : keys) {
    TAMIS_ASSIGN_OR_RETURN(Key key, parse_key(text));
    ring.keys_.push_back(std::move(key));
  }
  return ring;
}

std::optional<KeyRing::Grant> KeyRing::find(std::string_view authorization, std::string_view api_key) const {
  constexpr std::string_view kBearer = "bearer ";
  std::string_view secret = api_key;
  if (authorization.size() > kBearer.size() &&
      boost::beast::iequals(authorization.substr(0, kBearer.size()), kBearer)) {
    secret = authorization.substr(kBearer.size());
  }
  if (secret.empty()) return std::nullopt;
  const Digest digest = sha256(secret);
  std::optional<Grant> grant;
  for (const Key& key : keys_) {  // no early exit: the time tells nothing
    if (CRYPTO_memcmp(key.digest.data(), digest.data(), digest.size()) == 0) grant = Grant{key.name, key.scope};
  }
  return grant;
}

std::optional<double> RateLimiter::delay(std::string_view client) {
  if (per_second_ <= 0) return std::nullopt;
  const auto now = Clock::now();
  const double burst = std::max(1.0, per_second_);
  const MutexLock lock(mutex_);
  if (buckets_.size() >= kMaxClients) forget_idle(now);
  Bucket& bucket = buckets_.try_emplace(std::string(client), Bucket{burst, now}).first->second;
  bucket.tokens = std::min(burst, bucket.tokens + per_second_ * std::chrono::duration<double>(now - bucket.at).count());
  bucket.at = now;
  if (bucket.tokens < 1.0) return (1.0 - bucket.tokens) / per_second_;
  bucket.tokens -= 1.0;
  return std::nullopt;
}

// Whoever has a full bucket again is as good as new.
void RateLimiter::forget_idle(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    const double since_s = std::chrono::duration<double>(now - entry.second.at).count();
    return entry.second.tokens + per_second_ * since_s >= std::max(1.0, per_second_);
  });
}

}  // namespace tamis::server
