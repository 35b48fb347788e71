// Filter <-> JSON. docs/http_api_funnels.md gives the grammar.
#include "engine/documents/filter_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/funnel.h"

namespace tamis {
namespace engine {
namespace {

struct Comparison {
  std::string_view member;
  Filter::Op op;
};
constexpr std::array<Comparison, 6> kComparisons = {{{"eq", Filter::Op::kEqual},
                                                     {"in", Filter::Op::kIn},
                                                     {"lt", Filter::Op::kLess},
                                                     {"lte", Filter::Op::kLessEqual},
                                                     {"gt", Filter::Op::kGreater},
                                                     {"gte", Filter::Op::kGreaterEqual}}};
constexpr std::array<std::string_view, 11> kFilterMembers = {"all", "any", "not", "field", "eq",    "in",
                                                             "lt",  "lte", "gt",  "gte",   "exists"};
constexpr std::string_view kShape = "all, any, not, or field with eq, in, lt, lte, gt, gte or exists";

// Whether a whole number changes as a double. The comparison is of whole numbers: as a double, 2^53 + 1 is 2^53.
bool is_rounded(const Json& value) {
  constexpr auto kMost = static_cast<std::int64_t>(kMaxExactInteger);
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() > static_cast<std::uint64_t>(kMost);
  return value.is_number_integer() && (value.get<std::int64_t>() < -kMost || value.get<std::int64_t>() > kMost);
}

bool is_ordering(Filter::Op op) { return op != Filter::Op::kEqual && op != Filter::Op::kIn; }

// Reads on after a fault, so that all are found; what is faulty reads as the filter that everything passes.
class FilterReader {
 public:
  // `root` points to the filter's own document.
  FilterReader(std::string_view root, std::vector<Status>* faults) : root_bytes_(root.size()), faults_(*faults) {}

  Filter read(const Json& value, std::string_view pointer, std::size_t depth) {
    if (depth > kMaxFilterDepth) {
      return refuse(
          Status::invalid_argument("the filter nests deeper than " + std::to_string(kMaxFilterDepth) + " levels")
              .at_field(std::string(pointer)));
    }
    if (++nodes_ > kMaxFilterNodes) {
      if (nodes_ > kMaxFilterNodes + 1) return {};  // told once
      return refuse(
          Status::invalid_argument("the filter has more than " + std::to_string(kMaxFilterNodes) + " conditions")
              .at_field(std::string(pointer)));
    }
    if (Status status = check_members(value, pointer, kFilterMembers); !status.is_ok())
      return refuse(std::move(status));
    if (value.contains("field")) return read_condition(value, pointer);
    if (value.size() != 1) return refuse(json_fault(value, pointer, "exactly one of " + std::string(kShape)));
    const std::string& member = value.begin().key();
    const Json& operand = value.begin().value();
    const std::string operand_pointer = child_pointer(pointer, member);
    if (member == "not") {
      Filter child = read(operand, operand_pointer, depth + 1);
      return Filter{.op = Filter::Op::kNot, .children = {std::move(child)}, .field = {}, .values = {}};
    }
    if (member != "all" && member != "any")
      return refuse(json_fault(value, pointer, "a \"field\" beside \"" + member + "\""));
    return read_children(member == "all" ? Filter::Op::kAll : Filter::Op::kAny, operand, operand_pointer, depth);
  }

 private:
  Filter refuse(Status fault) {
    faults_.push_back(std::move(fault));
    return {};
  }
  // The value, or null after its fault was noted.
  template <typename T>
  std::optional<T> note(Result<T> result) {
    if (result.is_ok()) return std::move(result).value();
    faults_.push_back(result.status());
    return std::nullopt;
  }

  Filter read_children(Filter::Op op, const Json& list, std::string_view pointer, std::size_t depth) {
    if (!list.is_array()) return refuse(json_fault(list, pointer, "a list of filters"));
    Filter filter{.op = op, .children = {}, .field = {}, .values = {}};
    filter.children.reserve(std::min(list.size(), kMaxFilterNodes));
    for (std::size_t i = 0; i < list.size() && nodes_ <= kMaxFilterNodes; ++i)
      filter.children.push_back(read(list[i], child_pointer(pointer, i), depth + 1));
    return filter;
  }

  // {"field": F, "gte": 1, "lt": 5}: several comparisons of one field all have to hold.
  Filter read_condition(const Json& value, std::string_view pointer) {
    const auto field =
        note(read_string(value.at("field"), child_pointer(pointer, "field"), 1, FeatureLimits::kMaxNameBytes));
    if (value.size() == 1)
      return refuse(json_fault(value, pointer, "a comparison: eq, in, lt, lte, gt, gte or exists"));
    std::vector<Filter> conditions;
    for (const auto& [member, operand] : value.items()) {
      if (member != "field")
        conditions.push_back(read_comparison(field.value_or("?"), member, operand, child_pointer(pointer, member)));
    }
    if (conditions.size() == 1) return std::move(conditions.front());
    return Filter{.op = Filter::Op::kAll, .children = std::move(conditions), .field = {}, .values = {}};
  }

  Filter read_comparison(const std::string& field, const std::string& member, const Json& operand,
                         const std::string& pointer) {
    const std::string place = pointer.substr(root_bytes_);
    if (member == "exists") {
      const auto exists = note(read_bool(operand, pointer));
      Filter condition{.op = Filter::Op::kExists, .children = {}, .field = field, .values = {}, .place = place};
      if (exists.value_or(true)) return condition;
      return Filter{.op = Filter::Op::kNot, .children = {std::move(condition)}, .field = {}, .values = {}};
    }
    const auto* comparison =
        std::find_if(kComparisons.begin(), kComparisons.end(), [&](const Comparison& c) { return c.member == member; });
    if (comparison == kComparisons.end())
      return refuse(json_fault(operand, pointer, "no \"" + member + "\" beside \"field\""));
    Filter condition{.op = comparison->op, .children = {}, .field = field, .values = {}, .place = place};
    if (condition.op != Filter::Op::kIn) {
      if (auto only = note(read_value(field, condition.op, operand, pointer)))
        condition.values.push_back(std::move(*only));
      return condition;
    }
    if (!operand.is_array() || operand.empty() || operand.size() > kMaxFilterValues)
      return refuse(json_fault(operand, pointer, "a list of 1 to " + std::to_string(kMaxFilterValues) + " values"));
    condition.values.reserve(operand.size());
    for (std::size_t i = 0; i < operand.size(); ++i) {
      if (auto one = note(read_value(field, condition.op, operand[i], child_pointer(pointer, i))))
        condition.values.push_back(std::move(*one));
    }
    return condition;
  }

  // An RFC 3339 string stands for a timestamp, as it does in features; the field "id" is always a string.
  static Result<FeatureValue> read_value(const std::string& field, Filter::Op op, const Json& value,
                                         const std::string& pointer) {
    if (is_rounded(value)) {
      return json_fault(
          value, pointer,
          "a whole number of at most 2^53 either way, which a double holds exactly; a string can hold it");
    }
    if (value.is_number()) return FeatureValue(value.get<double>());
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      if (field != "id") {
        if (const auto time = parse_rfc3339(text); time.is_ok()) return FeatureValue(Timestamp{*time});
      }
      if (!is_ordering(op) && text.size() <= FeatureLimits::kMaxStringBytes) return FeatureValue(text);
    }
    if (value.is_boolean() && !is_ordering(op)) return FeatureValue(value.get<bool>());
    return json_fault(value, pointer,
                      is_ordering(op) ? "a number or an RFC 3339 time" : "a string, a number, a time or a boolean");
  }

  const std::size_t root_bytes_;
  std::vector<Status>& faults_;
  std::size_t nodes_ = 0;
};

Json value_json(const FeatureValue& value) {
  struct Writer {
    Json operator()(bool v) const { return v; }
    Json operator()(double v) const { return v; }
    Json operator()(Timestamp v) const { return format_rfc3339(v.ms); }
    Json operator()(const std::string& v) const { return v; }
    Json operator()(const std::vector<std::string>& v) const { return v; }
    Json operator()(const Text& v) const { return v.text; }
  };
  return std::visit(Writer{}, value);
}

Status check_shape(const Filter& filter, std::size_t depth, std::size_t* nodes) {
  using Op = Filter::Op;
  if (depth > kMaxFilterDepth) {
    return Status::invalid_argument("the filter nests deeper than " + std::to_string(kMaxFilterDepth) + " levels");
  }
  if (++*nodes > kMaxFilterNodes) {
    return Status::invalid_argument("the filter has more than " + std::to_string(kMaxFilterNodes) + " conditions");
  }
  if (filter.op == Op::kAll || filter.op == Op::kAny || filter.op == Op::kNot) {
    if (filter.op == Op::kNot && filter.children.size() != 1)
      return Status::invalid_argument("a \"not\" has " + std::to_string(filter.children.size()) +
                                      " children; expected 1");
    for (const Filter& child : filter.children) TAMIS_RETURN_IF_ERROR(check_shape(child, depth + 1, nodes));
    return Status::ok();
  }
  if (filter.field.empty() || filter.field.size() > FeatureLimits::kMaxNameBytes)
    return Status::invalid_argument("a filter's field name has " + std::to_string(filter.field.size()) +
                                    " bytes; expected 1 to 128");
  const std::size_t values = filter.values.size();
  const std::size_t low = filter.op == Op::kExists ? 0 : 1;
  const std::size_t high = filter.op == Op::kExists ? 0 : (filter.op == Op::kIn ? kMaxFilterValues : 1);
  if (values < low || values > high)
    return Status::invalid_argument("the condition on \"" + filter.field + "\" has " + std::to_string(values) +
                                    " values; expected " + std::to_string(low) + " to " + std::to_string(high));
  return Status::ok();
}

}  // namespace

Filter read_filter(const Json& value, std::string_view pointer, std::vector<Status>* faults) {
  return FilterReader(pointer, faults).read(value, pointer, 1);
}

Json filter_json(const Filter& filter) {
  using Op = Filter::Op;
  if (filter.op == Op::kAll || filter.op == Op::kAny) {
    Json children = Json::array();
    for (const Filter& child : filter.children) children.push_back(filter_json(child));
    return Json{{filter.op == Op::kAll ? "all" : "any", std::move(children)}};
  }
  if (filter.op == Op::kNot) return Json{{"not", filter_json(filter.children.front())}};
  Json condition{{"field", filter.field}};
  if (filter.op == Op::kExists) {
    condition["exists"] = true;
  } else if (filter.op == Op::kIn) {
    Json values = Json::array();
    for (const FeatureValue& value : filter.values) values.push_back(value_json(value));
    condition["in"] = std::move(values);
  } else {
    for (const Comparison& comparison : kComparisons) {
      if (comparison.op == filter.op) condition[std::string(comparison.member)] = value_json(filter.values.front());
    }
  }
  return condition;
}

}  // namespace engine

Status validate_filter(const Filter& filter) {
  std::size_t nodes = 0;
  Status status = engine::check_shape(filter, 1, &nodes);
  return status.is_ok() ? status : std::move(status).at_field("filter");
}

Result<Filter> parse_filter(std::string_view json) {
  TAMIS_ASSIGN_OR_RETURN(const engine::Json document, engine::parse_json(json));
  std::vector<Status> faults;
  Filter filter = engine::read_filter(document, "", &faults);
  if (!faults.empty()) return std::move(faults.front());
  return filter;
}

std::string filter_to_json(const Filter& filter) {
  if (!validate_filter(filter).is_ok()) return "{\"any\":[]}";
  return engine::to_text(engine::filter_json(filter));
}

}  // namespace tamis
