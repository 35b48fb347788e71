// What people buy in one basket with an item: counted, not guessed.
import { useState } from "preact/hooks";
import type { BoughtTogetherItem } from "@tamis/client";
import { useItems } from "../../data/entities";
import { count, decimal, detailOf, percent, titleOf } from "../../data/format";
import { href } from "../../data/route";
import { useQuery } from "../../data/use_query";
import { Tile } from "../../ui/item_list";
import { Answer, Check, Empty, Note } from "../../ui/parts";

const SOURCES: Record<BoughtTogetherItem["source"], string> = {
  bought_together: "in the same baskets",
  low_support: "in few baskets",
  item_knn: "bought by the same people",
  popular: "popular",
};

export function BoughtTogether({ item }: { item: string }) {
  const [strict, setStrict] = useState(false);
  const answer = useQuery(
    (client, signal) => client.boughtTogether(item, { k: 12, mode: strict ? "strict" : "relaxed", features: true }, { signal }),
    [item, strict],
  );
  const features = useItems((answer.data?.items ?? []).filter((row) => !row.features).map((row) => row.item));
  return (
    <div class="stack">
      <div class="row between">
        <p class="small muted">
          Use it in the cart: “goes with this”. Lift says how many times as often as by chance the two stand in one basket.
        </p>
        <Check checked={strict} onChange={setStrict}>
          Only sure pairs
        </Check>
      </div>
      <Answer query={answer} height={300}>
        {(data) => (
          <>
            {(data.warnings ?? []).map((warning) => (
              <Note key={warning.path} tone="warm">
                {warning.detail}
              </Note>
            ))}
            {data.items.length === 0 ? (
              <Empty title="Nothing is bought with it often enough">Train “bought_together”, or take what is less sure.</Empty>
            ) : (
              <>
                <ol class="neighbours">
                  {data.items.map((row) => {
                    const known = row.features ?? features(row.item);
                    const title = titleOf(known) || row.item;
                    return (
                      <li key={row.item} data-item={row.item}>
                        <div class="row">
                          <span class="rank tabular">{row.rank}</span>
                          <Tile text={title} />
                          <span class="fill">
                            <a href={href("neighbours", { item: row.item, tab: "together" })}>{title}</a>
                            <br />
                            <span class="small muted">
                              {row.baskets !== undefined
                                ? `${count(row.baskets)} baskets; of those with this item ${percent(row.confidence, 0)} hold it`
                                : `${SOURCES[row.source]}${detailOf(known, 1) ? ` · ${detailOf(known, 1)}` : ""}`}
                            </span>
                          </span>
                          {row.lift !== undefined ? <span class="pill good tabular">lift {decimal(row.lift, 1)}</span> : <span class="pill">{SOURCES[row.source]}</span>}
                        </div>
                      </li>
                    );
                  })}
                </ol>
                <p class="small muted">From {count(data.baskets)} baskets.</p>
              </>
            )}
          </>
        )}
      </Answer>
    </div>
  );
}
