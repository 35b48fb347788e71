// Merging an anonymous session into the user that it turned out to be.
#include <array>
#include <cstdio>
#include <set>
#include <utility>

#include "common/checksum.h"
#include "engine/database_impl.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxMerged = 10'000;
constexpr std::size_t kPage = 1'000;

// Tells a moved interaction from every other one, so that moving it twice stores it once.
std::string move_key(std::string_view session, Sequence sequence) {
  std::array<char, 64> key{};
  std::snprintf(key.data(), key.size(), "merge:%016llx:%llu",
                static_cast<unsigned long long>(checksum64(session.data(), session.size())),
                static_cast<unsigned long long>(sequence));
  return key.data();
}

}  // namespace

Result<std::vector<storage::StoredInteraction>> DatabaseImpl::all_interactions(DenseId user) const {
  std::vector<storage::StoredInteraction> all;
  std::optional<storage::Store::InteractionCursor> before;
  while (true) {
    TAMIS_ASSIGN_OR_RETURN(auto page, store_->user_interactions(user, kPage, before));
    const bool is_last = page.size() < kPage;
    if (!page.empty()) before = {page.back().timestamp_ms, page.back().sequence};
    for (auto& row : page) all.push_back(std::move(row));
    if (all.size() > kMaxMerged)
      return Status::resource_exhausted("the session has more than " + std::to_string(kMaxMerged) + " interactions");
    if (is_last) return all;
  }
}

// What comes in for the session between the reading of its interactions and its deletion would go with it: the log says
// what that was, and it is moved after the deletion.
Result<WriteAck> DatabaseImpl::merge_user(std::string_view user, std::string_view session) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  TAMIS_RETURN_IF_ERROR(validate_external_id(user, "user"));
  TAMIS_RETURN_IF_ERROR(validate_external_id(session, "session"));
  if (user == session) return Status::invalid_argument("a user cannot be merged into itself").at_field("session");
  MutexLock lock(merge_mutex_);
  const auto dense = store_->ids(EntityKind::kUser).find(session);
  if (!dense || !live().entities(EntityKind::kUser).contains(*dense)) return WriteAck{0, 0, visible_.get()};

  const Sequence read_at = visible_.get();
  TAMIS_ASSIGN_OR_RETURN(const auto stored, all_interactions(*dense));
  std::set<Sequence> moved;
  std::vector<Mutation> mutations;
  const storage::IdTable& items = store_->ids(EntityKind::kItem);
  for (auto row = stored.rbegin(); row != stored.rend(); ++row) {  // oldest first, as they came
    moved.insert(row->sequence);
    mutations.push_back(PutInteraction{{.user = std::string(user),
                                        .item = items.name(row->item),
                                        .type = store_->interaction_type_name(row->type),
                                        .value = row->value,
                                        .timestamp_ms = row->timestamp_ms,
                                        .context = row->context,
                                        .recommendation_id = row->recommendation_id,
                                        .idempotency_key = move_key(session, row->sequence)}});
  }
  std::uint64_t accepted = mutations.size();
  mutations.push_back(DeleteEntity{EntityKind::kUser, std::string(session)});
  TAMIS_ASSIGN_OR_RETURN(WriteAck ack, write(std::move(mutations), {.durability = Durability::kSync}));

  std::vector<Mutation> late;
  TAMIS_RETURN_IF_ERROR(store_->read_log(read_at + 1, [&](const storage::CommittedRecord& record) {
    const auto* put = std::get_if<PutInteraction>(&record.mutation);
    if (put != nullptr && put->interaction.user == session && record.sequence < ack.sequence &&
        !moved.contains(record.sequence)) {
      Interaction interaction = put->interaction;
      interaction.user = user;
      interaction.idempotency_key = move_key(session, record.sequence);
      late.push_back(PutInteraction{std::move(interaction)});
    }
    return record.sequence < ack.sequence;
  }));
  accepted += late.size();
  if (!late.empty()) {
    TAMIS_ASSIGN_OR_RETURN(ack, write(std::move(late), {.durability = Durability::kSync}));
  }
  ack.accepted = accepted;
  return ack;
}

}  // namespace tamis::engine
