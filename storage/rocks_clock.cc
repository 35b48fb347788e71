#include "storage/rocks_clock.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace tamis::storage {
namespace {

class EnvWithRocksClock final : public rocksdb::EnvWrapper {
 public:
  explicit EnvWithRocksClock(std::unique_ptr<rocksdb::Env> target) : EnvWrapper(std::move(target)) {
    system_clock_ = std::make_shared<RocksClock>(system_clock_);
  }
  const char* Name() const override { return "EnvWithRocksClock"; }
};

}  // namespace

rocksdb::Status RocksClock::GetCurrentTime(std::int64_t* unix_time) {
  const rocksdb::Status status = SystemClockWrapper::GetCurrentTime(unix_time);
  *unix_time = std::max<std::int64_t>(*unix_time, 0);
  return status;
}

std::unique_ptr<rocksdb::Env> with_rocks_clock(std::unique_ptr<rocksdb::Env> target) {
  return std::make_unique<EnvWithRocksClock>(std::move(target));
}

}  // namespace tamis::storage
