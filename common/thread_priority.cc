#include "common/thread_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tamis {

void lower_thread_priority() {
  constexpr int kNice = 10;
  const sched_param parameters{};
  // On Linux both apply to one thread, whatever POSIX says of processes. A refusal leaves the normal priority.
  (void)sched_setscheduler(gettid(), SCHED_BATCH, &parameters);
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

}  // namespace tamis
