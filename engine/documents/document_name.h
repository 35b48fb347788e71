// The names of documents that people store: funnels, experiments, their layers and arms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::engine {

inline constexpr std::size_t kMaxDocumentNameBytes = 64;

// invalid_argument at `field` for what is not 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.
Status check_document_name(std::string_view name, std::string field);

// The key of one version of a named document: "<name>:<version>", the version in ten digits, so that keys sort by it.
std::string version_key(std::string_view name, std::uint32_t version);

}  // namespace tamis::engine
