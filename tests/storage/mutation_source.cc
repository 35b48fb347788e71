#include "tests/storage/mutation_source.h"

namespace tamis::storage {

Features MutationSource::features() {
  Features features;
  features["price"] = random_.uniform() * 100;
  if (random_.below(2) == 0) features["sale"] = random_.below(2) == 0;
  if (random_.below(3) == 0) features["tags"] = std::vector<std::string>{"light", "metal"};
  if (random_.below(3) == 0) features["listed_at"] = Timestamp{1'300'000'000'000 + random_.below(1'000'000)};
  if (random_.below(4) == 0) features["story"] = Text{std::string(random_.below(300), 'x')};
  if (random_.below(4) == 0) features["country"] = std::string("FR");
  return features;
}

Mutation MutationSource::interaction() {
  Interaction interaction;
  interaction.user = user();
  interaction.item = item();
  interaction.type = random_.below(3) == 0 ? "purchase" : "view";
  interaction.timestamp_ms = 1'300'000'000'000 + random_.below(1'000) * 1'000;
  if (random_.below(2) == 0) interaction.value = random_.below(9);
  if (random_.below(5) == 0) interaction.context = features();
  if (random_.below(5) == 0) interaction.recommendation_id = "r-" + std::to_string(random_());
  if (random_.below(3) == 0) {
    // One in four repeats the key before.
    if (keys_ == 0 || random_.below(4) != 0) ++keys_;
    interaction.idempotency_key = name_ + "-" + std::to_string(keys_);
  }
  if (random_.below(6) == 0) interaction.import_id = "import-" + std::to_string(random_.below(3));
  return PutInteraction{std::move(interaction)};
}

Mutation MutationSource::next() {
  const std::uint32_t draw = random_.below(100);
  const EntityKind of = kind();
  if (draw < 55) return interaction();
  if (draw < 65) {
    Entity entity{.id = this->entity(of), .features = features()};
    if (random_.below(4) == 0) entity.expires_ms = 1'400'000'000'000;
    entity.hidden = of == EntityKind::kItem && random_.below(5) == 0;
    return PutEntity{.kind = of, .entity = std::move(entity)};
  }
  if (draw < 73) {
    return PatchEntity{
        .kind = of, .id = entity(of), .features = features(), .removed = {"story"}, .expires_ms = std::nullopt};
  }
  if (draw < 75) {
    MergeUser merge{.user = user(), .session = user(), .moved = {}, .complete = false};
    if (with_merges_ && merge.user != merge.session) return merge;
  }
  if (draw < 77) return DeleteEntity{.kind = of, .id = entity(of)};
  if (draw < 90) {
    std::vector<float> vector(kDim);
    for (float& element : vector) element = static_cast<float>(random_.normal());
    return PutVector{.space = space(), .kind = of, .id = entity(of), .vector = std::move(vector)};
  }
  if (draw < 93) return DeleteVector{.space = space(), .kind = of, .id = entity(of)};
  if (draw < 94) return DeleteSpace{.name = space()};
  if (draw < 96) return source_spaces()[random_.below(2)];
  if (draw < 99) {
    return PutDocument{.collection = random_.below(2) == 0 ? "funnel" : "generation",
                       .name = "d" + std::to_string(random_.below(4)),
                       .json = "{\"n\":" + std::to_string(random_.below(1'000)) + "}"};
  }
  return DeleteDocument{.collection = "funnel", .name = "d" + std::to_string(random_.below(4))};
}

std::vector<Mutation> MutationSource::next_write(std::uint32_t max_mutations) {
  std::vector<Mutation> write;
  const std::uint32_t count = 1 + random_.below(max_mutations);
  for (std::uint32_t i = 0; i < count; ++i) write.push_back(next());
  return write;
}

std::vector<Mutation> source_spaces() {
  std::vector<Mutation> spaces;
  spaces.push_back(PutSpace{Space{.name = "taste", .dim = MutationSource::kDim, .metric = Metric::kDot}});
  spaces.push_back(PutSpace{Space{.name = "text", .dim = MutationSource::kDim}});
  return spaces;
}

}  // namespace tamis::storage
