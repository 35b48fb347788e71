// Ranker: what the score of one candidate hangs on, which features work together, and what another value would change.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { FeatureValue, RankedFeature, RankerAccount } from "@tamis/client";
import { TamisError } from "@tamis/client";
import { useItems } from "../data/entities";
import { count, decimal, featureText, percent, titleOf } from "../data/format";
import { href, route, setParams } from "../data/route";
import { retrieverName } from "../data/stages";
import { useQuery } from "../data/use_query";
import { HeatMap } from "../ui/heat_map";
import { Answer, Card, Empty, Field, Note, Segments, Stat, ViewHead } from "../ui/parts";
import { UserPicker, useUser } from "../ui/user_picker";
import "../styles/ranker.css";

const SIDES: Record<RankedFeature["side"], string> = { user: "the user", context: "the request", item: "the item", crossed: "the two together" };

const PLAIN: Record<string, string> = {
  "crossed.popularity": "popularity",
  "crossed.trend": "popularity of late",
  "crossed.age_days": "days since it was listed",
  "crossed.taken": "had before",
  "crossed.taken_days": "days since they had it",
  "history.items": "items they had",
  "history.events": "things they did",
  "history.days": "days since their last action",
  "history.span_days": "days from their first to their last action",
  "context.hour": "hour of the day",
  "context.weekday": "day of the week",
};

/** "crossed.score.ials": "score by Nearest (ials)". */
function plainName(feature: string): string {
  const known = PLAIN[feature];
  if (known) return known;
  const [side, what, ...rest] = feature.split(".");
  const argument = rest.join(".");
  if (side === "crossed" && what === "score") return `score by ${retrieverName(argument)}`;
  if (side === "crossed" && what === "rank") return `place by ${retrieverName(argument)}`;
  if (side === "crossed" && what === "recent") return `score for their newest day by ${retrieverName(argument)}`;
  if (side === "crossed" && what === "share") return `share of their ${argument}`;
  if (side === "crossed" && what === "difference") return `${argument} against their usual`;
  if (side === "item" || side === "user" || side === "context") return `${what}${argument ? `.${argument}` : ""} of the ${side === "context" ? "request" : side}`;
  return feature;
}

function valueText(value: FeatureValue | undefined): string {
  if (value === undefined) return "unknown";
  return typeof value !== "number" ? featureText(value) : value !== 0 && Math.abs(value) < 0.001 ? "about 0" : decimal(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3);
}

function Effects({ account }: { account: RankerAccount }) {
  const [all, setAll] = useState(false);
  const most = Math.max(...account.features.map((feature) => Math.abs(feature.effect)), 1e-12);
  const shown = all ? account.features : account.features.slice(0, 10);
  return (
    <Card
      title="What the score hangs on"
      hint="Each feature made unknown, or average, alone: right of the middle it speaks for the item, left against it. The number is what the score would be without it."
    >
      <ul class="effects">
        {shown.map((feature) => {
          const share = (feature.effect / most) * 50;
          return (
            <li key={feature.feature}>
              <span class="fill">
                <span title={feature.feature}>{plainName(feature.feature)}</span> <span class="muted small">{valueText(feature.value)}</span>
                {!feature.known && <span class="pill">not learned</span>}
              </span>
              <span class="effect" aria-hidden="true">
                <i class={share >= 0 ? "for" : "against"} style={{ left: `${share >= 0 ? 50 : 50 + share}%`, width: `${Math.abs(share)}%` }} />
              </span>
              <span class="tabular small muted">
                <span class="visually-hidden">{feature.effect >= 0 ? "speaks for it; without it" : "speaks against it; without it"} </span>
                {percent(feature.without, 2)}
              </span>
            </li>
          );
        })}
      </ul>
      {account.features.length > 10 && (
        <button type="button" class="quiet" onClick={() => setAll(!all)}>
          {all ? "The ten strongest" : `All ${count(account.features.length)} features`}
        </button>
      )}
    </Card>
  );
}

function WhatIf({ account, changes, onChange }: { account: RankerAccount; changes: Record<string, FeatureValue>; onChange: (changes: Record<string, FeatureValue>) => void }) {
  const names = account.features.map((feature) => feature.feature);
  const [name, setName] = useState(names.find((one) => one.startsWith("item.")) ?? names[0] ?? "");
  const feature = account.features.find((one) => one.feature === name);
  const [text, setText] = useState("");
  useEffect(() => setText(feature?.value === undefined ? "" : featureText(changes[name] ?? feature.value)), [name, account.item, account.user]);
  const apply = () => {
    if (!feature || text.trim() === "") return;
    const value = feature.kind === "numeric" ? Number(text) : feature.kind === "bag" ? text.split(",").map((part) => part.trim()) : text.trim();
    if (typeof value === "number" && !Number.isFinite(value)) return;
    onChange({ ...changes, [name]: value });
  };
  const isChanged = account.changed_score !== undefined;
  const gain = isChanged ? account.changed_score! - account.score : 0;
  return (
    <Card title="What if" hint="Give a feature another value and see what the ranker makes of it. Nothing is stored.">
      <div class="stack">
        <form class="grid what-if" onSubmit={(event) => (event.preventDefault(), apply())}>
          <Field label="Feature">
            <select value={name} onChange={(event) => setName(event.currentTarget.value)}>
              {[...names].sort().map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </Field>
          <Field label="Value">
            <input value={text} type={feature?.kind === "numeric" ? "number" : "text"} step="any" onInput={(event) => setText(event.currentTarget.value)} />
          </Field>
          <button class="primary">Try</button>
        </form>
        {Object.keys(changes).length > 0 && (
          <div class="row tight">
            {Object.entries(changes).map(([changed, value]) => (
              <span key={changed} class="pill accent">
                {changed} = {featureText(value)}
              </span>
            ))}
            <button type="button" class="quiet" onClick={() => onChange({})}>
              Back to what is
            </button>
          </div>
        )}
        <div class="stats" aria-live="polite">
          <Stat label="Score" detail={isChanged ? `was ${percent(account.score, 2)}` : `probability of a ${account.objective}`}>
            {percent(account.changed_score ?? account.score, 2)}
          </Stat>
          <Stat label="Place" detail={`of ${count(account.candidates)} candidates${isChanged ? `; was ${count(account.rank)}` : ""}`}>
            {count(account.changed_rank ?? account.rank)}
          </Stat>
          {isChanged && (
            <Stat label="Change" detail={gain > 0 ? "for the item" : gain < 0 ? "against the item" : "none"}>
              {gain > 0 ? "+" : ""}
              {percent(gain, 2)}
            </Stat>
          )}
        </div>
      </div>
    </Card>
  );
}

function Crosses({ account }: { account: RankerAccount }) {
  const [which, setWhich] = useState<"pairs" | "crosses">("pairs");
  return (
    <Card
      title="What works together"
      hint={
        which === "pairs"
          ? "How much two features together add beyond what each adds alone. Green: more than the sum; amber: less, because they say the same. The diagonal is each by itself."
          : "The network multiplies vectors that stand for the features, pair by pair: these are its products for this candidate. Numbers of one side share a vector."
      }
      side={
        <Segments
          label="What to show"
          value={which}
          options={[
            ["pairs", "Features"],
            ["crosses", "Inside the network"],
          ]}
          onChange={setWhich}
        />
      }
    >
      {which === "pairs" ? (
        <HeatMap label="Joint effects of features" names={account.pairs.features.map(plainName)} values={account.pairs.effects} />
      ) : (
        <HeatMap label="Products of the network's vectors" names={account.crosses.vectors} values={account.crosses.dots} diagonal={false} />
      )}
    </Card>
  );
}

export default function RankerView() {
  const params = route.value.params;
  const user = useUser(params.get("user"));
  const funnel = params.get("funnel") ?? "default";
  const objective = params.get("objective") ?? "";
  const funnels = useQuery((client, signal) => client.listFunnels({ signal }), []);
  const list = useQuery(user ? (client, signal) => client.recommend(user, { k: 20, funnel, features: true, dry_run: true }, { signal }) : null, [user, funnel]);
  const candidates = (list.data?.items ?? []).filter((item) => !item.fallback);
  const item = params.get("item") ?? candidates[0]?.item;
  const [changes, setChanges] = useState<Record<string, FeatureValue>>({});
  useEffect(() => setChanges({}), [user, item, funnel]);
  const features = useItems(item ? [item] : []);
  const named = useMemo(() => new Map(candidates.map((one) => [one.item, titleOf(one.features) || one.item])), [list.data]);
  const account = useQuery(
    user && item ? (client, signal) => client.whatIf(user, item, { ...(objective ? { objective } : {}), changes, request: { funnel } }, { signal }) : null,
    [user, item, funnel, objective, JSON.stringify(changes)],
  );
  const [last, setLast] = useState<RankerAccount>();
  useEffect(() => account.data && setLast(account.data), [account.data]);
  const isSame = last && last.item === item && last.user === user;
  const data = account.data ?? (isSame ? last : undefined);
  const lacksRanker = account.error instanceof TamisError && account.error.status === 409 && /no ranker/.test(account.error.message);
  return (
    <>
      <ViewHead title="Ranker">
        Sources find some hundreds of candidates; the ranker reads all that is known of user, item and request, and gives each a probability. Here is what one such score hangs on.
      </ViewHead>
      <div class="stack">
        <Card>
          <div class="grid ranker-who">
            <UserPicker user={user ?? ""} onPick={(id) => setParams({ user: id, item: undefined })} />
            <Field label="Candidate">
              <select value={item} onChange={(event) => setParams({ item: event.currentTarget.value })}>
                {item && !named.has(item) && <option value={item}>{titleOf(features(item)) || item}</option>}
                {candidates.map((one) => (
                  <option key={one.item} value={one.item}>
                    {one.rank}. {named.get(one.item)}
                  </option>
                ))}
              </select>
            </Field>
            <Field label="Funnel">
              <select value={funnel} onChange={(event) => setParams({ funnel: event.currentTarget.value, item: undefined })}>
                {(funnels.data ?? [{ name: funnel }]).map((one) => (
                  <option key={one.name}>{one.name}</option>
                ))}
              </select>
            </Field>
            {data && data.objectives.length > 1 && (
              <Field label="What it foresees">
                <select value={data.objective} onChange={(event) => setParams({ objective: event.currentTarget.value })}>
                  {data.objectives.map((one) => (
                    <option key={one}>{one}</option>
                  ))}
                </select>
              </Field>
            )}
          </div>
        </Card>
        {lacksRanker ? (
          <Card>
            <Empty title="No ranker was trained yet" actions={<a class="button" href={href("training")}>Train one</a>}>
              Choose “ranker” among the models. Until then candidates stand in the order in which the sources found them.
            </Empty>
          </Card>
        ) : account.error !== undefined && !data ? (
          <Note tone="warm">{account.error instanceof Error ? account.error.message : String(account.error)}</Note>
        ) : list.data && candidates.length === 0 ? (
          <Card>
            <Empty title="There is no candidate">No source finds anything for this user.</Empty>
          </Card>
        ) : data ? (
          <>
            {account.error !== undefined && <Note tone="bad">{account.error instanceof Error ? account.error.message : String(account.error)}</Note>}
            <div class="grid ranker-grid">
              <Effects account={data} />
              <div class="stack">
                <WhatIf account={data} changes={changes} onChange={setChanges} />
                <Card title="Where its features come from">
                  <ul class="sides">
                    {(Object.keys(SIDES) as RankedFeature["side"][]).map((side) => {
                      const own = data.features.filter((feature) => feature.side === side);
                      return (
                        <li key={side}>
                          <span>Of {SIDES[side]}</span>
                          <span class="muted">
                            {own.length === 0 ? "none" : `${count(own.length)}, ${count(own.filter((feature) => feature.known).length)} of them known here`}
                          </span>
                        </li>
                      );
                    })}
                  </ul>
                </Card>
              </div>
            </div>
            <Crosses account={data} />
          </>
        ) : (
          <Answer query={account} height={520}>{() => null}</Answer>
        )}
      </div>
    </>
  );
}
