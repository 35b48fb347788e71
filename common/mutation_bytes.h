// What a mutation takes in memory, about: its own size and what its strings, features and vectors hold. For budgets.
#pragma once

#include <cstdint>
#include <span>

#include "common/records.h"

namespace tamis {

std::uint64_t memory_bytes(const Mutation& mutation);
std::uint64_t memory_bytes(std::span<const Mutation> mutations);

}  // namespace tamis
