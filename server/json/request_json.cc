#include "server/json/request_json.h"

#include <array>
#include <charconv>
#include <limits>

#include "server/json/json_reader.h"

namespace tamis::server {
namespace {

using simdjson::dom::element;

constexpr std::size_t kMaxListed = 10'000;
constexpr std::size_t kMaxUsers = 1'000;
constexpr std::size_t kMaxCursorBytes = 16'384;
constexpr std::uint64_t kMaxSequence = std::numeric_limits<std::uint64_t>::max();

// "/retrievers/0/quota" or "quota" at funnel -> "override.retrievers.0.quota".
std::string join_field(const JsonPath& path, std::string inner) {
  std::string field = path.to_string();
  if (inner.starts_with('/')) {
    for (char& c : inner) c = c == '/' ? '.' : c;
    return field + inner;
  }
  if (inner.empty()) return field;
  return field.empty() ? inner : field + (inner.starts_with('[') ? "" : ".") + inner;
}

Status blame(const JsonPath& path, const Status& status) {
  return Status(status.code(), status.message()).at_field(join_field(path, status.field()));
}

Status read_history_entry(element value, const JsonPath& path, HistoryEntry* entry) {
  static constexpr std::array<std::string_view, 4> kFields = {"item", "type", "value", "timestamp"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element field) -> Status {
    const JsonPath field_path{.parent = &path, .name = kFields[index]};
    switch (index) {
      case 0: return read_string(field, field_path, kMaxExternalIdBytes, &entry->item);
      case 1: return read_string(field, field_path, 64, &entry->type);
      case 2: return read_double(field, field_path, &entry->value.emplace());
      default: return read_timestamp(field, field_path, &entry->timestamp_ms);
    }
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  return entry->item.empty() ? refuse_missing_field("item", path) : Status::ok();
}

Status read_override(element value, const JsonPath& path, RecommendRequest* request) {
  FunnelDocument document = read_funnel_override(funnel_name_of(value, "override"), simdjson::minify(value));
  if (!document.faults.empty()) return blame(path, document.faults.front());
  request->override_funnel = std::move(document.funnel);
  return Status::ok();
}

// true, or {"types":["purchase"]}.
Status read_because(element value, const JsonPath& path, PageRow* row) {
  if (value.is_bool()) return read_bool(value, path, &row->is_because);
  static constexpr std::array<std::string_view, 1> kFields = {"types"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  row->is_because = true;
  return read_fields(object, kFields, path, [&](std::size_t, element entry) {
    const JsonPath entry_path{.parent = &path, .name = kFields[0]};
    return read_strings(entry, entry_path, 64, &row->because_types);
  });
}

Status read_page_row(element value, const JsonPath& path, PageRow* row) {
  enum Field : std::size_t {
    kName,
    kTitle,
    kFunnel,
    kRetriever,
    kOverride,
    kK,
    kAtLeast,
    kFilter,
    kExcludeSeen,
    kBecause,
    kPer,
    kRows
  };
  static constexpr std::array<std::string_view, 12> kFields = {"name",         "title",   "funnel",   "retriever",
                                                               "override",     "k",       "at_least", "filter",
                                                               "exclude_seen", "because", "per",      "rows"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  return read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (static_cast<Field>(index)) {
      case kName: return read_string(entry, entry_path, 64, &row->name);
      case kTitle: return read_string(entry, entry_path, 512, &row->title);
      case kFunnel: return read_string(entry, entry_path, 64, &row->funnel);
      case kRetriever: return read_string(entry, entry_path, 64, &row->retriever);
      case kOverride: {
        RecommendRequest own;
        TAMIS_RETURN_IF_ERROR(read_override(entry, entry_path, &own));
        row->override_funnel = std::move(own.override_funnel);
        return Status::ok();
      }
      case kK: return read_u32(entry, entry_path, 1, kMaxK, &row->k);
      case kAtLeast: return read_u32(entry, entry_path, 1, kMaxK, &row->at_least);
      case kFilter: return read_filter(entry, entry_path, &row->filter);
      case kExcludeSeen: return read_bool(entry, entry_path, &row->exclude_seen.emplace());
      case kBecause: return read_because(entry, entry_path, row);
      case kPer: return read_string(entry, entry_path, FeatureLimits::kMaxNameBytes, &row->per);
      case kRows: return read_u32(entry, entry_path, 1, 10, &row->rows);
    }
    return Status::ok();
  });
}

// A number that can be no time of this century is meant as a sequence, or as seconds.
Status check_as_of(std::int64_t number) {
  constexpr std::int64_t kLeastMs = 100'000'000'000;  // 1973
  if (number >= kLeastMs) return Status::ok();
  return Status::invalid_argument("as_of is " + std::to_string(number) +
                                  "; expected a time, RFC 3339 or Unix milliseconds; a sequence is as_of_sequence")
      .at_field("as_of");
}

}  // namespace

std::string_view funnel_name_of(element value, std::string_view otherwise) {
  std::string_view name;
  return value["name"].get_string().get(name) == simdjson::SUCCESS ? name : otherwise;
}

Status read_filter(element value, const JsonPath& path, Filter* out) {
  auto filter = parse_filter(simdjson::minify(value));
  if (!filter.is_ok()) return blame(path, filter.status());
  *out = std::move(*filter);
  return Status::ok();
}

Status read_filter_parameter(std::string_view text, Filter* out) {
  JsonDocument document;
  const auto root = document.parse(text, "query parameter filter");
  if (!root.is_ok()) return Status(root.status()).at_field("filter");
  return read_filter(*root, JsonPath{.parent = nullptr, .name = "filter"}, out);
}

Status read_as_of(std::string_view text, TimestampMs* out) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    TAMIS_RETURN_IF_ERROR(check_as_of(number));
    *out = number;
    return Status::ok();
  }
  auto time = parse_rfc3339(text);
  if (!time.is_ok()) {
    return Status::invalid_argument("as_of is \"" + std::string(text.substr(0, 64)) +
                                    "\"; expected a time, RFC 3339 or Unix milliseconds")
        .at_field("as_of");
  }
  *out = *time;
  return Status::ok();
}

Status read_history(element value, const JsonPath& path, std::vector<HistoryEntry>* out) {
  TAMIS_ASSIGN_OR_RETURN(const auto array, read_array(value, path));
  for (const element entry : array) {
    if (out->size() == kMaxListed) return refuse(path, "a longer list", "at most 10000 entries");
    const JsonPath entry_path{.parent = &path, .name = {}, .index = out->size()};
    TAMIS_RETURN_IF_ERROR(read_history_entry(entry, entry_path, &out->emplace_back()));
  }
  return Status::ok();
}

Status read_recommend(element value, const JsonPath& path, RecommendRequest* request,
                      std::optional<std::vector<std::string>>* users) {
  enum Field : std::size_t {
    kK,
    kFunnel,
    kFilter,
    kExclude,
    kExcludeSeen,
    kRotateShown,
    kHistory,
    kOverride,
    kAsOf,
    kMinSeq,
    kMinSeqTimeout,
    kExplain,
    kFeatures,
    kContext,
    kSurface,
    kDryRun,
    kPaged,
    kCursor,
    kSimilarTo,
    kAsOfSequence,
    kGeneration,
    kRecommendationId,
    kUser,
    kUsers
  };
  static constexpr std::array<std::string_view, 24> kFields = {"k",
                                                               "funnel",
                                                               "filter",
                                                               "exclude",
                                                               "exclude_seen",
                                                               "rotate_shown",
                                                               "history",
                                                               "override",
                                                               "as_of",
                                                               "min_seq",
                                                               "min_seq_timeout_ms",
                                                               "explain",
                                                               "features",
                                                               "context",
                                                               "surface",
                                                               "dry_run",
                                                               "paged",
                                                               "cursor",
                                                               "similar_to",
                                                               "as_of_sequence",
                                                               "generation",
                                                               "recommendation_id",
                                                               "user",
                                                               "users"};
  std::span<const std::string_view> known = kFields;
  if (users == nullptr) known = known.first(kUser);
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  return read_fields(object, known, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (static_cast<Field>(index)) {
      case kK: return read_u32(entry, entry_path, 1, kMaxK, &request->k);
      case kFunnel: return read_string(entry, entry_path, 64, &request->funnel);
      case kFilter: return read_filter(entry, entry_path, &request->filter);
      case kExclude: return read_strings(entry, entry_path, kMaxListed, &request->exclude);
      case kExcludeSeen: return read_bool(entry, entry_path, &request->exclude_seen.emplace());
      case kRotateShown: return read_bool(entry, entry_path, &request->rotate_shown.emplace());
      case kHistory: return read_history(entry, entry_path, &request->history);
      case kOverride: return read_override(entry, entry_path, request);
      case kAsOf: {
        std::int64_t number = 0;
        if (entry.get_int64().get(number) == simdjson::SUCCESS) TAMIS_RETURN_IF_ERROR(check_as_of(number));
        return read_timestamp(entry, entry_path, &request->as_of_ms.emplace());
      }
      case kMinSeq: return read_uint(entry, entry_path, 0, kMaxSequence, &request->min_seq);
      case kMinSeqTimeout: {
        std::uint64_t timeout_ms = 0;
        TAMIS_RETURN_IF_ERROR(read_uint(entry, entry_path, 0, 10'000, &timeout_ms));
        request->min_seq_timeout_ms = static_cast<std::int64_t>(timeout_ms);
        return Status::ok();
      }
      case kExplain: return read_bool(entry, entry_path, &request->explain);
      case kFeatures: return read_bool(entry, entry_path, &request->with_features);
      case kContext: return read_features(entry, entry_path, &request->context, nullptr);
      case kSurface: return read_string(entry, entry_path, 64, &request->surface);
      case kDryRun: return read_bool(entry, entry_path, &request->dry_run);
      case kPaged: return read_bool(entry, entry_path, &request->with_cursor);
      case kCursor: return read_string(entry, entry_path, kMaxCursorBytes, &request->cursor);
      case kSimilarTo: return read_string(entry, entry_path, kMaxExternalIdBytes, &request->similar_to);
      case kAsOfSequence: return read_uint(entry, entry_path, 0, kMaxSequence, &request->as_of_sequence.emplace());
      case kGeneration: return read_string(entry, entry_path, 64, &request->generation);
      case kRecommendationId: return read_string(entry, entry_path, 128, &request->recommendation_id);
      case kUser: return read_string(entry, entry_path, kMaxExternalIdBytes, &request->user);
      case kUsers: return read_strings(entry, entry_path, kMaxUsers, &users->emplace());
    }
    return Status::ok();
  });
}

Result<SearchRequest> read_search(element value, const JsonPath& path) {
  enum Field : std::size_t {
    kSpace,
    kVector,
    kItem,
    kUser,
    kText,
    kFind,
    kK,
    kEf,
    kExact,
    kFilter,
    kMinSeq,
    kFeatures
  };
  static constexpr std::array<std::string_view, 12> kFields = {
      "space", "vector", "item", "user", "text", "find", "k", "ef", "exact", "filter", "min_seq", "features"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  SearchRequest request;
  std::size_t queries = 0;
  const auto read_id = [&](element entry, const JsonPath& entry_path, EntityKind kind) -> Status {
    request.query_kind = kind;
    std::string id;
    TAMIS_RETURN_IF_ERROR(read_string(entry, entry_path, kMaxExternalIdBytes, &id));
    if (id.empty()) return refuse(entry_path, "empty", "an id of 1 to 256 bytes");
    request.query = std::move(id);
    return Status::ok();
  };
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    if (index >= kVector && index <= kText && ++queries > 1)
      return refuse(entry_path, "given beside another query", "one of vector, item, user and text");
    switch (static_cast<Field>(index)) {
      case kSpace: return read_string(entry, entry_path, 64, &request.space);
      case kVector: return read_vector(entry, entry_path, &request.query.emplace<std::vector<float>>());
      case kItem: return read_id(entry, entry_path, EntityKind::kItem);
      case kUser: return read_id(entry, entry_path, EntityKind::kUser);
      case kText:
        TAMIS_RETURN_IF_ERROR(read_string(entry, entry_path, FeatureLimits::kMaxStringBytes, &request.text));
        return request.text.empty() ? refuse(entry_path, "empty", "a text") : Status::ok();
      case kFind: {
        std::string find;
        TAMIS_RETURN_IF_ERROR(read_string(entry, entry_path, &find));
        if (find != "items" && find != "users") return refuse(entry_path, "\"" + find + "\"", "items or users");
        request.kind = find == "items" ? EntityKind::kItem : EntityKind::kUser;
        return Status::ok();
      }
      case kK: return read_u32(entry, entry_path, 1, kMaxK, &request.k);
      case kEf: return read_u32(entry, entry_path, 1, 10'000, &request.ef);
      case kExact: return read_bool(entry, entry_path, &request.exact);
      case kFilter: return read_filter(entry, entry_path, &request.filter);
      case kMinSeq: return read_uint(entry, entry_path, 0, kMaxSequence, &request.min_seq);
      case kFeatures: return read_bool(entry, entry_path, &request.with_features);
    }
    return Status::ok();
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  if (queries == 0) return refuse_missing_field("vector", path);
  if (request.space.empty() && !request.text.empty()) request.space = "content";  // where texts are placed
  if (request.space.empty()) return refuse_missing_field("space", path);
  return request;
}

Status read_bought_together_mode(std::string_view mode, BoughtTogetherRequest* request) {
  if (mode != "strict" && mode != "relaxed")
    return Status::invalid_argument("mode is \"" + std::string(mode.substr(0, 64)) + "\"; expected strict or relaxed")
        .at_field("mode");
  request->is_relaxed = mode == "relaxed";
  return Status::ok();
}

Status read_bought_together(element value, const JsonPath& path, BoughtTogetherRequest* request) {
  enum Field : std::size_t { kItems, kK, kN, kMode, kFilter, kExclude, kMinSeq, kFeatures };
  static constexpr std::array<std::string_view, 8> kFields = {"items",  "k",       "n",       "mode",
                                                              "filter", "exclude", "min_seq", "features"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  bool has_k = false;
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (static_cast<Field>(index)) {
      case kItems: return read_strings(entry, entry_path, 1'000, &request->items);
      case kK:
      case kN:
        if (std::exchange(has_k, true)) return refuse(entry_path, "given twice, as k and n", "one of them");
        return read_u32(entry, entry_path, 1, kMaxK, &request->k);
      case kMode: {
        std::string mode;
        TAMIS_RETURN_IF_ERROR(read_string(entry, entry_path, 64, &mode));
        return read_bought_together_mode(mode, request);
      }
      case kFilter: return read_filter(entry, entry_path, &request->filter);
      case kExclude: return read_strings(entry, entry_path, kMaxListed, &request->exclude);
      case kMinSeq: return read_uint(entry, entry_path, 0, kMaxSequence, &request->min_seq);
      case kFeatures: return read_bool(entry, entry_path, &request->with_features);
    }
    return Status::ok();
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  return request->items.empty() ? refuse_missing_field("items", path) : Status::ok();
}

Status read_funnel_choice(element value, const JsonPath& path, RecommendRequest* request) {
  if (value.is_object()) return read_override(value, path, request);
  if (!value.is_string()) return refuse(path, describe(value), "the name of a funnel, or a funnel document");
  return read_string(value, path, 64, &request->funnel);
}

Result<CompareRequest> read_compare(element value, const JsonPath& path) {
  enum Field : std::size_t { kA, kB, kUser, kK, kRequest };
  static constexpr std::array<std::string_view, 5> kFields = {"a", "b", "user", "k", "request"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  CompareRequest compared;
  std::array<bool, kFields.size()> has = {};
  std::optional<std::vector<std::string>> users;
  // What stands beside `request` holds, wherever it stands.
  element inner;
  if (object["request"].get(inner) == simdjson::SUCCESS) {
    const JsonPath request_path{.parent = &path, .name = "request"};
    TAMIS_RETURN_IF_ERROR(read_recommend(inner, request_path, &compared.request, &users));
    if (users) return refuse(request_path, "users", "one user, or a history");
    if (compared.request.override_funnel || compared.request.as_of_sequence)
      return refuse(request_path, compared.request.override_funnel ? "override" : "as_of_sequence",
                    "a request of now; the funnels are a and b");
  }
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    has[index] = true;
    switch (static_cast<Field>(index)) {
      case kA: return read_funnel_choice(entry, entry_path, &compared.a);
      case kB: return read_funnel_choice(entry, entry_path, &compared.b);
      case kUser: return read_string(entry, entry_path, kMaxExternalIdBytes, &compared.request.user);
      case kK: return read_u32(entry, entry_path, 1, kMaxK, &compared.request.k);
      case kRequest: return Status::ok();
    }
    return Status::ok();
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  if (!has[kA]) return refuse_missing_field("a", path);
  if (!has[kB]) return refuse_missing_field("b", path);
  return compared;
}

Result<PagesRequest> read_pages(element value, const JsonPath& path) {
  static constexpr std::array<std::string_view, 3> kFields = {"user", "rows", "request"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  PagesRequest page;
  element inner;
  if (object["request"].get(inner) == simdjson::SUCCESS) {
    const JsonPath request_path{.parent = &path, .name = "request"};
    std::optional<std::vector<std::string>> users;
    TAMIS_RETURN_IF_ERROR(read_recommend(inner, request_path, &page.request, &users));
    const RecommendRequest& request = page.request;
    if (users || request.as_of_sequence || request.with_cursor || !request.cursor.empty() ||
        !request.similar_to.empty() || !request.recommendation_id.empty())
      return refuse(request_path, "a request of several users, of a page, of a past answer, or similar_to",
                    "what the rows of one page have in common");
  }
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    if (index == 0) return read_string(entry, entry_path, kMaxExternalIdBytes, &page.request.user);
    if (index == 2) return Status::ok();
    TAMIS_ASSIGN_OR_RETURN(const auto rows, read_array(entry, entry_path));
    for (const element row : rows) {
      if (page.rows.size() == kMaxPageRows) return refuse(entry_path, "a longer list", "at most 20 rows");
      const JsonPath row_path{.parent = &entry_path, .name = {}, .index = page.rows.size()};
      TAMIS_RETURN_IF_ERROR(read_page_row(row, row_path, &page.rows.emplace_back()));
    }
    if (page.rows.empty()) return refuse(entry_path, "an empty list", "1 to 20 rows");
    return Status::ok();
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  return page.rows.empty() ? Result<PagesRequest>(refuse_missing_field("rows", path)) : page;
}

Result<TrainRequest> read_train(element value, const JsonPath& path) {
  static constexpr std::array<std::string_view, 3> kFields = {"models", "promote", "inherit"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  TrainRequest request;
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    if (index == 0) return read_strings(entry, entry_path, 64, &request.models);
    return read_bool(entry, entry_path, index == 1 ? &request.promote : &request.inherit);
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  return request;
}

Result<Space> read_space(element value, const JsonPath& path, std::string_view name,
                         Quantization default_quantization) {
  enum Field : std::size_t { kName, kDim, kMetric, kQuantization, kKeepF32, kEncoder };
  static constexpr std::array<std::string_view, 6> kFields = {"name",         "dim",      "metric",
                                                              "quantization", "keep_f32", "encoder"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  Space space{.name = std::string(name), .quantization = default_quantization};
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    std::string text;
    if (index == kDim) return read_u32(entry, entry_path, 1, kMaxDim, &space.dim);
    if (index == kKeepF32) return read_bool(entry, entry_path, &space.keep_f32);
    TAMIS_RETURN_IF_ERROR(read_string(entry, entry_path, 64, &text));
    if (index == kName) {
      return text == name ? Status::ok() : refuse(entry_path, "\"" + text + "\"", "the name of the path, or none");
    }
    if (index == kMetric) {
      const auto metric = parse_metric(text);
      if (!metric.is_ok()) return blame(entry_path, metric.status());
      space.metric = *metric;
    } else if (index == kQuantization) {
      const auto quantization = parse_quantization(text);
      if (!quantization.is_ok()) return blame(entry_path, quantization.status());
      space.quantization = *quantization;
    } else {
      space.encoder = std::move(text);
    }
    return Status::ok();
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  if (space.dim == 0) return refuse_missing_field("dim", path);
  return space;
}

}  // namespace tamis::server
