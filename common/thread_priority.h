// The scheduling priority of background learning.
#pragma once

namespace tamis {

// Lowers the calling thread's priority (nice 10, batch scheduling); threads that it starts inherit it. Has no effect
// where the system does not let it.
void lower_thread_priority();

}  // namespace tamis
