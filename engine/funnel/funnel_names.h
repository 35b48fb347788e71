// The names that a funnel may use.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace tamis::engine {

// Each history model that can be trained is one of them.
std::span<const std::string_view> retriever_kinds();
inline constexpr std::array<std::string_view, 3> kFallbackKinds = {"trending", "popular", "latest"};
inline constexpr std::array<std::string_view, 2> kRankerKinds = {"none", "dlrm"};
// In the order of MergeMethod.
inline constexpr std::array<std::string_view, 3> kRotateShown = {"never", "pages", "always"};
inline constexpr std::array<std::string_view, 3> kMergeMethods = {"reciprocal_rank", "interleave", "normalized_score"};

// The space of "ann" and "similar" where none is named.
inline constexpr std::string_view kDefaultSpace = "ials";

inline bool retriever_reads_space(std::string_view kind) { return kind == "ann" || kind == "similar"; }

}  // namespace tamis::engine
