// Funnels: read, checked, stored with their versions.
#include <algorithm>
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/documents/document_name.h"
#include "engine/funnel/funnel_registry.h"
#include "engine/query/objective_names.h"
#include "engine/query/warnings.h"

namespace tamis::engine {
namespace {

// Every version of a funnel stays as a document of this collection, by name and number.
constexpr std::string_view kFunnelVersions = "funnel_version";

Status no_funnel(std::string_view name) {
  return Status::not_found("funnel \"" + std::string(name) + "\" does not exist").at_field("funnel");
}

}  // namespace

std::vector<FunnelConfig> DatabaseImpl::list_funnels() const {
  std::vector<FunnelConfig> funnels;
  for (const auto state = live()->pin(); const auto& [name, funnel] : state->funnels) funnels.push_back(*funnel);
  return funnels;
}

Result<FunnelConfig> DatabaseImpl::get_funnel(std::string_view name) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live()->pin();
  const auto found = state->funnels.find(name);
  if (found == state->funnels.end()) return no_funnel(name);
  return *found->second;
}

Result<FunnelConfig> DatabaseImpl::get_funnel_version(std::string_view name, std::uint32_t version) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto stored = store_->get_document(kFunnelVersions, version_key(name, version));
  if (stored.is_ok()) return parse_funnel(name, *stored);
  if (stored.status().code() != StatusCode::kNotFound) return stored.status();
  if (name == "default" && version == 1) return FunnelConfig::default_funnel();  // the built-in one
  if (const auto current = get_funnel(name); current.is_ok() && current->version == version) return *current;
  return Status::not_found("funnel \"" + std::string(name) + "\" has no version " + std::to_string(version))
      .at_field("version");
}

FunnelDocument DatabaseImpl::check_funnel(std::string_view name, std::string_view json) const {
  FunnelDocument document = read_funnel(name, json);
  const auto state = live()->pin();
  if (Status status = check_base(state->funnels, document.funnel); !status.is_ok())
    document.faults.push_back(std::move(status));
  const auto is_told = [](const Status& fault) { return fault.field() == "/ranker/objective"; };
  if (std::any_of(document.faults.begin(), document.faults.end(), is_told)) return document;  // it does not parse
  if (Status status = check_objective_names(*state, document.funnel); !status.is_ok())
    document.faults.push_back(std::move(status));
  if (!document.faults.empty()) return document;
  FunnelConfig whole = document.funnel;
  if (const auto base = state->funnels.find(whole.base); base != state->funnels.end())
    inherit_members(*base->second, &whole);
  document.warnings = funnel_warnings(*state, whole);
  return document;
}

// One more than the funnel's newest version, which may be that of a funnel deleted since.
Result<std::uint32_t> DatabaseImpl::next_version(const std::string& name) const {
  if (const auto current = get_funnel(name); current.is_ok()) return current->version + 1;
  std::uint32_t newest = 0;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::Document> versions, store_->list_documents(kFunnelVersions));
  for (const storage::Document& document : versions) {
    if (!document.name.starts_with(name + ":")) continue;
    if (const auto kept = parse_funnel(name, document.json); kept.is_ok()) newest = std::max(newest, kept->version);
  }
  return newest + 1;
}

Result<WriteAck> DatabaseImpl::put_funnel(const FunnelConfig& funnel) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  TAMIS_RETURN_IF_ERROR(validate_funnel(funnel));
  MutexLock lock(funnel_mutex_);
  const auto state = live()->pin();
  TAMIS_RETURN_IF_ERROR(check_base(state->funnels, funnel));
  TAMIS_RETURN_IF_ERROR(check_objective_names(*state, funnel));
  FunnelConfig next = funnel;
  TAMIS_ASSIGN_OR_RETURN(next.version, next_version(next.name));
  const std::string json = funnel_to_json(next);
  std::vector<Mutation> documents = {
      PutDocument{"funnel", next.name, json},
      PutDocument{std::string(kFunnelVersions), version_key(next.name, next.version), json}};
  TAMIS_RETURN_IF_ERROR(check_memory(documents));
  TAMIS_ASSIGN_OR_RETURN(WriteAck ack, queue_->commit(std::move(documents), options_.storage.durability));
  ack.accepted = 1;
  return ack;
}

Result<WriteAck> DatabaseImpl::delete_funnel(std::string_view name) {
  MutexLock lock(funnel_mutex_);
  if (name == "default" && !store_->get_document("funnel", name).is_ok()) {
    return Status::failed_precondition("the built-in default funnel cannot be deleted");
  }
  TAMIS_RETURN_IF_ERROR(get_funnel(name).status());
  return write({DeleteDocument{"funnel", std::string(name)}}, {});
}

}  // namespace tamis::engine
