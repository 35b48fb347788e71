// POST /v1/pages: several lists in one answer. GET /v1/items/{id}/audience: the users to tell of an item.
#include <charconv>
#include <limits>

#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

// A page is several queries, so it is heavy.
asio::awaitable<Response> post_pages(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  const auto request = read_json_body(exchange.request(), read_pages);
  if (!request.is_ok()) co_return fail(exchange, request.status());
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request->request.min_seq, request->request.min_seq_timeout_ms));
  Database* database = exchange.app().database;
  std::function<Result<PagesAnswer>()> work = [database, copy = *request] { return database->pages(copy); };
  const auto page = co_await exchange.query<PagesAnswer>(/*is_light=*/false, std::move(work));
  if (!page.is_ok()) co_return fail(exchange, page.status());
  co_return reply([&](JsonWriter* json) { write_page(request->request.user, *page, json); });
}

Status read_days(const std::string& text, double* days) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *days);
  if (error == std::errc() && end == text.data() + text.size()) return Status::ok();
  return Status::invalid_argument("cap_days is \"" + text.substr(0, 64) + "\"; expected a number of days")
      .at_field("cap_days");
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) names.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return names;
}

Status read_audience_query(const Request& request, AudienceRequest* asked) {
  QueryString query(request.query);
  std::string filter;
  std::string days;
  std::string seen_types;
  query.read_u32("k", 1, kMaxAudience, &asked->k)
      .read_string("filter", &filter)
      .read_bool("exclude_seen", &asked->exclude_seen)
      .read_string("seen_types", &seen_types)
      .read_string("cap_type", &asked->cap_type)
      .read_u32("cap", 1, 1'000, &asked->cap)
      .read_string("cap_days", &days)
      .read_string("space", &asked->space)
      .read_bool("features", &asked->with_features)
      .read_u64("min_seq", 0, std::numeric_limits<std::uint64_t>::max(), &asked->min_seq);
  TAMIS_RETURN_IF_ERROR(query.finish());
  asked->seen_types = split_names(seen_types);
  if (asked->cap_type.empty() && (query.has("cap") || !days.empty()))
    return Status::invalid_argument("a cap is given, but not what it counts; expected cap_type beside it")
        .at_field("cap_type");
  if (!days.empty()) TAMIS_RETURN_IF_ERROR(read_days(days, &asked->cap_days));
  return filter.empty() ? Status::ok() : read_filter_parameter(filter, &asked->filter);
}

// It reads what many users did, so it is heavy.
asio::awaitable<Response> get_audience(Exchange& exchange) {
  AudienceRequest request{.item = exchange.parameter(0)};
  TAMIS_REPLY_IF_ERROR(read_audience_query(exchange.request(), &request));
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request.min_seq));
  Database* database = exchange.app().database;
  std::function<Result<AudienceAnswer>()> work = [database, request] { return database->audience(request); };
  const auto answer = co_await exchange.query<AudienceAnswer>(/*is_light=*/false, std::move(work));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply([&](JsonWriter* json) { write_audience(request.item, *answer, json); });
}

}  // namespace

void add_page_routes(Router* router) {
  router->add({.verb = Verb::post, .path = "/v1/pages", .body = BodyMode::kWhole, .handler = post_pages});
  router->add({.verb = Verb::get, .path = "/v1/items/{id}/audience", .handler = get_audience});
}

}  // namespace tamis::server
