#include "models/encoder_kinds.h"

#include <algorithm>

#include "models/ials_encoder.h"

namespace tamis::models {
namespace {

constexpr EncoderKind kKinds[] = {
    {.name = "ials", .train = train_ials_encoder, .load = IalsEncoder::load, .cost = 10},
};

}  // namespace

std::span<const EncoderKind> encoder_kinds() { return kKinds; }

const EncoderKind* find_encoder_kind(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const EncoderKind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

}  // namespace tamis::models
