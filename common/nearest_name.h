// "Did you mean?": the known name that a misspelt one most likely stands for.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace tamis {

// Insertions, deletions and substitutions of single bytes that turn `a` into `b` (Levenshtein 1966).
// O(|a| |b|) time, O(|b|) memory.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The name of `known` nearest to `name`, the first of equals; empty where none is near: more than a third of the
// letters (and more than two) differ, or `name` is longer than any sensible name (64 bytes). A name that begins with
// `name` (of three bytes or more) is nearer than one that differs in two letters: "time" stands for "timestamp", not
// "type".
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known);

}  // namespace tamis
