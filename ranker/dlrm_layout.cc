#include "ranker/dlrm_layout.h"

#include <string>

#include "ranker/interaction.h"

namespace tamis::ranker {

std::string_view interaction_name(Interaction interaction) {
  switch (interaction) {
    case Interaction::kDot: return "dot";
    case Interaction::kCat: return "cat";
    case Interaction::kBoth: return "both";
  }
  return "";
}

Result<Interaction> parse_interaction(std::string_view name) {
  for (const Interaction known : {Interaction::kDot, Interaction::kCat, Interaction::kBoth}) {
    if (interaction_name(known) == name) return known;
  }
  return Status::invalid_argument("\"" + std::string(name) + "\" is no interaction (known: dot, cat, both)");
}

std::size_t DlrmLayout::pairs() const { return has_pairs ? pair_count(vectors.size()) : 0; }

std::size_t DlrmLayout::top_inputs() const { return concatenated.size() * dim + pairs(); }

Result<DlrmLayout> make_layout(const FeatureSchema& schema, Interaction interaction, std::size_t dim) {
  DlrmLayout layout;
  layout.dim = dim;
  layout.has_pairs = interaction != Interaction::kCat;
  for (std::size_t i = 0; i < schema.id_fields().size(); ++i) {
    layout.vectors.push_back({.side = schema.fields()[schema.id_fields()[i]].side, .is_bottom = false, .index = i});
  }
  for (const FieldSide side : {FieldSide::kUser, FieldSide::kContext, FieldSide::kItem, FieldSide::kCrossed}) {
    std::vector<std::size_t> numeric = schema.numeric_of(side);
    if (numeric.empty()) continue;
    layout.vectors.push_back({.side = side, .is_bottom = true, .index = layout.bottoms.size()});
    layout.bottoms.push_back({.side = side, .numeric = std::move(numeric)});
  }
  for (std::size_t i = 0; i < layout.vectors.size(); ++i) {
    if (interaction != Interaction::kDot || layout.vectors[i].is_bottom) layout.concatenated.push_back(i);
  }
  if (layout.top_inputs() == 0)
    return Status::invalid_argument("one field alone has no dot products; set interaction to cat or both")
        .at_field("interaction");
  return layout;
}

}  // namespace tamis::ranker
