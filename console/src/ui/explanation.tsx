// Why is this here, and why is that not: the server's account in plain sentences.
import type { RecommendedItem, WhyNot } from "@tamis/client";
import { useItems } from "../data/entities";
import { count, decimal, percent } from "../data/format";
import { retrieverName } from "../data/stages";
import { ItemName } from "./item_name";

export function Explanation({ item }: { item: RecommendedItem }) {
  const explain = item.explain;
  const because = explain?.retrieved_by?.flatMap((source) => source.because?.slice(0, 3).map((part) => part.item) ?? []) ?? [];
  const features = useItems([...new Set(because)]);
  if (!explain) return null;
  return (
    <div class="why">
      {item.fallback && <p>The sources left the list short, so it was filled up with what everybody likes.</p>}
      <ul class="stack tight">
        {(explain.retrieved_by ?? []).map((source) => {
          const total = (source.because ?? []).reduce((sum, part) => sum + Math.abs(part.weight), 0);
          return (
            <li key={source.retriever}>
              <strong>{retrieverName(source.retriever)}</strong> has it at rank {count(source.rank)}
              {source.because && source.because.length > 0 && (
                <>
                  {", because of "}
                  {source.because.slice(0, 3).map((part, i) => (
                    <span key={part.item}>
                      {i > 0 && ", "}
                      <ItemName id={part.item} features={features(part.item)} /> <span class="muted">{percent(Math.abs(part.weight) / total, 0)}</span>
                    </span>
                  ))}
                </>
              )}
              .
            </li>
          );
        })}
        {explain.merged_rank !== undefined && (
          <li>
            Merged, it is at rank {count(explain.merged_rank)}
            {explain.ranker_score !== undefined && <>; the ranker gives it {decimal(explain.ranker_score, 4)}</>}.
          </li>
        )}
        {(explain.rules ?? []).map((rule, i) => (
          <li key={i}>
            The rule <strong>{rule.rule.replaceAll("_", " ")}</strong>
            {rule.rank_before !== undefined && rule.rank_after !== undefined && rule.rank_before !== rule.rank_after
              ? ` moved it from rank ${rule.rank_before} to ${rule.rank_after}`
              : " kept its place"}
            {rule.score_before !== undefined && rule.score_after !== undefined && rule.score_before !== rule.score_after
              ? ` and changed its score by ${percent(rule.score_after / rule.score_before - 1, 0)}`
              : ""}
            .
          </li>
        ))}
        {item.propensity !== undefined && <li>Chance had a say: this item would stand here in {percent(item.propensity, 0)} of such lists.</li>}
      </ul>
    </div>
  );
}

const VERDICTS: Record<string, string> = {
  recommended: "It is in the list",
  unknown_item: "The database has never heard of it",
  deleted: "It was deleted",
  expired: "Its time has passed",
  hidden: "It is hidden",
  excluded: "The request leaves it out",
  seen: "The user had it already",
  filtered: "The filter does not let it through",
  not_retrieved: "No source brings it",
  ranked_low: "Others stand before it",
  removed_by_rule: "A rule took it out",
  moved_by_rule: "A rule moved it down",
  disliked: "The user disliked or hid it",
};

export function WhyNotAccount({ account }: { account: WhyNot }) {
  return (
    <div class="stack tight why">
      <p>
        <strong>{VERDICTS[account.verdict] ?? account.verdict}</strong>: {account.reason}.
      </p>
      {(account.retrievers ?? []).length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th>Source</th>
              <th class="number">Its rank</th>
              <th class="number">Takes</th>
            </tr>
          </thead>
          <tbody>
            {account.retrievers!.map((source) => (
              <tr key={source.retriever}>
                <td>{retrieverName(source.retriever)}</td>
                <td class="number">{source.rank ? count(source.rank) : "–"}</td>
                <td class="number">
                  {count(source.quota)} {source.retrieved ? <span class="pill good">brings it</span> : <span class="pill">does not</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {account.merged_rank ? <p class="muted small">Merged rank {count(account.merged_rank)}{account.final_rank ? `, at last ${count(account.final_rank)}` : ""}.</p> : null}
    </div>
  );
}
