#include "common/mutation_bytes.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

TEST(MutationBytes, CountWhatLiesOutsideOfTheMutation) {
  const std::string text(10'000, 'x');
  const std::uint64_t bare = memory_bytes(PutInteraction{{.user = "ada", .item = "lamp"}});
  EXPECT_EQ(bare, sizeof(Mutation)) << "short strings lie inside";
  const Features features = {{"note", Text{text}}, {"tags", std::vector<std::string>{text, text}}, {"brand", text}};
  for (const Mutation& mutation :
       std::vector<Mutation>{PutInteraction{{.user = "ada", .item = "lamp", .context = features}},
                             PutEntity{EntityKind::kItem, {.id = "lamp", .features = features}},
                             PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .features = features},
                             PutVector{"space", EntityKind::kItem, "lamp", std::vector<float>(10'000)},
                             PutDocument{"funnel", "home", std::string(40'000, ' ')},
                             DeleteInteractions{std::vector<InteractionRef>(1'000, InteractionRef{"ada", 1, 2})}}) {
    EXPECT_GE(memory_bytes(mutation), 40'000u) << mutation.index();
    EXPECT_LE(memory_bytes(mutation), 80'000u) << mutation.index();
  }
  const std::vector<Mutation> both = {DeleteSpace{text}, DeleteSpace{"s"}};
  EXPECT_EQ(memory_bytes(both), memory_bytes(both[0]) + memory_bytes(both[1]));
}

}  // namespace
}  // namespace tamis
