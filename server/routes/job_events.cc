// GET /v1/jobs/{id}/events: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), one
// "job" event whenever the job has changed, the last when it has ended.
#include <boost/asio/steady_timer.hpp>

#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

constexpr std::chrono::milliseconds kPollPeriod{200};  // a job is a map lookup: no thread waits for it
constexpr int kPollsBetweenComments = 75;              // 15 s: keeps proxies from closing a quiet stream

bool has_ended(JobState state) {
  return state == JobState::kSucceeded || state == JobState::kFailed || state == JobState::kCancelled;
}

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

asio::awaitable<Response> stream_events(Exchange& exchange) {
  const Database& database = *exchange.app().database;
  auto job = database.get_job(exchange.parameter(0));
  if (!job.is_ok()) co_return fail(exchange, job.status());
  Response streamed;
  streamed.is_streamed = true;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::uint64_t number = 1;
  bool is_open = co_await exchange.begin_stream("text/event-stream");
  if (is_open) is_open = co_await exchange.send_part(event_of(*job, number));
  int polls = 0;
  while (is_open && !has_ended(job->state) && !exchange.should_end()) {
    timer.expires_after(kPollPeriod);
    static_cast<void>(co_await timer.async_wait(kTuple));
    auto now = database.get_job(exchange.parameter(0));
    if (!now.is_ok()) break;
    if (differs(*job, *now)) {
      ++number;
      const std::string event = event_of(*now, number);
      is_open = co_await exchange.send_part(event);
      polls = 0;
    } else if (++polls % kPollsBetweenComments == 0) {
      is_open = co_await exchange.send_part(": still here\n\n");
    }
    job = std::move(now);
  }
  streamed.close = !is_open;
  co_return streamed;
}

}  // namespace

void add_job_event_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/jobs/{id}/events", .handler = stream_events, .takes_long = true});
}

}  // namespace tamis::server
