#include "server/routes/bulk_body.h"

#include "server/bulk/bulk_ingest.h"
#include "server/bulk/ndjson_decoder.h"
#include "server/routes/reply.h"

namespace tamis::server {
namespace {

Result<std::vector<Mutation>> read_records(std::string_view body, const ReadRecord& read) {
  JsonDocument document;
  TAMIS_ASSIGN_OR_RETURN(const auto root, document.parse(body));
  std::vector<Mutation> mutations;
  const JsonPath root_path;
  simdjson::dom::array array;
  if (root.get_array().get(array) != simdjson::SUCCESS) {
    TAMIS_ASSIGN_OR_RETURN(Mutation mutation, read(root, root_path));
    mutations.push_back(std::move(mutation));
    return mutations;
  }
  for (const auto entry : array) {
    const JsonPath path{.parent = &root_path, .name = {}, .index = mutations.size()};
    TAMIS_ASSIGN_OR_RETURN(Mutation mutation, read(entry, path));
    mutations.push_back(std::move(mutation));
  }
  return mutations;
}

bool is_ndjson(const std::string& type) {
  return type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl";
}

constexpr std::size_t kInlineBodyBytes = 64 << 10;  // larger ones are parsed off the I/O thread

}  // namespace

asio::awaitable<Response> take_bulk_body(Exchange& exchange, ReadRecord read) {
  QueryString query(exchange.request().query);
  const auto options = read_write_options(&query);
  if (!options.is_ok()) co_return fail(exchange, options.status());
  App& app = exchange.app();
  if (is_ndjson(exchange.request().content_type)) {
    auto decoder = std::make_unique<NdjsonDecoder>(
        app.settings->max_line_bytes, [read](simdjson::dom::element value) { return read(value, JsonPath{}); },
        [database = app.database](Mutation* mutation) { return database->prepare(mutation); });
    co_return co_await ingest_stream(exchange, std::move(decoder), *options);
  }
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  const Status whole = co_await exchange.read_whole();
  if (!whole.is_ok()) co_return to_response(exchange.body_failure(), exchange.request());

  Result<std::vector<Mutation>> mutations = std::vector<Mutation>();
  if (exchange.request().body.size() <= kInlineBodyBytes) {
    mutations = read_records(exchange.request().body, read);
  } else {
    std::function<Result<std::vector<Mutation>>()> work =
        [body = std::make_shared<const std::string>(exchange.take_body()), read] { return read_records(*body, read); };
    mutations = co_await exchange.offload<std::vector<Mutation>>(*app.workers, std::move(work));
  }
  if (!mutations.is_ok()) co_return fail(exchange, mutations.status());
  const auto ack = co_await exchange.write(std::move(*mutations), *options);
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_ack(*ack);
}

}  // namespace tamis::server
