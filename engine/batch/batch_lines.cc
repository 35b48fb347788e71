#include "engine/batch/batch_lines.h"

#include <charconv>
#include <fstream>

#include "common/durable_files.h"
#include "engine/documents/strict_json.h"

namespace tamis::engine {
namespace {

std::string score_text(double score) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), score);
  return {buffer, end};
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell.append(c == '"' ? 2 : 1, c);
  return cell + "\"";
}

// Of the first cell of a CSV line.
std::string first_cell(const std::string& line) {
  if (!line.starts_with('"')) return line.substr(0, line.find(','));
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '"' && (i + 1 >= line.size() || line[i + 1] != '"')) break;
    if (line[i] == '"') ++i;
    cell += line[i];
  }
  return cell;
}

std::string user_of_line(const std::string& line, bool is_csv) {
  if (is_csv) return first_cell(line);
  const Json document = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("user") || !document["user"].is_string()) return "";
  return document["user"].get<std::string>();
}

}  // namespace

std::string lines_head(const BatchRequest& request) {
  if (request.format != "csv") return "";
  return request.kind == "similar_items" ? "item,rank,similar,score,space\n"
                                         : "user,rank,item,score,recommendation_id\n";
}

void append_lines(const BatchRequest& request, const RecommendAnswer& answer, std::string* lines) {
  if (request.format == "csv") {
    for (const RecommendedItem& item : answer.items)
      *lines += csv_cell(answer.user) + "," + std::to_string(item.rank) + "," + csv_cell(item.item) + "," +
                score_text(item.score) + "," + answer.recommendation_id + "\n";
    return;
  }
  Json line = {{"user", answer.user},
               {"recommendation_id", answer.recommendation_id},
               {"funnel", answer.funnel},
               {"generation", answer.generation},
               {"sequence", answer.sequence}};
  line["items"] = Json::array();
  for (const RecommendedItem& item : answer.items)
    line["items"].push_back({{"item", item.item}, {"rank", item.rank}, {"score", item.score}});
  *lines += to_text(line) + "\n";
}

void append_lines(const BatchRequest& request, const std::string& item, const ScoredAnswer& answer,
                  std::string* lines) {
  if (request.format == "csv") {
    for (const ScoredEntity& other : answer.items)
      *lines += csv_cell(item) + "," + std::to_string(other.rank) + "," + csv_cell(other.id) + "," +
                score_text(other.score) + "," + answer.space + "\n";
    return;
  }
  Json line = {
      {"item", item}, {"space", answer.space}, {"generation", answer.generation}, {"sequence", answer.sequence}};
  line["items"] = Json::array();
  for (const ScoredEntity& other : answer.items)
    line["items"].push_back({{"item", other.id}, {"rank", other.rank}, {"score", other.score}});
  *lines += to_text(line) + "\n";
}

Result<std::uint64_t> erase_lines(const std::filesystem::path& path, const BatchRequest& request,
                                  const std::set<std::string, std::less<>>& users) {
  const bool is_csv = request.format == "csv";
  const std::filesystem::path kept_path = path.string() + ".tmp";
  std::set<std::string> gone;
  {
    std::ifstream file(path, std::ios::binary);
    std::ofstream kept(kept_path, std::ios::binary | std::ios::trunc);
    std::string line;
    while (std::getline(file, line)) {
      if (const std::string user = user_of_line(line, is_csv); users.contains(user))
        gone.insert(user);
      else
        kept << line << '\n';
    }
    kept.flush();
    if (!kept || file.bad()) return Status::io_error("cannot rewrite " + path.string());
  }
  std::error_code error;
  if (gone.empty()) {
    std::filesystem::remove(kept_path, error);
    return std::uint64_t{0};
  }
  TAMIS_RETURN_IF_ERROR(sync_file(kept_path));
  std::filesystem::rename(kept_path, path, error);
  if (error) return Status::io_error("cannot replace " + path.string() + ": " + error.message());
  TAMIS_RETURN_IF_ERROR(sync_directory(path.parent_path()));
  return gone.size();
}

}  // namespace tamis::engine
