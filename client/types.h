// What the client's calls take and give. Plain data, in the words of docs/http_api.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/feature.h"
#include "common/records.h"

namespace tamis::client {

// A line of a bulk write that was not stored.
struct LineError {
  std::uint64_t line = 0;  // from 1: of the request's body, or of the source where the caller numbered the lines
  std::string detail;
};

struct BulkResult {
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t outdated = 0;  // entities and vectors that the server has in a newer version
  std::uint64_t ignored = 0;   // of users whose erasure is under way
  std::uint64_t rejected = 0;  // bad lines
  Sequence sequence = 0;
  std::vector<LineError> errors;  // the first ones
};

struct EntityPage {
  std::vector<Entity> rows;
  std::string cursor;  // empty at the end
};

struct InteractionPage {
  std::vector<Interaction> rows;
  std::vector<Sequence> sequences;  // of each row
  std::string cursor;
};

struct VectorRow {
  EntityKind kind = EntityKind::kItem;
  std::string id;
  std::vector<float> vector;  // [dim]
  std::uint64_t version = 0;  // as Entity::version
};

struct RecommendQuery {
  std::string user = {};
  std::uint32_t k = 10;                   // 1..1000
  std::string funnel = {};                // empty: the server's default
  std::string filter_json = {};           // as in docs/http_api.md; empty for none
  std::vector<std::string> exclude = {};  // item ids
  Sequence min_seq = 0;                   // waits until this write is reflected
  bool explain = false;
  bool features = false;
};

struct Retrieval {
  std::string retriever;
  std::uint32_t rank = 0;
  double score = 0;
  std::vector<std::pair<std::string, double>> because;  // the user's own items that led here
};

struct RankedItem {
  std::string id;
  std::uint32_t rank = 0;  // from 1
  double score = 0;
  bool fallback = false;
  Features features;                    // where asked for
  std::vector<Retrieval> retrieved_by;  // where explain was asked for
};

struct Recommendations {
  std::string recommendation_id;
  std::string user;
  std::string funnel;
  std::string generation;
  Sequence sequence = 0;
  std::vector<RankedItem> items;
  std::string json;  // the whole answer, as sent
};

struct SimilarQuery {
  EntityKind kind = EntityKind::kItem;
  std::string id = {};
  std::uint32_t k = 10;
  std::string space = {};  // empty: the server's choice
  bool features = false;
};

struct SearchQuery {
  std::string space = {};
  std::vector<float> vector = {};  // either this
  std::string item = {};           // or this item's own vector
  std::uint32_t k = 10;
  bool exact = false;
  std::string filter_json = {};
  bool features = false;
};

struct RankedList {
  std::string space;
  std::string generation;
  Sequence sequence = 0;
  std::vector<RankedItem> items;
  std::string json;
};

struct JobProgress {
  std::string id;
  std::string state;    // "queued", "running", "succeeded", "failed", "cancelled", "rejected"
  double progress = 0;  // 0..1
  std::string stage;
  std::string detail;
  std::string generation;
  std::string json;

  std::vector<std::string> warnings = {};  // what did not go as asked though the run went on
  bool coalesced = false;                  // of train(): an equal run was waiting already

  bool is_finished() const { return !state.empty() && state != "queued" && state != "running"; }
};

struct LogPage {
  std::vector<std::string> entries;  // JSON, one record each, in order of their sequence
  Sequence next = 0;                 // where to read on
};

}  // namespace tamis::client
