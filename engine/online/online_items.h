// OnlineItems: the thread that keeps the serving generation's item vectors fresh between trainings; see README.md.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "engine/live/live_state.h"
#include "engine/requests.h"

namespace tamis::engine {

// Thread-safe. The on_...() functions never block. Failures of a model server are told in the log and tried again,
// after a second at first, after a minute at most; the items keep waiting.
class OnlineItems final : public ItemListener {
 public:
  struct Host {
    std::function<std::shared_ptr<const ReadState>()> pin;
    std::function<void(const std::function<void()>&)> run_exclusive;  // on the committing thread, between two groups
  };
  explicit OnlineItems(Host host);
  ~OnlineItems() override;  // ends after the item under way. REQUIRES: the host still runs exclusive work

  // A generation serves, or none: what waited is void; what came since it learned is looked for and waits.
  void on_generation();
  void on_described(DenseId item) override;
  void on_interaction(DenseId item) override;

  OnlineFigures figures() const;
  // Until nothing waits and nothing is under way; false where that takes longer. Not on the committing thread.
  bool wait_idle(std::chrono::milliseconds timeout) const;

 private:
  // An encoder of the state and the vectors made for it, to be put into its index.
  struct Made {
    const models::Encoder* encoder = nullptr;
    std::vector<DenseId> items;
    std::vector<std::vector<float>> vectors;               // empty: the item has none
    std::vector<std::shared_ptr<const Entity>> described;  // what was embedded; null where interactions were refitted
  };
  class Refitter;

  void loop();
  void look_for_work();
  bool place_some();  // false where nothing waited
  bool refit_some();
  Status place(const std::shared_ptr<const ReadState>& state, const std::vector<DenseId>& items);
  void put(const std::shared_ptr<const ReadState>& state, const Made& made);
  bool is_stopping() const;

  const Host host_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool stopping_ TAMIS_GUARDED_BY(mutex_) = false;
  bool is_new_generation_ TAMIS_GUARDED_BY(mutex_) = false;
  bool is_busy_ TAMIS_GUARDED_BY(mutex_) = false;
  std::set<DenseId> to_place_ TAMIS_GUARDED_BY(mutex_);
  std::set<DenseId> to_refit_ TAMIS_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> placed_{0};
  std::atomic<std::uint64_t> refitted_{0};
  std::atomic<std::uint64_t> failures_{0};
  // Of the thread alone.
  std::chrono::steady_clock::time_point retry_at_;
  std::chrono::milliseconds retry_wait_{0};
  std::unique_ptr<Refitter> refitter_;
  std::thread thread_;
};

}  // namespace tamis::engine
