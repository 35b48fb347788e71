// Spaces and funnels.
#include <utility>

#include "engine/database_impl.h"
#include "engine/space_index.h"
#include "engine/trained_vector.h"

namespace tamis::engine {
namespace {

Status no_space(std::string_view name) {
  return Status::not_found("space \"" + std::string(name) + "\" does not exist").at_field("space");
}

Status no_vector(std::string_view space, std::string_view id) {
  return Status::not_found("\"" + std::string(id) + "\" has no vector in space \"" + std::string(space) + "\"");
}

}  // namespace

std::vector<Space> DatabaseImpl::list_spaces() const {
  std::vector<Space> spaces;
  for (const auto state = live().pin(); const auto& [name, space] : state->spaces) spaces.push_back(space->space);
  return spaces;
}

Result<Space> DatabaseImpl::get_space(std::string_view name) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live().pin();
  const auto found = state->spaces.find(name);
  if (found == state->spaces.end()) return no_space(name);
  return found->second->space;
}

Result<std::vector<float>> DatabaseImpl::get_vector(std::string_view space, EntityKind kind,
                                                    std::string_view id) const {
  TAMIS_ASSIGN_OR_RETURN(const DenseId dense, find_live(kind, id));
  const auto state = live().pin();
  const auto found = state->spaces.find(space);
  if (found == state->spaces.end()) return no_space(space);
  if (!is_trained(found->second->space)) {
    auto row = live().vector_rows().get(space, kind, dense);
    if (row.is_ok()) return **row;
    return row.status().code() == StatusCode::kNotFound ? no_vector(space, id) : row.status();
  }
  const models::Encoder* encoder = state->generation->encoder(space);
  const auto entity = live().entities(kind).get(dense, options_.clock->now_ms());
  std::vector<float> vector(found->second->space.dim);
  if (!find_trained_vector(*state->generation, *encoder, kind, dense, entity.get(), vector))
    return no_vector(space, id);
  return vector;
}

std::vector<FunnelConfig> DatabaseImpl::list_funnels() const {
  std::vector<FunnelConfig> funnels;
  for (const auto state = live().pin(); const auto& [name, funnel] : state->funnels) funnels.push_back(*funnel);
  return funnels;
}

Result<FunnelConfig> DatabaseImpl::get_funnel(std::string_view name) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live().pin();
  const auto found = state->funnels.find(name);
  if (found == state->funnels.end()) {
    return Status::not_found("funnel \"" + std::string(name) + "\" does not exist").at_field("funnel");
  }
  return *found->second;
}

Result<WriteAck> DatabaseImpl::put_funnel(const FunnelConfig& funnel) {
  TAMIS_RETURN_IF_ERROR(validate_funnel(funnel));
  MutexLock lock(funnel_mutex_);
  FunnelConfig next = funnel;
  next.version = 1;
  if (const auto current = get_funnel(funnel.name); current.is_ok()) next.version = current->version + 1;
  return write({PutDocument{"funnel", next.name, funnel_to_json(next)}}, {});
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
