// Funnels and filters as documents (docs/http_api_funnels.md). GET /v1/funnels/schema has the full grammar.

export type FilterValue = boolean | number | string;

export type Filter =
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter }
  | {
      field: string;
      eq?: FilterValue;
      in?: FilterValue[];
      lt?: number | string;
      lte?: number | string;
      gt?: number | string;
      gte?: number | string;
      exists?: boolean;
    };

export type RetrieverKind =
  | "ann" | "item_knn" | "user_knn" | "popular" | "trending" | "latest" | "similar" | "ease" | "graph_filter" | "bspm"
  | "bought_together" | "rebuy";

export interface Retriever {
  kind: RetrieverKind;
  quota?: number;
  weight?: number;
  space?: string;
  exact?: boolean;
}

export type RuleKind =
  | "filter" | "boost" | "freshness" | "diversity" | "cap" | "spread" | "calibrated" | "pin" | "dedupe" | "rotation"
  | "seen" | "minimum_score" | "explore";

export interface Rule {
  kind: RuleKind;
  [member: string]: unknown;
}

export interface Funnel {
  name?: string;
  version?: number;
  base?: string;
  retrievers?: Retriever[];
  merge?: "reciprocal_rank" | "interleave" | "normalized_score";
  exclude_seen?: boolean;
  seen_types?: string[];
  /** When what the user was shown lately and has not taken sinks, to come back in time. */
  rotate_shown?: "never" | "pages" | "always";
  filter?: Filter;
  ranker?: { kind?: "none" | "dlrm"; candidates?: number; objective?: string };
  rules?: Rule[];
  rule_budget_us?: number;
  impressions?: { sample_rate?: number; attribution_window_s?: number };
  fallback?: ("trending" | "popular" | "latest")[];
}
