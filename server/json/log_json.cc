// The JSON of log records: {"sequence","committed_at","op",...}, one op for each alternative of Mutation.
#include "server/json/answer_json.h"

namespace tamis::server {
namespace {

struct MutationWriter {
  JsonWriter* json;

  void operator()(const PutInteraction& put) const {
    op("put_interaction").key("interaction");
    write_interaction(put.interaction, json);
    json->end_object();
  }
  void operator()(const PutEntity& put) const {
    op("put_entity").field("kind", kind_name(put.kind)).key("entity");
    write_entity(put.entity, json);
  }
  void operator()(const PatchEntity& patch) const {
    op("patch_entity").field("kind", kind_name(patch.kind)).field("id", patch.id).key("features");
    json->features(patch.features).key("removed").begin_array();
    for (const std::string& name : patch.removed) json->value(std::string_view(name));
    json->end_array();
    if (patch.expires_ms && *patch.expires_ms != 0) json->key("expires_at").time(*patch.expires_ms);
    if (patch.expires_ms && *patch.expires_ms == 0) json->key("expires_at").null();
    if (patch.hidden) json->field("hidden", *patch.hidden);
    if (patch.version != 0) json->field("version", patch.version);
  }
  void operator()(const DeleteEntity& removed) const {
    op("delete_entity").field("kind", kind_name(removed.kind)).field("id", removed.id);
    if (removed.erase) json->field("erase", true);
  }
  void operator()(const PutVector& put) const {
    op("put_vector").field("space", put.space).field("kind", kind_name(put.kind)).field("id", put.id);
    if (put.version != 0) json->field("version", put.version);
    json->key("vector").begin_array();
    for (const float number : put.vector) json->value(number);
    json->end_array();
  }
  void operator()(const DeleteVector& removed) const {
    op("delete_vector").field("space", removed.space).field("kind", kind_name(removed.kind)).field("id", removed.id);
  }
  void operator()(const PutSpace& put) const {
    op("put_space").key("space");
    write_space(put.space, json);
    json->end_object();
  }
  void operator()(const DeleteSpace& removed) const { op("delete_space").field("name", removed.name); }
  void operator()(const PutDocument& put) const {
    op("put_document").field("collection", put.collection).field("name", put.name).field("json", put.json);
  }
  void operator()(const DeleteDocument& removed) const {
    op("delete_document").field("collection", removed.collection).field("name", removed.name);
  }
  void operator()(const DeleteInteractions& removed) const {
    op("delete_interactions").key("interactions").begin_array();
    for (const InteractionRef& row : removed.rows) {
      json->begin_object().field("user", row.user).key("timestamp").time(row.timestamp_ms);
      json->field("sequence", row.sequence).end_object();
    }
    json->end_array();
  }
  void operator()(const MergeUser& merge) const {
    op("merge_user").field("user", merge.user).field("session", merge.session).key("moved").begin_array();
    for (const Sequence sequence : merge.moved) json->value(sequence);
    json->end_array().field("complete", merge.complete);
  }

  JsonWriter& op(std::string_view name) const { return json->field("op", name); }
};

}  // namespace

void write_log_entry(const LogEntry& entry, JsonWriter* json) {
  json->begin_object().field("sequence", entry.sequence).key("committed_at").time(entry.committed_ms);
  std::visit(MutationWriter{json}, entry.mutation);
  json->end_object();
}

}  // namespace tamis::server
