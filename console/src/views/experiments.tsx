// Experiments: two recipes, users split by chance, and intervals that may be looked at on any day.
import { useState } from "preact/hooks";
import type { Arm, Experiment, ExperimentResults, MetricInterval } from "@tamis/client";
import { api } from "../data/api";
import { count, decimal, percent, when } from "../data/format";
import { route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Icon } from "../ui/icons";
import { Answer, Card, Dialog, Empty, Field, Note, TableWrap, ViewHead } from "../ui/parts";
import { tell, tellFailure } from "../ui/toast";
import "../styles/experiments.css";

const METRICS: Record<string, string> = { click_through_rate: "Clicks per place shown", conversions_per_user: "Conversions per user", value_per_user: "Value per user" };

function stateOf(experiment: Experiment): "running" | "ended" | "planned" {
  const now = Date.now();
  if (experiment.end && new Date(experiment.end).getTime() <= now) return "ended";
  if (experiment.start && new Date(experiment.start).getTime() > now) return "planned";
  return "running";
}

/** The always-valid interval as a band, the fixed one as a thick line in it, 0 as the mark to leave. */
function Interval({ interval, format }: { interval: MetricInterval; format: (n: number) => string }) {
  const reach = Math.max(Math.abs(interval.always_valid_low), Math.abs(interval.always_valid_high), 1e-12) * 1.08;
  const x = (value: number) => 150 + (Math.max(-reach, Math.min(reach, value)) / reach) * 145;
  const side = interval.always_valid_low > 0 ? "better" : interval.always_valid_high < 0 ? "worse" : "open";
  return (
    <svg class={`interval ${side}`} viewBox="0 0 300 34" role="img" aria-label={`${format(interval.value)}, between ${format(interval.always_valid_low)} and ${format(interval.always_valid_high)}`}>
      <line class="zero" x1={150} x2={150} y1={2} y2={32} />
      <rect class="band" x={x(interval.always_valid_low)} y={11} width={Math.max(2, x(interval.always_valid_high) - x(interval.always_valid_low))} height={12} rx={6} />
      <line class="fixed" x1={x(interval.low)} x2={x(interval.high)} y1={17} y2={17} />
      <circle class="estimate" cx={x(interval.value)} cy={17} r={5} />
    </svg>
  );
}

function Results({ results }: { results: ExperimentResults }) {
  const total = results.arms.reduce((sum, arm) => sum + arm.users, 0);
  return (
    <div class="stack">
      {results.sample_ratio.mismatch && (
        <Note tone="bad">The users per arm do not follow the shares (p {decimal(results.sample_ratio.p_value, 5)}). Find the cause before you read on: something loses users of one arm.</Note>
      )}
      {total < 100 && <Note>With {count(total)} users, intervals mean little yet. Wait for some hundreds.</Note>}
      <TableWrap label="The arms">
        <table>
          <thead>
            <tr>
              <th>Arm</th>
              <th class="number">Users</th>
              <th class="number">Lists</th>
              <th class="number">Clicked</th>
              <th class="number">Click rate</th>
              <th class="number">Converted</th>
              <th class="number">Value</th>
            </tr>
          </thead>
          <tbody>
            {results.arms.map((arm) => (
              <tr key={arm.arm}>
                <td>
                  <strong>{arm.arm}</strong> <span class="muted">{percent(arm.share, 0)}</span>
                </td>
                <td class="number">{count(arm.users)}</td>
                <td class="number">{count(arm.exposures)}</td>
                <td class="number">{count(arm.clicked)}</td>
                <td class="number">{percent(arm.click_through_rate.value)}</td>
                <td class="number">{count(arm.converted)}</td>
                <td class="number">{decimal(arm.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableWrap>
      {results.comparisons.map((comparison) => (
        <div class="comparison" key={`${comparison.arm} ${comparison.metric}`}>
          <div>
            <strong>{METRICS[comparison.metric] ?? comparison.metric}</strong>
            <div class="small muted">
              {comparison.arm} against {results.arms[0]?.arm}
            </div>
          </div>
          <Interval interval={comparison.difference} format={(n) => decimal(n, 4)} />
          <div class="verdict">
            {comparison.significant ? (
              <span class={`pill ${comparison.difference.value > 0 ? "good" : "bad"}`}>{comparison.difference.value > 0 ? "better" : "worse"}</span>
            ) : (
              <span class="pill">not decided</span>
            )}
            <div class="small muted tabular">
              {comparison.difference.value >= 0 ? "+" : ""}
              {decimal(comparison.difference.value, 4)} ({comparison.lift.value >= 0 ? "+" : ""}
              {percent(comparison.lift.value)})
            </div>
          </div>
        </div>
      ))}
      <p class="small muted">
        The band is an always-valid interval: you may look as often as you like, and stop when it leaves the middle line. The thick line is the usual
        interval, which is right only if you look once, at a time set beforehand.
      </p>
    </div>
  );
}

function Create({ funnels, onClose, onMade }: { funnels: string[]; onClose: () => void; onMade: (name: string) => void }) {
  const [name, setName] = useState("");
  const [funnel, setFunnel] = useState("default");
  const [holdout, setHoldout] = useState(0);
  const [arms, setArms] = useState<Arm[]>([{ name: "control" }, { name: "new", funnel: funnels.find((one) => one !== "default") ?? "default" }]);
  const set = (i: number, change: Partial<Arm>) => setArms(arms.map((arm, n) => (n === i ? { ...arm, ...change } : arm)));
  const make = async () => {
    const share = Math.floor(((1 - holdout / 100) / arms.length) * 1e6) / 1e6;
    const shares = arms.map((_, i) => (i === 0 ? 1 - holdout / 100 - share * (arms.length - 1) : share));
    try {
      await api.value.putExperiment(name, { funnel, holdout: holdout / 100, layer: "console", arms: arms.map((arm, i) => ({ ...arm, share: shares[i]! })) });
      tell(`${name} runs.`);
      onMade(name);
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <Dialog title="A new experiment" wide onClose={onClose}>
      <form class="stack entity-form" onSubmit={(event) => (event.preventDefault(), void make())}>
        <div class="grid two">
          <Field label="Name">
            <input required pattern="[A-Za-z0-9._\-]{1,64}" value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </Field>
          <Field label="Who takes part" hint="Users whose request ends up at this funnel">
            <select value={funnel} onChange={(event) => setFunnel(event.currentTarget.value)}>
              {funnels.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </Field>
        </div>
        <fieldset class="arms">
          <legend class="small-legend">Arms: users are split evenly among them. The first is the one that others are compared with.</legend>
          {arms.map((arm, i) => (
            <div class="arm" key={i}>
              <input aria-label={`Name of arm ${i + 1}`} required value={arm.name} onInput={(event) => set(i, { name: event.currentTarget.value })} />
              <select aria-label={`Funnel of arm ${i + 1}`} value={arm.funnel ?? ""} onChange={(event) => set(i, { funnel: event.currentTarget.value || undefined! })}>
                <option value="">what was asked for</option>
                {funnels.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
              <button type="button" class="quiet icon" aria-label={`Remove arm ${i + 1}`} disabled={arms.length < 2} onClick={() => setArms(arms.filter((_, n) => n !== i))}>
                <Icon name="trash" />
              </button>
            </div>
          ))}
          <div>
            <button type="button" onClick={() => setArms([...arms, { name: `arm${arms.length + 1}`, funnel: "default" }])}>
              <Icon name="plus" /> An arm
            </button>
          </div>
        </fieldset>
        <Field label="Kept out, in percent" hint="Users who see no experiment at all">
          <input type="number" min={0} max={90} value={holdout} onInput={(event) => setHoldout(Number(event.currentTarget.value))} />
        </Field>
        {funnels.length < 2 && <Note>There is one funnel, so all arms would be the same. Save a changed funnel under another name first.</Note>}
        <div class="row end">
          <button class="primary">Start it</button>
        </div>
      </form>
    </Dialog>
  );
}

function One({ experiment, onChanged }: { experiment: Experiment; onChanged: () => void }) {
  const name = experiment.name!;
  const state = stateOf(experiment);
  const results = useQuery((client, signal) => client.experimentResults(name, { signal }), [name, experiment.version], state === "running" ? 5000 : 0);
  const change = async (what: () => Promise<unknown>, text: string) => {
    try {
      await what();
      tell(text);
      onChanged();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const end = () => {
    const { name: _, version: __, ...rest } = experiment as Experiment & { buckets?: unknown };
    delete (rest as { buckets?: unknown }).buckets;
    return api.value.putExperiment(name, { ...rest, end: new Date().toISOString() });
  };
  return (
    <Card
      title={
        <>
          {name} <span class={`pill ${state === "running" ? "good" : ""}`}>{state}</span>
        </>
      }
      hint={`On the funnel ${experiment.funnel ?? "default"}, since ${when(experiment.start)}${experiment.end ? `, until ${when(experiment.end)}` : ""}.`}
      side={
        <span class="row tight">
          {state === "running" && (
            <button type="button" onClick={() => void change(end, `${name} has ended; everybody gets the control again.`)}>
              End it
            </button>
          )}
          {state === "ended" && (
            <button type="button" class="danger" onClick={() => confirm(`Delete ${name}?`) && void change(() => api.value.deleteExperiment(name), `${name} is deleted.`)}>
              Delete
            </button>
          )}
        </span>
      }
    >
      <Answer query={results} height={200}>
        {(data) => <Results results={data} />}
      </Answer>
    </Card>
  );
}

export default function Experiments() {
  const list = useQuery((client, signal) => client.listExperiments({ signal }), []);
  const funnels = useQuery((client, signal) => client.listFunnels({ signal }), []);
  const [isNew, setNew] = useState(false);
  const chosen = route.value.params.get("name");
  return (
    <>
      <ViewHead
        title="Experiments"
        actions={
          <button type="button" class="primary" onClick={() => setNew(true)}>
            <Icon name="plus" /> An experiment
          </button>
        }
      >
        Let chance decide which of two funnels a user gets, and see which one people like better. A user stays in one arm, on every visit.
      </ViewHead>
      <Answer query={list} height={300}>
        {(experiments) => {
          const one = experiments.find((experiment) => experiment.name === chosen) ?? experiments[0];
          if (!one) {
            return (
              <Card>
                <Empty title="No experiment yet" actions={<button type="button" onClick={() => setNew(true)}>Start one</button>}>
                  You need a second funnel to compare with, and some hundreds of users.
                </Empty>
              </Card>
            );
          }
          return (
            <div class="stack">
              {experiments.length > 1 && (
                <div class="segments" role="group" aria-label="Experiments">
                  {experiments.map((experiment) => (
                    <button type="button" key={experiment.name} aria-pressed={experiment === one} onClick={() => setParams({ name: experiment.name })}>
                      {experiment.name}
                    </button>
                  ))}
                </div>
              )}
              <One key={one.name} experiment={one} onChanged={list.reload} />
            </div>
          );
        }}
      </Answer>
      {isNew && (
        <Create
          funnels={(funnels.data ?? []).map((funnel) => funnel.name!)}
          onClose={() => setNew(false)}
          onMade={(name) => {
            setNew(false);
            list.reload();
            setParams({ name });
          }}
        />
      )}
    </>
  );
}
