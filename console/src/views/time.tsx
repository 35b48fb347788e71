// Time travel: the list as it would have been answered at an earlier write, beside the list of now.
import { useEffect, useState } from "preact/hooks";
import type { Generation, LogEntry, Recommendations } from "@tamis/client";
import { count, when } from "../data/format";
import { href, route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { ItemList } from "../ui/item_list";
import { Answer, Card, Empty, Failure, Field, Note, Stat, ViewHead } from "../ui/parts";
import { UserPicker, useUser } from "../ui/user_picker";
import "../styles/time.css";

function describe(entry: LogEntry): string {
  const interaction = entry["interaction"] as { user: string; item: string; type: string } | undefined;
  if (interaction) return `${interaction.user} did ${interaction.type} with ${interaction.item}`;
  const entity = (entry["item"] ?? entry["user"] ?? entry["entity"]) as { id?: string } | string | undefined;
  const id = typeof entity === "string" ? entity : entity?.id;
  return `${entry.op.replaceAll("_", " ")}${id ? ` ${id}` : ""}`;
}

function servedThen(generations: Generation[], at: string): string {
  return generations.find((one) => one.state !== "rejected" && one.state !== "corrupt" && one.created_at <= at)?.generation ?? "";
}

function Both({ then, now }: { then: Recommendations; now: Recommendations }) {
  const ranks = new Map(then.items.map((item) => [item.item, item.rank]));
  const moves = new Map(now.items.map((item) => [item.item, ranks.has(item.item) ? ranks.get(item.item)! - item.rank : ("new" as const)]));
  const common = now.items.filter((item) => ranks.has(item.item)).length;
  return (
    <>
      <Card>
        <div class="stats">
          <Stat label="Still in the list">
            {common} <small>of {now.items.length}</small>
          </Stat>
          <Stat label="Writes in between">{count(now.sequence - then.sequence)}</Stat>
          <Stat label="The same to the bit" detail={then.exact ? "as it was answered then" : "parts of the past are gone"}>
            {then.exact ? "yes" : "no"}
          </Stat>
        </div>
      </Card>
      <div class="grid two">
        <Card title="Then" hint={`Sequence ${count(then.sequence)}, generation ${then.generation || "none"}`}>
          {then.items.length === 0 ? <Empty title="The list was empty" /> : <ItemList items={then.items} />}
        </Card>
        <Card title="Now" hint={`Sequence ${count(now.sequence)}, generation ${now.generation || "none"}. Arrows say how places have changed.`}>
          <ItemList items={now.items} moves={moves} />
        </Card>
      </div>
    </>
  );
}

export default function TimeTravel() {
  const params = route.value.params;
  const user = useUser(params.get("user"));
  const stats = useQuery((client, signal) => client.stats({ signal }), []);
  const generations = useQuery((client, signal) => client.listGenerations({ signal }), []);
  const last = stats.data?.sequence ?? 0;
  const asked = Number(params.get("sequence") ?? 0);
  const wanted = asked > 0 ? Math.min(asked, last) : Math.max(1, Math.round(last * 0.5));
  const [slide, setSlide] = useState(wanted);
  useEffect(() => setSlide(wanted), [wanted]);
  // The slider moves over many places; the question is asked where it rests.
  const [sequence, setSequence] = useState(0);
  useEffect(() => {
    if (last === 0) return undefined;
    const timer = setTimeout(() => setSequence(slide), 250);
    return () => clearTimeout(timer);
  }, [slide, last]);
  const entry = useQuery(sequence > 0 ? async (client, signal) => (await client.readLog(sequence, 1, { signal })).entries[0] : null, [sequence]);
  const at = entry.data?.committed_at;
  const list = generations.data?.generations ?? [];
  const generation = params.get("generation") ?? (at ? servedThen(list, at) : undefined);
  const both = useQuery(
    user && at && generations.data && generation !== undefined
      ? (client, signal) => {
          const request = { k: 10, features: true, explain: true };
          const past = { ...request, as_of_sequence: entry.data!.sequence, as_of: at, ...(generation ? { generation } : {}) };
          return Promise.all([client.recommend(user, past, { signal }), client.recommend(user, { ...request, dry_run: true }, { signal })]);
        }
      : null,
    [user, at, generation, generations.data],
  );
  return (
    <>
      <ViewHead title="Time travel">
        Tamis keeps a log of every write, so that it can answer again as it answered then. Use it to see what a customer saw, and what has changed
        since.
      </ViewHead>
      <div class="stack">
        <Card>
          <div class="stack">
            <div class="grid time-who">
              <UserPicker user={user ?? ""} newcomer={false} onPick={(id) => setParams({ user: id })} />
              <Field label="Trained models of then">
                <select value={generation ?? ""} onChange={(event) => setParams({ generation: event.currentTarget.value })}>
                  <option value="">none</option>
                  {list.map((one) => (
                    <option key={one.generation} value={one.generation}>
                      {one.generation}, {when(one.created_at)}
                    </option>
                  ))}
                </select>
              </Field>
            </div>
            {last > 0 && (
              <label class="slider">
                <span class="row between">
                  <span>
                    As of write <strong class="tabular">{count(slide)}</strong> of {count(last)}
                  </span>
                  <output class="small muted">{at ? when(at) : ""}</output>
                </span>
                <input
                  type="range"
                  min={1}
                  max={last}
                  value={slide}
                  aria-label="As of which write"
                  onInput={(event) => setSlide(Number(event.currentTarget.value))}
                  onChange={(event) => setParams({ sequence: event.currentTarget.value })}
                />
                <small class="muted">{entry.data ? `That write: ${describe(entry.data)}.` : entry.error ? "" : "Reading the log"}</small>
              </label>
            )}
          </div>
        </Card>
        {stats.data && last === 0 && (
          <Card>
            <Empty title="Nothing has happened yet" actions={<a class="button" href={href("start")}>Import data</a>} />
          </Card>
        )}
        {entry.error !== undefined && <Failure error={entry.error} />}
        {both.error !== undefined && (
          <Note tone="warm">
            The answer of then cannot be made again: {both.error instanceof Error ? both.error.message : String(both.error)}. Choose other models or a later write.
          </Note>
        )}
        {both.data && <Both then={both.data[0]} now={both.data[1]} />}
        {both.loading && !both.data && <Answer query={both} height={300}>{() => null}</Answer>}
      </div>
    </>
  );
}
