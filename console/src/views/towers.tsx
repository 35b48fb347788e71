// Towers: a score is the product of two vectors. One is the item's, made beforehand; the other is the user's, made now: of what?
import type { UserPart, UserParts } from "@tamis/client";
import { useItems } from "../data/entities";
import { count, micros, percent } from "../data/format";
import { href, route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Bars } from "../ui/bars";
import { Icon } from "../ui/icons";
import { ItemName } from "../ui/item_name";
import { Answer, Card, Empty, Field, Note, Stat, ViewHead } from "../ui/parts";
import { NoSpace, SpaceField } from "../ui/space_choice";
import { UserPicker, useUser } from "../ui/user_picker";
import "../styles/towers.css";

const WORDS: Record<UserPart["part"], [string, string]> = {
  history: ["What they did", "their interactions, the newest of which counts at once"],
  profile: ["Who they are", "features of the user"],
  context: ["Where they are", "features of the request: device, hour"],
  trained_row: ["What was learned of them", "a vector of their own, from the last training"],
};
const STAGES: Record<string, string> = { user_state: "Read the history", embed: "Make the vector", search: "Find the nearest items" };

function isUsed(part: UserPart): boolean {
  return part.count > 0 && part.change >= 1e-6;
}

/** The angle between two vectors, of 1 - their cosine. */
function degrees(change: number): number {
  return (Math.acos(Math.max(-1, Math.min(1, 1 - change))) * 180) / Math.PI;
}
function turn(change: number): string {
  return `${degrees(change).toFixed(1)}°`;
}

function Towers({ data }: { data: UserParts }) {
  return (
    <div class="towers" role="group" aria-label="The two towers">
      <section class="tower">
        <h3>The user's tower</h3>
        <p class="small muted">computed now, for each request</p>
        <ul>
          {data.parts.map((part) => (
            <li key={part.part} class={isUsed(part) ? "" : "absent"}>
              <Icon name={isUsed(part) ? "check" : "close"} width="14" height="14" /> {WORDS[part.part][0]}{" "}
              <span class="muted">{part.count === 0 ? "none" : !isUsed(part) ? "not read by this space" : part.part === "trained_row" ? "" : count(part.count)}</span>
            </li>
          ))}
        </ul>
        <strong>
          {count(data.dim)} <small>numbers</small>
        </strong>
      </section>
      <div class="times" aria-hidden="true">
        ×
      </div>
      <section class="tower">
        <h3>The items' tower</h3>
        <p class="small muted">precomputed, at the last training</p>
        <ul>
          <li>
            <Icon name="check" width="14" height="14" /> One vector for each item
          </li>
          <li>
            <Icon name="check" width="14" height="14" /> An index that finds the nearest
          </li>
        </ul>
        <strong>
          {count(data.item_vectors)} <small>items × {count(data.dim)}</small>
        </strong>
      </section>
    </div>
  );
}

function Changes({ data }: { data: UserParts }) {
  const there = data.parts.filter(isUsed);
  const absent = data.parts.filter((part) => !isUsed(part));
  const features = useItems([...data.nearest, ...there.flatMap((part) => part.nearest)]);
  return (
    <Card title="What each part is worth" hint="The vector is made again without the part. The bar says how many of the ten nearest items others would then stand for.">
      <div class="stack">
        {there.map((part) => {
          const [title, hint] = WORDS[part.part];
          const others = part.nearest.filter((item) => !data.nearest.includes(item)).slice(0, 3);
          return (
            <div key={part.part} class="part">
              <div class="row between">
                <span>
                  <strong>{title}</strong> <span class="small muted">{hint}</span>
                </span>
                <span class="tabular">{percent(part.replaced, 0)}</span>
              </div>
              <span class="bar-track" aria-hidden="true">
                <span class="bar-fill" style={{ display: "block", width: `${part.replaced * 100}%`, background: "var(--c1)" }} />
              </span>
              <p class="small muted">
                {!part.has_place
                  ? "Without it nothing places this user, and the list falls back on what is popular."
                  : part.replaced === 0
                    ? `Without it the vector turns by ${turn(part.change)}, too little to change the list.`
                    : (
                        <>
                          Without it these would come: {others.map((item, i) => <span key={item}>{i > 0 && ", "}<ItemName id={item} features={features(item)} /></span>)}
                          {part.nearest.length > others.length && others.length === 3 ? " and others" : ""}.
                        </>
                      )}
              </p>
            </div>
          );
        })}
        {absent.length > 0 && (
          <p class="small muted">
            No part in it: {absent.map((part) => WORDS[part.part][0].toLowerCase()).join(", ")}. {data.encoder !== "two_tower" && absent.some((part) => part.part === "profile" || part.part === "context") && "Models that read features, such as two_tower, would use them."}
          </p>
        )}
      </div>
    </Card>
  );
}

function Account({ data }: { data: UserParts }) {
  const features = useItems([...data.history.map((share) => share.item), ...data.nearest]);
  if (!data.has_place) {
    return (
      <Card>
        <Empty title="Nothing places this user in the space" actions={<a class="button" href={href("live", { user: data.user })}>Be this user</a>}>
          {data.note}. Lists for them hold what is popular and new.
        </Empty>
      </Card>
    );
  }
  const total = data.stages.reduce((sum, stage) => sum + stage.microseconds, 0);
  return (
    <div class="stack">
      <Card>
        <Towers data={data} />
      </Card>
      <div class="grid two tower-grid">
        <Changes data={data} />
        <div class="stack">
          <Card title="Which of their items say most" hint="Each of the newest items left out alone: how far the vector turns without it.">
            {data.history.length === 0 ? (
              <p class="muted">There is no history.</p>
            ) : (
              <Bars
                bars={data.history.slice(0, 8).map((share) => ({
                  key: share.item,
                  label: <ItemName id={share.item} features={features(share.item)} />,
                  value: degrees(share.change),
                  text: turn(share.change),
                  color: "var(--c3)",
                }))}
              />
            )}
          </Card>
          <Card title="What it takes" hint="Measured on this question, once.">
            <div class="stats">
              {data.stages.map((stage) => (
                <Stat key={stage.stage} label={STAGES[stage.stage] ?? stage.stage}>
                  {micros(stage.microseconds)}
                </Stat>
              ))}
              <Stat label="In all">{micros(total)}</Stat>
            </div>
          </Card>
          <Card title="The nearest items" hint="Where both towers meet: the largest products.">
            <ol class="loadings">
              {data.nearest.map((item) => (
                <li key={item}>
                  <ItemName id={item} features={features(item)} />
                </li>
              ))}
            </ol>
          </Card>
        </div>
      </div>
    </div>
  );
}

/** "device=phone hour=8" as features; numbers and yes or no are taken as such. */
function contextOf(text: string): Record<string, string | number | boolean> {
  const features: Record<string, string | number | boolean> = {};
  for (const [, name, value] of text.matchAll(/([\w.-]+)\s*=\s*([^\s,]+)/g)) {
    features[name!] = value === "true" ? true : value === "false" ? false : Number.isFinite(Number(value)) ? Number(value) : value!;
  }
  return features;
}

export default function TowersView() {
  const params = route.value.params;
  const user = useUser(params.get("user"));
  const spaces = useQuery((client, signal) => client.listSpaces({ signal }), []);
  const usual = spaces.data?.find((one) => one.encoder === "two_tower") ?? spaces.data?.find((one) => one.encoder !== "content") ?? spaces.data?.[0];
  const space = params.get("space") ?? usual?.name;
  const context = params.get("context") ?? "";
  const parts = useQuery(
    user && space ? (client, signal) => client.userParts(space, user, { k: 10, context: contextOf(context) }, { signal }) : null,
    [user, space, context],
  );
  return (
    <>
      <ViewHead title="Towers">
        A space gives a score by multiplying two vectors: one for the user, made at the moment of the question, and one for each item, made beforehand. Here is what this user's vector comes from.
      </ViewHead>
      {spaces.data?.length === 0 ? (
        <NoSpace />
      ) : (
        <div class="stack">
          <Card>
            <div class="grid tower-who">
              <UserPicker user={user ?? ""} onPick={(id) => setParams({ user: id })} />
              <SpaceField spaces={spaces.data} space={space} onPick={(name) => setParams({ space: name })} />
              <Field label="Context">
                <input value={context} placeholder="device=phone hour=8" spellcheck={false} onChange={(event) => setParams({ context: event.currentTarget.value.trim() })} />
              </Field>
            </div>
          </Card>
          {parts.data && !parts.data.known_user && <Note>Nobody knows this user yet.</Note>}
          <Answer query={parts} height={520}>{(data) => <Account data={data} />}</Answer>
        </div>
      )}
    </>
  );
}
