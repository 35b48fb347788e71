// Merging an anonymous session into the user that it turned out to be.
#include "engine/database/database_impl.h"

namespace tamis::engine {

// Each step moves a bounded number of interactions as one mutation. The last one deletes the session.
Result<WriteAck> DatabaseImpl::merge_user(std::string_view user, std::string_view session) {
  WriteAck total{.accepted = 0, .duplicates = 0, .sequence = visible_.get(), .affected = 0};
  while (true) {
    std::vector<Mutation> step;
    step.emplace_back(MergeUser{.user = std::string(user), .session = std::string(session)});
    const auto ack = write(std::move(step), {.durability = Durability::kSync});
    // What is not there has nothing (more) to give: a repeat is harmless. It may be there again by now, for whoever
    // merges next.
    if (ack.status().code() == StatusCode::kNotFound && ack.status().field() == "session") return total;
    TAMIS_RETURN_IF_ERROR(ack.status());
    total.accepted += ack->affected;
    total.affected += ack->affected;
    total.sequence = ack->sequence;
    if (ack->affected < MergeUser::kMaxMoved) return total;
  }
}

}  // namespace tamis::engine
