// A shop in one process: opens a database, writes what customers did, and asks what to show them next.
//
//   embedded_example /tmp/shop
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "engine/database.h"

namespace {

int fail(const tamis::Status& status) {
  std::cerr << "embedded_example: " << status.to_string() << "\n";
  return 1;
}

tamis::Mutation item(const std::string& id, const std::string& name, double price) {
  tamis::Entity entity;
  entity.id = id;
  entity.features = {{"name", tamis::Text{name}}, {"price", price}};
  return tamis::PutEntity{tamis::EntityKind::kItem, entity};
}

tamis::Mutation purchase(const std::string& user, const std::string& item_id) {
  tamis::Interaction interaction;
  interaction.user = user;
  interaction.item = item_id;
  interaction.type = "purchase";
  return tamis::PutInteraction{interaction};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: embedded_example DIRECTORY\n";
    return 2;
  }
  // 1. Open or create. Small databases are ready at once; large ones recover in the background.
  auto opened = tamis::Database::open(argv[1], {});
  if (!opened.is_ok()) return fail(opened.status());
  tamis::Database& database = **opened;
  if (const auto ready = database.wait_ready(std::chrono::minutes(1)); !ready.is_ok()) return fail(ready);

  // 2. Write. One call is one atomic batch, on disk when it returns.
  std::vector<tamis::Mutation> batch = {
      item("lantern", "White hanging lantern", 3.39),
      item("candle", "Scented candle", 1.25),
      item("matches", "Box of matches", 0.85),
      item("teapot", "Blue teapot", 9.95),
      purchase("ada", "lantern"),
      purchase("ada", "candle"),
      purchase("bob", "lantern"),
      purchase("bob", "candle"),
      purchase("bob", "matches"),
      purchase("eve", "teapot"),
  };
  const auto ack = database.write(std::move(batch));
  if (!ack.is_ok()) return fail(ack.status());
  std::cout << "wrote " << ack->accepted << " mutations up to sequence " << ack->sequence << "\n";

  // 3. Ask. The answer reflects every write that was acknowledged before.
  tamis::RecommendRequest request;
  request.user = "ada";
  request.k = 3;
  const auto answer = database.recommend(request);
  if (!answer.is_ok()) return fail(answer.status());
  std::cout << "for ada:";
  for (const auto& recommended : answer->items) std::cout << " " << recommended.item;
  std::cout << "\n";
  return answer->items.empty() ? 1 : 0;
}
