#include "storage/anonymise.h"

#include <utility>

namespace tamis::storage {
namespace {

class Anonymiser {
 public:
  Anonymiser(Sequence sequence, const DepartedUsers& departed, bool erased_only)
      : sequence_(sequence), departed_(departed), erased_only_(erased_only) {}

  bool operator()(PutInteraction& put) const {
    Interaction& interaction = put.interaction;
    const auto [renamed, erased] = rename(&interaction.user);
    if (erased) {
      interaction.context.clear();
      interaction.recommendation_id.clear();
      interaction.idempotency_key.clear();
    }
    return renamed;
  }
  bool operator()(PutEntity& put) const {
    if (put.kind != EntityKind::kUser) return false;
    const auto [renamed, erased] = rename(&put.entity.id);
    if (erased) put.entity.features.clear();
    return renamed;
  }
  bool operator()(DeleteEntity& erase) const { return erase.kind == EntityKind::kUser && rename(&erase.id).first; }
  bool operator()(PutVector& put) const {
    if (put.kind != EntityKind::kUser) return false;
    const auto [renamed, erased] = rename(&put.id);
    if (erased) put.vector.clear();
    return renamed;
  }
  bool operator()(DeleteVector& erase) const { return erase.kind == EntityKind::kUser && rename(&erase.id).first; }
  bool operator()(DeleteInteractions& erase) const {
    bool renamed = false;
    for (InteractionRef& row : erase.rows) renamed |= rename(&row.user).first;
    return renamed;
  }
  bool operator()(MergeUser& merge) const {
    const bool user = rename(&merge.user).first;
    return rename(&merge.session).first || user;
  }
  template <typename Other>
  bool operator()(Other&) const {
    return false;
  }

 private:
  // Whether it has another name now, and whether the user was erased.
  std::pair<bool, bool> rename(std::string* name) const {
    const auto found = departed_.find(*name, sequence_);
    if (!found || (erased_only_ && !found->erased)) return {false, false};
    *name = nameless_user(found->user);
    return {true, found->erased};
  }

  Sequence sequence_;
  const DepartedUsers& departed_;
  bool erased_only_;
};

}  // namespace

bool anonymise(Sequence sequence, const DepartedUsers& departed, bool erased_only, Mutation* mutation) {
  const bool changed = std::visit(Anonymiser(sequence, departed, erased_only), *mutation);
  // A vector that went leaves behind that its user was there.
  if (auto* put = std::get_if<PutVector>(mutation); changed && put != nullptr && put->vector.empty()) {
    Entity nameless;
    nameless.id = std::move(put->id);
    *mutation = PutEntity{.kind = EntityKind::kUser, .entity = std::move(nameless)};
  }
  return changed;
}

}  // namespace tamis::storage
