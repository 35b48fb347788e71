#include <charconv>
#include <nlohmann/json.hpp>

#include "client/wire.h"
#include "common/clock.h"

namespace tamis::client {
namespace {

using nlohmann::json;

// Reads members of one object and remembers the first that has the wrong type.
class Members {
 public:
  explicit Members(const json& object) : object_(object) {
    if (!object.is_object()) fail("the answer", "an object");
  }

  const json* find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto member = object_.find(name);
    return member == object_.end() || member->is_null() ? nullptr : &*member;
  }
  std::string text(const char* name) {
    const json* member = find(name);
    if (member == nullptr) return {};
    if (!member->is_string()) return fail(name, "a string"), std::string();
    return member->get<std::string>();
  }
  double number(const char* name) {
    const json* member = find(name);
    if (member == nullptr) return 0;
    if (!member->is_number()) return fail(name, "a number"), 0.0;
    return member->get<double>();
  }
  std::uint64_t count(const char* name) {
    const json* member = find(name);
    if (member == nullptr) return 0;
    if (!member->is_number_unsigned()) return fail(name, "a whole number"), 0;
    return member->get<std::uint64_t>();
  }
  bool flag(const char* name) {
    const json* member = find(name);
    if (member == nullptr) return false;
    if (!member->is_boolean()) return fail(name, "a boolean"), false;
    return member->get<bool>();
  }
  // An empty list where absent.
  const json& list(const char* name) {
    static const json kEmpty = json::array();
    const json* member = find(name);
    if (member == nullptr) return kEmpty;
    if (!member->is_array()) return fail(name, "an array"), kEmpty;
    return *member;
  }
  TimestampMs timestamp(const char* name, TimestampMs absent = 0) {
    const json* member = find(name);
    if (member == nullptr) return absent;
    if (member->is_number_integer()) return member->get<TimestampMs>();
    if (!member->is_string()) return fail(name, "a time"), 0;
    const auto parsed = parse_rfc3339(member->get_ref<const std::string&>());
    if (!parsed.is_ok()) return fail(name, "a time"), 0;
    return *parsed;
  }
  Features features(const char* name) {
    Features features;
    const json* member = find(name);
    if (member == nullptr) return features;
    if (!member->is_object()) return fail(name, "an object"), features;
    for (const auto& [key, value] : member->items()) {
      if (value.is_boolean()) {
        features[key] = value.get<bool>();
      } else if (value.is_number()) {
        features[key] = value.get<double>();
      } else if (value.is_string()) {
        features[key] = value.get<std::string>();
      } else if (value.is_array()) {
        std::vector<std::string> set;
        for (const json& element : value) {
          if (!element.is_string()) return fail(name, "made of values, strings or arrays of strings"), features;
          set.push_back(element.get<std::string>());
        }
        features[key] = std::move(set);
      } else if (!value.is_null()) {
        return fail(name, "made of values, strings or arrays of strings"), features;
      }
    }
    return features;
  }

  void fail(std::string_view name, std::string_view expected) {
    if (!status_.is_ok()) return;
    status_ =
        Status::internal("the server's answer is malformed: " + std::string(name) + " is not " + std::string(expected));
  }
  void inherit(const Status& status) {
    if (status_.is_ok()) status_ = status;
  }
  template <typename T>
  Result<T> finish(T value) const {
    if (!status_.is_ok()) return status_;
    return value;
  }

 private:
  const json& object_;
  Status status_;
};

Retrieval decode_retrieval(const json& document, Members* outer) {
  Members members(document);
  Retrieval retrieval;
  retrieval.retriever = members.text("retriever");
  retrieval.rank = static_cast<std::uint32_t>(members.count("rank"));
  retrieval.score = members.number("score");
  for (const json& reason : members.list("because")) {
    if (reason.is_object()) {
      Members entry(reason);
      retrieval.because.emplace_back(entry.text("item"), entry.number(reason.contains("weight") ? "weight" : "score"));
      outer->inherit(entry.finish(0).status());
    } else if (reason.is_array() && reason.size() == 2 && reason[0].is_string() && reason[1].is_number()) {
      retrieval.because.emplace_back(reason[0].get<std::string>(), reason[1].get<double>());
    } else if (reason.is_string()) {
      retrieval.because.emplace_back(reason.get<std::string>(), 0.0);
    } else {
      outer->fail("because", "a list of items");
    }
  }
  outer->inherit(members.finish(0).status());
  return retrieval;
}

RankedItem decode_ranked_item(const json& document, Members* outer) {
  Members members(document);
  RankedItem item;
  item.id = members.text("item");
  if (item.id.empty()) item.id = members.text("user");
  if (item.id.empty()) item.id = members.text("id");
  item.rank = static_cast<std::uint32_t>(members.count("rank"));
  item.score = members.number("score");
  item.fallback = members.flag("fallback");
  item.features = members.features("features");
  if (const json* explain = members.find("explain")) {
    Members parts(*explain);
    for (const json& retrieval : parts.list("retrieved_by")) {
      item.retrieved_by.push_back(decode_retrieval(retrieval, &members));
    }
    members.inherit(parts.finish(0).status());
  }
  outer->inherit(members.finish(0).status());
  return item;
}

}  // namespace

Result<json> parse_answer(std::string_view body) {
  auto document = json::parse(body, nullptr, false);
  if (!document.is_object()) return Status::internal("the server's answer is not a JSON object");
  return document;
}

Result<BulkResult> decode_ack(const json& document) {
  Members members(document);
  BulkResult ack;
  ack.accepted = members.count("accepted");
  ack.duplicates = members.count("duplicates");
  ack.outdated = members.count("outdated");
  ack.ignored = members.count("ignored");
  ack.sequence = members.count("sequence");
  for (const json& entry : members.list("errors")) {
    Members error(entry);
    ack.errors.push_back({error.count("line"), error.text("detail")});
    members.inherit(error.finish(0).status());
  }
  ack.rejected = std::max<std::uint64_t>(members.count("rejected"), ack.errors.size());
  return members.finish(std::move(ack));
}

Result<Entity> decode_entity(const json& document) {
  Members members(document);
  Entity entity;
  entity.id = members.text("id");
  entity.features = members.features("features");
  entity.updated_ms = members.timestamp("updated_at");
  entity.expires_ms = members.timestamp("expires_at");
  entity.hidden = members.flag("hidden");
  entity.version = members.count("version");
  return members.finish(std::move(entity));
}

Result<Interaction> decode_interaction(const json& document) {
  Members members(document);
  Interaction interaction;
  interaction.user = members.text("user");
  interaction.item = members.text("item");
  interaction.type = members.text("type");
  if (members.find("value") != nullptr) interaction.value = members.number("value");
  interaction.timestamp_ms = members.timestamp("timestamp", kNoTime);
  interaction.context = members.features("context");
  interaction.recommendation_id = members.text("recommendation_id");
  interaction.idempotency_key = members.text("idempotency_key");
  interaction.import_id = members.text("import_id");
  return members.finish(std::move(interaction));
}

Result<Recommendations> decode_recommendations(const json& document) {
  Members members(document);
  Recommendations answer;
  answer.recommendation_id = members.text("recommendation_id");
  answer.user = members.text("user");
  answer.funnel = members.text("funnel");
  answer.generation = members.text("generation");
  answer.sequence = members.count("sequence");
  for (const json& item : members.list("items")) answer.items.push_back(decode_ranked_item(item, &members));
  answer.json = document.dump();
  return members.finish(std::move(answer));
}

Result<RankedList> decode_ranked_list(const json& document) {
  Members members(document);
  RankedList answer;
  answer.space = members.text("space");
  answer.generation = members.text("generation");
  answer.sequence = members.count("sequence");
  const char* name = document.contains("users") ? "users" : "items";
  for (const json& item : members.list(name)) answer.items.push_back(decode_ranked_item(item, &members));
  answer.json = document.dump();
  return members.finish(std::move(answer));
}

Result<JobProgress> decode_job(const json& document) {
  Members members(document);
  JobProgress job;
  job.id = members.text("job");
  job.state = members.text("state");
  job.progress = members.number("progress");
  job.stage = members.text("stage");
  job.detail = members.text("detail");
  job.generation = members.text("generation");
  job.coalesced = document.value("coalesced", false);
  if (const auto warnings = document.find("warnings"); warnings != document.end() && warnings->is_array())
    for (const json& warning : *warnings)
      if (warning.is_string()) job.warnings.push_back(warning.get<std::string>());
  job.json = document.dump();
  return members.finish(std::move(job));
}

Result<Space> decode_space(const json& document) {
  Members members(document);
  Space space;
  space.name = members.text("name");
  space.dim = static_cast<std::uint32_t>(members.count("dim"));
  space.encoder = members.text("encoder");
  if (members.find("metric") != nullptr) {
    TAMIS_ASSIGN_OR_RETURN(space.metric, parse_metric(members.text("metric")));
  }
  if (members.find("quantization") != nullptr) {
    TAMIS_ASSIGN_OR_RETURN(space.quantization, parse_quantization(members.text("quantization")));
  }
  if (members.find("keep_f32") != nullptr) space.keep_f32 = members.flag("keep_f32");
  return members.finish(std::move(space));
}

Result<EntityPage> decode_entity_page(const json& document, const char* name) {
  Members members(document);
  EntityPage page;
  for (const json& row : members.list(name)) {
    TAMIS_ASSIGN_OR_RETURN(Entity entity, decode_entity(row));
    page.rows.push_back(std::move(entity));
  }
  page.cursor = members.text("cursor");
  return members.finish(std::move(page));
}

Result<InteractionPage> decode_interaction_page(const json& document) {
  Members members(document);
  InteractionPage page;
  for (const json& row : members.list("interactions")) {
    TAMIS_ASSIGN_OR_RETURN(Interaction interaction, decode_interaction(row));
    page.rows.push_back(std::move(interaction));
    page.sequences.push_back(Members(row).count("sequence"));
  }
  page.cursor = members.text("cursor");
  return members.finish(std::move(page));
}

std::string feature_to_text(const FeatureValue& value) {
  struct Show {
    std::string operator()(bool flag) const { return flag ? "yes" : "no"; }
    std::string operator()(double number) const { return number_to_json(number); }
    std::string operator()(const Timestamp& timestamp) const { return format_rfc3339(timestamp.ms); }
    std::string operator()(const std::string& category) const { return category; }
    std::string operator()(const Text& text) const { return text.text; }
    std::string operator()(const std::vector<std::string>& set) const {
      std::string joined;
      for (const std::string& element : set) joined += (joined.empty() ? "" : ", ") + element;
      return joined;
    }
  };
  return std::visit(Show{}, value);
}

}  // namespace tamis::client
