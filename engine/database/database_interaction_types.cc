// Interaction types: read, checked, stored with their versions; and the recount that follows a change.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/documents/document_name.h"
#include "engine/interactions/stored_types.h"

namespace tamis::engine {
namespace {

using std::chrono::steady_clock;

// Every version of a type stays as a document of this collection, by name and number.
constexpr std::string_view kTypeVersions = "interaction_type_version";
constexpr std::chrono::seconds kRecountGrace(2);  // a change waits as long for its recount
constexpr std::size_t kRecountedAtOnce = 5'000;   // events between two groups of commits

Status no_type(std::string_view name) {
  return Status::not_found("interaction type \"" + std::string(name.substr(0, 64)) + "\" is not declared")
      .at_field("name");
}

}  // namespace

std::vector<InteractionType> DatabaseImpl::list_interaction_types() const {
  return live()->pin()->interaction_types->list();
}

Result<InteractionType> DatabaseImpl::get_interaction_type(std::string_view name) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live()->pin();
  const InteractionType* found = state->interaction_types->find(name);
  if (found == nullptr) return no_type(name);
  return *found;
}

Result<InteractionType> DatabaseImpl::get_interaction_type_version(std::string_view name, std::uint32_t version) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto stored = store_->get_document(kTypeVersions, version_key(name, version));
  if (stored.is_ok()) return parse_interaction_type(name, *stored);
  if (stored.status().code() != StatusCode::kNotFound) return stored.status();
  if (const auto current = get_interaction_type(name); current.is_ok() && current->version == version) return *current;
  return Status::not_found("interaction type \"" + std::string(name.substr(0, 64)) + "\" has no version " +
                           std::to_string(version))
      .at_field("version");
}

// One more than the type's newest version, which may be that of a type deleted since.
Result<std::uint32_t> DatabaseImpl::next_type_version(const std::string& name) const {
  std::uint32_t newest = 0;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::Document> versions, store_->list_documents(kTypeVersions));
  for (const storage::Document& document : versions) {
    if (document.name.size() != name.size() + 11 || !document.name.starts_with(name + ":")) continue;
    if (const auto kept = parse_interaction_type(name, document.json); kept.is_ok())
      newest = std::max(newest, kept->version);
  }
  return newest + 1;
}

Result<WriteAck> DatabaseImpl::put_interaction_type(const InteractionType& type) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  WriteAck ack;
  {
    MutexLock lock(funnel_mutex_);
    TAMIS_ASSIGN_OR_RETURN(ack, store_interaction_type(type));
  }
  recount_until(steady_clock::now() + kRecountGrace);
  return ack;
}

Result<WriteAck> DatabaseImpl::store_interaction_type(InteractionType type) {
  type.is_declared = true;
  TAMIS_RETURN_IF_ERROR(validate_interaction_type(type));
  TAMIS_ASSIGN_OR_RETURN(type.version, next_type_version(type.name));
  const std::string json = interaction_type_to_json(type);
  std::vector<Mutation> documents = {
      PutDocument{std::string(kInteractionTypes), type.name, json},
      PutDocument{std::string(kTypeVersions), version_key(type.name, type.version), json}};
  TAMIS_RETURN_IF_ERROR(check_memory(documents));
  TAMIS_ASSIGN_OR_RETURN(WriteAck ack, queue_->commit(std::move(documents), options_.storage.durability));
  ack.accepted = 1;
  return ack;
}

void DatabaseImpl::fit_rating_type() {
  const std::vector<double> values = live()->recent_ratings().take_if_changed();
  if (values.size() < kRatingsToTell) return;
  MutexLock lock(funnel_mutex_);  // nobody declares the type in between
  const auto told = tell_rating_type(values, *live()->pin()->interaction_types);
  if (!told || !check_writable().is_ok()) return;
  const auto stored = store_interaction_type(*told);
  if (!stored.is_ok()) return spdlog::warn("the thresholds of ratings are not stored: {}", stored.status().to_string());
  spdlog::warn(
      "ratings are not stars out of five: from {} on they speak for an item now, below {} against it; PUT "
      "/v1/interaction-types/rating says otherwise",
      *told->at_least, *told->below);
}

Result<WriteAck> DatabaseImpl::delete_interaction_type(std::string_view name) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  WriteAck ack;
  {
    MutexLock lock(funnel_mutex_);
    if (!live()->pin()->interaction_types->is_stored(name)) {
      return Status::not_found("interaction type \"" + std::string(name.substr(0, 64)) +
                               "\" is not stored; built-in and configured types cannot be deleted")
          .at_field("name");
    }
    TAMIS_ASSIGN_OR_RETURN(ack, queue_->commit({DeleteDocument{std::string(kInteractionTypes), std::string(name)}},
                                               options_.storage.durability));
  }
  recount_until(steady_clock::now() + kRecountGrace);
  return ack;
}

void DatabaseImpl::apply_interaction_types(std::span<const storage::CommittedRecord> records) {
  const auto is_type = [](const storage::CommittedRecord& record) {
    const auto* put = std::get_if<PutDocument>(&record.mutation);
    const auto* erased = std::get_if<DeleteDocument>(&record.mutation);
    return (put != nullptr && put->collection == kInteractionTypes) ||
           (erased != nullptr && erased->collection == kInteractionTypes);
  };
  if (std::any_of(records.begin(), records.end(), is_type)) impressions_->set_types(live()->pin()->interaction_types);
}

void DatabaseImpl::recount_until(steady_clock::time_point deadline) {
  while (live()->is_recounting() && !stopping_.load() && steady_clock::now() < deadline) {
    between_commits("recount", [this] { live()->recount_some(kRecountedAtOnce); });
  }
}

std::vector<std::string> DatabaseImpl::undeclared_of(const std::vector<Mutation>& mutations) const {
  const auto state = live()->pin();
  std::set<std::string> undeclared;
  const std::string* last = nullptr;
  for (const Mutation& mutation : mutations) {
    const auto* put = std::get_if<PutInteraction>(&mutation);
    if (put == nullptr || (last != nullptr && *last == put->interaction.type)) continue;
    last = &put->interaction.type;
    if (undeclared.size() < kMaxUndeclaredTypes && state->interaction_types->find(*last) == nullptr)
      undeclared.insert(*last);
  }
  return {undeclared.begin(), undeclared.end()};
}

}  // namespace tamis::engine
