// GET /v1/jobs/{id}/events: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), one
// "job" event whenever the job has changed, the last when it has ended.
#include <boost/asio/steady_timer.hpp>

#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

constexpr std::chrono::milliseconds kEndCheckPeriod{250};  // of a server that shuts down, and of a peer that has gone
constexpr std::chrono::seconds kCommentPeriod{15};         // keeps proxies from closing a quiet stream

bool has_ended(JobState state) { return state != JobState::kQueued && state != JobState::kRunning; }

bool differs(const Job& a, const Job& b) {
  return a.state != b.state || a.progress != b.progress || a.stage != b.stage || a.detail != b.detail ||
         a.generation != b.generation;
}

std::string event_of(const Job& job, std::uint64_t number) {
  std::string event = "id: " + std::to_string(number) + "\nevent: job\ndata: ";
  JsonWriter json(&event);
  write_job(job, &json);
  return event + "\n\n";
}

// Wakes the stream when a job changes; the change comes from another thread, the wake-up happens on the I/O thread.
class Bell {
 public:
  Bell(const Database& database, const asio::any_io_executor& executor) : inside_(std::make_shared<Inside>(executor)) {
    watch_ = database.watch_jobs([executor, inside = std::weak_ptr(inside_)] {
      asio::post(executor, [inside] {
        const auto alive = inside.lock();
        if (!alive) return;
        alive->has_rung = true;
        alive->timer.cancel();
      });
    });
  }
  // True where it has rung since the last call, or rings within `longest`.
  asio::awaitable<bool> wait(std::chrono::milliseconds longest) {
    inside_->timer.expires_after(longest);
    if (!inside_->has_rung) static_cast<void>(co_await inside_->timer.async_wait(kTuple));
    co_return std::exchange(inside_->has_rung, false);
  }

 private:
  struct Inside {
    explicit Inside(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool has_rung = false;
  };
  std::shared_ptr<Inside> inside_;
  std::shared_ptr<void> watch_;
};

asio::awaitable<Response> stream_events(Exchange& exchange) {
  const Database& database = *exchange.app().database;
  Bell bell(database, co_await asio::this_coro::executor);
  auto job = database.get_job(exchange.parameter(0));
  if (!job.is_ok()) co_return fail(exchange, job.status());
  Response streamed;
  streamed.is_streamed = true;
  std::uint64_t number = 1;
  bool is_open = co_await exchange.begin_stream("text/event-stream");
  if (is_open) is_open = co_await exchange.send_part(event_of(*job, number));
  auto last_sent = std::chrono::steady_clock::now();
  while (is_open && !has_ended(job->state) && !exchange.should_end()) {
    const bool has_rung = co_await bell.wait(kEndCheckPeriod);
    const auto now = std::chrono::steady_clock::now();
    if (has_rung) {
      auto changed = database.get_job(exchange.parameter(0));
      if (!changed.is_ok()) break;
      if (!differs(*job, *changed)) continue;
      ++number;
      const std::string event = event_of(*changed, number);
      is_open = co_await exchange.send_part(event);
      job = std::move(changed);
      last_sent = now;
    } else if (now - last_sent >= kCommentPeriod) {
      is_open = co_await exchange.send_part(": still here\n\n");
      last_sent = now;
    }
  }
  streamed.close = !is_open;
  co_return streamed;
}

}  // namespace

void add_job_event_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/jobs/{id}/events", .handler = stream_events, .takes_long = true});
}

}  // namespace tamis::server
