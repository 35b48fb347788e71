// What is written and asked: entities, interactions, queries and their answers. docs/http_api.md explains each.
import type { Filter, Funnel } from "./funnel_types.js";

export type FeatureValue = boolean | number | string | string[];
export type Features = Record<string, FeatureValue>;
/** RFC 3339, or Unix milliseconds. Answers give RFC 3339. */
export type Timestamp = string | number;
export type Durability = "sync" | "interval" | "none";

export interface Entity {
  id: string;
  features: Features;
  updated_at?: string;
  expires_at?: string | null;
  hidden?: boolean;
}

/** What PUT and a bulk POST take. */
export interface EntityInput {
  id?: string;
  features?: Record<string, FeatureValue | null>;
  ttl_s?: number | null;
  expires_at?: Timestamp | null;
  hidden?: boolean;
}

export interface Interaction {
  user: string;
  item: string;
  /** Default "view". */
  type?: string;
  value?: number;
  timestamp?: Timestamp;
  context?: Features;
  recommendation_id?: string;
  idempotency_key?: string;
  import_id?: string;
  sequence?: number;
}

export interface Page<Row> {
  rows: Row[];
  /** Of the next page; null on the last. */
  cursor: string | null;
}

export interface Ack {
  accepted: number;
  duplicates: number;
  sequence: number;
  undeclared_types?: string[];
  recounting?: boolean;
  warnings?: Warning[];
}

export interface BulkError {
  line: number;
  field?: string;
  detail: string;
}

/** The sum of the acks of a stream. */
export interface BulkResult {
  accepted: number;
  duplicates: number;
  rejected: number;
  sequence: number;
  /** The first 100, by number of the row (from 1). */
  errors: BulkError[];
}

export interface BulkOptions {
  durability?: Durability;
  /** Rows of one request. Default 5000. */
  batchRows?: number;
  /** Names the import that wrote the interactions, so that it can be taken back. */
  importId?: string;
  onProgress?: (soFar: BulkResult & { sent: number }) => void;
  signal?: AbortSignal;
}

export interface DeletedUser extends Ack {
  interactions: number;
  erasure?: { erased_by: string; snapshots: { path: string; made_at: string; sequence: number }[] };
}

export interface InteractionSelection {
  user?: string;
  item?: string;
  type?: string;
  from?: Timestamp;
  to?: Timestamp;
  recommendation_id?: string;
  idempotency_key?: string;
  import_id?: string;
}

export interface HistoryEntry {
  item: string;
  type?: string;
  value?: number;
  timestamp?: Timestamp;
}

export interface RecommendRequest {
  k?: number;
  funnel?: string;
  surface?: string;
  filter?: Filter;
  exclude?: string[];
  exclude_seen?: boolean;
  /** Whether what the user was shown lately and has not taken sinks; default: as the funnel says. */
  rotate_shown?: boolean;
  history?: HistoryEntry[];
  context?: Features;
  /** A funnel document laid over the named funnel for this request. */
  override?: Funnel;
  as_of?: Timestamp;
  min_seq?: number;
  min_seq_timeout_ms?: number;
  explain?: boolean;
  features?: boolean;
  /** Leaves no impression. */
  dry_run?: boolean;
  paged?: boolean;
  cursor?: string;
  similar_to?: string;
  as_of_sequence?: number;
  generation?: string;
  recommendation_id?: string;
}

export interface Because {
  item: string;
  weight: number;
}

export interface RetrievedBy {
  retriever: string;
  rank: number;
  score: number;
  because?: Because[];
}

export interface RuleEffect {
  rule: string;
  rank_before?: number;
  rank_after?: number;
  score_before?: number;
  score_after?: number;
  [more: string]: unknown;
}

export interface ItemExplanation {
  merged_score?: number;
  merged_rank?: number;
  ranker_score?: number;
  objectives?: Record<string, number>;
  retrieved_by?: RetrievedBy[];
  rules?: RuleEffect[];
}

export interface RecommendedItem {
  item: string;
  rank: number;
  score: number;
  fallback?: boolean;
  /** Absent where it is 1. */
  propensity?: number;
  features?: Features;
  explain?: ItemExplanation;
}

export interface Stage {
  stage: string;
  count: number;
  microseconds: number;
  /** Of a rule: how many came to it. */
  before?: number;
  note?: string;
}

export interface Warning {
  funnel?: string;
  path: string;
  detail: string;
}

export interface Recommendations {
  recommendation_id: string;
  user?: string;
  known_user?: boolean;
  funnel: string;
  funnel_version: number;
  generation: string;
  sequence: number;
  served_at: string;
  exact?: boolean;
  cursor?: string;
  experiments?: { experiment: string; arm: string }[];
  items: RecommendedItem[];
  stages?: Stage[];
  warnings?: Warning[];
}

export type Verdict =
  | "recommended" | "unknown_item" | "deleted" | "expired" | "hidden" | "excluded" | "seen" | "filtered"
  | "not_retrieved" | "ranked_low" | "removed_by_rule" | "moved_by_rule" | "disliked";

export interface WhyNot {
  item: string;
  user?: string;
  verdict: Verdict;
  reason: string;
  funnel?: string;
  funnel_version?: number;
  generation?: string;
  sequence?: number;
  k?: number;
  failed_conditions?: Record<string, unknown>[];
  retrievers?: { retriever: string; quota: number; rank?: number; score?: number; retrieved: boolean; note?: string }[];
  merged_rank?: number;
  ranked_rank?: number;
  final_rank?: number;
  rule?: string;
  rules?: RuleEffect[];
}

export interface ScoredItem {
  item: string;
  rank: number;
  score: number;
  features?: Features;
}

export interface ScoredUser {
  user: string;
  rank: number;
  score: number;
  features?: Features;
}

export interface Scored {
  item?: string;
  user?: string;
  space: string;
  generation: string;
  sequence: number;
  items?: ScoredItem[];
  users?: ScoredUser[];
}

export interface BoughtTogetherOptions {
  k?: number;
  mode?: "strict" | "relaxed";
  filter?: Filter;
  exclude?: string[];
  features?: boolean;
  min_seq?: number;
}

export interface BoughtTogetherItem {
  item: string;
  rank: number;
  score: number;
  source: "bought_together" | "low_support" | "item_knn" | "popular";
  because?: string;
  lift?: number;
  confidence?: number;
  baskets?: number;
  features?: Features;
}

export interface BoughtTogether {
  cart: string[];
  mode: "strict" | "relaxed";
  generation: string;
  sequence: number;
  baskets: number;
  items: BoughtTogetherItem[];
  warnings?: { path: string; detail: string }[];
}

export interface CompareRequest {
  a: string | Record<string, unknown>;
  b: string | Record<string, unknown>;
  user?: string;
  k?: number;
  request?: RecommendRequest;
}

export interface Comparison {
  user?: string;
  generation: string;
  sequence: number;
  shared: number;
  jaccard: number;
  rank_biased_overlap: number;
  mean_rank_change: number;
  items: { item: string; rank_a: number | null; rank_b: number | null }[];
  a: Recommendations;
  b: Recommendations;
}

export interface SimilarOptions {
  k?: number;
  space?: string;
  filter?: Filter;
  features?: boolean;
  min_seq?: number;
}

export interface SearchRequest {
  space?: string;
  vector?: number[];
  item?: string;
  user?: string;
  text?: string;
  find?: "items" | "users";
  k?: number;
  ef?: number;
  exact?: boolean;
  filter?: Filter;
  features?: boolean;
  min_seq?: number;
}

export interface Space {
  name: string;
  dim: number;
  metric: "dot" | "cosine" | "l2";
  quantization: "f32" | "f16" | "int8";
  /** Whether f32 rows stay in memory beside quantized ones. */
  keep_f32: boolean;
  encoder: string;
}

/** A space in two dimensions. Moving a point by (dx, dy) moves it in the space by dx * axes[0] + dy * axes[1]. */
export interface SpaceMap {
  space: string;
  generation: string;
  sequence: number;
  total: number;
  method: "pca" | "umap";
  /** The job that makes what was asked for; until it has ended the answer is by pca. */
  pending?: string;
  /** Vectors were brought to length 1 first. */
  normalized: boolean;
  share: [number, number];
  mean: number[];
  axes: [number[], number[]];
  items: string[];
  x: number[];
  y: number[];
  popularity: number[];
  values?: (string | number | boolean | null)[];
}

export interface LoadedItem {
  item: string;
  /** Where the item lies on the factor; 0 is the mean of all. */
  loading: number;
}

export interface SpaceFactors {
  space: string;
  generation: string;
  sequence: number;
  dim: number;
  total: number;
  sampled: number;
  normalized: boolean;
  /** By falling share of how much the items differ. */
  factors: { share: number; high: LoadedItem[]; low: LoadedItem[] }[];
  recall: { factors: number; "recall@10": number }[];
}

export interface UserPart {
  part: "history" | "profile" | "context" | "trained_row";
  /** 0: the user has none of it. */
  count: number;
  has_place: boolean;
  /** 1 - cosine of the vectors with and without. */
  change: number;
  /** Share of the nearest items that others would stand for. */
  replaced: number;
  nearest: string[];
}

export interface UserParts {
  user: string;
  known_user: boolean;
  space: string;
  generation: string;
  sequence: number;
  encoder: string;
  dim: number;
  item_vectors: number;
  has_stored_vector: boolean;
  has_place: boolean;
  note?: string;
  nearest: string[];
  parts: UserPart[];
  history: { item: string; weight: number; change: number }[];
  stages: { stage: string; microseconds: number }[];
}

export interface WhatIfRequest {
  objective?: string;
  /** Values by the ranker's feature names: "item.price". */
  changes?: Features;
  request?: RecommendRequest;
}

export interface RankedFeature {
  feature: string;
  side: "user" | "context" | "item" | "crossed";
  kind: "categorical" | "bag" | "numeric";
  value?: FeatureValue;
  changed?: FeatureValue;
  known: boolean;
  without: number;
  effect: number;
}

export interface RankerAccount {
  user: string;
  item: string;
  funnel: string;
  generation: string;
  sequence: number;
  objective: string;
  objectives: string[];
  candidates: number;
  rank: number;
  score: number;
  logit: number;
  changed_score?: number;
  changed_rank?: number;
  features: RankedFeature[];
  pairs: { features: string[]; effects: number[][] };
  crosses: { vectors: string[]; dots: number[][] };
}

export interface AudienceOptions {
  k?: number;
  exclude_seen?: boolean;
  cap_type?: string;
  cap?: number;
  cap_days?: number;
  space?: string;
  features?: boolean;
  filter?: Filter;
}

export interface Audience {
  item: string;
  space: string;
  generation: string;
  sequence: number;
  users: { user: string; rank: number; score: number; because?: string; features?: Features }[];
  left_out: { filter: number; seen: number; turned_down: number; cap: number };
}

export interface PageRow {
  name?: string;
  title?: string;
  funnel?: string;
  retriever?: string;
  override?: Record<string, unknown>;
  k?: number;
  at_least?: number;
  filter?: Filter;
  exclude_seen?: boolean;
  because?: boolean | { types: string[] };
  per?: string;
  rows?: number;
}

export interface PagesRequest {
  user?: string;
  rows: PageRow[];
  request?: RecommendRequest;
}

export interface Pages {
  user?: string;
  generation: string;
  sequence: number;
  rows: { name: string; title: string; because?: string; value?: string; list: Recommendations }[];
  left_out: { name: string; reason: string }[];
}

export interface MatrixSample {
  sequence: number;
  users: number;
  items: number;
  ranked: number;
  density: number;
  columns: { item: string; rank: number; popularity: number }[];
  rows: { user: string; items: number; columns: number[] }[];
  curve: { rank: number; popularity: number; share: number }[];
}
