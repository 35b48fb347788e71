// pages(): several lists in one answer, no item twice.
#include "engine/pages.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "engine/funnel/funnel_names.h"
#include "engine/query/choose_funnel.h"
#include "engine/query/query.h"
#include "engine/query/request_checks.h"
#include "engine/retrieval/user_state.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxTitleBytes = 512;
constexpr std::uint32_t kMaxRowsOfOne = 10;

// What a row is about.
struct Topic {
  DenseId item = kNoDenseId;
  std::string value = {};
};

// As a title shows it; nothing where the feature is missing or has no short text.
std::string text_of(const Features& features, std::string_view name) {
  const auto found = features.find(name);
  if (found == features.end()) return "";
  if (const auto* category = std::get_if<std::string>(&found->second)) return *category;
  if (const auto* text = std::get_if<Text>(&found->second)) return text->text;
  if (const auto* several = std::get_if<std::vector<std::string>>(&found->second))
    return several->empty() ? "" : several->front();
  if (const auto* number = std::get_if<double>(&found->second)) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.6g", *number);
    return digits;
  }
  return "";
}

// Calls `on_text` and `on_name` for the parts of a title in turn; false where a brace is not closed.
template <typename OnText, typename OnName>
bool split_title(std::string_view title, OnText&& on_text, OnName&& on_name) {
  while (!title.empty()) {
    const std::size_t brace = std::min(title.find('{'), title.size());
    on_text(title.substr(0, brace));
    title.remove_prefix(brace);
    if (title.empty()) break;
    if (title.starts_with("{{")) {
      on_text("{");
      title.remove_prefix(2);
      continue;
    }
    const std::size_t end = title.find('}');
    if (end == std::string_view::npos) return false;
    on_name(title.substr(1, end - 1));
    title.remove_prefix(end + 1);
  }
  return true;
}

bool is_placeholder(std::string_view name, const PageRow& row) {
  if (name == "user" || name.starts_with("user.")) return true;
  if (name == "item" || name.starts_with("item.")) return row.is_because;
  return name == "value" && !row.per.empty();
}

Status check_title(const PageRow& row) {
  std::string unknown;
  const bool is_closed = split_title(
      row.title, [](std::string_view) {},
      [&](std::string_view name) {
        if (!is_placeholder(name, row)) unknown = name;
      });
  if (!is_closed || row.title.size() > kMaxTitleBytes)
    return Status::invalid_argument("title is \"" + row.title.substr(0, 64) +
                                    "\", expected at most 512 bytes, and a } for each {")
        .at_field("title");
  if (!unknown.empty())
    return Status::invalid_argument("title has {" + unknown.substr(0, 64) +
                                    "}, expected {user}, {user.<feature>}, of rows with \"because\" {item} and "
                                    "{item.<feature>}, of rows with \"per\" {value}")
        .at_field("title");
  return Status::ok();
}

Status check_row(const PageRow& row) {
  TAMIS_RETURN_IF_ERROR(check_k(row.k));
  if (row.at_least < 1 || row.at_least > row.k)
    return Status::invalid_argument("at_least is " + std::to_string(row.at_least) + ", expected 1 to k")
        .at_field("at_least");
  if (row.rows < 1 || row.rows > kMaxRowsOfOne)
    return Status::invalid_argument("rows is " + std::to_string(row.rows) + ", expected 1 to 10").at_field("rows");
  if (row.is_because && !row.per.empty())
    return Status::invalid_argument("per is given beside because; expected one of them").at_field("per");
  const int sources =
      (row.funnel.empty() ? 0 : 1) + (row.retriever.empty() ? 0 : 1) + (row.override_funnel.has_value() ? 1 : 0);
  if (sources > 1)
    return Status::invalid_argument("more than one of funnel, retriever and override is given; expected one")
        .at_field("funnel");
  TAMIS_RETURN_IF_ERROR(validate_filter(row.filter));
  return check_title(row);
}

class PageMaker {
 public:
  PageMaker(const ReadState& state, const PagesRequest& asked, Sequence sequence, Observer* observer, PagesAnswer* page)
      : state_(state),
        asked_(asked),
        sequence_(sequence),
        observer_(observer),
        now_ms_(asked.request.as_of_ms.value_or(state.options->clock->now_ms())),
        exclude_(asked.request.exclude),
        page_(*page) {}

  Status make() {
    TAMIS_ASSIGN_OR_RETURN(user_, load_user_state(state_, asked_.request.user, asked_.request.history, now_ms_));
    for (std::size_t i = 0; i < asked_.rows.size(); ++i) {
      const PageRow& row = asked_.rows[i];
      const std::string name = row.name.empty() ? "row" + std::to_string(i + 1) : row.name;
      const Status made = make_rows(row, name);
      if (!made.is_ok()) return Status(made).at_field("rows[" + std::to_string(i) + "]." + made.field());
    }
    return Status::ok();
  }

 private:
  Status make_rows(const PageRow& row, const std::string& name) {
    TAMIS_ASSIGN_OR_RETURN(RecommendRequest request, request_of(row));
    if (!row.is_because && row.per.empty()) return make_row(row, name, {}, std::move(request));
    std::vector<Topic> topics;
    if (row.is_because) {
      TAMIS_ASSIGN_OR_RETURN(topics, newest_items(row));
    } else {
      topics = best_values(row);
    }
    if (topics.empty())
      page_.left_out.push_back({name, row.is_because ? "the user has done nothing that it could be about"
                                                     : "no item that is known of has a feature \"" + row.per + "\""});
    for (const Topic& topic : topics) {
      RecommendRequest own = request;
      if (topic.item != kNoDenseId) own.similar_to = state_.store->ids(EntityKind::kItem).name(topic.item);
      if (!row.per.empty()) {
        Filter has_value{.op = Filter::Op::kIn, .children = {}, .field = row.per, .values = {topic.value}};
        own.filter =
            own.filter.is_trivial()
                ? has_value
                : Filter{.op = Filter::Op::kAll, .children = {own.filter, has_value}, .field = {}, .values = {}};
      }
      TAMIS_RETURN_IF_ERROR(make_row(row, name, topic, std::move(own)));
    }
    return Status::ok();
  }

  Result<RecommendRequest> request_of(const PageRow& row) const {
    RecommendRequest request = asked_.request;
    request.k = row.k;
    if (!row.funnel.empty()) {
      request.funnel = row.funnel;
      request.surface.clear();
    }
    if (row.override_funnel) request.override_funnel = row.override_funnel;
    if (!row.retriever.empty()) {
      const auto kinds = retriever_kinds();
      if (std::find(kinds.begin(), kinds.end(), row.retriever) == kinds.end())
        return Status::invalid_argument("retriever is \"" + row.retriever.substr(0, 64) +
                                        "\", expected a kind that a funnel's retrievers may have")
            .at_field("retriever");
      FunnelConfig funnel;
      funnel.name = row.retriever;
      funnel.retrievers = {{.kind = row.retriever, .space = {}}};
      if (retriever_reads_space(row.retriever)) funnel.retrievers[0].space = kDefaultSpace;
      funnel.fallback.clear();
      request.override_funnel = std::move(funnel);
    }
    if (row.exclude_seen) request.exclude_seen = row.exclude_seen;
    if (!row.filter.is_trivial())
      request.filter =
          request.filter.is_trivial()
              ? row.filter
              : Filter{.op = Filter::Op::kAll, .children = {request.filter, row.filter}, .field = {}, .values = {}};
    return request;
  }

  Status make_row(const PageRow& row, const std::string& name, const Topic& topic, RecommendRequest request) {
    request.exclude = exclude_;
    TAMIS_ASSIGN_OR_RETURN(RecommendAnswer answer, recommend(state_, request, sequence_, observer_, row.at_least));
    if (answer.items.size() < row.at_least) {
      page_.left_out.push_back({name, "it has " + std::to_string(answer.items.size()) + " items, expected at least " +
                                          std::to_string(row.at_least)});
      return Status::ok();
    }
    for (const RecommendedItem& item : answer.items) exclude_.push_back(item.item);
    AnsweredRow& made = page_.rows.emplace_back();
    made.name = name;
    made.title = fill_title(row, topic);
    if (topic.item != kNoDenseId) made.item = state_.store->ids(EntityKind::kItem).name(topic.item);
    made.value = topic.value;
    made.answer = std::move(answer);
    return Status::ok();
  }

  std::string fill_title(const PageRow& row, const Topic& topic) const {
    const auto feature = [&](const std::shared_ptr<const Entity>& entity, std::string_view name,
                             const std::string& otherwise) {
      const std::string text = entity == nullptr ? "" : text_of(entity->features, name);
      return text.empty() ? otherwise : text;
    };
    std::string title;
    split_title(
        row.title, [&](std::string_view text) { title += text; },
        [&](std::string_view name) {
          if (name == "value") {
            title += topic.value;
          } else if (name.starts_with("item")) {
            const std::string id = state_.store->ids(EntityKind::kItem).name(topic.item);
            title += name == "item" ? id : feature(state_.items->get(topic.item, now_ms_), name.substr(5), id);
          } else {
            title += name == "user" ? user_.name : feature(user_.entity, name.substr(5), "");
          }
        });
    return title;
  }

  Result<std::vector<Topic>> newest_items(const PageRow& row) const {
    std::vector<DenseId> of_types;
    if (!row.because_types.empty()) {
      TAMIS_ASSIGN_OR_RETURN(of_types, find_seen_items(state_, user_.user, asked_.request.history, row.because_types));
    }
    std::vector<Topic> topics;
    for (const HistoryItem& item : user_.items) {
      if (topics.size() == row.rows) break;
      if (!row.because_types.empty() && !std::binary_search(of_types.begin(), of_types.end(), item.item)) continue;
      if (state_.items->is_shown(item.item, now_ms_)) topics.push_back({.item = item.item});
    }
    return topics;
  }

  // A stranger gets the values of popular items.
  std::vector<Topic> best_values(const PageRow& row) const {
    constexpr std::size_t kMostItems = 200;
    std::map<std::string, double> weights;
    const auto add = [&](DenseId item, double weight) {
      const auto entity = state_.items->get(item, now_ms_);
      if (entity == nullptr) return;
      const auto found = entity->features.find(row.per);
      if (found == entity->features.end()) return;
      if (const auto* one = std::get_if<std::string>(&found->second)) weights[*one] += weight;
      if (const auto* several = std::get_if<std::vector<std::string>>(&found->second))
        for (const std::string& value : *several) weights[value] += weight;
    };
    for (const HistoryItem& item : user_.items) add(item.item, double{item.weight});
    if (weights.empty()) {
      bool is_current = false;
      const auto popular = state_.item_statistics->popular(&is_current);
      for (std::size_t i = 0; i < popular->size() && i < kMostItems; ++i) add((*popular)[i].id, 1);
    }
    std::vector<std::pair<std::string, double>> ranked(weights.begin(), weights.end());
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<Topic> topics;
    for (const auto& [value, weight] : ranked)
      if (topics.size() < row.rows) topics.push_back({.item = kNoDenseId, .value = value});
    return topics;
  }

  const ReadState& state_;
  const PagesRequest& asked_;
  Sequence sequence_;
  Observer* observer_;
  TimestampMs now_ms_;
  UserState user_;
  std::vector<std::string> exclude_;
  PagesAnswer& page_;
};

}  // namespace

Result<PagesAnswer> pages(const ReadState& state, const PagesRequest& request, Sequence sequence, Observer* observer) {
  if (request.rows.empty() || request.rows.size() > kMaxPageRows)
    return Status::invalid_argument("rows holds " + std::to_string(request.rows.size()) + " rows, expected 1 to 20")
        .at_field("rows");
  for (std::size_t i = 0; i < request.rows.size(); ++i)
    if (const Status fault = check_row(request.rows[i]); !fault.is_ok())
      return Status(fault).at_field("rows[" + std::to_string(i) + "]." + fault.field());
  TAMIS_RETURN_IF_ERROR(check_recommend_request(state, request.request));
  PagesAnswer page;
  page.generation = state.generation == nullptr ? "" : state.generation->info.id;
  page.sequence = sequence;
  TAMIS_RETURN_IF_ERROR(PageMaker(state, request, sequence, observer, &page).make());
  return page;
}

}  // namespace tamis::engine
