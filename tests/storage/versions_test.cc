// Writes that arrive out of order: what is stored with a newer version stays.
#include <algorithm>
#include <vector>

#include "tests/storage/mutation_source.h"
#include "tests/storage/store_fixture.h"

namespace tamis::storage {
namespace {

PutEntity lamp_at(double price, std::uint64_t version) {
  return {.kind = EntityKind::kItem, .entity = {.id = "lamp", .features = {{"price", price}}, .version = version}};
}
PutVector vector_at(float first, std::uint64_t version) {
  return {.space = "text", .kind = EntityKind::kItem, .id = "lamp", .vector = {first, 0, 0, 0}, .version = version};
}

class VersionsTest : public StoreTest {
 protected:
  void SetUp() override {
    must_open();
    must_commit(source_spaces());
  }
  // How many of the mutations were stored.
  std::size_t write(std::vector<Mutation> mutations) {
    const auto outcome = commit(std::move(mutations));
    EXPECT_TRUE(outcome.is_ok()) << outcome.status().to_string();
    if (!outcome.is_ok()) return 0;
    return static_cast<std::size_t>(std::count_if(outcome->begin(), outcome->end(),
                                                  [](const CommittedRecord& record) { return !record.duplicate; }));
  }
  Entity lamp() const {
    const auto id = store_->ids(EntityKind::kItem).find("lamp");
    return store_->get_entity(EntityKind::kItem, *id).value();
  }
  double price() const { return std::get<double>(lamp().features.at("price")); }
  float first() const {
    const auto id = store_->ids(EntityKind::kItem).find("lamp");
    return store_->get_vector("text", EntityKind::kItem, *id)->vector[0];
  }
};

TEST_F(VersionsTest, AnOlderEntityIsNotStored) {
  EXPECT_EQ(write({lamp_at(3, 30)}), 1u);
  const Sequence before = store_->last_sequence();
  EXPECT_EQ(write({lamp_at(2, 20)}), 0u);
  EXPECT_EQ(store_->last_sequence(), before) << "the log does not tell of what was not stored";
  EXPECT_EQ(price(), 3);
  must_open();
  EXPECT_EQ(lamp().version, 30u) << "after a restart";
  EXPECT_EQ(write({lamp_at(2, 29)}), 0u);
  EXPECT_EQ(write({lamp_at(3.5, 30)}), 1u) << "the same version again is a retry";
  EXPECT_EQ(write({lamp_at(4, 40)}), 1u);
  EXPECT_EQ(price(), 4);
}

TEST_F(VersionsTest, AWriteWithoutAVersionIsStoredAndEndsTheOrder) {
  write({lamp_at(3, 30)});
  EXPECT_EQ(write({lamp_at(1, 0)}), 1u);
  EXPECT_EQ(price(), 1);
  EXPECT_EQ(write({lamp_at(2, 20)}), 1u);
}

TEST_F(VersionsTest, APatchKeepsTheVersionOrRaisesIt) {
  write({lamp_at(3, 30)});
  write({PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .features = {{"price", 3.1}}}});
  EXPECT_EQ(lamp().version, 30u);
  EXPECT_EQ(write({PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .features = {{"price", 2.0}}, .version = 29}}),
            0u);
  EXPECT_EQ(price(), 3.1);
  write({PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .features = {{"stock", 5.0}}, .version = 31}});
  EXPECT_EQ(lamp().version, 31u);
  EXPECT_EQ(write({lamp_at(2, 30)}), 0u);
}

TEST_F(VersionsTest, WithinOneWriteTheNewestStands) {
  EXPECT_EQ(
      write({lamp_at(2, 20), lamp_at(3, 30), lamp_at(1, 10), vector_at(2, 20), vector_at(3, 30), vector_at(1, 10)}),
      4u);
  EXPECT_EQ(price(), 3);
  EXPECT_EQ(first(), 3);
  EXPECT_EQ(write({vector_at(4, 0), vector_at(1, 5)}), 2u) << "without a version it ends the order";
  EXPECT_EQ(first(), 1);
}

TEST_F(VersionsTest, AnOlderVectorIsNotStored) {
  write({vector_at(3, 30)});
  EXPECT_EQ(write({vector_at(2, 20)}), 0u);
  must_open();
  EXPECT_EQ(write({vector_at(2, 29)}), 0u);
  EXPECT_EQ(first(), 3);
  EXPECT_EQ(store_->get_vector("text", EntityKind::kItem, 0)->version, 30u);
  EXPECT_EQ(write({vector_at(4, 31)}), 1u);
  EXPECT_EQ(first(), 4);
}

TEST_F(VersionsTest, AWriteThatIsRefusedLeavesNoVersion) {
  write({lamp_at(3, 30), vector_at(3, 30)});
  const Mutation bad = DeleteVector{"text", EntityKind::kItem, "nobody"};
  EXPECT_FALSE(commit({lamp_at(9, 90), vector_at(9, 90), bad}).is_ok());
  EXPECT_EQ(write({lamp_at(4, 40), vector_at(4, 40)}), 2u);
  EXPECT_EQ(price(), 4);
  EXPECT_EQ(first(), 4);
}

TEST_F(VersionsTest, ADeletionForgetsTheVersion) {
  write({lamp_at(3, 30), vector_at(3, 30)});
  write({DeleteVector{"text", EntityKind::kItem, "lamp"}, vector_at(1, 10)});
  EXPECT_EQ(first(), 1);
  write({DeleteEntity{EntityKind::kItem, "lamp"}, lamp_at(1, 10)});
  EXPECT_EQ(price(), 1);
}

}  // namespace
}  // namespace tamis::storage
