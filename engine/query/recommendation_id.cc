#include "engine/query/recommendation_id.h"

#include <cstdint>
#include <random>

#include "common/random.h"

namespace tamis::engine {
namespace {

std::uint64_t entropy() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

std::string make_recommendation_id() {
  // Two streams of 64 random bits of seed each, per thread.
  thread_local Random high(entropy());
  thread_local Random low(entropy());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id(32, '0');
  std::uint64_t bits = high();
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (i == 16) bits = low();
    id[i] = kDigits[bits & 15];
    bits >>= 4;
  }
  return id;
}

std::uint64_t seed_of(std::string_view recommendation_id) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : recommendation_id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace tamis::engine
