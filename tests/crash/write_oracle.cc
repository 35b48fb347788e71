#include "tests/crash/write_oracle.h"

#include <algorithm>

#include "storage/log_codec.h"
#include "tests/storage/store_model.h"

namespace tamis::storage {
namespace {

// Whether a log record is what the mutation must have been recorded as.
bool is_record_of(const Mutation& written, const CommittedRecord& record) {
  if (const auto* patch = std::get_if<PatchEntity>(&written)) {
    const auto* put = std::get_if<PutEntity>(&record.mutation);
    if (put == nullptr || put->kind != patch->kind || put->entity.id != patch->id) return false;
    return std::all_of(patch->features.begin(), patch->features.end(), [&](const auto& feature) {
      const auto found = put->entity.features.find(feature.first);
      return found != put->entity.features.end() && found->second == feature.second;
    });
  }
  std::string expected, stored;
  encode_log_record(0, written, &expected);
  encode_log_record(0, record.mutation, &stored);
  return expected == stored;
}

bool may_be_duplicate(const Mutation& written) {
  const auto* put = std::get_if<PutInteraction>(&written);
  return put != nullptr && !put->interaction.idempotency_key.empty();
}

// How many records from `first` on (index into the log) are the write's; 0 where they are not. An interaction that
// repeats a key may have none.
std::size_t match(const std::vector<Mutation>& write, const std::vector<CommittedRecord>& log, std::size_t first) {
  std::size_t next = first;
  for (const Mutation& mutation : write) {
    if (next < log.size() && is_record_of(mutation, log[next])) {
      ++next;
    } else if (!may_be_duplicate(mutation)) {
      return 0;
    }
  }
  return next - first;
}

}  // namespace

void WriteOracle::note(std::vector<Mutation> write, const Result<WriteAck>& answer) {
  const StatusCode code = answer.status().code();
  const bool unknown = code == StatusCode::kUnavailable || code == StatusCode::kIoError;
  if (!answer.is_ok() && !unknown) return;
  MutexLock lock(mutex_);
  notes_.push_back({std::move(write), answer.is_ok() ? std::optional<WriteAck>(*answer) : std::optional<WriteAck>()});
}

WriteOracle::Verdict WriteOracle::check(const Store& store) const {
  Verdict verdict;
  std::vector<CommittedRecord> log;
  StoreModel model;
  const Status read = store.read_log(0, [&](const CommittedRecord& record) {
    log.push_back(record);
    model.apply(record);
    return true;
  });
  if (!read.is_ok()) return verdict.violation = read.to_string(), verdict;
  if (log.size() != store.last_sequence()) return verdict.violation = "the log's length", verdict;
  verdict.violation = model.difference(store);
  if (!verdict.violation.empty()) return verdict;

  MutexLock lock(mutex_);
  std::vector<bool> owned(log.size(), false);
  for (const Note& note : notes_) {
    if (!note.ack) continue;
    ++verdict.acknowledged;
    if (note.ack->accepted == 0) continue;
    const Sequence first = note.ack->sequence - note.ack->accepted + 1;
    if (first > log.size()) {
      ++verdict.lost;
      continue;
    }
    if (match(note.mutations, log, first - 1) != note.ack->accepted) {
      verdict.violation = "the write acknowledged as " + std::to_string(first) + ".." +
                          std::to_string(note.ack->sequence) + " is not what the log holds there";
      return verdict;
    }
    std::fill_n(owned.begin() + static_cast<std::ptrdiff_t>(first - 1), note.ack->accepted, true);
  }
  // What is left belongs to writes of unknown outcome, whole ones.
  for (std::size_t i = 0; i < log.size();) {
    if (owned[i]) {
      ++i;
      continue;
    }
    std::size_t records = 0;
    for (const Note& note : notes_) {
      if (!note.ack) records = std::max(records, match(note.mutations, log, i));
    }
    if (records == 0) {
      verdict.violation = "nobody wrote record " + std::to_string(i + 1);
      return verdict;
    }
    i += records;
  }
  return verdict;
}

}  // namespace tamis::storage
