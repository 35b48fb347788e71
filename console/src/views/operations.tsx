// Operations: snapshots, the log of writes, the server's figures.
import { useState } from "preact/hooks";
import type { LogEntry } from "@tamis/client";
import { api, key, keyWanted } from "../data/api";
import { bytes, count, decimal, duration, when } from "../data/format";
import { useQuery } from "../data/use_query";
import { Icon } from "../ui/icons";
import { Answer, Card, Check, Empty, Field, Note, Stat, TableWrap, ViewHead } from "../ui/parts";
import { Tabs, useTab } from "../ui/tabs";
import { tell, tellFailure } from "../ui/toast";
import "../styles/operations.css";

const PAGE = 50;

function largestPart(parts: Record<string, number>): [string, number] {
  return Object.entries(parts).reduce((most, part) => (part[1] > most[1] ? part : most), ["", 0]);
}

function Snapshots() {
  const list = useQuery((client, signal) => client.listSnapshots({ signal }), []);
  const [name, setName] = useState("");
  const [isBusy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      const made = await api.value.snapshot(name.trim() || undefined);
      tell(`${made.snapshot} is made. It reflects sequence ${count(made.sequence)}.`);
      setName("");
      list.reload();
    } catch (failure) {
      tellFailure(failure);
    }
    setBusy(false);
  };
  return (
    <Card title="Snapshots" hint="A consistent copy of everything, made while serving goes on. Restore one with: tamis restore SNAPSHOT --data DIRECTORY">
      <div class="stack">
        <form class="row tight" onSubmit={(event) => (event.preventDefault(), void make())}>
          <input class="fill" aria-label="Name of the snapshot" placeholder="Name; by default the time" pattern="[A-Za-z0-9_\-][A-Za-z0-9._\-]{0,127}" value={name} onInput={(event) => setName(event.currentTarget.value)} />
          <button class="primary" disabled={isBusy}>
            {isBusy ? "Making …" : "Make one now"}
          </button>
        </form>
        <Answer query={list}>
          {(names) =>
            names.length === 0 ? (
              <p class="muted">There are none yet.</p>
            ) : (
              <ul class="snapshots">
                {names.map((one) => (
                  <li key={one}>
                    <Icon name="data" width="16" height="16" /> {one}
                  </li>
                ))}
              </ul>
            )
          }
        </Answer>
      </div>
    </Card>
  );
}

function summary(entry: LogEntry): string {
  const { sequence: _, committed_at: __, op: ___, ...rest } = entry;
  return JSON.stringify(rest);
}

function Log() {
  const stats = useQuery((client, signal) => client.stats({ signal }), [], 4000);
  const [from, setFrom] = useState<number>();
  const last = stats.data?.sequence ?? 0;
  const isFollowing = from === undefined;
  const start = from ?? Math.max(1, last - PAGE + 1);
  const page = useQuery(last > 0 ? (client, signal) => client.readLog(start, PAGE, { signal }) : null, [start, last > 0, isFollowing ? last : 0]);
  const [open, setOpen] = useState<number>();
  const entries = [...(page.data?.entries ?? [])];
  if (isFollowing) entries.reverse();
  return (
    <Card
      flush
      title="The log"
      hint="Every write, in order. Everything else in the database follows from it."
      side={
        <span class="row tight">
          <Check checked={isFollowing} onChange={(on) => setFrom(on ? undefined : start)}>
            Follow the newest
          </Check>
        </span>
      }
    >
      <div class="log-controls row">
        <Field label="From sequence">
          <input type="number" min={1} max={last} value={start} onChange={(event) => setFrom(Math.max(1, Number(event.currentTarget.value)))} />
        </Field>
        <button type="button" disabled={start <= 1} onClick={() => setFrom(Math.max(1, start - PAGE))}>
          Earlier
        </button>
        <button type="button" disabled={start + PAGE > last} onClick={() => setFrom(start + PAGE)}>
          Later
        </button>
      </div>
      <Answer query={page} height={300}>
        {() =>
          entries.length === 0 ? (
            <Empty title="No writes yet" />
          ) : (
            <TableWrap label="The log">
              <table>
                <thead>
                  <tr>
                    <th class="number">Sequence</th>
                    <th>Committed</th>
                    <th>What</th>
                    <th>Of what</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((entry) => (
                    <tr key={entry.sequence}>
                      <td class="number">
                        <button type="button" class="link" aria-expanded={open === entry.sequence} onClick={() => setOpen(open === entry.sequence ? undefined : entry.sequence)}>
                          {count(entry.sequence)}
                        </button>
                      </td>
                      <td class="muted nowrap">{when(entry.committed_at)}</td>
                      <td>
                        <span class="pill">{entry.op.replaceAll("_", " ")}</span>
                      </td>
                      <td>{open === entry.sequence ? <pre>{JSON.stringify(entry, null, 2)}</pre> : <div class="clip mono small">{summary(entry)}</div>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableWrap>
          )
        }
      </Answer>
    </Card>
  );
}

function Figures() {
  const metrics = useQuery((client, signal) => client.metrics({ signal }), [], 5000);
  const [text, setText] = useState("");
  return (
    <Card title="All figures" hint="What Prometheus reads at /metrics. deploy/ has a dashboard and alerts for it.">
      <div class="stack">
        <input type="search" aria-label="Find a figure" placeholder="Find: memory, recall, http, …" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <Answer query={metrics} height={300}>
          {(families) => {
            const rows = [...families.values()].filter((family) => family.type !== "histogram" && family.samples.length > 0 && `${family.name} ${family.help}`.toLowerCase().includes(text.toLowerCase()));
            return (
              <TableWrap label="All figures">
                <table>
                  <thead>
                    <tr>
                      <th>Figure</th>
                      <th class="number">Value</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.slice(0, 80).map((family) => (
                      <tr key={family.name}>
                        <td>
                          <code>{family.name}</code>
                          <div class="small muted">{family.help}</div>
                        </td>
                        <td class="number">
                          {family.samples.slice(0, 6).map((sample) => (
                            <div key={JSON.stringify(sample.labels)}>
                              <span class="small muted">{Object.entries(sample.labels).filter(([, value]) => value).map(([label, value]) => `${label} ${value}`).join(", ")}</span>{" "}
                              {family.name.includes("bytes") ? bytes(sample.value) : family.name.endsWith("seconds") && sample.value < 1e8 ? duration(sample.value) : decimal(sample.value)}
                            </div>
                          ))}
                          {family.samples.length > 6 && <span class="small muted">and {family.samples.length - 6} more</span>}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
                {rows.length === 0 && <Empty title="No figure has that in its name" />}
                {rows.length > 80 && <p class="small muted">And {rows.length - 80} more; narrow the search.</p>}
              </TableWrap>
            );
          }}
        </Answer>
      </div>
    </Card>
  );
}

function Server() {
  const stats = useQuery((client, signal) => client.stats({ signal }), [], 5000);
  const health = useQuery((client, signal) => client.health({ signal }), []);
  return (
    <>
      <Answer query={stats}>
        {(data) => (
          <Card title="This server">
            <div class="stats">
              <Stat label="Version">{health.data?.version ?? "–"}</Stat>
              <Stat label="Up for">{duration(data.uptime_s)}</Stat>
              <Stat label="Sequence">{count(data.sequence)}</Stat>
              <Stat label="Memory" detail={`of ${bytes(data.memory_limit_bytes)}`}>
                {bytes(data.memory_bytes)}
              </Stat>
              <Stat label="Most memory" detail={largestPart(data.memory_parts)[0]}>
                {bytes(largestPart(data.memory_parts)[1])}
              </Stat>
              <Stat label="Free disk" detail={data.writable ? "writes are taken" : "writes are refused"}>
                {bytes(data.free_disk_bytes)}
              </Stat>
            </div>
          </Card>
        )}
      </Answer>
      <div class="grid two">
        <Snapshots />
        <Card title="Access" hint="Keys stand in the server's configuration (auth.keys), with a scope each: read, write or admin.">
          <div class="stack">
            <p>{key.value ? "This page sends an API key." : "This page sends no API key. A server without keys listens to this computer alone."}</p>
            <div class="row">
              <button type="button" onClick={() => (keyWanted.value = "The page sends it with each request.")}>
                <Icon name="key" /> {key.value ? "Change the key" : "Enter a key"}
              </button>
            </div>
            <Note>Settings are read at the start from one file; “tamis config” prints those in force, with what each means. A SIGHUP reads keys and certificates again.</Note>
          </div>
        </Card>
      </div>
    </>
  );
}

export default function Operations() {
  const tab = useTab("server");
  return (
    <>
      <ViewHead title="Operations">Keep the database safe, and see what it is doing: snapshots, the log of every write, and all figures.</ViewHead>
      <div class="stack">
        <Tabs
          label="What to look at"
          current={tab}
          tabs={[
            ["server", "Server"],
            ["log", "Log"],
            ["figures", "Figures"],
          ]}
        >
          {tab === "server" && <Server />}
          {tab === "log" && <Log />}
          {tab === "figures" && <Figures />}
        </Tabs>
      </div>
    </>
  );
}
