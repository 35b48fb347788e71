// MutationSource: an endless, seeded stream of valid mixed writes over a small universe of ids, so that patches,
// deletions and repeats meet what earlier writes did.
#pragma once

#include <string>
#include <vector>

#include "common/random.h"
#include "common/records.h"

namespace tamis::storage {

// Externally synchronised.
class MutationSource {
 public:
  // `name` keeps the idempotency keys of several sources apart. Without merges the log reads as it was written: the
  // names of merged sessions are forgotten.
  MutationSource(std::uint64_t seed, std::string name, bool with_merges = true)
      : random_(seed), name_(std::move(name)), with_merges_(with_merges) {}

  Mutation next();
  std::vector<Mutation> next_write(std::uint32_t max_mutations);

  static constexpr std::uint32_t kUsers = 40;
  static constexpr std::uint32_t kItems = 30;
  static constexpr std::uint32_t kDim = 4;

 private:
  std::string user() { return "user-" + std::to_string(random_.below(kUsers)); }
  std::string item() { return "item-" + std::to_string(random_.below(kItems)); }
  std::string entity(EntityKind kind) { return kind == EntityKind::kUser ? user() : item(); }
  EntityKind kind() { return static_cast<EntityKind>(random_.below(2)); }
  std::string space() { return random_.below(2) == 0 ? "taste" : "text"; }
  Features features();
  Mutation interaction();

  Random random_;
  std::string name_;
  bool with_merges_;
  std::uint64_t keys_ = 0;
};

// The definitions of the spaces that the source writes to.
std::vector<Mutation> source_spaces();

}  // namespace tamis::storage
