#include "common/cancellation.h"

namespace tamis {
namespace {

thread_local const Cancellation* current = nullptr;

}  // namespace

CancellationScope::CancellationScope(const Cancellation* cancellation) : previous_(current) { current = cancellation; }
CancellationScope::~CancellationScope() { current = previous_; }

bool is_cancelled() { return current != nullptr && current->is_cancelled(); }
bool is_cancellable() { return current != nullptr; }

Status check_cancelled() {
  if (!is_cancelled()) return Status::ok();
  return Status::unavailable("the work was cancelled: the server is shutting down, or its request has ended");
}

}  // namespace tamis
