// Learning, measuring and operating: jobs, generations, experiments, stats.
import type { Filter, Funnel } from "./funnel_types.js";
import type { Timestamp, Warning } from "./types.js";

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "rejected";

export interface Job {
  job: string;
  kind: string;
  state: JobState;
  /** 0..1 */
  progress: number;
  stage: string;
  detail: string;
  generation: string;
  warnings?: string[];
  coalesced?: boolean;
  result?: unknown;
  created_at?: string;
  started_at?: string;
  finished_at?: string;
}

export interface BatchRequest {
  kind?: "recommendations" | "similar_items";
  format?: "ndjson" | "csv";
  k?: number;
  funnel?: string;
  /** Of similar_items. */
  space?: string;
  /** Which users, or of similar_items which items. */
  segment?: Filter;
  filter?: Filter;
  exclude_seen?: boolean;
  /** Lists count as served. */
  log?: boolean;
  max_per_second?: number;
}

export interface Batch {
  batch: string;
  job: string;
  state: JobState;
  progress: number;
  detail?: string;
  lists: number;
  bytes: number;
  generation: string;
  path: string;
  created_at?: string;
  finished_at?: string;
  request: BatchRequest;
}

export interface SimulationRequest {
  users?: number;
  items?: number;
  new_items?: number;
  rounds?: number;
  k?: number;
  train_every?: number;
  explore_rounds?: number;
  explore_share?: number;
  position_bias?: number;
  seed?: number;
}

export interface SimulatedRound {
  arm: "exploit" | "explore";
  round: number;
  clicks: number;
  clicks_per_list: number;
  coverage: number;
  gini: number;
  taste_distance: number;
  new_item_share: number;
  clicks_so_far: number;
}

export interface TrainRequest {
  models?: string[];
  promote?: boolean;
  inherit?: boolean;
}

export interface Generation {
  generation: string;
  state: "serving" | "ready" | "rejected" | "corrupt";
  created_at: string;
  sequence: number;
  models: string[];
  /** By model, then by metric: {"ials": {"ndcg@10": 0.08}} */
  metrics: Record<string, Record<string, number>>;
  inherited?: Record<string, string>;
  left_out?: Record<string, string>;
  funnels?: Record<string, { "ndcg@10"?: number; "serving_ndcg@10"?: number; users?: number; without?: string[] }>;
  /** Members that an automatic run chose by itself. */
  chosen?: string[];
  note: string;
}

/** One thing that an automatic run tried, measured on people who came back. */
export interface SearchTrial {
  step: "model" | "settings" | "retriever" | "fusion" | "funnel";
  name: string;
  /** Settings, how it was merged, or why it was not tried. */
  detail?: string;
  "ndcg@10"?: number;
  /** 95%, over users. */
  interval?: [number, number];
  /** CPU time. */
  seconds: number;
  chosen: boolean;
}

export interface TrainingReport {
  generation: string;
  models: string[];
  /** Of each model, on the held-out part. */
  metrics: Record<string, Record<string, number>>;
  /** Members taken over, and the generation that learned each. */
  inherited: Record<string, string>;
  /** Members that the run did not learn, and why. */
  left_out: Record<string, string>;
  chosen: string[];
  note: string;
  /** What the funnel `default` is while the generation serves, where nobody stored one. */
  default_funnel?: Funnel;
  /** What was found, by model. */
  settings: Record<string, Record<string, string>>;
  /** Empty where the models were named. */
  trials: SearchTrial[];
}

export interface InteractionType {
  name: string;
  version?: number;
  meaning?: "positive" | "negative" | "neutral" | "shown" | "undo";
  weight?: number;
  undoes?: string[];
  value?: "none" | "rating" | "count" | "amount" | "seconds";
  min?: number | null;
  max?: number | null;
  at_least?: number | null;
  below?: number | null;
  repeats?: "add" | "newest" | "first" | "capped";
  cap?: number;
  excludes?: boolean;
}

export interface InteractionTypes {
  interaction_types: InteractionType[];
  undeclared: { name: string; interactions?: number; did_you_mean?: string }[];
  recounting: boolean;
}

export interface Arm {
  name: string;
  share?: number;
  funnel?: string;
  override?: Funnel;
}

export interface Experiment {
  name?: string;
  version?: number;
  layer?: string;
  traffic?: number;
  salt?: string;
  funnel?: string;
  arms: Arm[];
  holdout?: number;
  control?: string;
  start?: Timestamp;
  end?: Timestamp;
  users?: Filter;
  alpha?: number;
  planned_users?: number;
}

export interface MetricInterval {
  value: number;
  low: number;
  high: number;
  always_valid_low: number;
  always_valid_high: number;
}

export interface ArmResult {
  arm: string;
  share: number;
  users: number;
  exposures: number;
  slots: number;
  clicked: number;
  converted: number;
  value: number;
  click_through_rate: MetricInterval;
  conversions_per_user: MetricInterval;
  value_per_user: MetricInterval;
}

export interface ExperimentResults {
  experiment: string;
  from?: string;
  to?: string;
  alpha: number;
  test: string;
  sample_ratio: { p_value: number; mismatch: boolean };
  arms: ArmResult[];
  comparisons: {
    arm: string;
    metric: string;
    difference: MetricInterval;
    lift: MetricInterval;
    p_value: number;
    always_valid_p_value: number;
    significant: boolean;
  }[];
}

export interface EvaluateRequest {
  funnel?: string | Funnel;
  logged_by?: string;
  from?: Timestamp;
  to?: Timestamp;
  reward?: string | Record<string, number>;
  estimators?: ("ips" | "snips" | "dr")[];
  assumption?: "prefix" | "slot";
  max_weight?: number;
  max_lists?: number;
  min_effective_sample_size?: number;
  alpha?: number;
}

export interface Estimate {
  value: number;
  low: number;
  high: number;
  standard_error: number;
}

export interface Evaluation {
  funnel: string;
  from?: string;
  to?: string;
  assumption: string;
  lists: number;
  users: number;
  passed_over: number;
  logged: Estimate;
  estimates: Record<string, Estimate>;
  effective_sample_size: number;
  support: number;
  support_error: number;
  matching_share: number;
  clipped_share: number;
  largest_weight: number;
}

export interface FunnelWindow {
  lists: number;
  slots: number;
  clicked: number;
  converted: number;
  value: number;
  click_through_rate: number;
  conversion_rate: number;
  coverage: number;
  gini: number;
}

export interface FunnelFigures {
  funnel: string;
  experiment?: string;
  arm?: string;
  hour: FunnelWindow;
  day: FunnelWindow;
  all: FunnelWindow;
}

export interface SpaceStats {
  name: string;
  dim: number;
  metric: string;
  quantization: string;
  keep_f32: boolean;
  encoder: string;
  item_vectors: number;
  user_vectors: number;
  index_bytes: number;
  tombstones: number;
  segments: number;
  ef: number;
  recall: number;
  recall_samples: number;
}

export interface Stats {
  sequence: number;
  users: number;
  items: number;
  interactions: number;
  interactions_by_type: Record<string, number>;
  undeclared_types: Record<string, string>;
  recounting: boolean;
  spaces: SpaceStats[];
  /** Empty before the first training. */
  generation: string;
  generation_problem: string;
  rejected_runs: number;
  last_job: string;
  pending_writes: number;
  memory_bytes: number;
  /** Of memory_bytes, by part: ids, entities, indexes, generation, ... */
  memory_parts: Record<string, number>;
  /** The bound of a part that has one of its own. */
  memory_part_limits: Record<string, number>;
  /** By part, since the start or since the generation was loaded. */
  caches: Record<string, { hits: number; misses: number }>;
  memory_limit_bytes: number;
  free_disk_bytes: number;
  writable: boolean;
  uptime_s: number;
  quarantined: Record<string, number>;
  storage: Record<string, number>;
  funnels: FunnelFigures[];
  impressions: Record<string, number>;
  warnings: Warning[];
}

/** A record of the change feed; the members beside these depend on `op`. */
export interface LogEntry {
  sequence: number;
  committed_at: string;
  op: string;
  [more: string]: unknown;
}

export interface Snapshot {
  snapshot: string;
  path: string;
  sequence: number;
}
