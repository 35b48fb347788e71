// Training: start a run, watch it, compare what was learned, choose what serves.
import { useState } from "preact/hooks";
import type { Generation, Job, SearchTrial } from "@tamis/client";
import { api } from "../data/api";
import { ago, count, decimal, duration, percent, when } from "../data/format";
import { route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Bars } from "../ui/bars";
import { Icon } from "../ui/icons";
import { Answer, Card, Check, Empty, Note, TableWrap, ViewHead } from "../ui/parts";
import { tell, tellFailure } from "../ui/toast";
import { JobProgress, startTraining, stateTone, useJob } from "../ui/training_run";
import "../styles/training.css";

const MODELS: [string, string][] = [
  ["popular", "What most people take"],
  ["item_knn", "What goes with an item"],
  ["user_knn", "What similar people take"],
  ["ials", "A space of tastes; fast and strong"],
  ["bpr", "A space of tastes, learned by comparing pairs"],
  ["ease", "Item to item, for small catalogues"],
  ["bought_together", "What is bought in one basket"],
  ["graph_filter", "Two steps over who took what"],
  ["bspm", "Taste blurred and sharpened again"],
  ["mf", "Ratings, predicted"],
  ["content", "Words of the items; enables search by text"],
  ["two_tower", "Features of users and items"],
  ["sasrec", "What comes next in a sequence; slow"],
  ["bert4rec", "What is missing in a sequence; slow"],
  ["pinsage", "Neighbourhoods in the graph"],
];

function StartRun({ serving, onStart }: { serving: Generation | undefined; onStart: (job: Job) => void }) {
  const [isChoosing, setChoosing] = useState(false);
  const [models, setModels] = useState<string[]>([]);
  const [withRanker, setRanker] = useState(false);
  const [promote, setPromote] = useState(true);
  const start = async () => {
    const named = isChoosing ? [...models, ...(withRanker ? ["ranker"] : [])] : [];
    const job = await startTraining({ ...(named.length > 0 ? { models: named } : {}), promote });
    if (job) onStart(job);
  };
  return (
    <Card title="Train" hint="A run finds by itself what recommends best on your data, or learns the models that you choose, in a process of its own; serving goes on. If the result is no worse than what serves, it takes over.">
      <div class="stack">
        <div class="row">
          <Check checked={isChoosing} onChange={setChoosing}>
            Choose the models
          </Check>
          <Check checked={promote} onChange={setPromote}>
            Serve the result if it is no worse
          </Check>
        </div>
        {isChoosing && (
          <div class="models">
            {MODELS.map(([name, text]) => (
              <label class={`model ${models.includes(name) ? "on" : ""}`} key={name}>
                <input
                  type="checkbox"
                  checked={models.includes(name)}
                  onChange={(event) => setModels(event.currentTarget.checked ? [...models, name] : models.filter((one) => one !== name))}
                />
                <span>
                  <strong>{name}</strong> {serving?.models.includes(name) && <span class="pill good">serves</span>}
                  <br />
                  <span class="small muted">{text}</span>
                </span>
              </label>
            ))}
            <label class={`model ${withRanker ? "on" : ""}`}>
              <input type="checkbox" checked={withRanker} onChange={(event) => setRanker(event.currentTarget.checked)} />
              <span>
                <strong>ranker</strong>
                <br />
                <span class="small muted">DLRM: scores candidates by all features</span>
              </span>
            </label>
          </div>
        )}
        <div class="row">
          <button type="button" class="primary" disabled={isChoosing && models.length === 0 && !withRanker} onClick={() => void start()}>
            {isChoosing ? `Train ${models.length + (withRanker ? 1 : 0)} chosen` : "Train now"}
          </button>
          {isChoosing && <span class="small muted">Models that you do not choose stay as they are.</span>}
        </div>
      </div>
    </Card>
  );
}

const STEPS: [SearchTrial["step"], string][] = [
  ["funnel", "Whole lists"],
  ["retriever", "One source alone"],
  ["model", "Models, quickly measured"],
  ["settings", "Settings of the best models"],
];

function Found({ generation }: { generation: string }) {
  const report = useQuery((client, signal) => client.trainingReport(generation, { signal }), [generation]);
  const trials = report.data?.trials ?? [];
  if (trials.length === 0) return null;
  const measured = (step: SearchTrial["step"]) => trials.filter((trial) => trial.step === step && trial["ndcg@10"] !== undefined);
  const most = Math.max(...trials.map((trial) => trial["ndcg@10"] ?? 0), 1e-9);
  const best = measured("funnel").find((trial) => trial.chosen)?.["ndcg@10"] ?? 0;
  const popular = measured("retriever").find((trial) => trial.name === "popular")?.["ndcg@10"] ?? 0;
  const fusion = trials.find((trial) => trial.step === "fusion");
  const text = (trial: SearchTrial) =>
    decimal(trial["ndcg@10"]!) + (trial.interval ? ` (${decimal(trial.interval[0])} to ${decimal(trial.interval[1])})` : "");
  return (
    <Card
      title={`What ${generation} found best`}
      hint="The run tried models, settings and mixtures on people who came back, and kept what foresaw best what they took. The funnel default follows it."
    >
      <div class="stack">
        <p>
          {popular > 0 && best > 0 && <strong>{(best / popular).toFixed(1)} times as good as the most popular items. </strong>}
          {fusion && <>Lists are put together from {fusion.name}.</>}
        </p>
        {STEPS.map(([step, title]) => {
          const rows = measured(step).sort((a, b) => b["ndcg@10"]! - a["ndcg@10"]!);
          if (rows.length === 0) return null;
          const bars = (
            <Bars
              max={most}
              bars={rows.map((trial, i) => ({
                key: `${trial.name} ${trial.detail ?? ""} ${i}`,
                label: (
                  <>
                    {trial.name} {trial.detail && step === "settings" && <span class="small muted">{trial.detail}</span>}
                    {trial.chosen && <span class="pill good">chosen</span>}
                  </>
                ),
                value: trial["ndcg@10"]!,
                text: text(trial),
                color: trial.chosen ? "var(--c1)" : "var(--c3)",
              }))}
            />
          );
          return step === "funnel" || step === "retriever" ? (
            <div key={step} class="stack tight">
              <h3>{title}</h3>
              {bars}
            </div>
          ) : (
            <details key={step}>
              <summary>{title}</summary>
              {bars}
            </details>
          );
        })}
      </div>
    </Card>
  );
}

function metricsOf(generations: Generation[]): string[] {
  const names = new Set<string>();
  for (const generation of generations) for (const figures of Object.values(generation.metrics)) for (const name of Object.keys(figures)) names.add(name);
  return [...names].sort();
}

function Quality({ generations }: { generations: Generation[] }) {
  const names = metricsOf(generations);
  const metric = route.value.params.get("metric") ?? (names.includes("ndcg@10") ? "ndcg@10" : names[0]);
  const models = [...new Set(generations.flatMap((generation) => Object.keys(generation.metrics)))];
  const best = (model: string) => Math.max(...generations.map((generation) => generation.metrics[model]?.[metric ?? ""] ?? 0));
  models.sort((a, b) => best(b) - best(a));
  if (!metric || models.length === 0) return null;
  const shown = generations.filter((generation) => Object.keys(generation.metrics).length > 0).slice(0, 4);
  return (
    <Card
      title="How good is it?"
      hint="Measured on the newest part of the data, which training did not see. ndcg@10 looks at the first ten places: 1 would be perfect, and small shops often see 0.05 to 0.3."
      side={
        <select class="inline-select" aria-label="Figure" value={metric} onChange={(event) => setParams({ metric: event.currentTarget.value })}>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      }
    >
      <div class={`grid quality-${Math.min(shown.length, 3)}`}>
        {shown.map((generation) => (
          <div key={generation.generation} class="stack tight">
            <h3>
              {generation.generation} <span class={`pill ${stateTone(generation.state)}`}>{generation.state}</span>
            </h3>
            <Bars
              max={Math.max(...models.map(best), 1e-9)}
              bars={models
                .filter((model) => generation.metrics[model]?.[metric] !== undefined)
                .map((model) => ({ key: model, label: model, value: generation.metrics[model]![metric]!, text: decimal(generation.metrics[model]![metric]!), color: generation.state === "serving" ? "var(--c1)" : "var(--c3)" }))}
            />
          </div>
        ))}
      </div>
    </Card>
  );
}

function Generations({ generations, onChanged }: { generations: Generation[]; onChanged: () => void }) {
  const change = async (what: () => Promise<{ generation: string }>) => {
    try {
      tell(`${(await what()).generation} serves now.`);
      onChanged();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const canRollBack = generations.filter((generation) => generation.state === "serving" || generation.state === "ready").length > 1;
  return (
    <Card
      flush
      title="Generations"
      hint="All models of one run, which serve and leave together."
      side={
        <button type="button" disabled={!canRollBack} onClick={() => void change(() => api.value.rollback())}>
          <Icon name="refresh" /> Roll back
        </button>
      }
    >
      {generations.length === 0 ? (
        <Empty title="None yet">The first training makes one.</Empty>
      ) : (
        <TableWrap label="Generations">
          <table>
            <thead>
              <tr>
                <th>Generation</th>
                <th>Made</th>
                <th>Models</th>
                <th class="number">Funnel ndcg@10</th>
                <th>
                  <span class="visually-hidden">Serve</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {generations.map((generation) => {
                const quality = Object.entries(generation.funnels ?? {})[0];
                return (
                  <tr key={generation.generation} class={generation.state === "serving" ? "selected" : ""}>
                    <td>
                      <strong>{generation.generation}</strong> <span class={`pill ${stateTone(generation.state)}`}>{generation.state}</span>
                      <div class="small muted wrap">{generation.note}</div>
                      {Object.entries(generation.left_out ?? {}).map(([member, why]) => (
                        <div class="small muted wrap" key={member}>
                          Without {member}: {why}
                        </div>
                      ))}
                    </td>
                    <td class="muted">{when(generation.created_at)}</td>
                    <td class="wrap">
                      {generation.models.map((model) => (
                        <span class="pill" key={model} title={generation.inherited?.[model] ? `from ${generation.inherited[model]}` : undefined}>
                          {model}
                          {generation.inherited?.[model] ? ` (${generation.inherited[model]})` : ""}
                        </span>
                      ))}
                    </td>
                    <td class="number">
                      {quality ? (
                        <>
                          {decimal(quality[1]["ndcg@10"])}
                          {quality[1]["serving_ndcg@10"] !== undefined && <div class="small muted">served: {decimal(quality[1]["serving_ndcg@10"])}</div>}
                        </>
                      ) : (
                        "–"
                      )}
                    </td>
                    <td class="number">
                      {generation.state !== "serving" && generation.state !== "corrupt" && (
                        <button type="button" onClick={() => void change(() => api.value.promote(generation.generation))}>
                          Serve it
                        </button>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </TableWrap>
      )}
    </Card>
  );
}

function Jobs({ jobs, onOpen }: { jobs: Job[]; onOpen: (job: string) => void }) {
  if (jobs.length === 0) return null;
  return (
    <Card flush title="Runs" hint="The newest first.">
      <TableWrap label="Runs">
        <table>
          <thead>
            <tr>
              <th>Run</th>
              <th>What came of it</th>
              <th class="number">Took</th>
              <th class="number">When</th>
            </tr>
          </thead>
          <tbody>
            {jobs.slice(0, 20).map((job) => (
              <tr key={job.job}>
                <td>
                  <button type="button" class="link" onClick={() => onOpen(job.job)}>
                    {job.job}
                  </button>{" "}
                  <span class={`pill ${stateTone(job.state)}`}>{job.state}</span>
                </td>
                <td class="wrap">{job.detail || job.stage}</td>
                <td class="number">{job.started_at && job.finished_at ? duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000) : job.state === "running" ? percent(job.progress, 0) : "–"}</td>
                <td class="number muted">{ago(job.created_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableWrap>
    </Card>
  );
}

export default function Training() {
  const generations = useQuery((client, signal) => client.listGenerations({ signal }), []);
  const jobs = useQuery((client, signal) => client.listJobs({ signal }), [], 5000);
  const stats = useQuery((client, signal) => client.stats({ signal }), []);
  const running = jobs.data?.find((job) => job.kind === "train" && (job.state === "running" || job.state === "queued"))?.job;
  const watched = route.value.params.get("job") ?? running;
  const job = useJob(watched, () => {
    generations.reload();
    jobs.reload();
  });
  const cancel = async () => {
    try {
      await api.value.cancelJob(job!.job);
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const list = generations.data?.generations ?? [];
  const serving = list.find((generation) => generation.state === "serving");
  return (
    <>
      <ViewHead title="Training">
        Tamis learns from what people did who likes what. Each run makes a generation of models; the best so far serves, and you can go back at any
        time.
      </ViewHead>
      <div class="stack">
        {stats.data?.generation_problem && <Note tone="bad">{stats.data.generation_problem}</Note>}
        {stats.data && stats.data.interactions === 0 && <Note>There is nothing to learn from yet: import what people did first.</Note>}
        <div class="grid two">
          <StartRun serving={serving} onStart={(started) => (setParams({ job: started.job }), jobs.reload())} />
          <Card title={job ? `Run ${job.job}` : "No run goes on"}>
            {job ? (
              <div class="stack">
                <JobProgress job={job} />
                {(job.state === "running" || job.state === "queued") && (
                  <div class="row">
                    <button type="button" class="danger" onClick={() => void cancel()}>
                      Cancel the run
                    </button>
                  </div>
                )}
              </div>
            ) : (
              <p class="muted">
                {serving ? `${serving.generation} serves; it was trained ${ago(serving.created_at)} and knows the first ${count(serving.sequence)} writes.` : "Lists hold what is popular and new until the first run is through."}
              </p>
            )}
          </Card>
        </div>
        {serving && <Found generation={serving.generation} />}
        <Quality generations={list} />
        <Answer query={generations} height={200}>
          {(data) => <Generations generations={data.generations} onChanged={() => (generations.reload(), stats.reload())} />}
        </Answer>
        <Jobs jobs={(jobs.data ?? []).filter((one) => one.kind === "train")} onOpen={(id) => setParams({ job: id })} />
      </div>
    </>
  );
}
