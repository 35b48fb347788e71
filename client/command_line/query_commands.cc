#include "client/command_line/query_commands.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "client/command_line/commands.h"
#include "client/command_line/item_name.h"
#include "client/command_line/table.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

std::string score_text(double score) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", score);
  return text;
}

// Items by name, asked of the server once each.
class ItemNames {
 public:
  ItemNames(Client* client, std::string feature) : client_(client), feature_(std::move(feature)) {}

  std::string of(const std::string& id) {
    const auto [found, is_new] = names_.try_emplace(id, id);
    if (!is_new) return found->second;
    const auto entity = client_->get_entity(EntityKind::kItem, id);
    if (!entity.is_ok()) return id;  // without a name its id has to do
    if (const std::string name = item_name(entity->features, feature_); !name.empty()) found->second = name;
    return found->second;
  }

 private:
  Client* const client_;
  const std::string feature_;
  std::map<std::string, std::string> names_;
};

// The strongest reason among the retrievers that give one; else which retriever it was.
std::string why(const RankedItem& item, ItemNames* names) {
  const Retrieval* best = nullptr;
  for (const Retrieval& retrieval : item.retrieved_by) {
    if (!retrieval.because.empty() && (best == nullptr || retrieval.rank < best->rank)) best = &retrieval;
  }
  if (best != nullptr) {
    std::string text = "because of " + names->of(best->because[0].first);
    if (best->because.size() > 1) text += " and " + names->of(best->because[1].first);
    return text;
  }
  if (!item.retrieved_by.empty()) return item.retrieved_by[0].retriever;
  return item.fallback ? "fallback" : "";
}

int print_list(const RankedList& list, const SimilarOptions& options, bool users) {
  if (options.remote.is_json()) {
    std::printf("%s\n", list.json.c_str());
    return kExitOk;
  }
  Table table;
  table.add_column("rank", Table::Align::kRight);
  table.add_column(users ? "user" : "item");
  if (!users) table.add_column("name");
  table.add_column("score", Table::Align::kRight);
  for (const RankedItem& item : list.items) {
    std::vector<std::string> cells = {std::to_string(item.rank), item.id};
    if (!users) cells.push_back(item_name(item.features, options.name_feature));
    cells.push_back(score_text(item.score));
    table.add_row(std::move(cells));
  }
  std::printf("%s", table.to_text().c_str());
  return kExitOk;
}

// Where an explained answer says that something has no effect, it names the place and the reason.
void print_warnings(const std::string& answer) {
  const auto document = nlohmann::json::parse(answer, nullptr, false);
  if (!document.is_object() || !document.contains("warnings") || !document["warnings"].is_array()) return;
  for (const auto& warning : document["warnings"]) {
    if (!warning.is_object()) continue;
    const std::string path = warning.value("path", std::string());
    std::fprintf(stderr, "tamis: recommend: warning: %s%s%s\n", path.c_str(), path.empty() ? "" : ": ",
                 warning.value("detail", std::string()).c_str());
  }
}

}  // namespace

int run_recommend(RecommendOptions options) {
  auto client = connect(options.remote);
  if (!client.is_ok()) return report_failure("recommend", client.status()), kExitUsage;
  options.query.features = !options.no_names;
  const auto answer = (*client)->recommend(options.query);
  if (!answer.is_ok()) return report_failure("recommend", answer.status());
  if (options.remote.is_json()) {
    std::printf("%s\n", answer->json.c_str());
    return kExitOk;
  }
  ItemNames names(client->get(), options.name_feature);
  Table table;
  table.add_column("rank", Table::Align::kRight);
  table.add_column("item");
  if (!options.no_names) table.add_column("name");
  table.add_column("score", Table::Align::kRight);
  if (options.query.explain) table.add_column("why");
  for (const RankedItem& item : answer->items) {
    std::vector<std::string> cells = {std::to_string(item.rank), item.id};
    if (!options.no_names) cells.push_back(item_name(item.features, options.name_feature));
    cells.push_back(score_text(item.score));
    if (options.query.explain) cells.push_back(why(item, &names));
    table.add_row(std::move(cells));
  }
  std::printf("%s", table.to_text(72).c_str());
  std::fprintf(stderr, "user %s, funnel %s, generation %s, sequence %llu\n", answer->user.c_str(),
               answer->funnel.c_str(), answer->generation.empty() ? "none" : answer->generation.c_str(),
               static_cast<unsigned long long>(answer->sequence));
  if (options.query.explain) print_warnings(answer->json);
  return kExitOk;
}

int run_similar(SimilarOptions options) {
  if (options.id.empty() == options.user.empty()) {
    std::fprintf(stderr, "tamis: similar: give either an item or --user\n");
    return kExitUsage;
  }
  auto client = connect(options.remote);
  if (!client.is_ok()) return report_failure("similar", client.status()), kExitUsage;
  const bool users = !options.user.empty();
  options.query.kind = users ? EntityKind::kUser : EntityKind::kItem;
  options.query.id = users ? options.user : options.id;
  options.query.features = !users;
  const auto list = (*client)->similar(options.query);
  if (!list.is_ok()) return report_failure("similar", list.status());
  return print_list(*list, options, users);
}

}  // namespace tamis::client
