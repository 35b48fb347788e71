#include "engine/learn/search_recommender.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "engine/funnel/funnel_names.h"
#include "engine/learn/evaluation.h"
#include "engine/learn/fuse_retrievers.h"
#include "engine/learn/gate.h"
#include "engine/learn/held_out_database.h"
#include "engine/learn/hold_out.h"
#include "engine/learn/learn_ranker.h"
#include "engine/learn/learned_models.h"
#include "engine/learn/model_retrievers.h"
#include "engine/learn/search_settings.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {
namespace {

// Tried in this order, the cheap ones first.
const std::vector<std::string> kTried = {"graph_filter", "ease", "content", "bpr", "two_tower", "sasrec"};

// Learn in epochs, which may be cut short.
const std::vector<std::string> kTimed = {"bpr", "two_tower", "sasrec"};

constexpr double kModelsShare = 0.45;  // of the budget, by the end of the step
constexpr double kSettingsShare = 0.55;
constexpr double kTimedShare = 0.1;   // of one training of a model that may be cut short
constexpr double kSearchShare = 0.7;  // the rest is for learning from everything
constexpr double kUsualHoldout = 0.1;
constexpr std::size_t kTunedModels = 4;
constexpr std::size_t kMostRetrievers = 4;
constexpr std::uint32_t kQuota = 200;          // of each retriever
constexpr std::size_t kFewestUsers = 20;       // fewer decide nothing
constexpr std::size_t kMostUsers = 1'000;      // asked by the path that serves
constexpr std::size_t kMeasuredUsers = 5'000;  // whom models are measured on
constexpr double kMostlyRepeats = 0.6;         // share of what people took that they had taken before
constexpr double kLearnedForRanker = 3;        // times that a model is learned where a ranker ranks what it retrieves
constexpr double kRankerCost = 20;             // of examples and network, in units of expected_cost()

using TextSettings = std::map<std::string, std::map<std::string, std::string>>;

struct Learned {
  TrialModels models;
  double ndcg10 = 0;
  double seconds = 0;
};

// Of this process, all threads together.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Search {
 public:
  // `of_all` is the share of the log's events that `dataset` holds.
  Search(const Dataset& dataset, double of_all, std::vector<std::string> base, const TrainingRun& run,
         const GenerationInfo& before, double holdout, const RunControl& control, GenerationInfo* info)
      : dataset_(dataset),
        of_all_(of_all),
        base_(std::move(base)),
        run_(run),
        before_(before),
        control_(control),
        info_(info),
        holdout_(held_out_share(dataset, holdout)),
        repeats_(repeat_share(dataset, holdout_) > kMostlyRepeats),
        settings_(before.found_settings) {
    for (const auto& [model, given] : run.text_settings) settings_[model] = given;
  }

  Result<FoundRecommender> find() {
    TAMIS_RETURN_IF_ERROR(try_models());
    if (learned_.empty()) return give_up();
    const std::size_t returning = repeats_ ? report_.users_all : report_.users;
    if (returning < kFewestUsers) {
      info_->note = "nothing was chosen: " + std::to_string(returning) +
                    " users returned to be measured on, expected " + std::to_string(kFewestUsers);
      return give_up();
    }
    TAMIS_RETURN_IF_ERROR(tune());
    TAMIS_RETURN_IF_ERROR(choose_funnel());
    return finish();
  }

 private:
  double share_of(double seconds) const { return seconds / static_cast<double>(run_.budget_s); }
  double spent() const { return share_of(cpu_seconds() - start_); }
  std::string metric() const { return repeats_ ? "ndcg_all@10" : "ndcg@10"; }

  // Learns one model from the head and measures it; nothing where it cannot be learned.
  Result<std::optional<Learned>> try_model(const std::string& model, const TextSettings& settings, double progress) {
    TAMIS_ASSIGN_OR_RETURN(ModelSettings parsed, parse_model_settings(options_with(settings)));
    Learned learned;
    const TimeSplitOptions options{.holdout = holdout_,
                                   .models = {model},
                                   .settings = std::move(parsed),
                                   .max_users = kMeasuredUsers,
                                   .clock = run_.clock,
                                   .served = &run_.served,
                                   .left_out = &info_->left_out,
                                   .keep = &learned.models};
    const double start = cpu_seconds();
    const Result<TimeSplitReport> report =
        evaluate_time_split(dataset_, options, control_.part("", progress, progress + 0.02));
    if (!report.is_ok()) return report.status();
    learned.seconds = cpu_seconds() - start;
    if (report->models.empty()) return std::optional<Learned>();
    report_ = *report;
    const auto& metrics = report->models.front().metrics;
    const auto found = metrics.find(metric());
    learned.ndcg10 = found == metrics.end() ? 0 : found->second;
    metrics_[model] = metrics;
    return std::optional<Learned>(std::move(learned));
  }

  static TrainingOptions options_with(const TextSettings& settings) {
    TrainingOptions options;
    options.settings = settings;
    return options;
  }

  bool is_affordable(const std::string& model) const {
    if (contains(base_, model) || contains(run_.models, model)) return true;
    const auto ials = learned_.find("ials");
    const double unit_s = ials == learned_.end() ? 0 : ials->second.seconds / expected_cost("ials");
    double share = share_of(expected_cost(model) * unit_s);
    if (contains(kTimed, model)) share = std::min(share, kTimedShare);
    return spent() + share < kModelsShare;
  }

  // Of one trial of a model that may be cut short, by the clock.
  double timed_seconds() const { return std::max(5.0, kTimedShare / share_of(control_.threads)); }

  // The settings so far, with `own` of the model and the time that it may take.
  TextSettings settings_with(const std::string& model, std::map<std::string, std::string> own) const {
    TextSettings settings = settings_;
    if (contains(kTimed, model)) own.emplace("max_train_s", std::to_string(timed_seconds()));
    if (!own.empty()) settings[model] = std::move(own);
    return settings;
  }

  std::map<std::string, std::string> own_settings(const std::string& model) const {
    const auto own = settings_.find(model);
    return own == settings_.end() ? std::map<std::string, std::string>() : own->second;
  }

  Status try_models() {
    std::vector<std::string> names = base_;
    for (const std::string& model : kTried)
      if (contains(trainable_models(), model)) names.push_back(model);
    for (const std::string& model : run_.models)
      if (model != kAutomatic && model != "dlrm" && !contains(names, model)) names.push_back(model);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& model = names[i];
      if (!is_affordable(model)) {
        info_->trials.push_back({.step = "model", .name = model, .detail = "not tried: beyond the budget"});
        continue;
      }
      const TextSettings settings = settings_with(model, own_settings(model));
      Result<std::optional<Learned>> learned =
          try_model(model, settings, 0.3 * static_cast<double>(i) / static_cast<double>(names.size()));
      TAMIS_RETURN_IF_ERROR(control_.check());
      if (!learned.is_ok() && learned.status().code() == StatusCode::kFailedPrecondition) {
        info_->note = "not evaluated: " + learned.status().message();
        return Status::ok();  // nothing can be held out
      }
      if (!learned.is_ok()) return learned.status();
      if (!*learned) {
        const auto why = info_->left_out.find(model);
        info_->trials.push_back(
            {.step = "model", .name = model, .detail = why == info_->left_out.end() ? "too little data" : why->second});
        if (!contains(run_.models, model) && !contains(base_, model)) info_->left_out.erase(model);
        continue;
      }
      info_->trials.push_back(
          {.step = "model", .name = model, .ndcg10 = (*learned)->ndcg10, .seconds = (*learned)->seconds});
      if (settings.contains(model)) settings_[model] = settings.at(model);
      learned_.emplace(model, **std::move(learned));
    }
    return Status::ok();
  }

  // The best models first; each of their settings once. A setting that its owner gave is left alone.
  Status tune() {
    std::vector<std::string> names;
    for (const auto& [model, learned] : learned_)
      if (!settings_to_try(model).empty() && !run_.text_settings.contains(model)) names.push_back(model);
    std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
      return learned_.at(a).ndcg10 > learned_.at(b).ndcg10;
    });
    if (names.size() > kTunedModels) names.resize(kTunedModels);
    std::map<std::string, std::vector<models::Settings>> tried;
    std::size_t most = 0;
    for (const std::string& model : names) {
      tried[model] = settings_to_try(model);
      if (before_.found_settings.contains(model)) tried[model].insert(tried[model].begin(), models::Settings());
      most = std::max(most, tried[model].size());
    }
    for (std::size_t i = 0; i < most; ++i) {
      for (const std::string& model : names) {
        if (i >= tried[model].size()) continue;
        const models::Settings& changed = tried[model][i];
        Learned& best = learned_.at(model);
        if (spent() + share_of(best.seconds) > kSettingsShare) continue;
        TextSettings settings = settings_with(model, {changed.begin(), changed.end()});
        const auto metrics_before = metrics_[model];
        Result<std::optional<Learned>> learned =
            try_model(model, settings, 0.3 + 0.2 * static_cast<double>(i) / static_cast<double>(most));
        TAMIS_RETURN_IF_ERROR(control_.check());
        if (!learned.is_ok()) return learned.status();
        if (!*learned) {
          info_->left_out.erase(model);  // at its defaults it can be learned
          continue;
        }
        info_->trials.push_back({.step = "settings",
                                 .name = model,
                                 .detail = changed.empty() ? "defaults" : name_settings(changed),
                                 .ndcg10 = (*learned)->ndcg10,
                                 .seconds = (*learned)->seconds});
        if ((*learned)->ndcg10 > best.ndcg10) {
          best = **std::move(learned);
          settings_ = std::move(settings);
        } else {
          metrics_[model] = metrics_before;
        }
      }
    }
    return Status::ok();
  }

  FunnelConfig funnel_of(std::vector<RetrieverConfig> retrievers, MergeMethod merge) const {
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.retrievers = std::move(retrievers);
    funnel.merge = merge;
    funnel.exclude_seen = !repeats_;
    return funnel;
  }

  Status choose_funnel() {
    chosen_ = {};
    if (run_.trial == nullptr) return choose_best_model("funnels are not compared");
    const FunnelTrial& trial = *run_.trial;
    Result<std::unique_ptr<HeldOutDatabase>> made =
        HeldOutDatabase::create({.store = trial.store,
                                 .options = trial.options,
                                 .scratch = trial.scratch,
                                 .max_users = kMostUsers,
                                 .max_interactions = trial.max_interactions},
                                dataset_, report_.cut_ms, control_.part("", 0.5, 0.52));
    TAMIS_RETURN_IF_ERROR(control_.check());
    if (!made.is_ok()) return choose_best_model(made.status().message());
    HeldOutDatabase& database = **made;

    TrialModels all;
    std::vector<std::string> members;
    for (auto& [model, learned] : learned_) {
      members.push_back(model);
      if (learned.models.interactions.rows > 0) all.interactions = learned.models.interactions;
      add_learned(std::move(learned.models.models), &all.models);
    }
    TAMIS_RETURN_IF_ERROR(database.add("retrievers", all, members));
    TAMIS_RETURN_IF_ERROR(database.serve("retrievers"));
    TAMIS_RETURN_IF_ERROR(fuse(database, members));
    TAMIS_RETURN_IF_ERROR(try_ranker(database, &all, members));
    return compare_with_what_is_in_use(database);
  }

  Status choose_best_model(const std::string& why) {
    info_->note = why;
    const auto best = std::max_element(learned_.begin(), learned_.end(),
                                       [](const auto& a, const auto& b) { return a.second.ndcg10 < b.second.ndcg10; });
    chosen_ = funnel_of({retriever_of(best->first, kQuota)}, MergeMethod::kReciprocalRank);
    return Status::ok();
  }

  Status fuse(HeldOutDatabase& database, std::vector<std::string> members) {
    const RunControl control = control_.part("", 0.52, 0.65);
    const models::TrainControl running = control.stage("try retrievers", 0, 1);
    members.emplace_back("trending");
    std::vector<std::vector<std::uint32_t>> relevant;
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < database.users().size(); ++i) {
      const ReturningUser& user = database.users()[i];
      const std::vector<std::uint32_t>& right = repeats_ ? user.after : user.fresh;
      if (right.empty()) continue;
      relevant.push_back(right);
      asked.push_back(i);
    }
    std::vector<RetrieverLists> lists;
    for (const std::string& member : members) {
      const double start = cpu_seconds();
      RetrieverLists found{.config = retriever_of(member, kQuota), .by_user = {}};
      FunnelConfig alone = funnel_of({found.config}, MergeMethod::kNormalizedScore);
      alone.fallback.clear();
      TAMIS_ASSIGN_OR_RETURN(auto all, database.lists(alone, kQuota, control));
      for (const std::size_t i : asked) found.by_user.push_back(std::move(all[i]));
      lists.push_back(std::move(found));
      const FusedRetrievers one = fuse_retrievers(std::span(lists).last(1), relevant, 1);
      const MeanOfUsers figure = mean_of(one.ndcg10);
      info_->trials.push_back({.step = "retriever",
                               .name = retriever_label(lists.back().config),
                               .ndcg10 = figure.mean,
                               .error = figure.error,
                               .seconds = cpu_seconds() - start});
    }
    const double start = cpu_seconds();
    const FusedRetrievers fused = fuse_retrievers(lists, relevant, kMostRetrievers);
    chosen_ = funnel_of(fused.retrievers, fused.merge);
    const MeanOfUsers figure = mean_of(fused.ndcg10);
    info_->trials.push_back({.step = "fusion",
                             .name = name_retrievers(fused.retrievers),
                             .detail = fused.merge == MergeMethod::kNormalizedScore ? "by scores" : "by ranks",
                             .ndcg10 = figure.mean,
                             .error = figure.error,
                             .seconds = cpu_seconds() - start});
    TAMIS_ASSIGN_OR_RETURN(best_, database.measure(chosen_, control));
    add_funnel_trial("without a ranker", best_, 0);
    return Status::ok();
  }

  void add_funnel_trial(const std::string& name, const FunnelFigures& figures, double seconds,
                        std::string detail = {}) {
    info_->trials.push_back({.step = "funnel",
                             .name = name,
                             .detail = std::move(detail),
                             .ndcg10 = figures.ndcg10,
                             .error = figures.error,
                             .seconds = seconds});
  }

  // The members that the generation will have, whichever funnel is chosen.
  std::vector<std::string> members_with(const FunnelConfig& funnel) const {
    std::vector<std::string> members = base_;
    for (const std::string& model : run_.models)
      if (model != kAutomatic && model != "dlrm" && !contains(members, model)) members.push_back(model);
    for (const RetrieverConfig& retriever : funnel.retrievers) {
      const std::string member = member_of(retriever);
      if (contains(trainable_models(), member) && !contains(members, member)) members.push_back(member);
    }
    std::erase_if(members, [&](const std::string& member) { return !learned_.contains(member); });
    return members;
  }

  // A ranker needs more to choose from than the fused lists alone.
  FunnelConfig ranked_funnel() const {
    FunnelConfig funnel = chosen_;
    for (const std::string member : {"ials", "item_knn", "trending"}) {
      const RetrieverConfig more = retriever_of(member, kQuota);
      const bool is_there = std::any_of(funnel.retrievers.begin(), funnel.retrievers.end(), [&](const auto& retriever) {
        return retriever.kind == more.kind && retriever.space == more.space;
      });
      if (!is_there && (member == "trending" || learned_.contains(member))) {
        funnel.retrievers.push_back(more);
        funnel.retrievers.back().weight = 0.25;
      }
    }
    funnel.ranker.kind = "dlrm";
    funnel.ranker.candidates = 300;
    return funnel;
  }

  Status try_ranker(HeldOutDatabase& database, TrialModels* all, const std::vector<std::string>& members) {
    if (dataset_.is_retimed) {
      add_note("dlrm", "interactions have no times of their own, which a ranker learns from");
      return Status::ok();
    }
    const std::vector<std::string> retrieved = members_with(chosen_);
    double seconds = 0;
    for (const std::string& member : retrieval_models(retrieved))
      seconds += kLearnedForRanker * learned_.at(member).seconds;
    seconds += kRankerCost * learned_.at(learned_.contains("ials") ? "ials" : retrieved.front()).seconds /
               expected_cost("ials");
    // Of a sample: what counts is the time that all of the log takes in the end.
    if (!contains(run_.models, "dlrm") && spent() + share_of(seconds / of_all_) > kSearchShare) {
      add_note("dlrm", "not tried: beyond the budget");
      return Status::ok();
    }
    const double start = cpu_seconds();
    TextSettings settings = settings_;
    if (repeats_) settings["dlrm"].emplace("repeats", "true");
    TAMIS_ASSIGN_OR_RETURN(const ModelSettings parsed, parse_model_settings(options_with(settings)));
    TAMIS_ASSIGN_OR_RETURN(const RankerSettings ranker, ranker_settings(parsed));
    std::vector<LearnedObjective> learned;
    const RankWorld world(dataset_, run_.clock);
    const Result<std::map<std::string, double>> metrics = evaluate_ranker(
        world, report_.head_interactions, {retrieved, &parsed, ranker, run_.clock, &run_.served, nullptr},
        control_.part("try ranker: ", 0.65, 0.95), &learned);
    TAMIS_RETURN_IF_ERROR(control_.check());
    if (!metrics.is_ok()) {
      add_note("dlrm", metrics.status().message());
      return Status::ok();
    }
    metrics_["dlrm"] = *metrics;
    all->ranker = std::move(learned);
    std::vector<std::string> with_ranker = members;
    with_ranker.emplace_back("dlrm");
    TAMIS_RETURN_IF_ERROR(database.add("ranked", *all, with_ranker));
    TAMIS_RETURN_IF_ERROR(database.serve("ranked"));
    const FunnelConfig funnel = ranked_funnel();
    TAMIS_ASSIGN_OR_RETURN(const FunnelFigures ranked, database.measure(funnel, control_));
    const MeanOfUsers gain = mean_gain(ranked.by_user, best_.by_user);
    const bool is_better = gain.mean > gain.error;
    ranker_seconds_ = cpu_seconds() - start;
    add_funnel_trial("with the ranker", ranked, ranker_seconds_, name_retrievers(funnel.retrievers));
    if (is_better) {
      chosen_ = funnel;
      best_ = ranked;
      settings_ = std::move(settings);
    }
    return Status::ok();
  }

  // What is in use stays where it is better, so that a search never makes lists worse than they are.
  Status compare_with_what_is_in_use(HeldOutDatabase& database) {
    const RunControl control = control_.part("", 0.95, 1);
    const models::TrainControl running = control.stage("try funnels", 0, 1);
    std::optional<FunnelFigures> in_use;
    for (const FunnelConfig& funnel : run_.trial->funnels) {
      const bool follows = funnel.name == "default" && is_built_in(funnel);
      if (follows && funnel.exclude_seen == repeats_) continue;  // another question
      TAMIS_ASSIGN_OR_RETURN(const FunnelFigures measured, database.measure(funnel, control));
      if (!follows) {  // somebody stored it: what is chosen does not change it
        info_->funnels[funnel.name] = quality_of(measured, measured);
        continue;
      }
      add_funnel_trial("in use until now", measured, 0, name_retrievers(funnel.retrievers));
      const bool is_learnable = std::all_of(funnel.retrievers.begin(), funnel.retrievers.end(), [&](const auto& one) {
        const std::string member = member_of(one);
        return !contains(trainable_models(), member) || learned_.contains(member);
      });
      const MeanOfUsers gain = mean_gain(measured.by_user, best_.by_user);
      const bool is_ranked = funnel.ranker.kind == "none" || metrics_.contains("dlrm");
      if (gain.mean > gain.error && is_learnable && is_ranked) {
        chosen_ = funnel;
        best_ = measured;
      }
      in_use = measured;
    }
    info_->funnels.try_emplace("default", quality_of(best_, in_use));
    return Status::ok();
  }

  // Whether the funnel is what "default" is while nobody stores one.
  bool is_built_in(const FunnelConfig& funnel) const {
    return funnel_to_json(funnel) == funnel_to_json(before_.default_funnel.value_or(FunnelConfig::default_funnel()));
  }

  FunnelQuality quality_of(const FunnelFigures& figures, const std::optional<FunnelFigures>& serving) const {
    FunnelQuality quality{.ndcg10 = figures.ndcg10,
                          .error = figures.error,
                          .from_ms = report_.cut_ms,
                          .serving_ndcg10 = {},
                          .users = figures.by_user.size(),
                          .without = {}};
    if (serving && !run_.trial->serving.empty())
      quality.serving_ndcg10 = std::max(0.0, serving->ndcg10 - 2 * mean_gain(serving->by_user, figures.by_user).error);
    return quality;
  }

  void add_note(const std::string& name, const std::string& why) {
    info_->trials.push_back({.step = "funnel", .name = name, .detail = why});
  }

  // It answers carts, so nobody's list decides whether it is any use: it is learned where there are baskets.
  Status add_bought_together(std::vector<std::string>* models) const {
    TAMIS_ASSIGN_OR_RETURN(const ModelSettings settings, parse_model_settings(options_with(settings_)));
    const bool is_there = contains(*models, "bought_together") || contains(run_.models, "bought_together");
    if (!is_there && has_baskets(dataset_.training_data(0, dataset_.events.size()), settings))
      models->emplace_back("bought_together");
    return Status::ok();
  }

  // Too few can be asked: the models that learn in seconds, what knows the items' texts, and the funnel as it is with
  // what it names.
  Result<FoundRecommender> give_up() {
    FoundRecommender found;
    found.models = base_;
    if (learned_.contains("content")) found.models.emplace_back("content");
    if (before_.default_funnel) {
      info_->default_funnel = before_.default_funnel;
      info_->found_settings = before_.found_settings;
      for (const RetrieverConfig& retriever : before_.default_funnel->retrievers)
        if (const std::string member = member_of(retriever);
            contains(trainable_models(), member) && !contains(found.models, member))
          found.models.push_back(member);
      if (before_.default_funnel->ranker.kind != "none") found.models.push_back(before_.default_funnel->ranker.kind);
    }
    TAMIS_RETURN_IF_ERROR(add_bought_together(&found.models));
    info_->chosen = found.models;
    for (const std::string& model : run_.models)
      if (!contains(found.models, model)) found.models.push_back(model);
    for (const std::string& model : found.models)
      if (const auto measured = metrics_.find(model); measured != metrics_.end()) info_->metrics.insert(*measured);
    TAMIS_ASSIGN_OR_RETURN(found.settings, parse_model_settings(options_with(settings_)));
    return found;
  }

  Result<FoundRecommender> finish() {
    FoundRecommender found;
    found.models = members_with(chosen_);
    for (const std::string& model : base_)  // too little before the cut may be enough in all
      if (!contains(found.models, model)) found.models.push_back(model);
    TAMIS_RETURN_IF_ERROR(add_bought_together(&found.models));
    info_->metrics = metrics_;
    if (chosen_.ranker.kind != "none") {
      found.models.emplace_back("dlrm");
    } else if (contains(run_.models, "dlrm")) {
      if (const std::optional<std::string> harm = find_harm(*info_, run_.tolerance))
        info_->left_out["dlrm"] = *harm;
      else
        found.models.emplace_back("dlrm");
    }
    if (!has_ranker(found.models)) info_->metrics.erase("dlrm");  // the trials show its figures
    for (const std::string& model : found.models)
      if (!contains(run_.models, model)) info_->chosen.push_back(model);
    for (const auto& [model, values] : settings_)
      if (contains(found.models, model) && !run_.text_settings.contains(model)) info_->found_settings[model] = values;
    give_what_remains(found.models);
    // The share of this run's time: a run that names the model gives it all that it needs.
    for (const std::string& model : kTimed)
      if (const auto own = info_->found_settings.find(model); own != info_->found_settings.end())
        own->second.erase("max_train_s");
    std::erase_if(info_->found_settings, [](const auto& entry) { return entry.second.empty(); });
    TAMIS_ASSIGN_OR_RETURN(found.settings, parse_model_settings(options_with(settings_)));
    for (SearchTrial& trial : info_->trials) trial.is_chosen = trial.ndcg10 > 0 && is_in_force(trial, found.models);
    info_->default_funnel = chosen_;
    info_->default_funnel->name = "default";
    std::string note = "chosen on " + std::to_string(report_.tail_interactions) + " interactions ";
    note += dataset_.is_retimed ? "of every user's own" : "from " + format_rfc3339(report_.cut_ms) + " on";
    note += ", " + std::to_string(report_.users) + " users: " + name_retrievers(chosen_.retrievers);
    if (chosen_.ranker.kind != "none") note += ", ranked";
    if (repeats_) note += "; lists repeat what was taken before, as people do here";
    info_->note = note + (info_->note.empty() ? "" : "; " + info_->note);
    return found;
  }

  // Models that were cut short learn on as long as there is time: what the budget leaves when all else is learned.
  void give_what_remains(const std::vector<std::string>& members) {
    const bool is_ranked = chosen_.ranker.kind != "none";
    double others = is_ranked ? ranker_seconds_ : 0;
    std::vector<std::string> timed;
    for (const std::string& member : members) {
      if (contains(kTimed, member) && !run_.text_settings.contains(member))
        timed.push_back(member);
      else if (const auto learned = learned_.find(member); learned != learned_.end())
        others += learned->second.seconds / of_all_;
    }
    const double rest_s = static_cast<double>(run_.budget_s) * (1 - spent()) - others;
    const double times = static_cast<double>(timed.size()) * (is_ranked ? kLearnedForRanker : 1);
    for (const std::string& model : timed)
      settings_[model]["max_train_s"] = std::to_string(std::max(timed_seconds(), rest_s / control_.threads / times));
  }

  bool is_in_force(const SearchTrial& trial, const std::vector<std::string>& members) const {
    if (trial.step == "funnel") return trial.ndcg10 == best_.ndcg10;
    if (trial.step == "retriever")
      return std::any_of(chosen_.retrievers.begin(), chosen_.retrievers.end(),
                         [&](const RetrieverConfig& one) { return retriever_label(one) == trial.name; });
    const auto learned = learned_.find(trial.name);
    return learned != learned_.end() && contains(members, trial.name) && trial.ndcg10 == learned->second.ndcg10;
  }

  const Dataset& dataset_;
  const double of_all_;
  const std::vector<std::string> base_;  // affordable_base_models()
  const TrainingRun& run_;
  const GenerationInfo& before_;
  const RunControl& control_;
  GenerationInfo* const info_;
  const double start_ = cpu_seconds();
  const double holdout_;
  const bool repeats_;
  TextSettings settings_;
  TimeSplitReport report_;
  std::map<std::string, Learned> learned_;
  std::map<std::string, std::map<std::string, double>> metrics_;
  FunnelConfig chosen_;
  FunnelFigures best_;
  double ranker_seconds_ = 0;  // CPU of learning and measuring it
};

}  // namespace

Result<FoundRecommender> search_recommender(const Dataset& part, const Dataset& all, const TrainingRun& run,
                                            const GenerationInfo& before, const RunControl& control,
                                            GenerationInfo* info) {
  const double holdout = run.holdout > 0 ? run.holdout : kUsualHoldout;
  const std::vector<std::string> base = affordable_base_models(all.users.size());
  const double share = static_cast<double>(part.events.size()) / static_cast<double>(all.events.size());
  if (!needs_retiming(part, holdout)) return Search(part, share, base, run, before, holdout, control, info).find();
  Dataset retimed = part;
  const double own_holdout = retime(&retimed, holdout);
  return Search(retimed, share, base, run, before, own_holdout, control, info).find();
}

}  // namespace tamis::engine
