// The write path beside what it stands on: raw RocksDB writing batches of the same rows with the same log options,
// Store::commit_group, and CommitQueue with many waiting writers. One run, ratios as JSON.
//
//   commit_bench [--dir D] [--seconds S]
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/random.h"
#include "storage/commit_queue.h"
#include "storage/key_codec.h"
#include "storage/log_codec.h"
#include "storage/open_database.h"
#include "storage/rocks_options.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

constexpr std::uint32_t kUsers = 50'000;
constexpr std::uint32_t kItems = 20'000;
constexpr int kWriters = 32;
constexpr std::size_t kBulk = 5'000;  // interactions of one bulk write

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "commit_bench: %s\n", message.c_str());
  std::exit(1);
}

std::vector<Mutation> interactions(Random* random, std::size_t count) {
  std::vector<Mutation> write;
  write.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    PutInteraction put;
    put.interaction.user = "customer-" + std::to_string(random->below(kUsers));
    put.interaction.item = "product-" + std::to_string(random->below(kItems));
    put.interaction.type = "purchase";
    put.interaction.value = 1 + random->below(9);
    put.interaction.timestamp_ms = 1'300'000'000'000 + random->below(1'000'000'000);
    write.push_back(std::move(put));
  }
  return write;
}

// Mutations per second of `step`, which gives how many it did, over about `seconds`. Preparing is not counted.
double rate(double seconds, const std::function<std::function<std::size_t()>()>& prepare) {
  std::chrono::duration<double> spent{0};
  std::size_t done = 0;
  while (spent.count() < seconds) {
    const auto step = prepare();
    const auto start = Clock::now();
    done += step();
    spent += Clock::now() - start;
  }
  return static_cast<double>(done) / spent.count();
}

// Raw RocksDB with the rows that a commit writes, precomputed: the floor under the store.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& dir) : resources_(StoreOptions{}) {
    auto opened = OpenDatabase::open(dir, resources_, false);
    if (!opened.is_ok()) fail(opened.status().to_string());
    database_ = std::move(opened).value();
  }

  void add(const Mutation& mutation, rocksdb::WriteBatch* batch) {
    const Interaction& in = std::get<PutInteraction>(mutation).interaction;
    ++sequence_;
    const auto user = static_cast<DenseId>(std::hash<std::string>{}(in.user) % kUsers);
    const auto item = static_cast<DenseId>(std::hash<std::string>{}(in.item) % kItems);
    HistoryPosition position{.owner = user, .timestamp_ms = in.timestamp_ms, .sequence = sequence_};
    std::string value;
    encode_interaction({.item = item, .type = 0, .value = in.value}, in, &value);
    check(batch->Put(database_->table(Table::kInteractions), history_key(position).view(), value));
    value.clear();
    position.owner = item;
    encode_by_item({.user = user, .type = 0, .value = in.value, .has_details = false}, &value);
    check(batch->Put(database_->table(Table::kByItem), history_key(position).view(), value));
    value.clear();
    encode_log_record(1'300'000'000'000, mutation, &value);
    check(batch->Put(database_->table(Table::kLog), log_key(sequence_).view(), value));
  }
  void write(rocksdb::WriteBatch* batch, bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    check(database_->db()->Write(options, batch));
  }

 private:
  static void check(const rocksdb::Status& status) {
    if (!status.ok()) fail(status.ToString());
  }
  RocksResources resources_;
  std::shared_ptr<OpenDatabase> database_;
  Sequence sequence_ = 0;
};

struct Figures {
  double bulk = 0;    // mutations per second, kBulk per synced write
  double single = 0;  // writes of one mutation per second, 32 waiting writers, each acknowledged after an fsync
};

Figures measure_raw(const std::string& dir, double seconds) {
  RawDatabase raw(dir);
  Random random(1);
  Figures figures;
  figures.bulk = rate(seconds, [&]() -> std::function<std::size_t()> {
    auto batch = std::make_shared<rocksdb::WriteBatch>();
    for (const Mutation& mutation : interactions(&random, kBulk)) raw.add(mutation, batch.get());
    return [&raw, batch] { return raw.write(batch.get(), true), kBulk; };
  });
  // RocksDB groups concurrent writers by itself.
  std::vector<std::vector<rocksdb::WriteBatch>> batches(kWriters);
  const auto each = static_cast<std::size_t>(200 * seconds);
  for (auto& mine : batches) {
    mine.resize(each);
    for (rocksdb::WriteBatch& batch : mine) raw.add(interactions(&random, 1).front(), &batch);
  }
  const auto start = Clock::now();
  std::vector<std::thread> writers;
  for (auto& mine : batches) {
    writers.emplace_back([&raw, &mine] {
      for (rocksdb::WriteBatch& batch : mine) raw.write(&batch, true);
    });
  }
  for (std::thread& writer : writers) writer.join();
  figures.single = static_cast<double>(each * kWriters) / std::chrono::duration<double>(Clock::now() - start).count();
  return figures;
}

std::unique_ptr<Store> open_store(const std::string& dir) {
  auto store = Store::open(dir, {});
  if (!store.is_ok()) fail(store.status().to_string());
  return std::move(store).value();
}

double measure_store(const std::string& dir, double seconds) {
  const auto store = open_store(dir);
  Random random(2);
  return rate(seconds, [&]() -> std::function<std::size_t()> {
    auto write = std::make_shared<std::vector<Mutation>>(interactions(&random, kBulk));
    return [&store, write] {
      const auto group = store->commit_group({write.get(), 1}, Durability::kSync);
      if (!group.is_ok()) fail(group.status().to_string());
      return kBulk;
    };
  });
}

Figures measure_queue(const std::string& dir, double seconds) {
  const auto store = open_store(dir);
  CommitQueue queue(store.get(), nullptr, {});
  Random random(3);
  Figures figures;
  figures.bulk = rate(seconds, [&]() -> std::function<std::size_t()> {
    auto write = std::make_shared<std::vector<Mutation>>(interactions(&random, kBulk));
    return [&queue, write] {
      const auto ack = queue.commit(std::move(*write), Durability::kSync);
      if (!ack.is_ok()) fail(ack.status().to_string());
      return kBulk;
    };
  });
  std::vector<std::vector<std::vector<Mutation>>> writes(kWriters);
  const auto each = static_cast<std::size_t>(200 * seconds);
  for (auto& mine : writes) {
    for (std::size_t i = 0; i < each; ++i) mine.push_back(interactions(&random, 1));
  }
  const auto start = Clock::now();
  std::vector<std::thread> writers;
  for (auto& mine : writes) {
    writers.emplace_back([&queue, &mine] {
      for (std::vector<Mutation>& write : mine) {
        const auto ack = queue.commit(std::move(write), Durability::kSync);
        if (!ack.is_ok()) fail(ack.status().to_string());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  figures.single = static_cast<double>(each * kWriters) / std::chrono::duration<double>(Clock::now() - start).count();
  return figures;
}

}  // namespace
}  // namespace tamis::storage

int main(int argc, char** argv) {
  using namespace tamis::storage;
  std::filesystem::path root = std::filesystem::temp_directory_path() / "tamis-commit-bench";
  double seconds = 3;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--dir") == 0) root = argv[i + 1];
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::atof(argv[i + 1]);
  }
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
  std::filesystem::create_directories(root);
  const Figures raw = measure_raw((root / "raw").string(), seconds);
  const double store = measure_store((root / "store").string(), seconds);
  const Figures queue = measure_queue((root / "queue").string(), seconds);
  std::filesystem::remove_all(root, ignored);
  std::printf(
      "{\"bulk_mutations_per_s\":{\"raw_rocksdb\":%.0f,\"store\":%.0f,\"queue\":%.0f},"
      "\"single_commits_per_s_32_writers\":{\"raw_rocksdb\":%.0f,\"queue\":%.0f},"
      "\"ratio\":{\"store_bulk\":%.3f,\"queue_bulk\":%.3f,\"queue_single\":%.3f}}\n",
      raw.bulk, store, queue.bulk, raw.single, queue.single, store / raw.bulk, queue.bulk / raw.bulk,
      queue.single / raw.single);
  return 0;
}
