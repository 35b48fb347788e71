// The toggles of the Live view as a funnel for one request: rules in the order that the server asks for.
import type { Funnel, Rule } from "@tamis/client";

export interface Toggles {
  /** 0: off; else the weight of variety, 0..1. */
  diversity: number;
  freshness: number;
  exploration: number;
  seen: boolean;
}

const SCORING = new Set(["boost", "freshness", "rotation", "seen", "minimum_score", "filter", "dedupe"]);

export function overrideOf(funnel: Funnel, toggles: Toggles, space: string | undefined, timeField: string | undefined): Funnel | undefined {
  const own = funnel.rules ?? [];
  const scoring: Rule[] = own.filter((rule) => SCORING.has(rule.kind));
  const ordering = own.filter((rule) => !SCORING.has(rule.kind) && rule.kind !== "explore" && rule.kind !== "pin");
  const exploring = own.filter((rule) => rule.kind === "explore");
  const pins = own.filter((rule) => rule.kind === "pin");
  const isChanged = toggles.diversity > 0 || toggles.freshness > 0 || toggles.exploration > 0;
  if (!isChanged) return undefined;
  if (toggles.freshness > 0) scoring.push({ kind: "freshness", field: timeField ?? "listed_at", scale_s: 90 * 86400, weight: toggles.freshness });
  if (toggles.diversity > 0) ordering.unshift({ kind: "diversity", method: "mmr", relevance: 1 - toggles.diversity, ...(space ? { space } : {}) });
  const explore: Rule[] = toggles.exploration > 0 ? [{ kind: "explore", share: toggles.exploration }] : exploring;
  return { rules: [...scoring, ...ordering.filter((rule, i, all) => rule.kind !== "diversity" || all.findIndex((one) => one.kind === "diversity") === i), ...explore, ...pins] };
}

/** Mean cosine distance of all pairs: 0 where all are alike. */
export function varietyOf(vectors: number[][]): number {
  const units = vectors.map((vector) => {
    const length = Math.hypot(...vector) || 1;
    return vector.map((entry) => entry / length);
  });
  let sum = 0;
  let pairs = 0;
  for (let i = 0; i < units.length; i++) {
    for (let j = i + 1; j < units.length; j++, pairs++) {
      let dot = 0;
      for (let d = 0; d < units[i]!.length; d++) dot += units[i]![d]! * units[j]![d]!;
      sum += 1 - dot;
    }
  }
  return pairs > 0 ? sum / pairs : 0;
}
