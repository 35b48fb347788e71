// The program of docs/client_cpp.md.
#include <cstdio>
#include <vector>

#include "client/bulk_upload.h"
#include "client/client.h"
#include "client/wire.h"

int main() {
  auto client = tamis::client::Client::create({.url = "http://127.0.0.1:8080"});
  if (!client.is_ok()) return 1;

  tamis::Interaction purchase;
  purchase.user = "17841";
  purchase.item = "85123A";
  purchase.type = "purchase";
  purchase.value = 2;
  purchase.idempotency_key = "order-1042-1";  // may be sent again without being counted twice
  const auto ack = (*client)->add_interactions(std::vector{purchase});
  if (!ack.is_ok()) {
    std::fprintf(stderr, "%s\n", ack.status().to_string().c_str());
    return 1;
  }

  // The answer reflects the purchase just made.
  const auto answer = (*client)->recommend({.user = "17841", .k = 5, .min_seq = ack->sequence, .features = true});
  if (!answer.is_ok()) return 1;
  for (const auto& item : answer->items) std::printf("%u. %s\n", item.rank, item.id.c_str());

  // A million lines, and the memory of a few megabytes.
  tamis::client::BulkUpload upload(client->get(), {.target = "/v1/items"});
  for (int i = 1; i <= 1'000'000; ++i) {
    tamis::Entity item;
    item.id = "item-" + std::to_string(i);
    item.features["price"] = 0.01 * i;
    if (!upload.add(tamis::client::entity_to_json(item), static_cast<std::uint64_t>(i)).is_ok()) return 1;
  }
  return upload.finish().is_ok() ? 0 : 1;
}
