#include "storage/rocks_status.h"

#include <string>

namespace tamis::storage {
namespace {

StatusCode code_of(const rocksdb::Status& status) {
  using Code = rocksdb::Status::Code;
  switch (status.code()) {
    case Code::kOk: return StatusCode::kOk;
    case Code::kNotFound: return StatusCode::kNotFound;
    case Code::kCorruption: return StatusCode::kCorruption;
    case Code::kIOError: return StatusCode::kIoError;
    case Code::kNotSupported: return StatusCode::kFailedPrecondition;
    case Code::kIncomplete:
    case Code::kShutdownInProgress:
    case Code::kTimedOut:
    case Code::kAborted:
    case Code::kBusy:
    case Code::kTryAgain: return StatusCode::kUnavailable;
    default: return StatusCode::kInternal;
  }
}

}  // namespace

Status from_rocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return Status::ok();
  return {code_of(status), std::string(doing) + ": " + status.ToString()};
}

}  // namespace tamis::storage
