// Live: be a user. Each click is a real interaction, and the next list follows at once.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Interaction, InteractionType, Recommendations, RecommendedItem, WhyNot } from "@tamis/client";
import { api } from "../data/api";
import { remember, useItems } from "../data/entities";
import { ago, count, decimal, duration, percent, titleOf, when } from "../data/format";
import { overrideOf, varietyOf } from "../data/overrides";
import type { Toggles } from "../data/overrides";
import { href, route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Explanation, WhyNotAccount } from "../ui/explanation";
import { Icon } from "../ui/icons";
import { ItemName } from "../ui/item_name";
import { ItemList } from "../ui/item_list";
import { Card, Check, Empty, Failure, Field, Note, ViewHead } from "../ui/parts";
import { tell, tellFailure } from "../ui/toast";
import { Tabs, useTab } from "../ui/tabs";
import { UserPicker, useUser } from "../ui/user_picker";
import { Page } from "./live_parts/page";
import "../styles/live.css";

interface Shown {
  user: string;
  answer: Recommendations;
  plain: Recommendations | undefined;
  moves: Map<string, number | "new">;
  took_ms: number;
}

function movesBetween(before: Recommendations | undefined, after: Recommendations): Map<string, number | "new"> {
  const moves = new Map<string, number | "new">();
  if (!before) return moves;
  const ranks = new Map(before.items.map((item) => [item.item, item.rank]));
  for (const item of after.items) {
    const rank = ranks.get(item.item);
    moves.set(item.item, rank === undefined ? "new" : rank - item.rank);
  }
  return moves;
}

/** The types that people use here, and the two that say yes and no. */
function useActions(): { positive: string[]; negative: string | undefined; types: InteractionType[] } {
  const types = useQuery((client, signal) => client.listInteractionTypes({ signal }), []);
  const stats = useQuery((client, signal) => client.stats({ signal }), []);
  return useMemo(() => {
    const declared = types.data?.interaction_types ?? [];
    const meaning = (name: string) => declared.find((type) => type.name === name)?.meaning ?? "positive";
    const used = Object.entries(stats.data?.interactions_by_type ?? {})
      .sort((a, b) => b[1] - a[1])
      .map(([type]) => type)
      .filter((type) => meaning(type) === "positive" && type !== "rating");
    const positive = [...new Set([...used, "click", "like", "purchase"])].slice(0, 4);
    return { positive, negative: declared.some((type) => type.name === "hide") ? "hide" : "dislike", types: declared };
  }, [types.data, stats.data]);
}

function Taste({ shown, space }: { shown: Shown; space: string | undefined }) {
  const items = shown.answer.items.map((item) => item.item);
  const plainItems = shown.plain?.items.map((item) => item.item) ?? items;
  const vectors = useQuery(
    space && items.length > 1
      ? async (client, signal) => {
          const all = [...new Set([...items, ...plainItems])];
          const found = await Promise.all(all.map((item) => client.getVector(space, "items", item, { signal }).catch(() => undefined)));
          const of = (list: string[]) => list.map((item) => found[all.indexOf(item)]).filter((vector) => vector !== undefined);
          return { now: varietyOf(of(items)), plain: varietyOf(of(plainItems)) };
        }
      : null,
    [space, items.join("\n"), plainItems.join("\n")],
  );
  const score = (list: RecommendedItem[]) => list.reduce((sum, item) => sum + (item.explain?.merged_score ?? 0), 0);
  const relevance = shown.plain ? score(shown.answer.items) / Math.max(1e-12, score(shown.plain.items)) : 1;
  return (
    <div class="taste">
      <div>
        <span class="small muted">Relevance kept</span>
        <strong class="tabular">{percent(Math.min(1, relevance), 0)}</strong>
      </div>
      <div>
        <span class="small muted">Variety</span>
        <strong class="tabular">
          {vectors.data ? decimal(vectors.data.now, 2) : "–"}
          {vectors.data && shown.plain && vectors.data.now !== vectors.data.plain && <small class="muted"> without: {decimal(vectors.data.plain, 2)}</small>}
        </strong>
      </div>
    </div>
  );
}

function Slider({ label, hint, value, onChange }: { label: string; hint: string; value: number; onChange: (value: number) => void }) {
  return (
    <label class="slider">
      <span class="row between">
        <span>{label}</span>
        <output class="small muted tabular">{value === 0 ? "off" : percent(value, 0)}</output>
      </span>
      <input type="range" min={0} max={0.9} step={0.1} value={value} aria-label={label} onInput={(event) => onChange(Number(event.currentTarget.value))} />
      <small class="muted">{hint}</small>
    </label>
  );
}

function History({ user, isKnown, sequence, onUndo }: { user: string; isKnown: boolean; sequence: number; onUndo: (row: Interaction) => void }) {
  const page = useQuery(isKnown ? (client, signal) => client.listInteractions("users", user, { limit: 8, signal }) : null, [user, isKnown, sequence]);
  const rows = page.data?.rows ?? [];
  const features = useItems(rows.map((row) => row.item));
  return (
    <Card title="What this user did" hint="The newest first. It is what the list follows from.">
      {page.error !== undefined && <Failure error={page.error} />}
      {(page.data ?? !isKnown) && rows.length === 0 && <p class="muted">Nothing yet: a newcomer. Click on something in the list.</p>}
      <ul class="history">
        {rows.map((row) => (
          <li key={row.sequence}>
            <span class="pill">{row.type}</span>
            <span class="fill">
              <ItemName id={row.item} features={features(row.item)} />
              <br />
              <span class="small muted">{row.timestamp && Date.now() - new Date(row.timestamp).getTime() < 86_400_000 ? ago(row.timestamp) : when(row.timestamp)}</span>
            </span>
            {row.idempotency_key?.startsWith("js-") && (
              <button type="button" class="quiet" onClick={() => onUndo(row)}>
                Undo
              </button>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function AskWhyNot({ user, request, nonce }: { user: string; request: Parameters<typeof api.value.whyNot>[2]; nonce: number }) {
  const [item, setItem] = useState("");
  const [account, setAccount] = useState<WhyNot>();
  useEffect(() => setAccount(undefined), [user, nonce]);
  const ask = async () => {
    try {
      setAccount(await api.value.whyNot(user, item.trim(), request));
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <Card title="Why is that not here?" hint="Name an item that you miss; the answer says where it fell out.">
      <form class="row tight" onSubmit={(event) => (event.preventDefault(), void ask())}>
        <input class="fill" aria-label="Item id" placeholder="Item id" spellcheck={false} value={item} onInput={(event) => setItem(event.currentTarget.value)} />
        <button disabled={item.trim() === ""}>Ask</button>
      </form>
      {account && <WhyNotAccount account={account} />}
    </Card>
  );
}

export default function Live() {
  const params = route.value.params;
  const user = useUser(params.get("user"));
  const funnelName = params.get("funnel") ?? "default";
  const [toggles, setToggles] = useState<Toggles>({ diversity: 0, freshness: 0, exploration: 0, seen: false });
  const [counted, setCounted] = useState(false);
  const [shown, setShown] = useState<Shown>();
  const [error, setError] = useState<unknown>();
  const [open, setOpen] = useState<string>();
  const [action, setAction] = useState<string>();
  const [minSequence, setMinSequence] = useState(0);
  const [reaction, setReaction] = useState<number>();
  const actedAt = useRef(0);
  const funnels = useQuery((client, signal) => client.listFunnels({ signal }), []);
  const resolved = useQuery((client, signal) => client.getFunnel(funnelName, { resolved: true }, { signal }), [funnelName]);
  const spaces = useQuery((client, signal) => client.listSpaces({ signal }), []);
  useEffect(() => setReaction(undefined), [user]);
  const tab = useTab("list");
  const { positive, negative } = useActions();
  const space = spaces.data?.[0]?.name;
  const chosen = action ?? positive[0] ?? "click";

  const timeField = useMemo(() => {
    for (const item of shown?.answer.items ?? []) {
      const found = Object.entries(item.features ?? {}).find(([, value]) => typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value));
      if (found) return found[0];
    }
    return undefined;
  }, [shown?.answer]);
  const override = resolved.data ? overrideOf(resolved.data, toggles, space, timeField) : undefined;
  const request = { k: 10, funnel: funnelName, ...(override ? { override } : {}), ...(toggles.seen ? { exclude_seen: false } : {}) };

  useEffect(() => {
    if (!user || !resolved.data) return undefined;
    const controller = new AbortController();
    const ask = async () => {
      const started = performance.now();
      const full = { ...request, features: true, explain: true, dry_run: !counted, min_seq: minSequence };
      const answer = await api.value.recommend(user, full, { signal: controller.signal });
      const took_ms = performance.now() - started;
      remember(answer.items as { item: string }[]);
      if (actedAt.current > 0) setReaction((performance.now() - actedAt.current) / 1000);
      actedAt.current = 0;
      const plain = override ? await api.value.recommend(user, { k: 10, funnel: funnelName, explain: true, dry_run: true }, { signal: controller.signal }) : undefined;
      setShown((before) => ({ user, answer, plain, took_ms, moves: movesBetween(before?.user === user ? before.answer : undefined, answer) }));
      setError(undefined);
    };
    ask().catch((failure: unknown) => !controller.signal.aborted && setError(failure));
    return () => controller.abort();
  }, [user, funnelName, resolved.data, JSON.stringify(override ?? null), toggles.seen, minSequence, counted, api.value]);

  const act = async (item: RecommendedItem, type: string) => {
    try {
      actedAt.current = performance.now();
      const ack = await api.value.interact({
        user: user!,
        item: item.item,
        type,
        ...(counted && shown ? { recommendation_id: shown.answer.recommendation_id } : {}),
      });
      setOpen(undefined);
      setMinSequence(ack.sequence);
      tell(`${type}: ${titleOf(item.features) || item.item}`);
    } catch (failure) {
      actedAt.current = 0;
      tellFailure(failure);
    }
  };
  const undo = async (row: Interaction) => {
    try {
      const taken = await api.value.deleteInteractions({ user: row.user, idempotency_key: row.idempotency_key! });
      setMinSequence(taken.sequence);
      tell("Taken back; the list follows.");
    } catch (failure) {
      tellFailure(failure);
    }
  };

  return (
    <>
      <ViewHead title="Live">
        Be one of your users. Look at the list they would see, do something, and watch the next list follow at once. What you do here is stored as
        theirs; you can take it back.
      </ViewHead>
      <div class="stack">
        <Card>
          <div class="grid live-who">
            <UserPicker user={user ?? ""} onPick={(id) => setParams({ user: id })} />
            <Field label="Funnel">
              <select value={funnelName} onChange={(event) => setParams({ funnel: event.currentTarget.value })}>
                {(funnels.data ?? [{ name: funnelName }]).map((funnel) => (
                  <option key={funnel.name}>{funnel.name}</option>
                ))}
              </select>
            </Field>
            <Field label="A click means">
              <select value={chosen} onChange={(event) => setAction(event.currentTarget.value)}>
                {positive.map((type) => (
                  <option key={type}>{type}</option>
                ))}
              </select>
            </Field>
          </div>
        </Card>
        <Tabs
          label="What to look at"
          current={tab}
          tabs={[
            ["list", "One list"],
            ["page", "A whole page"],
          ]}
        >
          {tab === "page" && user && <Page user={user} funnel={funnelName} />}
          {tab === "list" && (
            <>
            {error !== undefined && <Failure error={error} />}
            <div class="grid side-by-side">
              <Card
                title={shown ? <>For {shown.user}</> : "The list"}
                side={
                  shown && (
                    <span class="small muted tabular">
                      {duration(shown.took_ms / 1000)} there and back · sequence {count(shown.answer.sequence)}
                    </span>
                  )
                }
                hint={
                  reaction !== undefined ? (
                    <span class="pill good">
                      <Icon name="check" width="13" height="13" /> The list followed {duration(reaction)} after your click
                    </span>
                  ) : shown && shown.answer.known_user === false ? (
                    "Nobody knows this user yet, so the list holds what is popular and new."
                  ) : undefined
                }
              >
                {!user && <Empty title="There are no users yet" actions={<a class="button" href={href("start")}>Import data</a>} />}
                {shown && shown.answer.items.length === 0 && (
                  <Empty title="The list is empty">{(shown.answer.warnings ?? []).map((warning) => warning.detail).join("; ") || "No item may be shown to this user."}</Empty>
                )}
                {shown && (
                  <ItemList
                    items={shown.answer.items}
                    moves={shown.moves}
                    actions={(item) => (
                      <>
                        <button type="button" class="act" onClick={() => void act(item, chosen)} aria-label={`${chosen}: ${titleOf(item.features) || item.item}`}>
                          {chosen}
                        </button>
                        <button
                          type="button"
                          class="quiet icon"
                          aria-expanded={open === item.item}
                          aria-label={`Why is ${titleOf(item.features) || item.item} here?`}
                          title="Why is this here?"
                          onClick={() => setOpen(open === item.item ? undefined : item.item)}
                        >
                          <Icon name="question" />
                        </button>
                        {negative && (
                          <button type="button" class="quiet icon" aria-label={`Hide ${titleOf(item.features) || item.item}`} title="Not for me" onClick={() => void act(item, negative)}>
                            <Icon name="block" />
                          </button>
                        )}
                      </>
                    )}
                    below={(item) => open === item.item && <Explanation item={item} />}
                  />
                )}
              </Card>
              <div class="stack">
                <Card title="What if" hint="Changes this list alone. The funnel stays as it is.">
                  <div class="stack">
                    <Slider label="Variety" hint="Unlike items beside each other" value={toggles.diversity} onChange={(diversity) => setToggles({ ...toggles, diversity })} />
                    <Slider
                      label="Freshness"
                      hint={timeField ? `Newer items first, by ${timeField}` : "Newer items first; these items have no date"}
                      value={toggles.freshness}
                      onChange={(freshness) => setToggles({ ...toggles, freshness })}
                    />
                    <Slider label="Exploration" hint="A share of places for items that few have seen" value={toggles.exploration} onChange={(exploration) => setToggles({ ...toggles, exploration })} />
                    <Check checked={toggles.seen} onChange={(seen) => setToggles({ ...toggles, seen })}>
                      Show what they had already
                    </Check>
                    <Check checked={counted} onChange={setCounted}>
                      Count these lists in the figures
                    </Check>
                    {shown && <Taste shown={shown} space={space} />}
                    {(shown?.answer.warnings ?? []).map((warning) => (
                      <Note key={warning.path} tone="warm">
                        {warning.detail}
                      </Note>
                    ))}
                  </div>
                </Card>
                {user && <AskWhyNot user={user} request={request} nonce={minSequence} />}
                {user && shown?.user === user && <History user={user} isKnown={shown.answer.known_user !== false} sequence={minSequence} onUndo={(row) => void undo(row)} />}
              </div>
            </div>
            </>
          )}
        </Tabs>
      </div>
    </>
  );
}
