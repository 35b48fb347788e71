#include "server/bulk/bulk_ingest.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "common/byte_budget.h"
#include "server/app/app.h"
#include "server/bulk/arrival_rate.h"
#include "server/json/answer_json.h"
#include "server/metrics/metrics.h"

namespace tamis::server {
namespace {

constexpr std::size_t kBatchMutations = 5'000;
constexpr std::uint64_t kBatchBytes = 4ull << 20;
constexpr std::uint64_t kLeastStreamBytes = 4ull << 20;  // what a part of a body becomes when it is decoded, about

// Counts a stream against the limit for as long as it lives.
class StreamSlot {
 public:
  explicit StreamSlot(App& app) : app_(app), is_held_(app.bulk_streams.fetch_add(1) < app.settings->max_bulk_streams) {}
  ~StreamSlot() { app_.bulk_streams.fetch_sub(1); }
  StreamSlot(const StreamSlot&) = delete;
  StreamSlot& operator=(const StreamSlot&) = delete;
  bool is_held() const { return is_held_; }

 private:
  App& app_;
  const bool is_held_;
};

bool is_of_one_record(StatusCode code) {
  return code == StatusCode::kInvalidArgument || code == StatusCode::kNotFound ||
         code == StatusCode::kFailedPrecondition || code == StatusCode::kAlreadyExists;
}

// The room that a stream always has: a part of the body, decoded, and a line that is put together and padded.
std::uint64_t least_bytes(const ServerSettings& settings) { return kLeastStreamBytes + 2 * settings.max_line_bytes; }

// Commits the batches of one stream, one after the other: a batch of which a record is refused is sent again record by
// record, and what follows must not overtake it. The next batch is read and decoded meanwhile. Lives on the stream's
// I/O thread; acks are posted there.
class BatchWriter {
 public:
  BatchWriter(Exchange& exchange, asio::any_io_executor executor, WriteOptions options)
      : app_(exchange.app()),
        executor_(executor),
        wake_(executor),
        options_(options),
        inbox_(std::make_shared<Inbox>()) {
    inbox_->writer = this;
    wake_.expires_at(asio::steady_timer::time_point::max());
  }
  ~BatchWriter() { inbox_->writer = nullptr; }
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  // Sends a batch once the one before is done. Does nothing after a failure.
  asio::awaitable<void> submit(BulkRecords records) {
    co_await wait();
    if (!failure_.is_ok()) co_return;
    auto batch = std::make_shared<const BulkRecords>(std::move(records));
    bytes_in_flight_ = batch->bytes;
    send(batch->mutations, [batch](BatchWriter& writer, Result<WriteAck> ack) { writer.on_batch(*batch, ack); });
  }
  // Until nothing is in flight.
  asio::awaitable<void> wait() {
    while (in_flight_ > 0) {
      wake_.expires_at(asio::steady_timer::time_point::max());
      static_cast<void>(co_await wake_.async_wait(kTuple));
    }
    bytes_in_flight_ = 0;
  }
  // Of the batch that is being committed; it is kept until its ack in case a record of it is refused.
  std::uint64_t bytes_in_flight() const { return bytes_in_flight_; }
  const Status& failure() const { return failure_; }  // of the first batch that failed as a whole
  const WriteAck& total() const { return total_; }
  BulkRecords& refused() { return refused_; }

 private:
  // Where acks arrive; it outlives the writer when the connection dies first.
  struct Inbox {
    BatchWriter* writer;
  };
  using OnAck = std::function<void(BatchWriter&, Result<WriteAck>)>;

  void send(std::vector<Mutation> mutations, OnAck on_ack) {
    ++in_flight_;
    app_.writes.fetch_add(1);
    app_.database->write_async(std::move(mutations), options_,
                               [&writes = app_.writes, inbox = inbox_, executor = executor_,
                                on_ack = std::move(on_ack)](Result<WriteAck> ack) {
                                 asio::post(executor, [inbox, on_ack, ack = std::move(ack)]() mutable {
                                   if (inbox->writer == nullptr) return;
                                   --inbox->writer->in_flight_;
                                   on_ack(*inbox->writer, std::move(ack));
                                   inbox->writer->wake_.cancel();
                                 });
                                 writes.fetch_sub(1);  // from here on the server may go
                               });
  }

  void add(const WriteAck& ack) {
    total_.accepted += ack.accepted;
    total_.duplicates += ack.duplicates;
    total_.ignored += ack.ignored;
    total_.outdated += ack.outdated;
    total_.sequence = std::max(total_.sequence, ack.sequence);
    for (const std::string& type : ack.undeclared_types) {
      auto& known = total_.undeclared_types;
      if (known.size() < kMaxUndeclaredTypes && std::find(known.begin(), known.end(), type) == known.end())
        known.insert(std::lower_bound(known.begin(), known.end(), type), type);
    }
  }

  void on_batch(const BulkRecords& batch, const Result<WriteAck>& ack) {
    if (ack.is_ok()) return add(*ack);
    if (!is_of_one_record(ack.status().code())) {
      if (failure_.is_ok()) failure_ = ack.status();
      return;
    }
    for (std::size_t i = 0; i < batch.mutations.size(); ++i) {
      const std::uint64_t line = batch.lines[i];
      send({batch.mutations[i]}, [line](BatchWriter& writer, Result<WriteAck> one) {
        if (one.is_ok()) return writer.add(*one);
        if (is_of_one_record(one.status().code())) return writer.refused_.refuse(line, one.status());
        if (writer.failure_.is_ok()) writer.failure_ = one.status();
      });
    }
  }

  App& app_;
  asio::any_io_executor executor_;
  asio::steady_timer wake_;
  WriteOptions options_;
  std::shared_ptr<Inbox> inbox_;
  std::size_t in_flight_ = 0;
  std::uint64_t bytes_in_flight_ = 0;
  WriteAck total_;
  BulkRecords refused_;
  Status failure_;
};

// What a decoding job takes and gives, shared with the worker that runs it.
struct DecodeJob {
  std::unique_ptr<BulkDecoder> decoder;
  std::string bytes;
  bool is_last = false;
  BulkRecords records;
};

void write_counts(const WriteAck& total, const BulkRecords& refused, JsonWriter* json) {
  json->field("accepted", total.accepted)
      .field("duplicates", total.duplicates)
      .field("sequence", total.sequence)
      .field("rejected", refused.error_count);
  write_unstored(total, json);
  json->key("errors").begin_array();
  for (const BulkError& error : refused.errors) {
    json->begin_object().field("line", error.line);
    if (!error.field.empty()) json->field("field", error.field);
    json->field("detail", error.detail).end_object();
  }
  json->end_array();
  write_undeclared(total, json);
}

void move_errors(BulkRecords* from, BulkRecords* to) {
  to->error_count += from->error_count;
  for (BulkError& error : from->errors) {
    if (to->errors.size() < BulkRecords::kMaxErrors) to->errors.push_back(std::move(error));
  }
  from->errors.clear();
  from->error_count = 0;
}

// A failure in the midst of a stream also says what was stored before.
Response fail_midway(Exchange& exchange, Problem problem, const WriteAck& total, const BulkRecords& refused) {
  JsonWriter json(&problem.extra);
  write_counts(total, refused, &json);
  return to_response(problem, exchange.request());
}

}  // namespace

asio::awaitable<Response> ingest_stream(Exchange& exchange, std::unique_ptr<BulkDecoder> decoder,
                                        WriteOptions options) {
  App& app = exchange.app();
  const StreamSlot slot(app);
  if (!slot.is_held())
    co_return to_response(http_problem(503, "too many bulk streams are being taken"), exchange.request());
  const std::uint64_t least = least_bytes(*app.settings);
  ByteHold hold(*app.bulk_memory);
  if (const Status room = hold.grow(least); !room.is_ok()) {
    app.metrics->on_refused("memory");
    co_return to_response(problem_of(room), exchange.request());
  }
  exchange.lift_deadline();
  BatchWriter writer(exchange, co_await asio::this_coro::executor, options);
  auto job = std::make_shared<DecodeJob>();
  job->decoder = std::move(decoder);
  std::optional<Problem> problem;
  ArrivalRate rate;
  while (!problem && !job->is_last && writer.failure().is_ok()) {
    const auto asked_at = std::chrono::steady_clock::now();
    const auto part = co_await exchange.read_part();
    if (!part.is_ok()) {
      problem = exchange.body_failure();
      break;
    }
    rate.add(part->size(), std::chrono::steady_clock::now() - asked_at);
    if (rate.is_slow() && app.bulk_streams.load() >= app.settings->max_bulk_streams) {
      app.metrics->on_refused("timeout");
      problem = http_problem(408, "the stream brought less than 1024 bytes a second while all streams were in use");
      break;
    }
    job->bytes.assign(*part);
    job->is_last = part->empty();
    std::function<Result<bool>()> decode = [job]() -> Result<bool> {
      TAMIS_RETURN_IF_ERROR(job->decoder->feed(job->bytes, &job->records));
      if (job->is_last) TAMIS_RETURN_IF_ERROR(job->decoder->finish(&job->records));
      return true;
    };
    const auto decoded = co_await exchange.offload<bool>(*app.bulk_workers, std::move(decode));
    if (!decoded.is_ok()) problem = problem_of(decoded.status());
    move_errors(&job->records, &writer.refused());
    const std::uint64_t bytes = job->records.bytes + writer.bytes_in_flight();
    const bool has_room = bytes <= hold.bytes() || hold.grow(bytes - hold.bytes()).is_ok();
    const bool is_full = job->records.mutations.size() >= kBatchMutations || job->records.bytes >= kBatchBytes;
    if ((is_full || !has_room) && !problem) co_await writer.submit(std::exchange(job->records, BulkRecords{}));
    // Without room the stream waits for its own batch, not for others: so every stream goes on.
    if (!has_room) co_await writer.wait();
    hold.shrink_to(std::max(least, job->records.bytes + writer.bytes_in_flight()));
  }
  if (!job->records.mutations.empty()) co_await writer.submit(std::exchange(job->records, BulkRecords{}));
  co_await writer.wait();

  if (!problem && !writer.failure().is_ok()) problem = problem_of(writer.failure());
  app.metrics->on_bulk_records(writer.total().accepted, writer.refused().error_count);
  if (problem) co_return fail_midway(exchange, std::move(*problem), writer.total(), writer.refused());
  Response response;
  JsonWriter json(&response.body);
  json.begin_object();
  write_counts(writer.total(), writer.refused(), &json);
  json.end_object();
  co_return response;
}

}  // namespace tamis::server
