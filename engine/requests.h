// What callers ask of a Database and what it answers. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/filter.h"
#include "common/records.h"
#include "engine/funnel.h"
#include "engine/measurement.h"

namespace tamis {

inline constexpr std::uint32_t kMaxK = 1'000;

// --- taking back, erasing ---

// Interactions that match every part that is given. One of user, item, recommendation id, idempotency key and import id
// must be: a type or a time alone would select from everybody.
struct InteractionSelection {
  std::string user = {};
  std::string item = {};
  std::string type = {};
  std::optional<TimestampMs> from_ms = {};  // at or after
  std::optional<TimestampMs> to_ms = {};    // before
  std::string recommendation_id = {};
  std::string idempotency_key = {};
  std::string import_id = {};
};

// A snapshot that was made, and what it reflects.
struct MadeSnapshot {
  std::string path;
  TimestampMs made_ms = 0;
  Sequence sequence = 0;
};

// What the deletion of a user did and will do.
struct DeletedUser {
  WriteAck ack;                         // affected: the interactions that went
  bool erased = false;                  // else the log keeps what it says of the user
  TimestampMs erased_by_ms = 0;         // when the files say nothing of the user any more, about
  std::vector<MadeSnapshot> snapshots;  // that were made before, oldest first: they hold what the user did
};

// --- recommend ---

// One action of an anonymous session, in the request itself.
struct HistoryEntry {
  std::string item = {};
  std::string type = "view";
  std::optional<double> value = {};
  TimestampMs timestamp_ms = kNoTime;  // kNoTime: now
};

struct RecommendRequest {
  std::string user = {};                   // empty for an anonymous session
  std::vector<HistoryEntry> history = {};  // added to the user's own
  std::uint32_t k = 10;                    // 1..kMaxK
  std::string funnel = "default";
  std::string surface = {};               // "home": the funnel of that name where there is one, before `funnel`
  Filter filter = {};                     // and-ed with the funnel's
  std::vector<std::string> exclude = {};  // item ids
  Features context = {};                  // of the request (device, hour, ...): encoders read it
  std::optional<bool> exclude_seen = {};  // overrides the funnel's
  std::optional<bool> rotate_shown = {};  // likewise; false puts rotation rules aside, too
  // Used instead of the named one, for this request only; members in its `inherited` follow its base, by default the
  // named one.
  std::optional<FunnelConfig> override_funnel = {};
  // The id of the answer; empty: a new one. It is the seed of what the rules leave to chance.
  std::string recommendation_id = {};
  bool dry_run = false;  // nothing is logged: no impression
  // Item-to-item: candidates are what goes with this item rather than with the user, whom the rules still know.
  std::string similar_to = {};
  // Of the page before: what its pages served does not come again. Empty: the first page.
  std::string cursor = {};
  bool with_cursor = false;  // the answer carries a cursor for the next page
  // A past answer again: the data as it was after this write, under `generation` (empty: none served).
  std::optional<Sequence> as_of_sequence = {};
  std::string generation = {};               // with as_of_sequence only
  std::optional<TimestampMs> as_of_ms = {};  // the clock of decay and TTL; default now
  Sequence min_seq = 0;                      // waits until reflected (read your writes)
  std::int64_t min_seq_timeout_ms = 1'000;   // 0..10000; past it unavailable
  bool explain = false;
  bool with_features = false;
};

struct RetrievedBy {
  std::string retriever;   // "ann:ials", "item_knn", "popular", ...
  std::uint32_t rank = 0;  // from 1
  double score = 0;        // in the retriever's own unit
  // Why, for people: the user's own items that led here, strongest first (item_knn, similar, and iALS by the
  // decomposition of Hu, Koren & Volinsky 2008, section 5).
  std::vector<std::pair<std::string, double>> because;
};

// What one rule did to one item.
struct RuleEffect {
  std::string rule;  // "freshness"
  double score_before = 0;
  double score_after = 0;
  std::uint32_t rank_before = 0;  // from 1; 0: the rule brought it in
  std::uint32_t rank_after = 0;   // 0: the rule removed it
};

struct ItemExplanation {
  std::vector<RetrievedBy> retrieved_by;
  double merged_score = 0;
  std::uint32_t merged_rank = 0;             // from 1; 0 where no retriever brought it
  std::optional<double> ranker_score;        // absent where no ranker scored it
  std::map<std::string, double> objectives;  // of the ranker, by name
  std::vector<RuleEffect> rules;             // those that changed its score or its place, in turn
};

struct RecommendedItem {
  std::string item;
  std::uint32_t rank = 0;  // from 1
  double score = 0;        // comparable within one answer only
  bool fallback = false;   // it came from the funnel's fallback
  double propensity = 1;   // that chance put it into its slot, given the slots before it
  std::optional<Features> features;
  std::optional<ItemExplanation> explain;
};

struct StageTrace {
  std::string stage;        // "user_state", "retrieve:ann:ials", "merge", "filter", "fallback", ...
  std::uint64_t count = 0;  // candidates after it
  double microseconds = 0;
  std::string note;          // why a retriever gave nothing: "ials is not trained"; mostly empty
  std::uint64_t before = 0;  // of a rule: candidates that it was given
};

// The arm of a running experiment that an answer was served under.
struct ServedArm {
  std::string experiment;
  std::string arm;
};

struct RecommendAnswer {
  std::string recommendation_id;
  std::string user;
  std::string funnel;
  std::uint32_t funnel_version = 1;
  std::string generation;  // serving generation, "" before the first
  Sequence sequence = 0;   // the write that it reflects
  bool known_user = false;
  std::vector<ServedArm> arms;  // by experiment, ascending; empty where none was running for the user
  std::vector<RecommendedItem> items;
  std::vector<StageTrace> stages;  // filled where explain was asked
  std::vector<Warning>
      warnings;               // likewise: of the funnel at "/funnel/..." or "/override/...", of the request elsewhere
  TimestampMs served_ms = 0;  // the clock that decay, TTL and rules went by
  std::string cursor;         // empty: none was asked for, or there is no next page
  // It follows from the data, the request and the id alone: the same is answered again as of its sequence.
  bool is_exact = true;
};

// --- similar, search ---

struct SimilarRequest {
  EntityKind kind = EntityKind::kItem;
  std::string id = {};
  std::uint32_t k = 10;
  // Empty: what knows the entity, in turn: item_knn (user_knn for users), "ials", for items live co-interactions, any
  // other space.
  std::string space = {};
  Filter filter = {};
  Sequence min_seq = 0;
  bool with_features = false;
};

struct ScoredEntity {
  std::string id;
  std::uint32_t rank = 0;  // from 1
  double score = 0;
  std::optional<Features> features;
};

struct ScoredAnswer {
  std::string space;  // or "item_knn", "user_knn"
  std::string generation;
  Sequence sequence = 0;
  std::vector<ScoredEntity> items;
};

struct SearchRequest {
  std::string space = {};
  EntityKind kind = EntityKind::kItem;                       // what to find
  std::variant<std::vector<float>, std::string> query = {};  // a vector, or the id of an entity of `query_kind`
  EntityKind query_kind = EntityKind::kItem;
  std::string text = {};  // where not empty, the query: what the space's encoder makes of it
  std::uint32_t k = 10;
  std::uint32_t ef = 0;  // 0: the index's own; else 1..10000
  bool exact = false;
  Filter filter = {};
  Sequence min_seq = 0;
  bool with_features = false;
};

// --- bought together ---

struct BoughtTogetherRequest {
  std::vector<std::string> items = {};  // the cart, 1..1000; an unknown item is passed over, unless it is the only one
  std::uint32_t k = 10;
  // Where too few pairs are sure, fills the list from rarer pairs, then item_knn, then popular items.
  bool is_relaxed = true;
  Filter filter = {};
  std::vector<std::string> exclude = {};  // item ids
  Sequence min_seq = 0;
  bool with_features = false;
};

struct BoughtTogetherEntry {
  std::string item;
  std::uint32_t rank = 0;  // from 1
  double score = 0;        // comparable among items of one source only
  // "bought_together": in as many baskets as the model's support asks for; else what filled the list: "low_support",
  // "item_knn", "popular".
  std::string source;
  // Of the first two: the cart's item with the strongest pair, the pair's lift (how many times as often as by
  // chance), its confidence (the share of the baskets with `because` that hold it too), and the baskets that hold both.
  std::string because = {};
  double lift = 0;
  double confidence = 0;
  std::uint32_t baskets = 0;
  std::optional<Features> features = {};
};

struct BoughtTogetherAnswer {
  std::string generation;
  Sequence sequence = 0;
  std::uint32_t baskets = 0;  // that the model counted; 0: it is not trained
  std::vector<BoughtTogetherEntry> items;
  std::vector<Warning> warnings;  // what was passed over
};

// --- reading back ---

template <typename T>
struct Page {
  std::vector<T> rows;
  std::string cursor;  // opaque; empty at the end
};

struct InteractionRow {
  Interaction interaction;
  Sequence sequence = 0;
};

struct LogEntry {
  Sequence sequence = 0;
  TimestampMs committed_ms = 0;
  Mutation mutation;
};

// --- training, generations ---

struct TrainRequest {
  // What to learn: models, or "ranker" (dlrm). Empty: all configured, and what the serving generation has beside them.
  std::vector<std::string> models;
  bool promote = true;  // where the gate holds
  // Members of the serving generation that the run does not learn are taken over as they are.
  bool inherit = true;
};

// kRejected: the run made a generation, and the gate refused it.
enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled, kRejected };
inline constexpr std::size_t kJobStates = 6;
std::string_view job_state_name(JobState state);

struct Job {
  std::string id;  // "j7"
  std::string kind = "train";
  JobState state = JobState::kQueued;
  double progress = 0;  // 0..1
  std::string stage;    // "load", "ials", "evaluate", ...
  std::string detail;
  std::string generation;  // made by it; empty until then
  // What did not go as asked though the run went on: members left out and why.
  std::vector<std::string> warnings = {};
  // In the answer to train(): an equal run was waiting already, and this is it.
  bool coalesced = false;
  std::string result = {};        // what it found, as a JSON document; empty until then, and of a training
  Status failure = Status::ok();  // why it failed
  TimestampMs created_ms = 0;
  TimestampMs started_ms = 0;
  TimestampMs finished_ms = 0;
};

// A member that a generation took over from the one that served before it.
struct InheritedMember {
  std::string generation;  // that learned it
  Sequence sequence = 0;   // the snapshot that it learned from
};

// What a funnel gave the users of the held-out tail.
struct FunnelQuality {
  double ndcg10 = 0;
  double error = 0;                           // standard error of ndcg10, by the users
  TimestampMs from_ms = 0;                    // where the tail begins
  std::optional<double> serving_ndcg10 = {};  // with what served then, less chance; none: nothing did
  std::uint64_t users = 0;
  std::vector<std::string> without = {};  // inherited members that are too dear to learn for a trial
};

// One thing that an automatic run tried, measured on held-out users.
struct SearchTrial {
  std::string step;         // "model", "settings", "retriever", "funnel"
  std::string name;         // "ease", "ials", "ann:ials + 0.5 item_knn"
  std::string detail = {};  // "regularization=500"; why it was passed over
  double ndcg10 = 0;
  double error = 0;    // standard error of ndcg10 by the users; 0: not known
  double seconds = 0;  // that it took
  bool is_chosen = false;
};

struct GenerationInfo {
  std::string id;     // "g3"
  std::string state;  // "serving", "ready", "rejected"
  TimestampMs created_ms = 0;
  Sequence sequence = 0;  // the snapshot that it learned from
  std::vector<std::string> models;
  std::map<std::string, std::map<std::string, double>>
      metrics;                                            // by model, on the held-out tail: {"ials":{"ndcg@10":..}}
  std::map<std::string, InheritedMember> inherited = {};  // by member
  std::map<std::string, std::string> left_out = {};       // member -> why the run did not learn it
  std::map<std::string, FunnelQuality> funnels = {};      // by name: what the gate compared
  std::string note;                                       // why rejected, and the like
  // Of an automatic run: what it found best. Members that it chose; others were asked for by name.
  std::vector<std::string> chosen = {};
  std::map<std::string, std::map<std::string, std::string>> found_settings = {};  // by model: what is no default
  std::optional<FunnelConfig> default_funnel = {};  // what "default" is while the generation serves
  std::vector<SearchTrial> trials = {};             // in the order of time
};

// --- state ---

struct SpaceStats {
  Space space;
  std::uint64_t item_vectors = 0;
  std::uint64_t user_vectors = 0;
  std::uint64_t index_bytes = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t segments = 0;
  std::uint32_t ef = 0;
  double recall = 1;
  std::uint64_t recall_samples = 0;
};

// What a database did to keep item vectors fresh between trainings, since it was opened.
struct OnlineFigures {
  std::uint64_t placed = 0;    // new items that got a vector from a model server
  std::uint64_t refitted = 0;  // items refitted to their interactions; an item counts each time
  std::uint64_t failures = 0;  // requests that a model server failed, and items that could not be read
  std::uint64_t waiting = 0;   // items, now
};

// How often a cache had what was asked of it, since the database was opened or the generation loaded.
struct CacheFigures {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

struct Stats {
  Sequence sequence = 0;
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  std::uint64_t interactions = 0;
  std::map<std::string, std::uint64_t> interactions_by_type;
  std::map<std::string, std::string>
      undeclared_types;     // of those in use: the declared name nearest to each, or nothing
  bool recounting = false;  // the counts of items follow a change of interaction types that is not through yet
  std::vector<SpaceStats> spaces;
  std::string generation;
  std::string generation_problem;    // why another generation serves than the one that should; mostly empty
  std::uint64_t rejected_runs = 0;   // runs that the gate refused, since one was promoted
  std::string last_job;              // id
  std::uint64_t pending_writes = 0;  // mutations waiting to be committed
  std::uint64_t memory_bytes = 0;    // tables, indexes, caches and the generation, held by the engine
  std::map<std::string, std::uint64_t> memory_parts;        // of that, by part
  std::map<std::string, std::uint64_t> memory_part_limits;  // of the parts that have a bound of their own
  std::map<std::string, CacheFigures> caches;               // by part
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t free_disk_bytes = 0;
  bool writable = true;
  // What is stored but set aside, because an inner layer refuses it, by kind: "vector", "document", ... (quarantine.h).
  std::map<std::string, std::uint64_t> quarantined;
  double uptime_s = 0;
  OnlineFigures online;
  std::map<std::string, double> storage;  // RocksDB's figures by name
  std::vector<FunnelFigures> funnels;     // what was served by each, and what came of it
  // By stored funnel, those alone that have any; under "" what concerns none: a model that no funnel uses.
  std::map<std::string, std::vector<Warning>> warnings;
  ImpressionFigures impressions;
};

}  // namespace tamis
