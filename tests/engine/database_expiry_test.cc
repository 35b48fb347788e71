// Time to live: expired entities are gone at once, and swept for good soon after.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DatabaseExpiryTest : public DatabaseTest {
 protected:
  // The sweep runs in the background: waits up to ten seconds for it to have deleted.
  bool swept(std::uint64_t items_left) {
    for (int i = 0; i < 1'000 && database->stats().items != items_left; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return database->stats().items == items_left;
  }
};

TEST_F(DatabaseExpiryTest, ExpiredItemsAreNotServedAndThenSwept) {
  open();
  write({put_space("style", 2), put_item("offer", {}, clock.now_ms() + 1'000), put_item("lantern"),
         PutVector{"style", EntityKind::kItem, "offer", {1, 0}},
         PutVector{"style", EntityKind::kItem, "lantern", {0, 1}}});
  EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("offer", "lantern"));
  const Sequence before = database->sequence();

  clock.advance(1'000);
  EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("lantern"));
  EXPECT_THAT(recommended("ada"), ElementsAre("lantern"));
  EXPECT_THAT(listed(EntityKind::kItem), ElementsAre("lantern"));
  EXPECT_EQ(database->get_entity(EntityKind::kItem, "offer").status().code(), StatusCode::kNotFound);

  ASSERT_TRUE(swept(1));
  EXPECT_EQ(database->sequence(), before + 1) << "the sweep goes through the log";
  const auto log = database->read_log(before + 1, 10);
  ASSERT_TRUE(log.is_ok());
  ASSERT_EQ(log->size(), 1u);
  EXPECT_TRUE(std::holds_alternative<DeleteEntity>((*log)[0].mutation));
}

TEST_F(DatabaseExpiryTest, ARenewedItemStays) {
  open();
  write({put_item("offer", {}, clock.now_ms() + 1'000)});
  write({put_item("offer", {}, clock.now_ms() + 60'000)});
  write({put_item("other", {}, clock.now_ms() + 1'000)});
  clock.advance(1'000);
  ASSERT_TRUE(swept(1)) << "only the other one";
  EXPECT_TRUE(database->get_entity(EntityKind::kItem, "offer").is_ok());
  write({PatchEntity{EntityKind::kItem, "offer", {}, {}, TimestampMs{0}}});
  clock.advance(1'000'000);
  EXPECT_TRUE(database->get_entity(EntityKind::kItem, "offer").is_ok()) << "it never expires now";
}

TEST_F(DatabaseExpiryTest, WhatExpiredWhileClosedIsSweptAfterOpening) {
  open();
  write({put_item("offer", {}, clock.now_ms() + 1'000)});
  close();
  clock.advance(5'000);
  open();
  EXPECT_THAT(listed(EntityKind::kItem), IsEmpty());
  EXPECT_TRUE(swept(0));
}

}  // namespace
}  // namespace tamis::engine
