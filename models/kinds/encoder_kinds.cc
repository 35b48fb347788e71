#include "models/kinds/encoder_kinds.h"

#include <algorithm>

#include "models/bpr/bpr_encoder.h"
#include "models/bpr/bpr_options.h"
#include "models/content/content_encoder.h"
#include "models/content/content_options.h"
#include "models/ials/ials_encoder.h"
#include "models/ials/ials_options.h"
#include "models/imported_encoder.h"
#include "models/mf/mf_encoder.h"
#include "models/mf/mf_options.h"
#include "models/pinsage/pinsage_encoder.h"
#include "models/pinsage/pinsage_options.h"
#include "models/sequence/sequence_model.h"
#include "models/sequence/sequence_options.h"
#include "models/two_tower/two_tower_encoder.h"
#include "models/two_tower/two_tower_options.h"

namespace tamis::models {
namespace {

constexpr EncoderKind kEncoderKinds[] = {
    {.name = "ials", .train = train_ials_encoder, .load = IalsEncoder::load, .options = ials_table, .cost = 10},
    {.name = "bpr", .train = train_bpr_encoder, .load = BprEncoder::load, .options = bpr_table, .cost = 60},
    {.name = "mf", .train = train_mf_encoder, .load = MfEncoder::load, .options = mf_table, .cost = 10},
    {.name = "sasrec",
     .train = train_sasrec,
     .load = SequenceModel::load,
     .options = [] { return sequence_model_options("sasrec"); },
     .cost = 300},
    {.name = "bert4rec",
     .train = train_bert4rec,
     .load = SequenceModel::load,
     .options = [] { return sequence_model_options("bert4rec"); },
     .cost = 300},
    {.name = "imported", .train = nullptr, .load = ImportedEncoder::load},
    {.name = "two_tower",
     .train = train_two_tower_encoder,
     .load = TwoTowerEncoder::load,
     .options = two_tower_table,
     .uses_features = true,
     .cost = 30},
    {.name = "pinsage",
     .train = train_pinsage_encoder,
     .load = PinSageEncoder::load,
     .options = pinsage_table,
     .uses_features = true,
     .cost = 60},
    {.name = "content",
     .train = train_content_encoder,
     .load = ContentEncoder::load,
     .options = content_table,
     .uses_features = true,
     .needs_interactions = false,
     .cost = 5},
};

}  // namespace

std::span<const EncoderKind> encoder_kinds() { return kEncoderKinds; }

const EncoderKind* find_encoder_kind(std::string_view name) {
  const auto* found = std::find_if(std::begin(kEncoderKinds), std::end(kEncoderKinds),
                                   [&](const EncoderKind& kind) { return kind.name == name; });
  return found == std::end(kEncoderKinds) ? nullptr : found;
}

}  // namespace tamis::models
