// The write path: check, claim, queue; then, on the committing thread, apply and answer.
#include <algorithm>
#include <utility>

#include "common/clock.h"
#include "engine/database/database_impl.h"
#include "engine/database/mutation_check.h"

namespace tamis::engine {
namespace {

constexpr double kLongPauseS = 0.1;

// Mutations that free memory or leave it as it is: they go on past the memory limit.
bool is_deletion(const Mutation& mutation) {
  return std::holds_alternative<DeleteEntity>(mutation) || std::holds_alternative<DeleteVector>(mutation) ||
         std::holds_alternative<DeleteSpace>(mutation) || std::holds_alternative<DeleteDocument>(mutation) ||
         std::holds_alternative<DeleteInteractions>(mutation);
}

// Names which of several mutations is at fault.
Status blame(Status status, std::size_t position, std::size_t count) {
  if (count == 1) return status;
  std::string field = "mutations[" + std::to_string(position) + "]";
  if (!status.field().empty()) field += "." + status.field();
  return std::move(status).at_field(std::move(field));
}

}  // namespace

Status DatabaseImpl::check_writable() const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  if (options_.read_only) return Status::failed_precondition("the database is open for reading only");
  return Status::ok();
}

Status DatabaseImpl::check_memory(const std::vector<Mutation>& mutations) const {
  const std::uint64_t used = memory_bytes_.load(std::memory_order_relaxed);
  if (used <= memory_limit_bytes_ || std::all_of(mutations.begin(), mutations.end(), is_deletion)) return Status::ok();
  const auto parts = memory_parts();
  const auto largest =
      std::max_element(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return Status::resource_exhausted("memory.limit: " + std::to_string(used) + " of " +
                                    std::to_string(memory_limit_bytes_) + " bytes are in use, most of them by " +
                                    largest->first + " (" + std::to_string(largest->second) +
                                    "); deletes and reads go on");
}

Status DatabaseImpl::prepare(Mutation* mutation) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live()->pin();
  return MutationCheck(*state).complete(mutation);
}

Status DatabaseImpl::admit(std::vector<Mutation>* mutations, WriteClaims* claims) const {
  TAMIS_RETURN_IF_ERROR(check_writable());
  const auto state = live()->pin();
  MutationCheck check(*state);
  for (std::size_t i = 0; i < mutations->size(); ++i) {
    Status status = check.complete(&(*mutations)[i]);
    if (!status.is_ok()) return blame(std::move(status), i, mutations->size());
  }
  TAMIS_RETURN_IF_ERROR(check_memory(*mutations));
  TAMIS_RETURN_IF_ERROR(claims->take_types(check.new_types()));
  claims->take(*mutations);
  return Status::ok();
}

Result<WriteAck> DatabaseImpl::write(std::vector<Mutation> mutations, const WriteOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  WriteClaims claims(live(), store_.get());
  TAMIS_RETURN_IF_ERROR(admit(&mutations, &claims));
  if (mutations.empty()) return WriteAck{0, 0, visible_.get()};
  std::vector<std::string> undeclared = undeclared_of(mutations);
  auto ack = queue_->commit(std::move(mutations), options.durability.value_or(options_.storage.durability));
  if (ack.is_ok() && options_.observer != nullptr) options_.observer->on_write_visible(seconds_since(start));
  if (ack.is_ok()) ack->undeclared_types = std::move(undeclared);
  return ack;
}

storage::CommitQueue::Callback DatabaseImpl::answer_later(std::unique_ptr<WriteClaims> claims,
                                                          WriteCallback done) const {
  const auto start = std::chrono::steady_clock::now();
  // Shared: std::function copies what it holds.
  return [this, start, held = std::shared_ptr<WriteClaims>(std::move(claims)),
          done = std::move(done)](Result<WriteAck> ack) mutable {
    held.reset();
    if (ack.is_ok() && options_.observer != nullptr) options_.observer->on_write_visible(seconds_since(start));
    done(std::move(ack));
  };
}

void DatabaseImpl::write_async(std::vector<Mutation> mutations, const WriteOptions& options, WriteCallback done) {
  auto claims = std::make_unique<WriteClaims>(live(), store_.get());
  Status admitted = admit(&mutations, claims.get());
  if (!admitted.is_ok()) return done(std::move(admitted));
  if (mutations.empty()) return done(WriteAck{0, 0, visible_.get()});
  auto answer = [undeclared = undeclared_of(mutations), done = std::move(done)](Result<WriteAck> ack) mutable {
    if (ack.is_ok()) ack->undeclared_types = std::move(undeclared);
    done(std::move(ack));
  };
  queue_->submit(std::move(mutations), options.durability.value_or(options_.storage.durability),
                 answer_later(std::move(claims), std::move(answer)));
}

void DatabaseImpl::between_commits(std::string_view name, const std::function<void()>& work) {
  queue_->run_exclusive([&] {
    const auto start = std::chrono::steady_clock::now();
    work();
    const double seconds = seconds_since(start);
    if (options_.observer != nullptr) options_.observer->on_commit_pause(name, seconds);
    if (seconds > kLongPauseS)
      spdlog::warn("writes waited {:.0f} ms for work between commits: {}", seconds * 1'000, name);
  });
}

void DatabaseImpl::on_commit(std::span<const storage::CommittedRecord> records) {
  const auto start = std::chrono::steady_clock::now();
  Sequence last = visible_.get();
  for (const auto& record : records) last = std::max(last, record.sequence);
  visible_.announce(last);
  live()->apply(records);
  apply_experiments(records);
  apply_interaction_types(records);
  impressions_->on_commit(records);
  visible_.advance(last);
  if (options_.observer != nullptr) options_.observer->on_commit(records.size(), 0, seconds_since(start));
}

}  // namespace tamis::engine
