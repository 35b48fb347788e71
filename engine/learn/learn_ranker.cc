#include "engine/learn/learn_ranker.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "common/random.h"
#include "engine/learn/rank_examples.h"
#include "models/metrics.h"
#include "ranker/binary_metrics.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxObjectives = 32;          // labels are bits of one word
constexpr std::size_t kMinPositives = 50;           // of an objective, in all examples
constexpr std::uint64_t kMinObjectiveEvents = 200;  // of a type that becomes an objective by itself

RankWindow window_of(const Dataset& dataset, std::size_t begin, std::size_t end) {
  RankWindow window{.begin = begin, .end = end, .begin_ms = 0, .end_ms = 0};
  window.begin_ms = dataset.events[begin].timestamp_ms;
  window.end_ms =
      end < dataset.events.size() ? dataset.events[end].timestamp_ms : dataset.events.back().timestamp_ms + 1;
  return window;
}

Result<RankObjective> parse_objective(const Dataset& dataset, const std::string& text) {
  RankObjective objective{.name = text.substr(0, text.find(">="))};
  const auto type = std::find(dataset.types.begin(), dataset.types.end(), objective.name);
  if (type == dataset.types.end())
    return Status::invalid_argument("names \"" + objective.name + "\", but there are no such interactions")
        .at_field("training.settings.dlrm.objectives");
  objective.type = static_cast<std::uint32_t>(type - dataset.types.begin());
  if (objective.name.size() == text.size()) return objective;
  objective.has_least = true;
  const char* begin = text.data() + objective.name.size() + 2;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), objective.least_value);
  if (error != std::errc() || end != text.data() + text.size())
    return Status::invalid_argument("holds \"" + text + "\", expected a type, or a least value as watch>=30")
        .at_field("training.settings.dlrm.objectives");
  return objective;
}

// Those asked for, else each type that there is enough of in the windows, the rarest first; else the most frequent.
Result<std::vector<RankObjective>> find_objectives(const Dataset& dataset, std::size_t begin, std::size_t end,
                                                   const std::vector<std::string>& asked) {
  std::vector<RankObjective> objectives;
  for (const std::string& text : asked) {
    TAMIS_ASSIGN_OR_RETURN(RankObjective objective, parse_objective(dataset, text));
    objectives.push_back(std::move(objective));
  }
  if (!objectives.empty()) return objectives;
  if (dataset.event_types.empty()) return std::vector<RankObjective>{{.name = "interaction"}};
  std::vector<std::uint64_t> counts(dataset.types.size());
  for (std::size_t i = begin; i < end; ++i) ++counts[dataset.event_types[i]];
  std::vector<std::uint32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return counts[a] < counts[b]; });
  for (const std::uint32_t type : order)
    if (counts[type] >= kMinObjectiveEvents && objectives.size() < kMaxObjectives)
      objectives.push_back({.name = dataset.types[type], .type = type});
  if (objectives.empty()) objectives.push_back({.name = dataset.types[order.back()], .type = order.back()});
  return objectives;
}

// Lists to learn from, and whole ones of other users for the early stop and the calibration.
struct Part {
  std::vector<RankList> lists;
  RankExamples examples;

  void add(std::vector<RankList> more, RankExamples made) {
    for (RankExamples::Row& row : made.rows) row.list += static_cast<std::uint32_t>(lists.size());
    lists.insert(lists.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    examples.rows.insert(examples.rows.end(), made.rows.begin(), made.rows.end());
    examples.numbers.insert(examples.numbers.end(), made.numbers.begin(), made.numbers.end());
  }
};

bool is_kept_aside(std::uint32_t user, const RankerSettings& settings) {
  Random random(settings.training.seed ^ (user * 0xD1B54A32D192ED03ULL));
  return random.uniform() < settings.valid_share;
}

// The crossed features among them.
std::vector<RankFeature> crossed_of(std::span<const RankFeature> features) {
  std::vector<RankFeature> crossed;
  for (const RankFeature& feature : features)
    if (feature.side() == ranker::FieldSide::kCrossed) crossed.push_back(feature);
  return crossed;
}

Result<LearnedObjective> learn_objective(const RankWorld& world, const RankEncoder& encoder, const Part& fit,
                                         const Part& aside, const RankObjective& objective, std::size_t index,
                                         const RankerSettings& settings, const models::TrainControl& control) {
  const ranker::ExampleTable train = encode_examples(world, encoder, fit.lists, fit.examples, index);
  const ranker::ExampleTable valid = encode_examples(world, encoder, aside.lists, aside.examples, index);
  for (const ranker::ExampleTable* table : {&train, &valid}) {
    const auto positives = static_cast<std::size_t>(std::count(table->labels.begin(), table->labels.end(), 1.0F));
    if (positives < (table == &train ? kMinPositives : 2))
      return Status::failed_precondition("too little to learn a ranker from: " + std::to_string(positives) +
                                         " examples of \"" + objective.name + "\" among the candidates");
  }
  TAMIS_ASSIGN_OR_RETURN(ranker::Dlrm model,
                         ranker::Dlrm::create(encoder.schema(), settings.model, settings.training.seed));
  TAMIS_RETURN_IF_ERROR(ranker::train_dlrm(model, train, valid, settings.training, control).status());
  std::vector<float> logits(valid.rows);
  TAMIS_RETURN_IF_ERROR(ranker::score_examples(model, valid, logits, control));
  TAMIS_ASSIGN_OR_RETURN(ranker::Calibrator calibrator,
                         ranker::fit_calibrator(settings.calibration, valid.labels, logits));
  return LearnedObjective{objective.name, std::make_shared<const ranker::TrainedDlrm>(ranker::TrainedDlrm{
                                              std::move(model), encoder.encoder(), std::move(calibrator)})};
}

// Whole lists as one model scores them.
struct ScoredLists {
  RankExamples examples;
  std::vector<float> labels;  // by example
  std::vector<float> logits;
};

Result<ScoredLists> score_lists(const RankWorld& world, const RankEncoder& encoder, const ranker::TrainedDlrm& model,
                                const std::vector<RankList>& lists, const RankModels& models, std::size_t objective,
                                const models::TrainControl& control) {
  ScoredLists scored;
  TAMIS_ASSIGN_OR_RETURN(scored.examples, make_rank_examples(world, lists, models, encoder.crossed(), {}, control));
  ranker::ExampleTable table = encode_examples(world, encoder, lists, scored.examples, objective);
  scored.logits.resize(table.rows);
  TAMIS_RETURN_IF_ERROR(ranker::score_examples(model.model, table, scored.logits, control));
  scored.labels = std::move(table.labels);
  return scored;
}

void add_ranking_metrics(const std::string& prefix, const std::vector<RankList>& lists,
                         const std::vector<std::vector<std::uint32_t>>& ranked, std::map<std::string, double>* out) {
  for (const std::size_t k : {std::size_t{10}, std::size_t{20}}) {
    double ndcg = 0;
    double recall = 0;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      const models::UserMetrics metrics = models::user_metrics(ranked[i], lists[i].relevant, k);
      ndcg += metrics.ndcg;
      recall += metrics.recall;
    }
    const auto count = static_cast<double>(lists.size());
    (*out)[prefix + "ndcg@" + std::to_string(k)] = ndcg / count;
    (*out)[prefix + "recall@" + std::to_string(k)] = recall / count;
  }
}

void add_probability_metrics(const std::string& name, std::span<const float> labels, std::span<const float> logits,
                             const ranker::Calibrator& calibrator, std::map<std::string, double>* out) {
  std::vector<float> probabilities;
  for (const float logit : logits) probabilities.push_back(calibrator.probability(logit));
  (*out)["auc." + name] = ranker::area_under_curve(labels, logits);
  (*out)["log_loss." + name] = ranker::log_loss(labels, probabilities);
  (*out)["ece." + name] = ranker::expected_calibration_error(labels, probabilities);
}

// What was served in the window where there is enough of it; else nothing.
std::vector<RankList> served_lists(const RankerTraining& training, const RankWindow& window,
                                   const std::vector<RankObjective>& objectives) {
  if (training.served == nullptr) return {};
  std::vector<RankList> lists =
      make_served_lists(*training.served, window, objectives, training.ranker.lists.max_lists);
  if (count_positives(lists) < training.ranker.min_served) lists.clear();
  return lists;
}

// Those of requests that were served. (That of an interaction says little of what is taken long after it.)
std::vector<Features> known_contexts(const RankerTraining& training) {
  std::vector<Features> contexts;
  if (training.served == nullptr) return contexts;
  for (const ServedList& served : *training.served)
    if (!served.context.empty()) contexts.push_back(served.context);
  return contexts;
}

// What was asked for of what was learned, one for one; the names where nothing was asked.
std::vector<std::string> learned_objectives(const std::vector<std::string>& asked,
                                            const std::vector<LearnedObjective>& learned) {
  std::vector<std::string> texts;
  for (const LearnedObjective& objective : learned) {
    const auto found = std::find_if(asked.begin(), asked.end(), [&](const std::string& text) {
      return text.substr(0, text.find(">=")) == objective.name;
    });
    texts.push_back(found == asked.end() ? objective.name : *found);
  }
  return texts;
}

// The first window's begin: where the windows and what they learn from meet.
Result<std::size_t> first_begin(std::size_t end, const RankerSettings& settings) {
  const auto length = static_cast<std::size_t>(settings.window * static_cast<double>(end));
  if (length == 0 || length * (settings.windows + 1) > end)
    return Status::failed_precondition("too little to learn a ranker from: " + std::to_string(end) +
                                       " interactions do not hold " + std::to_string(settings.windows) +
                                       " windows and what comes before them");
  return end - length * settings.windows;
}

}  // namespace

Result<std::vector<LearnedObjective>> learn_ranker(const RankWorld& world, std::size_t end,
                                                   const RankerTraining& training, const RunControl& control) {
  const Dataset& dataset = world.dataset();
  const RankerSettings& settings = training.ranker;
  const std::vector<std::string> names = retrieval_models(training.models);
  TAMIS_ASSIGN_OR_RETURN(const std::size_t first, first_begin(end, settings));
  TAMIS_ASSIGN_OR_RETURN(const std::vector<RankObjective> objectives,
                         find_objectives(dataset, first, end, settings.objectives));
  const std::vector<std::string> declared =
      settings.features.empty()
          ? default_rank_features(dataset.user_features, dataset.item_features, known_contexts(training), names)
          : settings.features;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<RankFeature> features, parse_rank_features(declared, "ranker.features"));
  const std::vector<RankFeature> crossed = crossed_of(features);

  Part fit;
  Part aside;
  const std::size_t length = (end - first) / settings.windows;
  for (std::uint32_t w = 0; w < settings.windows; ++w) {
    const double from = 0.6 * w / settings.windows;
    const double to = 0.6 * (w + 1) / settings.windows;
    const std::size_t begin = first + w * length;
    const RankWindow window = window_of(dataset, begin, w + 1 == settings.windows ? end : begin + length);
    TAMIS_ASSIGN_OR_RETURN(const RankRetrieval retrieval,
                           learn_retrieval(dataset, begin, names, *training.settings,
                                           control.part("ranker examples: ", from, from + (to - from) * 0.7)));
    const RankModels models = retrieval.view();
    const models::TrainControl making = control.stage("ranker examples", from + (to - from) * 0.7, to);
    RankDraw draw{settings.negatives, settings.uniform_negatives, settings.training.seed + w};
    std::vector<RankList> lists = served_lists(training, window, objectives);
    if (lists.empty()) {
      TAMIS_ASSIGN_OR_RETURN(lists, make_rank_lists(world, window, models, names, objectives, settings.lists, making));
    } else {
      draw = {.negatives = 0, .uniform = 0, .seed = draw.seed};  // what was shown and passed over, all of it
    }
    const auto split = std::stable_partition(lists.begin(), lists.end(),
                                             [&](const RankList& list) { return !is_kept_aside(list.user, settings); });
    std::vector<RankList> kept(std::make_move_iterator(split), std::make_move_iterator(lists.end()));
    lists.erase(split, lists.end());
    TAMIS_ASSIGN_OR_RETURN(RankExamples drawn, make_rank_examples(world, lists, models, crossed, draw, making));
    TAMIS_ASSIGN_OR_RETURN(RankExamples whole, make_rank_examples(world, kept, models, crossed, {}, making));
    fit.add(std::move(lists), std::move(drawn));
    aside.add(std::move(kept), std::move(whole));
  }
  if (fit.lists.empty() || aside.lists.empty())
    return Status::failed_precondition(
        "too little to learn a ranker from: in the newest interactions no user returned for whom there are candidates");
  TAMIS_ASSIGN_OR_RETURN(const RankEncoder encoder,
                         fit_rank_encoder(world, features, fit.lists, fit.examples, settings.min_count));
  std::vector<LearnedObjective> learned;
  Status first_failure;
  for (std::size_t o = 0; o < objectives.size(); ++o) {
    const double from = 0.6 + 0.4 * static_cast<double>(o) / static_cast<double>(objectives.size());
    const double to = 0.6 + 0.4 * static_cast<double>(o + 1) / static_cast<double>(objectives.size());
    Result<LearnedObjective> objective = learn_objective(world, encoder, fit, aside, objectives[o], o, settings,
                                                         control.stage("ranker " + objectives[o].name, from, to));
    if (objective.is_ok()) {
      learned.push_back(*std::move(objective));
    } else if (objective.status().code() == StatusCode::kFailedPrecondition) {
      if (first_failure.is_ok()) first_failure = objective.status();
      if (training.left_out != nullptr) (*training.left_out)[objectives[o].name] = objective.status().message();
    } else {
      return objective.status();
    }
  }
  if (learned.empty()) return first_failure;
  return learned;
}

Result<std::map<std::string, double>> evaluate_ranker(const RankWorld& world, std::size_t head_end,
                                                      const RankerTraining& training, const RunControl& control,
                                                      std::vector<LearnedObjective>* learned_out) {
  const Dataset& dataset = world.dataset();
  const std::vector<std::string> names = retrieval_models(training.models);
  TAMIS_ASSIGN_OR_RETURN(const std::vector<LearnedObjective> learned,
                         learn_ranker(world, head_end, training, control.part("", 0, 0.7)));
  if (learned_out != nullptr) *learned_out = learned;
  TAMIS_ASSIGN_OR_RETURN(const RankRetrieval retrieval, learn_retrieval(dataset, head_end, names, *training.settings,
                                                                        control.part("ranker evaluation: ", 0.7, 0.9)));
  const RankModels models = retrieval.view();
  const models::TrainControl ranking = control.stage("ranker evaluation", 0.9, 1);
  TAMIS_ASSIGN_OR_RETURN(
      const std::vector<RankObjective> objectives,
      find_objectives(dataset, 0, head_end, learned_objectives(training.ranker.objectives, learned)));
  RankListOptions options = training.ranker.lists;
  options.sessions = false;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<RankList> lists,
                         make_rank_lists(world, window_of(dataset, head_end, dataset.events.size()), models, names,
                                         objectives, options, ranking));
  std::map<std::string, double> metrics;
  if (lists.empty()) return metrics;
  std::vector<std::vector<std::uint32_t>> ranked;
  for (const RankList& list : lists) ranked.push_back(list.items);
  add_ranking_metrics("retrieval_", lists, ranked, &metrics);
  const std::vector<RankList> shown =
      served_lists(training, window_of(dataset, head_end, dataset.events.size()), objectives);
  for (std::size_t o = 0; o < learned.size(); ++o) {
    const ranker::TrainedDlrm& model = *learned[o].model;
    TAMIS_ASSIGN_OR_RETURN(const RankEncoder encoder, RankEncoder::create(model.encoder));
    if (!shown.empty()) {
      TAMIS_ASSIGN_OR_RETURN(const ScoredLists scored, score_lists(world, encoder, model, shown, models, o, ranking));
      add_probability_metrics(learned[o].name, scored.labels, scored.logits, model.calibrator, &metrics);
      metrics["served_lists"] = static_cast<double>(shown.size());
      if (o > 0) continue;
    }
    TAMIS_ASSIGN_OR_RETURN(const ScoredLists scored, score_lists(world, encoder, model, lists, models, o, ranking));
    const auto& [examples, labels, logits] = scored;
    if (shown.empty()) add_probability_metrics(learned[o].name, labels, logits, model.calibrator, &metrics);
    if (o > 0) continue;
    for (auto& items : ranked) items.clear();
    std::vector<std::uint32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&scores = scored.logits](auto a, auto b) { return scores[a] > scores[b]; });
    for (const std::uint32_t row : order) ranked[examples.rows[row].list].push_back(examples.rows[row].item);
    add_ranking_metrics("", lists, ranked, &metrics);
  }
  metrics["users"] = static_cast<double>(lists.size());
  return metrics;
}

}  // namespace tamis::engine
