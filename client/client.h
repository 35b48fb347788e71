// tamis::client::Client: a Tamis server, from C++. docs/client_cpp.md has an example.
//
//   auto client = tamis::client::Client::create({.url = "http://127.0.0.1:8080"});
//   if (!client.is_ok()) return fail(client.status());
//   auto answer = (*client)->recommend({.user = "ada", .k = 10});
//
// Promises: connections are kept and reused; every call ends within its deadline; a call that may be repeated without
// harm is retried with backoff on 429, 503 and broken connections, honouring Retry-After (interactions only where each
// carries an idempotency key). Threads: every method is thread-safe and blocks. Errors: the server's problem documents
// as Status, with the field; unavailable where the server cannot be reached.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/transport.h"
#include "client/types.h"
#include "common/status.h"

namespace tamis::client {

struct ClientOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string api_key = {};  // sent as a bearer token; empty for none
  TransportOptions transport = {};
};

struct CallOptions {
  std::optional<Durability> durability = {};  // of a write; default: the server's
  std::int64_t timeout_ms = 0;                // 0: TransportOptions::request_timeout_ms
};

class Client {
 public:
  // Connects at the first call. invalid_argument for a malformed URL or key.
  static Result<std::unique_ptr<Client>> create(const ClientOptions& options);

  // --- writes ---
  Result<BulkResult> add_interactions(std::span<const Interaction> interactions, const CallOptions& options = {});
  Result<BulkResult> put_entity(EntityKind kind, const Entity& entity, const CallOptions& options = {});
  Result<BulkResult> put_entities(EntityKind kind, std::span<const Entity> entities, const CallOptions& options = {});
  // Merges `features`; those named in `removed` are deleted.
  Result<BulkResult> patch_entity(EntityKind kind, std::string_view id, const Features& features,
                                  std::span<const std::string> removed, const CallOptions& options = {});
  Result<BulkResult> delete_entity(EntityKind kind, std::string_view id, const CallOptions& options = {});
  Result<BulkResult> put_vectors(std::string_view space, std::span<const VectorRow> rows,
                                 const CallOptions& options = {});
  // already_exists where the space has another dim or metric.
  Status put_space(const Space& space);

  // --- reads ---
  Result<Entity> get_entity(EntityKind kind, std::string_view id);
  Result<EntityPage> list_entities(EntityKind kind, std::string_view cursor, std::uint32_t limit = 1'000);
  Result<InteractionPage> list_interactions(std::string_view user, std::string_view cursor,
                                            std::uint32_t limit = 1'000);
  Result<Space> get_space(std::string_view name);
  Result<LogPage> read_log(Sequence from, std::uint32_t limit = 1'000);
  Result<std::string> stats_json();
  // That the process answers or, with `ready`, that it answers queries; unavailable with the reason where it does not.
  Result<std::string> health_json(bool ready);

  // --- queries ---
  Result<Recommendations> recommend(const RecommendQuery& query);
  Result<RankedList> similar(const SimilarQuery& query);
  Result<RankedList> search(const SearchQuery& query);

  // --- learning and operation ---
  // Queues a training run; empty: all configured models. Returns the job.
  // `inherit`: the members of the serving generation that are not named are kept.
  Result<JobProgress> train(std::span<const std::string> models = {}, bool inherit = true);
  Result<JobProgress> get_job(std::string_view id);
  // Asks every `poll_ms` until the job is finished, or until `on_progress`, called with each new state, returns false.
  using ProgressCallback = std::function<bool(const JobProgress&)>;
  Result<JobProgress> wait_job(std::string_view id, const ProgressCallback& on_progress, std::int64_t poll_ms = 200);
  // A consistent copy on the server's disk; the answer as JSON.
  Result<std::string> snapshot(std::string_view name = {});

  // For calls that have no method here: the body of a success, or the problem as Status.
  Result<std::string> call(const HttpRequest& request);

  Transport& transport() { return transport_; }

 private:
  Client(Endpoint endpoint, TransportOptions options) : transport_(std::move(endpoint), std::move(options)) {}

  Transport transport_;
};

// "items" or "users".
std::string_view collection_name(EntityKind kind);

}  // namespace tamis::client
