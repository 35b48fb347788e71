// The server's figures of the last minutes. The server keeps no history, so the page reads /metrics every two seconds
// while it is open and remembers what it read.
import { signal } from "@preact/signals";
import type { MetricFamily } from "@tamis/client";
import { api, noteFailure } from "./api";

const PERIOD_MS = 2000;
const KEPT = 300; // ten minutes

export interface Beat {
  at: number; // Unix seconds
  answers: number; // recommendations a second
  writes: number; // mutations a second
  requests: number; // of all kinds, a second
  p50: number | null; // of recommendations, seconds
  p99: number | null;
}
export interface Totals {
  at: number;
  families: Map<string, MetricFamily>;
}

export const beats = signal<Beat[]>([]);
export const totals = signal<Totals | null>(null);
export const pulseError = signal<unknown>(undefined);

type Buckets = Map<number, number>; // by upper bound, cumulated

export function sum(family: MetricFamily | undefined, keep: (labels: Record<string, string>) => boolean = () => true, suffix = ""): number {
  let total = 0;
  for (const sample of family?.samples ?? []) {
    if (sample.name === family!.name + suffix && keep(sample.labels)) total += sample.value;
  }
  return total;
}

export function buckets(family: MetricFamily | undefined, keep: (labels: Record<string, string>) => boolean): Buckets {
  const found: Buckets = new Map();
  for (const sample of family?.samples ?? []) {
    if (!sample.name.endsWith("_bucket") || !keep(sample.labels)) continue;
    const bound = sample.labels["le"] === "+Inf" ? Infinity : Number(sample.labels["le"]);
    found.set(bound, (found.get(bound) ?? 0) + sample.value);
  }
  return found;
}

/** By linear interpolation within the bucket, as Prometheus does. Null where nothing was counted. */
export function quantile(now: Buckets, before: Buckets | undefined, q: number): number | null {
  const bounds = [...now.keys()].sort((a, b) => a - b);
  const counts = bounds.map((bound) => now.get(bound)! - (before?.get(bound) ?? 0));
  const total = counts.at(-1) ?? 0;
  if (total <= 0) return null;
  const wanted = q * total;
  const i = counts.findIndex((n) => n >= wanted);
  const low = i > 0 ? bounds[i - 1]! : 0;
  const high = bounds[i]!;
  if (!Number.isFinite(high)) return low;
  const below = i > 0 ? counts[i - 1]! : 0;
  return low + (high - low) * ((wanted - below) / Math.max(1e-12, counts[i]! - below));
}

export const isRecommendation = (labels: Record<string, string>) => (labels["route"] ?? "").includes("recommendations");

let before: Totals | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let listeners = 0;

async function beat(): Promise<void> {
  if (!document.hidden) {
    try {
      const now: Totals = { at: Date.now() / 1000, families: await api.value.metrics() };
      if (before) note(before, now);
      before = now;
      totals.value = now;
      pulseError.value = undefined;
    } catch (failure) {
      noteFailure(failure);
      pulseError.value = failure;
    }
  }
  if (listeners > 0) timer = setTimeout(beat, PERIOD_MS);
}

function note(then: Totals, now: Totals): void {
  const seconds = Math.max(0.1, now.at - then.at);
  const rate = (name: string, keep?: (labels: Record<string, string>) => boolean, suffix = "") =>
    Math.max(0, (sum(now.families.get(name), keep, suffix) - sum(then.families.get(name), keep, suffix)) / seconds);
  const http = "tamis_http_request_seconds";
  const current = buckets(now.families.get(http), isRecommendation);
  const earlier = buckets(then.families.get(http), isRecommendation);
  beats.value = [
    ...beats.value.slice(-KEPT + 1),
    {
      at: now.at,
      answers: rate("tamis_answers_total"),
      writes: rate("tamis_commit_mutations", undefined, "_sum"),
      requests: rate(http, undefined, "_count"),
      p50: quantile(current, earlier, 0.5),
      p99: quantile(current, earlier, 0.99),
    },
  ];
}

/** Reads on until the returned function is called. */
export function listen(): () => void {
  if (listeners++ === 0) void beat();
  return () => {
    if (--listeners === 0) clearTimeout(timer);
  };
}
