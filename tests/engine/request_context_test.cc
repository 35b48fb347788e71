// A request's context, from the request to the encoder that reads it.
#include <gtest/gtest.h>

#include "engine/query/query.h"
#include "query_fixture.h"

namespace tamis::engine {
namespace {

// Places a user by the context alone: at +1 on the phone, at -1 elsewhere.
class ContextEncoder final : public models::Encoder {
 public:
  ContextEncoder() : Encoder({.name = "here", .kind = "here", .users = 0, .items = 0, .dim = 1}) {}
  std::span<const float> item_vectors() const override { return {}; }
  Status embed_user(const models::UserInput& user, std::span<float> out) const override {
    if (user.context == nullptr) return Status::failed_precondition("no context");
    const auto device = user.context->find("device");
    const auto* name = device == user.context->end() ? nullptr : std::get_if<std::string>(&device->second);
    out[0] = name != nullptr && *name == "phone" ? 1.0F : -1.0F;
    return Status::ok();
  }
  void add_tensors(models::TensorWriter&) const override {}
};

class RequestContext : public testing::Test {
 protected:
  RequestContext() {
    for (const char* item : {"case", "keyboard"}) database.put_item(item);
    auto generation = std::make_shared<Generation>();
    generation->info.id = "g1";
    generation->encoders.push_back(std::make_shared<ContextEncoder>());
    database.generation = generation;
    database.add_space({.name = "here", .dim = 1, .metric = Metric::kDot, .encoder = "here"});
    database.put_item_vector("here", "case", {1});
    database.put_item_vector("here", "keyboard", {-1});
    FunnelConfig funnel;
    funnel.name = "by_context";
    funnel.retrievers = {{.kind = "ann", .quota = 10, .weight = 1, .space = "here"}};
    funnel.fallback = {};
    database.put_funnel(funnel);
  }

  QueryDatabase database;
};

TEST_F(RequestContext, ReachesTheEncoder) {
  RecommendRequest request{.user = "u", .k = 2, .funnel = "by_context"};
  request.context = {{"device", std::string("phone")}};
  auto answer = database.recommend(request);
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_EQ(ids_of(*answer), (std::vector<std::string>{"case", "keyboard"}));
  request.context = {{"device", std::string("desk")}};
  answer = database.recommend(request);
  ASSERT_TRUE(answer.is_ok());
  EXPECT_EQ(ids_of(*answer), (std::vector<std::string>{"keyboard", "case"}));
}

TEST_F(RequestContext, IsAbsentWhereNoneIsGiven) {
  const auto answer = database.recommend({.user = "u", .k = 2, .funnel = "by_context"});
  ASSERT_TRUE(answer.is_ok());
  EXPECT_TRUE(answer->items.empty());
}

TEST_F(RequestContext, IsRefusedByTheLimitsOfFeatures) {
  RecommendRequest request{.user = "u", .k = 2, .funnel = "by_context"};
  request.context["device"] = std::string(FeatureLimits::kMaxStringBytes + 1, 'x');
  const auto answer = database.recommend(request);
  ASSERT_EQ(answer.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(answer.status().field(), "context.device");
}

}  // namespace
}  // namespace tamis::engine
