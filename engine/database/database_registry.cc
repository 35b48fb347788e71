// Spaces and their vectors; views of the whole.
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/live/space_index.h"
#include "engine/overview/overview.h"
#include "engine/serving/trained_vector.h"

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
  for (const auto state = live()->pin(); const auto& [name, space] : state->spaces) spaces.push_back(space->space);
  return spaces;
}

Result<Space> DatabaseImpl::get_space(std::string_view name) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live()->pin();
  const auto found = state->spaces.find(name);
  if (found == state->spaces.end()) return no_space(name);
  return found->second->space;
}

Result<VersionedVector> DatabaseImpl::get_vector(std::string_view space, EntityKind kind, std::string_view id) const {
  TAMIS_ASSIGN_OR_RETURN(const DenseId dense, find_live(kind, id));
  const auto state = live()->pin();
  const auto found = state->spaces.find(space);
  if (found == state->spaces.end()) return no_space(space);
  if (!is_trained(found->second->space)) {
    auto row = live()->vector_rows().get(space, kind, dense);
    if (row.is_ok()) return **row;
    return row.status().code() == StatusCode::kNotFound ? no_vector(space, id) : row.status();
  }
  const models::Encoder* encoder = state->generation->encoder(space);
  const auto entity = live()->entities(kind).get(dense, options_.clock->now_ms());
  VersionedVector made{.vector = std::vector<float>(found->second->space.dim)};
  const bool is_made_online = kind == EntityKind::kItem && (options_.online.enabled || encoder->asks_server());
  if (is_made_online && found->second->items->get(dense, made.vector)) return made;
  if (!find_trained_vector(*state->generation, *encoder, kind, dense, entity.get(), made.vector))
    return no_vector(space, id);
  return made;
}

Result<SpaceMap> DatabaseImpl::map_space(const SpaceMapRequest& request) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const Sequence sequence = visible_.get();
  return engine::map_space(*live()->pin(), request, sequence);
}

Result<MatrixSample> DatabaseImpl::sample_matrix(const MatrixSampleRequest& request) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const Sequence sequence = visible_.get();
  return engine::sample_matrix(*live()->pin(), request, sequence);
}

}  // namespace tamis::engine
