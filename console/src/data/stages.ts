// The stages of a request in plain words.

const WORDS: Record<string, [string, string]> = {
  user_state: ["Who is asking", "Reads what the user has done"],
  filter: ["May be shown", "Leaves out what was seen, is hidden or does not pass the filter"],
  merge: ["Merge", "Makes one list of what the sources found"],
  rank: ["Rank", "A model scores each candidate"],
  rules: ["Rules", "Re-orders the list"],
  fallback: ["Fill up", "Adds items where the list is short"],
  answer: ["Answer", "Writes the list down"],
};
const RETRIEVERS: Record<string, string> = {
  ann: "Nearest",
  item_knn: "Goes with their items",
  user_knn: "Similar people",
  popular: "Popular",
  trending: "Trending",
  latest: "New",
  similar: "Similar to their last items",
  ease: "EASE",
  graph_filter: "Graph filter",
  bspm: "Blurring-sharpening",
  bought_together: "Bought together",
  rebuy: "Due again",
};

export function retrieverName(retriever: string): string {
  const [kind = "", space] = retriever.split(":", 2);
  const name = RETRIEVERS[kind] ?? kind;
  return space ? `${name} (${space})` : name;
}
export function stageName(stage: string): string {
  if (stage.startsWith("retrieve:")) return retrieverName(stage.slice(9));
  if (stage.startsWith("rule:")) return `Rule: ${stage.slice(5).replaceAll("_", " ")}`;
  return WORDS[stage]?.[0] ?? stage.replaceAll("_", " ");
}
export function stageHint(stage: string): string {
  if (stage.startsWith("retrieve:")) return "A source of candidates";
  return WORDS[stage]?.[1] ?? "";
}
const COLORS: Record<string, number> = { ann: 1, item_knn: 6, user_knn: 3, popular: 7, trending: 2, latest: 5, similar: 8, ease: 4, graph_filter: 4, bspm: 4, bought_together: 6, rebuy: 5 };

export function sourceColor(retriever: string): string {
  return `var(--c${COLORS[retriever.split(":", 1)[0] ?? ""] ?? 1})`;
}
export function stageColor(stage: string): string {
  if (stage.startsWith("retrieve:")) return sourceColor(stage.slice(9));
  if (stage === "rank") return "var(--c4)";
  if (stage.startsWith("rule:")) return "var(--c2)";
  if (stage === "fallback") return "var(--c7)";
  return "var(--c3)";
}
