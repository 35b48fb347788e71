// A whole page for one user: several rows in one answer, no item twice.
import type { PageRow, Pages } from "@tamis/client";
import { remember, useItems } from "../../data/entities";
import { count, detailOf, titleOf } from "../../data/format";
import { href } from "../../data/route";
import { useItemFields } from "../../data/item_fields";
import { useQuery } from "../../data/use_query";
import { Tile } from "../../ui/item_list";
import { Answer, Card, Empty } from "../../ui/parts";
import "../../styles/page.css";

/** The rows of a usual shop's home page; one more where items have a kind. */
function rowsOf(kind: string | undefined): PageRow[] {
  return [
    { name: "for_you", title: "For you", k: 8 },
    { name: "because", title: "Because you took {item}", because: true, rows: 2, k: 8, at_least: 3 },
    { name: "again", title: "Time to buy again", retriever: "rebuy", exclude_seen: false, k: 8, at_least: 3 },
    ...(kind ? [{ name: "kind", title: "Best in {value}", per: kind, rows: 1, k: 8, at_least: 3 }] : []),
    { name: "trending", title: "What others take now", retriever: "trending", k: 8 },
  ];
}

export function Page({ user, funnel }: { user: string; funnel: string }) {
  const fields = useItemFields();
  const kind = fields.find((field) => field.kind === "text" && field.distinct > 1 && field.distinct <= 60)?.name;
  const page = useQuery(
    async (client, signal) => {
      const answer = await client.pages({ user, rows: rowsOf(kind), request: { funnel, features: true, dry_run: true } }, { signal });
      for (const row of answer.rows) remember(row.list.items as { item: string }[]);
      return answer;
    },
    [user, funnel, kind],
  );
  const features = useItems((page.data?.rows ?? []).flatMap((row) => (row.because ? [row.because] : [])));
  const titled = (row: Pages["rows"][number]) => (row.because ? `Because you took ${titleOf(features(row.because)) || row.because}` : row.title);
  return (
    <Answer query={page} height={520}>
      {(data) => (
        <Card title={<>The page of {user}</>} hint="One request fills all rows in turn, and no item is in two of them. A row without enough items is left out.">
          {data.rows.length === 0 && <Empty title="No row has enough items" />}
          <div class="stack">
            {data.rows.map((row, i) => (
              <section class="page-row" key={`${row.name} ${i}`} data-row={row.name} aria-label={titled(row)}>
                <h3>{titled(row)}</h3>
                <ol tabIndex={0} aria-label={`${titled(row)}: ${count(row.list.items.length)} items`}>
                  {row.list.items.map((item) => {
                    const title = titleOf(item.features) || item.item;
                    return (
                      <li key={item.item} data-item={item.item}>
                        <Tile text={title} />
                        <a href={href("neighbours", { item: item.item })}>{title}</a>
                        <span class="small muted">{detailOf(item.features, 1)}</span>
                      </li>
                    );
                  })}
                </ol>
              </section>
            ))}
          </div>
          {data.left_out.length > 0 && (
            <p class="small muted page-out">
              Left out: {data.left_out.map((row) => `${row.name.replaceAll("_", " ")} (${row.reason})`).join("; ")}.
            </p>
          )}
        </Card>
      )}
    </Answer>
  );
}
