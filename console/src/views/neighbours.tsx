// Neighbours: what goes with an item, who is like a user, and what they share that makes them so.
import { useState } from "preact/hooks";
import type { Features } from "@tamis/client";
import { useItems } from "../data/entities";
import { count, decimal, detailOf, percent, titleOf } from "../data/format";
import { href, route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Tile } from "../ui/item_list";
import { ItemName } from "../ui/item_name";
import { Answer, Card, Empty, Failure, Field, Segments, ViewHead } from "../ui/parts";
import { Tabs, useTab } from "../ui/tabs";
import { AudienceList } from "./neighbour_parts/audience";
import { BoughtTogether } from "./neighbour_parts/bought_together";
import "../styles/neighbours.css";

const K = 15;
const READ = 1000; // interactions of each, for what is shared

type Kind = "items" | "users";

/** The people of an item, or the items of a person: of the newest interactions. */
function usePartners(kind: Kind, id: string | undefined): Set<string> | undefined {
  const page = useQuery(id ? (client, signal) => client.listInteractions(kind, id, { limit: READ, signal }) : null, [kind, id]);
  if (!page.data) return undefined;
  return new Set(page.data.rows.map((row) => (kind === "items" ? row.user : row.item)));
}

function Shared({ kind, mine, other }: { kind: Kind; mine: Set<string> | undefined; other: string }) {
  const theirs = usePartners(kind, other);
  const shared = mine && theirs ? [...mine].filter((one) => theirs.has(one)) : undefined;
  const features = useItems(kind === "users" ? (shared ?? []).slice(0, 12) : []);
  if (!shared || !mine || !theirs) return <div class="skeleton" />;
  return (
    <div class="why">
      <p>
        {kind === "items" ? "Taken by" : "They share"} <strong>{count(shared.length)}</strong> {kind === "items" ? "of the same people" : "items"}: {percent(shared.length / Math.max(1, mine.size), 0)} of{" "}
        {kind === "items" ? "this item's" : "this user's"} {count(mine.size)}, {percent(shared.length / Math.max(1, theirs.size), 0)} of the other's {count(theirs.size)}.
      </p>
      <p class="shared">
        {shared.slice(0, 12).map((one) => (
          <span key={one} class="pill">
            {kind === "items" ? <a href={href("live", { user: one })}>{one}</a> : <ItemName id={one} features={features(one)} />}
          </span>
        ))}
        {shared.length > 12 && <span class="muted"> and {count(shared.length - 12)} more</span>}
      </p>
    </div>
  );
}

function Header({ kind, id }: { kind: Kind; id: string }) {
  const entity = useQuery((client, signal) => client.getEntity(kind, id, { signal }), [kind, id]);
  if (entity.error) return <Failure error={entity.error} />;
  const features: Features | undefined = entity.data?.features;
  const title = titleOf(features) || id;
  return (
    <div class="row subject">
      <Tile text={title} />
      <div class="fill">
        <h2>{title}</h2>
        <span class="small muted">
          <span class="id">{id}</span> {detailOf(features, 6)}
        </span>
      </div>
      <a class="button" href={href("data", { tab: kind, id })}>
        Open it
      </a>
    </div>
  );
}

function List({ kind, id, space }: { kind: Kind; id: string; space: string }) {
  const [open, setOpen] = useState<string>();
  const mine = usePartners(kind, id);
  const answer = useQuery(
    (client, signal) => {
      const options = { k: K, features: true, ...(space ? { space } : {}) };
      return kind === "items" ? client.similarItems(id, options, { signal }) : client.similarUsers(id, options, { signal });
    },
    [kind, id, space],
  );
  return (
    <Answer query={answer} height={400}>
      {(data) => {
        const rows = kind === "items" ? (data.items ?? []).map((row) => ({ ...row, id: row.item })) : (data.users ?? []).map((row) => ({ ...row, id: row.user }));
        const best = Math.max(...rows.map((row) => Math.abs(row.score)), 1e-12);
        if (rows.length === 0) return <Empty title="No neighbours">Too little was done {kind === "items" ? "with it" : "by them"} since the last training, or nothing was trained.</Empty>;
        return (
          <>
            <p class="small muted">By {data.space}. The bar says how near; open one to see what they share.</p>
            <ol class="neighbours">
              {rows.map((row) => {
                const title = titleOf(row.features) || row.id;
                return (
                  <li key={row.id}>
                    <div class="row">
                      <span class="rank tabular">{row.rank}</span>
                      <Tile text={title} />
                      <span class="fill">
                        <a href={href("neighbours", kind === "items" ? { item: row.id } : { user: row.id })}>{title}</a>
                        <br />
                        <span class="small muted">{detailOf(row.features)}</span>
                      </span>
                      <span class="near-bar" aria-hidden="true">
                        <i style={{ width: `${(Math.abs(row.score) / best) * 100}%` }} />
                      </span>
                      <span class="tabular muted small">{decimal(row.score)}</span>
                      <button type="button" class="quiet" aria-expanded={open === row.id} aria-label={`Why ${title}?`} onClick={() => setOpen(open === row.id ? undefined : row.id)}>
                        Why?
                      </button>
                    </div>
                    {open === row.id && <Shared kind={kind} mine={mine} other={row.id} />}
                  </li>
                );
              })}
            </ol>
          </>
        );
      }}
    </Answer>
  );
}

export default function Neighbours() {
  const params = route.value.params;
  const kind: Kind = params.has("user") ? "users" : "items";
  const named = params.get("user") ?? params.get("item") ?? undefined;
  const first = useQuery(
    named
      ? null
      : async (client, signal) => {
          // Something popular to begin with: what the matrix says is at the top.
          const sample = await client.sampleMatrix({ items: 1, users: 1 }, { signal });
          return sample.columns[0]?.item;
        },
    [named],
  );
  const id = named ?? first.data;
  const [text, setText] = useState("");
  const tab = useTab("like");
  const spaces = useQuery((client, signal) => client.listSpaces({ signal }), []);
  const space = params.get("space") ?? "";
  const open = (next: string) => setParams(kind === "items" ? { item: next, user: undefined } : { user: next, item: undefined });
  return (
    <>
      <ViewHead title="Neighbours">
        Items are neighbours when the same people take them; users are neighbours when they take the same items. That is what “people who bought this
        also bought” stands on.
      </ViewHead>
      <div class="stack">
        <Card>
          <div class="row bottom-row">
            <Segments
              label="Neighbours of"
              value={kind}
              options={[
                ["items", "An item"],
                ["users", "A user"],
              ]}
              onChange={(next) => {
                if (next === "items") setParams({ user: undefined, item: undefined });
                else void (async () => setParams({ item: undefined, user: (await (await import("../data/api")).api.value.listUsers({ limit: 1 })).rows[0]?.id ?? "" }))();
              }}
            />
            <form class="row tight fill" onSubmit={(event) => (event.preventDefault(), text.trim() && open(text.trim()))}>
              <input class="fill" aria-label={kind === "items" ? "Item id" : "User id"} placeholder={kind === "items" ? "Item id" : "User id"} value={text} onInput={(event) => setText(event.currentTarget.value)} />
              <button>Show</button>
            </form>
            <Field label="By">
              <select value={space} onChange={(event) => setParams({ space: event.currentTarget.value })}>
                <option value="">the best at hand</option>
                <option value={kind === "items" ? "item_knn" : "user_knn"}>shared interactions</option>
                {(spaces.data ?? []).map((one) => (
                  <option key={one.name} value={one.name}>
                    the space {one.name}
                  </option>
                ))}
              </select>
            </Field>
          </div>
        </Card>
        {id ? (
          <Card key={`${kind} ${id}`}>
            <Header kind={kind} id={id} />
            {kind === "users" ? (
              <List kind={kind} id={id} space={space} />
            ) : (
              <div class="stack">
                <Tabs
                  label="What to know of the item"
                  current={tab}
                  tabs={[
                    ["like", "Like it"],
                    ["together", "Bought together"],
                    ["tell", "Whom to tell"],
                  ]}
                >
                  {tab === "like" && <List kind={kind} id={id} space={space} />}
                  {tab === "together" && <BoughtTogether item={id} />}
                  {tab === "tell" && <AudienceList item={id} />}
                </Tabs>
              </div>
            )}
          </Card>
        ) : (
          first.data === undefined && !first.loading && <Card><Empty title="There are no items yet" actions={<a class="button" href={href("start")}>Import data</a>} /></Card>
        )}
      </div>
    </>
  );
}
