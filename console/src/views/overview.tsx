// Overview: what the database holds, how fast it answers, and what wants attention.
import { useEffect } from "preact/hooks";
import type { Generation, Stats } from "@tamis/client";
import { attentionOf } from "../data/attention";
import { bytes, compact, count, decimal, duration, percent, when } from "../data/format";
import { beats, buckets, isRecommendation, listen, quantile, sum, totals } from "../data/pulse";
import { go, href } from "../data/route";
import { stageColor, stageName } from "../data/stages";
import { useQuery } from "../data/use_query";
import { Bars } from "../ui/bars";
import { Icon } from "../ui/icons";
import { Answer, Card, Empty, Meter, Stat, TableWrap, ViewHead } from "../ui/parts";
import { TimeChart } from "../ui/time_chart";

function Attention({ stats, generations }: { stats: Stats; generations: Generation[] }) {
  const items = attentionOf(stats, generations);
  return (
    <Card title="Wants attention" side={items.length > 0 ? <span class="pill warm">{items.length}</span> : <span class="pill good">All well</span>}>
      {items.length === 0 ? (
        <p class="muted">Nothing does. Writes are taken, a trained generation serves, and no funnel has a setting without effect.</p>
      ) : (
        <ul class="stack tight">
          {items.map((item) => (
            <li key={item.text} class={`note ${item.tone}`}>
              <Icon name="warning" />
              <div>
                {item.text} {item.view && <a href={href(item.view, item.params)}>{item.action}</a>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Rates() {
  useEffect(() => listen(), []);
  const rows = beats.value;
  const times = rows.map((row) => row.at);
  return (
    <div class="grid two">
      <Card title="Traffic" hint="Lists served and changes stored per second, while this page is open.">
        <TimeChart
          label="Traffic per second"
          times={times}
          format={(n) => `${compact(Number(n.toFixed(1)))}/s`}
          lines={[
            { label: "Lists", color: "--c1", values: rows.map((row) => row.answers) },
            { label: "Writes", color: "--c2", values: rows.map((row) => row.writes) },
            { label: "Requests", color: "--c3", values: rows.map((row) => row.requests) },
          ]}
        />
      </Card>
      <Card title="Time to a list" hint="Half of the lists take less than the first line says, all but one in a hundred less than the second.">
        <TimeChart
          label="Time to a list"
          times={times}
          format={duration}
          lines={[
            { label: "Median", color: "--c1", values: rows.map((row) => row.p50) },
            { label: "99th percentile", color: "--c4", values: rows.map((row) => row.p99) },
          ]}
        />
      </Card>
    </div>
  );
}

function StageTimes() {
  const family = totals.value?.families.get("tamis_funnel_stage_seconds");
  const times = new Map<string, { sum: number; count: number }>();
  for (const sample of family?.samples ?? []) {
    const stage = sample.labels["stage"] ?? "";
    const entry = times.get(stage) ?? { sum: 0, count: 0 };
    if (sample.name.endsWith("_sum")) entry.sum += sample.value;
    if (sample.name.endsWith("_count")) entry.count += sample.value;
    times.set(stage, entry);
  }
  const rows = [...times].filter(([, entry]) => entry.count > 0).map(([stage, entry]) => ({ stage, mean: entry.sum / entry.count }));
  rows.sort((a, b) => b.mean - a.mean);
  const http = totals.value?.families.get("tamis_http_request_seconds");
  const all = buckets(http, isRecommendation);
  return (
    <Card title="Where a list spends its time" hint="Mean time of each stage since the server started, over all funnels.">
      {rows.length === 0 ? (
        <Empty title="No list was served yet" actions={<a class="button" href={href("live")}>See the first one</a>} />
      ) : (
        <>
          <Bars
            bars={rows.slice(0, 10).map(({ stage, mean }) => ({ key: stage, label: stageName(stage), value: mean, text: duration(mean), color: stageColor(stage) }))}
          />
          <p class="small muted" style={{ marginTop: "12px" }}>
            Since the start: median {duration(quantile(all, undefined, 0.5) ?? undefined)}, 99th percentile {duration(quantile(all, undefined, 0.99) ?? undefined)}, over{" "}
            {count(sum(http, isRecommendation, "_count"))} requests for lists.
          </p>
        </>
      )}
    </Card>
  );
}

function Budgets({ stats }: { stats: Stats }) {
  const watermark = sum(totals.value?.families.get("tamis_disk_watermark_bytes"));
  const memory = stats.memory_limit_bytes > 0 ? stats.memory_bytes / stats.memory_limit_bytes : 0;
  const disk = watermark > 0 ? Math.min(1, watermark / Math.max(1, stats.free_disk_bytes)) : 0;
  const cache = stats.storage["rocksdb_block_cache_capacity_bytes"] ?? 0;
  const used = stats.storage["rocksdb_block_cache_usage_bytes"] ?? 0;
  return (
    <Card title="Sizes and budgets" hint="What the database uses of what it may use.">
      <div class="stack">
        <div>
          <div class="row between small">
            <span>Memory for tables and indexes</span>
            <span class="muted tabular">
              {bytes(stats.memory_bytes)} of {bytes(stats.memory_limit_bytes)}
            </span>
          </div>
          <Meter share={memory} label="Memory in use" tone={memory > 0.95 ? "bad" : memory > 0.85 ? "warm" : ""} />
        </div>
        <div>
          <div class="row between small">
            <span>Read cache of the store</span>
            <span class="muted tabular">
              {bytes(used)} of {bytes(cache)}
            </span>
          </div>
          <Meter share={cache > 0 ? used / cache : 0} label="Read cache in use" />
        </div>
        <div>
          <div class="row between small">
            <span>Free disk</span>
            <span class="muted tabular">
              {bytes(stats.free_disk_bytes)}; writes stop below {bytes(watermark)}
            </span>
          </div>
          <Meter share={disk} label="How near the disk is to the mark where writes stop" tone={disk > 0.9 ? "bad" : disk > 0.5 ? "warm" : ""} />
        </div>
        <div class="row between small">
          <span>On disk</span>
          <span class="muted tabular">{bytes(stats.storage["rocksdb_live_data_bytes"])} of data</span>
        </div>
      </div>
    </Card>
  );
}

function Spaces({ stats }: { stats: Stats }) {
  if (stats.spaces.length === 0) return null;
  return (
    <Card title="Embedding spaces" hint="Places where similar items lie close together. Recall is the share of true neighbours that a search finds." flush>
      <TableWrap label="Embedding spaces">
        <table>
          <thead>
            <tr>
              <th>Space</th>
              <th class="number">Items</th>
              <th class="number">Users</th>
              <th class="number">Dimensions</th>
              <th class="number">Recall</th>
              <th class="number">Size</th>
            </tr>
          </thead>
          <tbody>
            {stats.spaces.map((space) => (
              <tr key={space.name}>
                <td>
                  <a href={href("map", { space: space.name })}>{space.name}</a> <span class="muted">{space.metric}</span>
                </td>
                <td class="number">{count(space.item_vectors)}</td>
                <td class="number">{count(space.user_vectors)}</td>
                <td class="number">{space.dim}</td>
                <td class="number">{space.recall_samples > 0 ? percent(space.recall) : "–"}</td>
                <td class="number">{bytes(space.index_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableWrap>
    </Card>
  );
}

function Served({ stats }: { stats: Stats }) {
  const rows = stats.funnels.filter((row) => row.all.lists > 0);
  return (
    <Card title="What was served" hint="Lists that were shown, and what people did with them. The last day." flush>
      {rows.length === 0 ? (
        <Empty title="No lists yet">Lists appear here once your application asks for them.</Empty>
      ) : (
        <TableWrap label="What was served">
          <table>
            <thead>
              <tr>
                <th>Funnel</th>
                <th class="number">Lists</th>
                <th class="number">Clicked</th>
                <th class="number">Click rate</th>
                <th class="number">Catalogue shown</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={`${row.funnel} ${row.experiment ?? ""} ${row.arm ?? ""}`}>
                  <td>
                    <a href={href("funnel", { name: row.funnel })}>{row.funnel}</a> {row.arm && <span class="muted">arm {row.arm}</span>}
                  </td>
                  <td class="number">{count(row.day.lists)}</td>
                  <td class="number">{count(row.day.clicked)}</td>
                  <td class="number">{percent(row.day.click_through_rate)}</td>
                  <td class="number">{percent(row.day.coverage)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableWrap>
      )}
    </Card>
  );
}

function GenerationCard({ generation, stats }: { generation: Generation | undefined; stats: Stats }) {
  const best = generation?.funnels ? Object.entries(generation.funnels).find(([, quality]) => quality["ndcg@10"] !== undefined) : undefined;
  return (
    <Card title="What it has learned" side={<a href={href("training")}>Training</a>}>
      {!generation ? (
        <Empty title="Nothing was trained yet" actions={<a class="button" href={href("training")}>Train now</a>}>
          Until then lists hold what is popular and new.
        </Empty>
      ) : (
        <div class="stats">
          <Stat label="Serving generation" detail={`trained ${when(generation.created_at)}`}>
            {generation.generation}
          </Stat>
          <Stat label="Models" detail={generation.models.join(", ")}>
            {generation.models.length}
          </Stat>
          {best && (
            <Stat label="Quality on held-out data" detail={`ndcg@10 of the funnel ${best[0]}`}>
              {decimal(best[1]["ndcg@10"])}
            </Stat>
          )}
          <Stat label="Writes since" detail="not learned from yet">
            {compact(Math.max(0, stats.sequence - generation.sequence))}
          </Stat>
        </div>
      )}
    </Card>
  );
}

export default function Overview() {
  const stats = useQuery((client, signal) => client.stats({ signal }), [], 4000);
  const generations = useQuery((client, signal) => client.listGenerations({ signal }), [stats.data?.generation]);
  const isEmpty = stats.data !== undefined && stats.data.items === 0 && stats.data.interactions === 0 && stats.data.users === 0;
  useEffect(() => {
    if (isEmpty) go("start");
  }, [isEmpty]);
  return (
    <>
      <ViewHead title="Overview">What the database holds, how fast it answers, and what wants your attention. Everything on this page is live.</ViewHead>
      <Answer query={stats} height={400}>
        {(data) => {
          const list = generations.data?.generations ?? [];
          return (
            <div class="stack">
              <Card>
                <div class="stats">
                  <Stat label="Users">{compact(data.users)}</Stat>
                  <Stat label="Items">{compact(data.items)}</Stat>
                  <Stat
                    label="Interactions"
                    detail={Object.entries(data.interactions_by_type)
                      .sort((a, b) => b[1] - a[1])
                      .slice(0, 3)
                      .map(([type, n]) => `${compact(n)} ${type}`)
                      .join(", ")}
                  >
                    {compact(data.interactions)}
                  </Stat>
                  <Stat label="Sequence" detail={data.pending_writes > 0 ? `${count(data.pending_writes)} writes wait` : "all writes are visible"}>
                    {compact(data.sequence)}
                  </Stat>
                  <Stat label="Up for" detail={data.writable ? "takes reads and writes" : "takes reads only"}>
                    {duration(data.uptime_s)}
                  </Stat>
                </div>
              </Card>
              <Rates />
              <div class="grid two">
                <Attention stats={data} generations={list} />
                <GenerationCard generation={list.find((one) => one.generation === data.generation)} stats={data} />
                <StageTimes />
                <Budgets stats={data} />
                <Served stats={data} />
                <Spaces stats={data} />
              </div>
            </div>
          );
        }}
      </Answer>
    </>
  );
}
