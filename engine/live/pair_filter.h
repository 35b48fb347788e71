// PairFilter: which keys were added, with a few false positives and no false negatives (Bloom 1970,
// doi:10.1145/362686.362692). It saves reads of what is certainly not there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tamis::engine {

// Externally synchronised. Grows by layers of four times the size, of twice from 32 MiB on. A full layer takes 11 bits
// for each key and says of about one other key in seventy that it is there; five of them hold 16 million keys.
class PairFilter {
 public:
  bool contains(std::uint64_t key) const {
    for (const Layer& layer : layers_)
      if (layer.contains(key)) return true;
    return false;
  }
  void add(std::uint64_t key) {
    if (contains(key)) return;
    if (layers_.empty() || layers_.back().keys >= layers_.back().words->size() * kKeysPerWord)
      layers_.push_back({std::make_shared<std::vector<std::uint64_t>>(next_words()), 0});
    layers_.back().add(key);
  }
  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = 0;
    for (const Layer& layer : layers_) bytes += layer.words->size() * sizeof(std::uint64_t);
    return bytes;
  }

  // As a file keeps it. Layers that are full change no more.
  struct Layer {
    std::shared_ptr<std::vector<std::uint64_t>> words;
    std::size_t keys = 0;

    static std::uint64_t bits_of(std::uint64_t key) {
      return std::uint64_t{1} << (key & 63U) | std::uint64_t{1} << (key >> 6 & 63U) |
             std::uint64_t{1} << (key >> 12 & 63U) | std::uint64_t{1} << (key >> 18 & 63U);
    }
    std::size_t place_of(std::uint64_t key) const { return static_cast<std::size_t>(key >> 24) % words->size(); }
    bool contains(std::uint64_t key) const {
      const std::uint64_t bits = bits_of(key);
      return ((*words)[place_of(key)] & bits) == bits;
    }
    // Only settle() reads it beside this.
    void add(std::uint64_t key) {
      std::uint64_t& word = (*words)[place_of(key)];
      std::atomic_ref(word).store(word | bits_of(key), std::memory_order_relaxed);
      ++keys;
    }
  };
  // Takes no time, and shares the last layer with the filter.
  std::vector<Layer> save() const { return layers_; }
  // Ends that: copies the last layer, by any thread, while keys are added. Some of those are in the copy then, which a
  // filter may hold.
  static void settle(std::vector<Layer>* saved) {
    if (saved->empty()) return;
    std::vector<std::uint64_t>& shared = *saved->back().words;
    auto copy = std::make_shared<std::vector<std::uint64_t>>();
    copy->reserve(shared.size());
    for (std::uint64_t& word : shared) copy->push_back(std::atomic_ref(word).load(std::memory_order_relaxed));
    saved->back().words = std::move(copy);
  }
  // REQUIRES: each layer has words.
  void load(std::vector<Layer> layers) { layers_ = std::move(layers); }

  // Mixes the parts of a key.
  static std::uint64_t key_of(std::uint64_t a, std::uint64_t b, std::uint64_t c) { return mix(mix(mix(a) + b) + c); }

 private:
  static constexpr std::size_t kFirstWords = 8'192;
  static constexpr std::size_t kManyWords = 4u << 20;
  static constexpr std::size_t kKeysPerWord = 6;  // of 64 bits

  // Each layer adds its own false positives, so there are few; large ones only double, so that little stays empty.
  std::size_t next_words() const {
    if (layers_.empty()) return kFirstWords;
    const std::size_t last = layers_.back().words->size();
    return last < kManyWords ? 4 * last : 2 * last;
  }

  // The finaliser of SplitMix64.
  static std::uint64_t mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  }

  std::vector<Layer> layers_;
};

}  // namespace tamis::engine
