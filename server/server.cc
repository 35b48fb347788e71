#include "server/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <random>
#include <thread>

#include "server/app/app.h"
#include "server/gorse/gorse_routes.h"
#include "server/http/io_thread.h"
#include "server/http/tls_context.h"
#include "server/metrics/database_collector.h"
#include "server/metrics/process_collector.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

using asio::ip::tcp;

constexpr int kHeavyNiceness = 10;                   // a tenth of a light query's share, where both want the same core
constexpr std::chrono::milliseconds kCutGrace(250);  // for the answers to what a shutdown cuts off

std::string trimmed(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

Result<std::vector<std::string>> load_keys(const ServerSettings& settings) {
  std::vector<std::string> keys = settings.keys;
  if (settings.keys_file.empty()) return keys;
  std::ifstream file(settings.keys_file);
  if (!file) return Status::io_error("cannot read auth.keys_file " + settings.keys_file).at_field("auth.keys_file");
  for (std::string line; std::getline(file, line);) {
    line = trimmed(line);
    if (!line.empty() && line.front() != '#') keys.push_back(line);
  }
  return keys;
}

Result<asio::ip::address> parse_host(const ServerSettings& settings) {
  error_code error;
  const auto address = asio::ip::make_address(settings.host == "localhost" ? "127.0.0.1" : settings.host, error);
  if (!error) return address;
  return Status::invalid_argument("server.host is \"" + settings.host + "\"; expected an IP address or localhost")
      .at_field("server.host");
}

// An origin as browsers send it (RFC 6454): scheme, host and port, nothing behind.
Status check_origin(const std::string& origin, bool is_open) {
  const auto fault = [&](const std::string& expected) {
    return Status::invalid_argument("server.cors_origins has \"" + origin + "\"; expected " + expected)
        .at_field("server.cors_origins");
  };
  if (origin == "*") return is_open ? fault("origins by name where no keys are configured") : Status::ok();
  const std::size_t scheme = origin.starts_with("https://") ? 8 : origin.starts_with("http://") ? 7 : 0;
  const bool is_whole =
      scheme > 0 && origin.size() > scheme && origin.find_first_of("/?#@* ", scheme) == std::string::npos;
  return is_whole ? Status::ok() : fault("\"https://shop.example\", without a path, or \"*\"");
}

Result<Access> load_access(const ServerSettings& settings) {
  TAMIS_ASSIGN_OR_RETURN(const asio::ip::address address, parse_host(settings));
  TAMIS_ASSIGN_OR_RETURN(const std::vector<std::string> keys, load_keys(settings));
  Access access;
  TAMIS_ASSIGN_OR_RETURN(access.keys, KeyRing::parse(keys));
  const bool is_open = access.keys.is_empty() && !settings.allow_anonymous;
  access.checks_host = address.is_loopback() && is_open;
  for (const std::string& origin : settings.cors_origins) TAMIS_RETURN_IF_ERROR(check_origin(origin, is_open));
  access.origins = settings.cors_origins;
  if (address.is_loopback() || !is_open) return access;
  return Status::invalid_argument("server.host is " + settings.host +
                                  ", which others can reach, and no keys are configured; set auth.keys, or "
                                  "auth.allow_anonymous to serve everyone")
      .at_field("server.host");
}

}  // namespace

class Server::Impl {
 public:
  Impl(Database* database, const ServerSettings& settings, Logger* logger, Metrics* metrics)
      : settings_(settings),
        rate_(settings.requests_per_s),
        workers_("tamis-work", settings.workers, settings.worker_queue),
        query_workers_("tamis-query", settings.query_workers, settings.worker_queue, kHeavyNiceness),
        // One chunk of each stream waits at most, so this queue cannot fill.
        bulk_workers_("tamis-bulk", std::max(1U, std::thread::hardware_concurrency()), settings.max_bulk_streams + 1) {
    app_.database = database;
    app_.settings = &settings_;
    app_.metrics = metrics;
    app_.logger = logger;
    app_.workers = &workers_;
    app_.query_workers = &query_workers_;
    app_.bulk_workers = &bulk_workers_;
    app_.generations_dir = std::filesystem::path(settings.data_dir) / "generations";
    app_.snapshots_dir = settings.snapshots_dir.empty() ? settings.data_dir + "-snapshots" : settings.snapshots_dir;
    app_.request_bodies =
        std::make_shared<ByteBudget>("request_bodies", "memory.request_bodies", settings.request_bodies_bytes);
    app_.bulk_memory = std::make_shared<ByteBudget>("bulk_streams", "memory.bulk_streams", settings.bulk_streams_bytes);
    database->count_memory(app_.request_bodies);
    database->count_memory(app_.bulk_memory);
    front_.app = &app_;
    front_.rate = &rate_;
  }

  // The I/O threads' contexts must outlive what the database calls back into them.
  ~Impl() {
    stop();
    while (app_.writes.load() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  Status start() {
    TAMIS_ASSIGN_OR_RETURN(Access access, load_access(settings_));
    front_.access.set(std::move(access));
    TAMIS_ASSIGN_OR_RETURN(tls_, load_tls(settings_));
    TAMIS_RETURN_IF_ERROR(bind());
    add_routes(&front_.router);
    if (settings_.gorse_api) add_gorse_routes(&front_.router);
    for (const auto& endpoint : front_.router.endpoints()) {
      if (endpoint->path == "/metrics" && settings_.open_metrics) endpoint->scope = Scope::kOpen;
      const auto verb = boost::beast::http::to_string(endpoint->verb);
      endpoint->metrics = app_.metrics->add_endpoint({verb.data(), verb.size()}, endpoint->path);
    }
    front_.unmatched = app_.metrics->add_endpoint("-", "-");
    app_.metrics->add_collector(database_collector_);
    app_.metrics->add_collector(process_collector_);
    const std::uint32_t threads =
        settings_.io_threads > 0 ? settings_.io_threads : std::max(1U, std::thread::hardware_concurrency());
    std::random_device entropy;
    for (std::uint32_t i = 0; i < threads; ++i) {
      const std::uint64_t seed = (std::uint64_t{entropy()} << 32U) | entropy();
      threads_.push_back(std::make_unique<IoThread>(front_, seed));
    }
    asio::co_spawn(accept_context_, accept(), asio::detached);
    for (const auto& thread : threads_) thread->start();
    accept_thread_ = std::thread([this] { accept_context_.run(); });
    return Status::ok();
  }

  std::uint16_t port() const { return port_; }
  std::size_t queued_work() const { return workers_.queued() + query_workers_.queued(); }

  Status reload(const ServerSettings& settings) {
    TAMIS_ASSIGN_OR_RETURN(Access access, load_access(settings));
    TAMIS_ASSIGN_OR_RETURN(auto tls, load_tls(settings));
    if (settings.tls_certificate.empty() != settings_.tls_certificate.empty())
      return Status::failed_precondition("TLS cannot be turned on or off without a restart")
          .at_field("server.tls_certificate");
    front_.access.set(std::move(access));
    asio::post(accept_context_, [this, tls = std::move(tls)]() mutable { tls_ = std::move(tls); });
    return Status::ok();
  }

  bool stop() {
    if (!accept_thread_.joinable()) return true;
    app_.is_draining = true;
    accept_context_.stop();
    accept_thread_.join();
    error_code ignored;
    acceptor_.close(ignored);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(settings_.drain_timeout_ms);
    while (app_.connections.load() > 0 && std::chrono::steady_clock::now() < deadline) {
      for (const auto& thread : threads_) thread->drain();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const bool is_drained = app_.connections.load() == 0;
    if (!is_drained) cut();
    for (const auto& thread : threads_) thread->stop();
    // No handler runs any more. Once the workers are done, too, nothing uses the database but writes under way.
    workers_.stop();
    query_workers_.stop();
    bulk_workers_.stop();
    return is_drained;
  }

 private:
  // Ends what is in flight, and leaves a moment to say so.
  void cut() {
    app_.shutdown.cancel();
    for (const auto& thread : threads_) thread->cut();
    const auto deadline = std::chrono::steady_clock::now() + kCutGrace;
    while (app_.connections.load() > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  Status bind() {
    TAMIS_ASSIGN_OR_RETURN(const asio::ip::address address, parse_host(settings_));
    error_code error;
    const tcp::endpoint endpoint(address, settings_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Status::io_error("cannot listen on " + settings_.host + ":" + std::to_string(settings_.port) + ": " +
                              error.message());
    }
    port_ = acceptor_.local_endpoint(error).port();
    return Status::ok();
  }

  asio::awaitable<void> accept() {
    std::size_t turn = 0;
    while (true) {
      IoThread& thread = *threads_[turn++ % threads_.size()];
      tcp::socket socket(thread.context());
      const auto [error] = co_await acceptor_.async_accept(socket, kTuple);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // out of file descriptors, say: let some close
        asio::steady_timer pause(accept_context_, std::chrono::milliseconds(20));
        static_cast<void>(co_await pause.async_wait(kTuple));
        continue;
      }
      if (app_.connections.fetch_add(1) >= settings_.max_connections) {
        app_.connections.fetch_sub(1);
        app_.metrics->on_refused("connections");
        if (!tls_) thread.refuse(std::move(socket));
        continue;
      }
      error_code unknown;
      const auto peer = socket.remote_endpoint(unknown);
      thread.serve(tls_ ? make_tls_transport(std::move(socket), tls_) : make_plain_transport(std::move(socket)),
                   unknown ? std::string() : peer.address().to_string());
    }
  }

  // In this order: the acceptor goes first, then the workers, then the I/O threads with what they were doing.
  const ServerSettings settings_;
  App app_;
  RateLimiter rate_;
  Front front_;
  std::shared_ptr<asio::ssl::context> tls_;  // of the accepting thread, once that runs; null: no TLS
  std::shared_ptr<DatabaseCollector> database_collector_ = std::make_shared<DatabaseCollector>(&app_);
  std::shared_ptr<ProcessCollector> process_collector_ = std::make_shared<ProcessCollector>();
  std::vector<std::unique_ptr<IoThread>> threads_;
  WorkerPool workers_;
  WorkerPool query_workers_;
  WorkerPool bulk_workers_;
  asio::io_context accept_context_{1};
  tcp::acceptor acceptor_{accept_context_};
  std::uint16_t port_ = 0;
  std::thread accept_thread_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(Database* database, const ServerSettings& settings, Logger* logger,
                                              Metrics* metrics) {
  auto impl = std::make_unique<Impl>(database, settings, logger, metrics);
  TAMIS_RETURN_IF_ERROR(impl->start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port(); }
bool Server::stop() { return impl_->stop(); }
std::size_t Server::queued_work() const { return impl_->queued_work(); }
Status Server::reload(const ServerSettings& settings) { return impl_->reload(settings); }

Status Server::check(const ServerSettings& settings) {
  TAMIS_RETURN_IF_ERROR(load_access(settings).status());
  return load_tls(settings).status();
}

}  // namespace tamis::server
