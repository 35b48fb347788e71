// A list of recommended items: the same everywhere in the console.
import type { ComponentChildren } from "preact";
import type { RecommendedItem } from "@tamis/client";
import { useItems } from "../data/entities";
import { detailOf, titleOf } from "../data/format";
import { stageColor, retrieverName } from "../data/stages";
import "../styles/item_list.css";

/** The letters that stand for an item without a picture. */
export function Tile({ text }: { text: string }) {
  let hash = 0;
  for (const c of text) hash = (hash * 31 + c.codePointAt(0)!) >>> 0;
  const letters = text.replace(/[^\p{L}\p{N} ]/gu, "").trim().split(/\s+/).slice(0, 2).map((word) => word[0] ?? "").join("");
  return (
    <span class={`tile hue-${hash % 8}`} aria-hidden="true">
      {letters.toUpperCase() || "#"}
    </span>
  );
}

export function Sources({ item }: { item: RecommendedItem }) {
  const sources = item.explain?.retrieved_by ?? [];
  if (item.fallback) return <span class="pill">filled up</span>;
  return (
    <span class="sources">
      {sources.map((source) => (
        <span key={source.retriever} class="source" title={`${retrieverName(source.retriever)}: rank ${source.rank}`}>
          <i style={{ background: stageColor(`retrieve:${source.retriever}`) }} />
          {retrieverName(source.retriever)}
        </span>
      ))}
    </span>
  );
}

export function ItemList(props: {
  items: RecommendedItem[];
  actions?: (item: RecommendedItem) => ComponentChildren;
  moves?: Map<string, number | "new">;
  below?: (item: RecommendedItem) => ComponentChildren;
}) {
  const features = useItems(props.items.filter((item) => !item.features).map((item) => item.item));
  return (
    <ol class="items">
      {props.items.map((item) => {
        const known = item.features ?? features(item.item);
        const title = titleOf(known) || item.item;
        const move = props.moves?.get(item.item);
        return (
          <li key={item.item} class={move === "new" ? "is-new" : ""} data-item={item.item}>
            <span class="rank tabular">{item.rank}</span>
            <Tile text={title} />
            <div class="what">
              <div class="title">
                {title}
                {move === "new" && <span class="pill accent">new</span>}
                {typeof move === "number" && move !== 0 && (
                  <span class={`pill ${move > 0 ? "good" : "warm"}`}>
                    {move > 0 ? "▲" : "▼"} {Math.abs(move)}
                  </span>
                )}
              </div>
              <div class="small muted">
                <span class="id">{item.item}</span> {detailOf(known)}
              </div>
              <Sources item={item} />
              {props.below?.(item)}
            </div>
            {props.actions && <div class="item-actions">{props.actions(item)}</div>}
          </li>
        );
      })}
    </ol>
  );
}
