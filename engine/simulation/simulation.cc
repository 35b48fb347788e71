#include "engine/simulation/simulation.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "common/random.h"
#include "engine/learn/scratch_database.h"
#include "engine/simulation/click_model.h"
#include "models/metrics.h"

namespace tamis::engine {
namespace {

constexpr TimestampMs kStartMs = 1'600'000'000'000;
constexpr TimestampMs kRoundMs = 86'400'000;
constexpr int kMaxWaits = 2'000;
constexpr TimestampMs kRequestMs = 10;  // between two users' requests

std::string user_name(std::uint32_t user) { return "u" + std::to_string(user); }
std::string item_name(std::uint32_t item) { return "i" + std::to_string(item); }
std::uint32_t item_number(const std::string& name) { return static_cast<std::uint32_t>(std::stoul(name.substr(1))); }

Mutation new_item(std::uint32_t item, TimestampMs listed_ms) {
  Entity entity;
  entity.id = item_name(item);
  entity.features["listed_at"] = Timestamp{listed_ms};
  return PutEntity{EntityKind::kItem, std::move(entity)};
}

Mutation click(std::uint32_t user, std::uint32_t item, TimestampMs time_ms, const std::string& recommendation_id) {
  Interaction interaction;
  interaction.user = user_name(user);
  interaction.item = item_name(item);
  interaction.type = "click";
  interaction.timestamp_ms = time_ms;
  interaction.recommendation_id = recommendation_id;
  return PutInteraction{std::move(interaction)};
}

// One arm's run. Externally synchronised.
class Arm {
 public:
  Arm(const SimulationOptions& options, const Population& population, ScratchDatabase& scratch, bool explores,
      const std::atomic<bool>* cancelled)
      : options_(options),
        population_(population),
        scratch_(scratch),
        funnel_(simulated_funnel(options, explores)),
        cancelled_(cancelled),
        name_(explores ? "explore" : "exploit") {}

  Status start() {
    std::vector<Mutation> mutations;
    for (std::uint32_t item = 0; item < population_.items_at(0); ++item)
      mutations.push_back(new_item(item, kStartMs - 100 * kRoundMs));
    Random random(options_.population.seed + 1);
    for (std::uint32_t user = 0; user < population_.users(); ++user) {
      std::set<std::uint32_t> taken;
      for (int attempt = 0; attempt < 10'000 && taken.size() < options_.first_clicks; ++attempt) {
        const std::uint32_t item = random.below(population_.items_at(0));
        if (random.uniform() < population_.attraction(user, item) && taken.insert(item).second)
          mutations.push_back(click(user, item, kStartMs - kRoundMs + static_cast<TimestampMs>(user), ""));
      }
    }
    TAMIS_RETURN_IF_ERROR(scratch_.database().write(std::move(mutations)).status());
    return scratch_.train();
  }

  Result<SimulatedRound> play(std::uint32_t round) {
    const TimestampMs begin_ms = kStartMs + static_cast<TimestampMs>(round) * kRoundMs;
    scratch_.clock().set(begin_ms);
    std::vector<Mutation> arrivals;
    if (round > 0)
      for (std::uint32_t item = population_.items_at(round - 1); item < population_.items_at(round); ++item)
        arrivals.push_back(new_item(item, begin_ms));
    TAMIS_RETURN_IF_ERROR(scratch_.database().write(std::move(arrivals)).status());

    SimulatedRound report{.arm = name_, .round = round + 1};
    std::vector<std::uint64_t> shown(population_.items_at(round));
    std::uint64_t slots = 0;
    std::uint64_t new_slots = 0;
    for (std::uint32_t user = 0; user < population_.users(); ++user) {
      if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed))
        return Status::unavailable("the simulation was cancelled");
      scratch_.clock().advance(kRequestMs);
      TAMIS_ASSIGN_OR_RETURN(const std::vector<std::uint32_t> list, ask(user, round));
      Random random(options_.population.seed ^ (std::uint64_t{round} << 40) ^ (std::uint64_t{user} << 8));
      std::vector<double> attractions;
      for (const std::uint32_t item : list) {
        attractions.push_back(population_.attraction(user, item));
        report.taste_distance += population_.distance(user, item);
        new_slots += item >= population_.items_at(0) ? 1 : 0;
        ++shown[item];
        ++slots;
      }
      std::vector<Mutation> clicks;
      for (const std::size_t slot : draw_clicks(attractions, options_.position_bias, random))
        clicks.push_back(click(user, list[slot], scratch_.clock().now_ms(), recommendation_id(user, round)));
      report.clicks += clicks.size();
      TAMIS_RETURN_IF_ERROR(scratch_.database().write(std::move(clicks)).status());
    }
    if ((round + 1) % options_.train_every == 0) TAMIS_RETURN_IF_ERROR(scratch_.train());

    clicks_so_far_ += report.clicks;
    report.clicks_so_far = clicks_so_far_;
    report.clicks_per_list = static_cast<double>(report.clicks) / population_.users();
    report.coverage = static_cast<double>(std::count_if(shown.begin(), shown.end(), [](auto n) { return n > 0; })) /
                      static_cast<double>(shown.size());
    report.gini = models::gini_coefficient(shown);
    if (slots > 0) {
      report.taste_distance /= static_cast<double>(slots);
      report.new_item_share = static_cast<double>(new_slots) / static_cast<double>(slots);
    }
    return report;
  }

 private:
  // 32 hexadecimal digits, as the engine's own: the seed of what the rules leave to chance.
  std::string recommendation_id(std::uint32_t user, std::uint32_t round) const {
    Random random(options_.population.seed * 31 + round * 1'000'003ULL + user);
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(random()),
                  static_cast<unsigned long long>(random()));
    return text;
  }

  Result<std::vector<std::uint32_t>> ask(std::uint32_t user, std::uint32_t round) {
    RecommendRequest request{.user = user_name(user), .k = options_.k};
    request.override_funnel = funnel_;
    request.recommendation_id = recommendation_id(user, round);
    TAMIS_ASSIGN_OR_RETURN(RecommendAnswer answer, scratch_.database().recommend(request));
    // On a busy machine a ranking may be that of a moment ago: a simulation waits for the one that follows from the
    // data.
    for (int wait = 0; !answer.is_exact && wait < kMaxWaits; ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      TAMIS_ASSIGN_OR_RETURN(answer, scratch_.database().recommend(request));
    }
    if (!answer.is_exact) return Status::unavailable("the machine is too busy to keep rankings up to date");
    std::vector<std::uint32_t> list;
    for (const RecommendedItem& item : answer.items) list.push_back(item_number(item.item));
    return list;
  }

  const SimulationOptions& options_;
  const Population& population_;
  ScratchDatabase& scratch_;
  FunnelConfig funnel_;
  const std::atomic<bool>* cancelled_;
  std::string name_;
  std::uint64_t clicks_so_far_ = 0;
};

}  // namespace

FunnelConfig simulated_funnel(const SimulationOptions& options, bool explores) {
  FunnelConfig funnel;
  funnel.name = explores ? "explore" : "exploit";
  funnel.retrievers = {
      {.kind = "ann", .quota = 100, .weight = 1, .space = "ials"},
      {.kind = "item_knn", .quota = 100, .weight = 0.5, .space = {}},
      {.kind = "popular", .quota = 50, .weight = 0.1, .space = {}},
      {.kind = "latest", .quota = 100, .weight = 1e-6, .space = {}},  // known to both arms, chosen by neither's scores
  };
  funnel.ranker.candidates = 300;
  funnel.fallback = {"popular"};
  if (explores) {
    funnel.rules.push_back(ExploreRuleConfig{.policy = "epsilon_greedy",
                                             .share = options.explore_share,
                                             .most_impressions = 1e12,  // impressions have no say
                                             .age_field = "listed_at",
                                             .most_age_s = static_cast<double>(options.explore_rounds) * 86'400,
                                             .most_pool = 100});
  }
  return funnel;
}

SimulationOptions simulation_options(const SimulationRequest& request) {
  SimulationOptions options;
  options.population.users = request.users;
  options.population.items = request.items;
  options.population.new_items = request.new_items;
  options.population.rounds = request.rounds;
  options.population.seed = request.seed;
  options.k = request.k;
  options.train_every = request.train_every;
  options.explore_rounds = request.explore_rounds;
  options.explore_share = request.explore_share;
  options.position_bias = request.position_bias;
  return options;
}

Result<std::vector<SimulatedRound>> simulate(const SimulationOptions& options, const DatabaseOptions& database,
                                             const SimulationControl& control) {
  const PopulationOptions& sizes = options.population;
  if (sizes.users == 0 || sizes.items < 2 || sizes.rounds == 0 || sizes.dim == 0 || sizes.groups == 0 ||
      options.train_every == 0 || options.k == 0)
    return Status::invalid_argument("users, items, rounds, dim, groups, train_every and k must be above 0");
  const Population population(sizes);
  std::vector<SimulatedRound> rounds;
  DatabaseOptions own = database;
  own.training.settings["ials"].try_emplace("dim", "16");
  for (const bool explores : {false, true}) {
    TAMIS_ASSIGN_OR_RETURN(const std::unique_ptr<ScratchDatabase> scratch,
                           ScratchDatabase::create(options.scratch, own, options.models, kStartMs));
    Arm arm(options, population, *scratch, explores, control.cancelled);
    TAMIS_RETURN_IF_ERROR(arm.start());
    for (std::uint32_t round = 0; round < sizes.rounds; ++round) {
      TAMIS_ASSIGN_OR_RETURN(SimulatedRound report, arm.play(round));
      rounds.push_back(std::move(report));
      if (control.on_round) control.on_round(rounds, std::size_t{2} * sizes.rounds);
    }
  }
  return rounds;
}

std::string simulation_csv(const std::vector<SimulatedRound>& rounds) {
  std::string csv = "arm,round,clicks,clicks_per_list,coverage,gini,taste_distance,new_item_share,clicks_so_far\n";
  for (const SimulatedRound& round : rounds) {
    char line[256];
    std::snprintf(line, sizeof line, "%s,%u,%llu,%.4f,%.4f,%.4f,%.4f,%.4f,%llu\n", round.arm.c_str(), round.round,
                  static_cast<unsigned long long>(round.clicks), round.clicks_per_list, round.coverage, round.gini,
                  round.taste_distance, round.new_item_share, static_cast<unsigned long long>(round.clicks_so_far));
    csv += line;
  }
  return csv;
}

std::string simulation_json(std::span<const SimulatedRound> rounds) {
  std::string json = "{\"rounds\":[";
  for (const SimulatedRound& round : rounds) {
    char text[320];
    std::snprintf(text, sizeof text,
                  "%s{\"arm\":\"%s\",\"round\":%u,\"clicks\":%llu,\"clicks_per_list\":%.4f,\"coverage\":%.4f,"
                  "\"gini\":%.4f,\"taste_distance\":%.4f,\"new_item_share\":%.4f,\"clicks_so_far\":%llu}",
                  json.back() == '[' ? "" : ",", round.arm.c_str(), round.round,
                  static_cast<unsigned long long>(round.clicks), round.clicks_per_list, round.coverage, round.gini,
                  round.taste_distance, round.new_item_share, static_cast<unsigned long long>(round.clicks_so_far));
    json += text;
  }
  return json + "]}";
}

}  // namespace tamis::engine
