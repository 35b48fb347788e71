// What wants attention: each with the place where it is mended.
import type { Generation, Stats } from "@tamis/client";
import { bytes, count, percent } from "./format";

export interface Attention {
  tone: "bad" | "warm";
  text: string;
  view?: string;
  params?: Record<string, string>;
  action?: string;
}

export function attentionOf(stats: Stats, generations: Generation[]): Attention[] {
  const found: Attention[] = [];
  if (!stats.writable) found.push({ tone: "bad", text: `Writes are refused: ${bytes(stats.free_disk_bytes)} of disk are free. Reads go on.` });
  if (stats.generation_problem) found.push({ tone: "bad", text: stats.generation_problem, view: "training", action: "See the generations" });
  if (stats.memory_limit_bytes > 0 && stats.memory_bytes > 0.9 * stats.memory_limit_bytes) {
    found.push({ tone: "bad", text: `${percent(stats.memory_bytes / stats.memory_limit_bytes, 0)} of the memory budget is used; beyond it writes are refused.` });
  }
  const quarantined = Object.entries(stats.quarantined).filter(([, n]) => n > 0);
  if (quarantined.length > 0) {
    found.push({ tone: "bad", text: `Set aside because it cannot be served: ${quarantined.map(([kind, n]) => `${n} ${kind}`).join(", ")}. The log of the server names each.` });
  }
  if (!stats.generation && stats.interactions > 0) {
    found.push({ tone: "warm", text: "Nothing was trained yet, so lists are the same for everybody.", view: "training", action: "Train" });
  }
  if (stats.rejected_runs > 0) {
    found.push({ tone: "warm", text: `${count(stats.rejected_runs)} training runs were refused, because what serves is better.`, view: "training", action: "See why" });
  }
  const serving = generations.find((generation) => generation.generation === stats.generation);
  if (serving && stats.sequence - serving.sequence > 0.25 * stats.sequence) {
    found.push({ tone: "warm", text: `${percent((stats.sequence - serving.sequence) / stats.sequence, 0)} of all writes came after the last training.`, view: "training", action: "Train" });
  }
  for (const [type, near] of Object.entries(stats.undeclared_types)) {
    found.push({ tone: "warm", text: `Nobody declared the interaction type “${type}”${near ? `; did you mean “${near}”?` : "."} It counts as positive.`, view: "data", params: { tab: "types" }, action: "Declare it" });
  }
  for (const space of stats.spaces) {
    if (space.recall_samples > 20 && space.recall < 0.95) {
      found.push({ tone: "warm", text: `Searches in the space ${space.name} find ${percent(space.recall)} of the true neighbours.` });
    }
  }
  for (const warning of stats.warnings.slice(0, 6)) {
    const where = warning.funnel ? `Funnel ${warning.funnel}: ` : "";
    found.push({ tone: "warm", text: `${where}${warning.detail}.`, ...(warning.funnel ? { view: "funnel", params: { name: warning.funnel }, action: "Open it" } : {}) });
  }
  return found;
}
