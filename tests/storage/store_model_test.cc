// Random mixed writes against the model: tables, counts and log agree, within a run and over reopens.
#include "tests/storage/store_model.h"

#include "tests/storage/mutation_source.h"
#include "tests/storage/store_fixture.h"

namespace tamis::storage {
namespace {

// Adds to a write that it takes back interactions which are there, which are not, and which its own group writes: their
// sequences are guessed.
void take_back_some(const StoreModel& live, Random* random, std::vector<Mutation>* write) {
  DeleteInteractions taken;
  const std::vector<InteractionRef> there = live.interactions();
  for (int i = 0; i < 3 && !there.empty(); ++i) {
    taken.rows.push_back(there[random->below(static_cast<std::uint32_t>(there.size()))]);
  }
  taken.rows.push_back({"nobody", 1, 1});
  for (const Mutation& mutation : *write) {
    const auto* put = std::get_if<PutInteraction>(&mutation);
    if (put == nullptr) continue;
    for (Sequence ahead = 1; ahead < 60; ++ahead) {
      taken.rows.push_back({put->interaction.user, put->interaction.timestamp_ms, live.sequence() + ahead});
    }
  }
  write->push_back(std::move(taken));
}

class StoreModelTest : public StoreTest, public testing::WithParamInterface<int> {};

TEST_P(StoreModelTest, TablesAgreeWithTheLog) {
  must_open();
  const auto seed = static_cast<std::uint64_t>(GetParam());
  MutationSource source(seed, "s");
  Random random(seed + 100);
  must_commit(source_spaces());
  StoreModel live = *replay_log(*store_);
  for (int round = 0; round < 120; ++round) {
    clock_.advance(1'000);
    std::vector<std::vector<Mutation>> writes(1 + random.below(6));
    for (auto& write : writes) {
      write = source.next_write(8);
      if (random.below(4) == 0) take_back_some(live, &random, &write);
    }
    const std::vector<std::vector<Mutation>> sent = writes;
    const Sequence before = store_->last_sequence();
    auto group = store_->commit_group(writes, Durability::kNone);
    ASSERT_TRUE(group.is_ok()) << group.status().to_string();
    Sequence expected = before;
    for (const CommittedRecord& record : group->records) {
      if (record.duplicate) continue;
      ASSERT_EQ(record.sequence, ++expected);
      live.apply(record);
    }
    std::uint64_t accepted = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (!group->acks[i].is_ok()) continue;
      accepted += group->acks[i]->accepted;
      ASSERT_EQ(group->acks[i]->accepted + group->acks[i]->duplicates, sent[i].size());
    }
    ASSERT_EQ(accepted, expected - before);
    if (round % 20 == 19) {
      ASSERT_EQ(live.difference(*store_), "") << "round " << round << " seed " << seed;
      const auto replayed = replay_log(*store_);
      ASSERT_TRUE(replayed.is_ok());
      ASSERT_EQ(replayed->difference(*store_), "");
    }
    if (round % 40 == 39) {
      must_open();
      ASSERT_EQ(live.difference(*store_), "") << "after reopening, round " << round << " seed " << seed;
    }
  }
  ASSERT_TRUE(store_->reopen().is_ok());
  ASSERT_EQ(live.difference(*store_), "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest, testing::Range(1, 6));

}  // namespace
}  // namespace tamis::storage
