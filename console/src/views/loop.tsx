// Loop: recommendations are learned from what recommendations were clicked. What that does to a catalogue, played with people
// who are made up, with and without exploration.
import { useState } from "preact/hooks";
import type { Job, SimulatedRound, SimulationRequest } from "@tamis/client";
import { api } from "../data/api";
import { ago, count, decimal, percent } from "../data/format";
import { route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Card, Empty, Field, Note, Stat, ViewHead } from "../ui/parts";
import { LineChart } from "../ui/line_chart";
import { tellFailure } from "../ui/toast";
import { JobProgress, useJob } from "../ui/training_run";
import "../styles/loop.css";

const FIGURES: { key: "clicks_per_list" | "coverage" | "gini" | "taste_distance"; title: string; hint: string; format: (n: number) => string }[] = [
  { key: "clicks_per_list", title: "Clicks per list", hint: "What exploration costs at first, and earns later.", format: (n) => decimal(n, 2) },
  { key: "coverage", title: "Share of the catalogue shown", hint: "Items that stood in somebody's list in the round. Without exploration new items stay unseen.", format: (n) => percent(n, 0) },
  { key: "gini", title: "Inequality", hint: "0: every item is shown equally often; 1: one item has all the places.", format: (n) => decimal(n, 2) },
  { key: "taste_distance", title: "Distance from true tastes", hint: "Known here, because the people are made up. Lower is better.", format: (n) => decimal(n, 2) },
];

function roundsOf(job: Job | undefined): SimulatedRound[] {
  return (job?.result as { rounds?: SimulatedRound[] } | undefined)?.rounds ?? [];
}

function Verdict({ rounds }: { rounds: SimulatedRound[] }) {
  const of = (arm: SimulatedRound["arm"]) => rounds.filter((round) => round.arm === arm);
  const [exploit, explore] = [of("exploit"), of("explore")];
  const last = Math.min(exploit.length, explore.length);
  if (last === 0) return null;
  const tail = (list: SimulatedRound[], key: "clicks_per_list" | "coverage") => {
    const part = list.slice(Math.max(0, last - 5), last);
    return part.reduce((sum, round) => sum + round[key], 0) / part.length;
  };
  const crossing = explore.findIndex((round, i) => i < last && i > 0 && round.clicks_so_far > exploit[i]!.clicks_so_far && explore.slice(i, last).every((later, n) => later.clicks_so_far >= exploit[i + n]!.clicks_so_far));
  const gain = tail(explore, "clicks_per_list") / Math.max(1e-9, tail(exploit, "clicks_per_list")) - 1;
  return (
    <Card>
      <div class="stats">
        <Stat label="Clicks per list at the end" detail="exploring, against exploiting alone; the last five rounds">
          {gain >= 0 ? "+" : ""}
          {percent(gain, 0)}
        </Stat>
        <Stat label="Catalogue shown at the end" detail={`exploiting alone: ${percent(tail(exploit, "coverage"), 0)}`}>
          {percent(tail(explore, "coverage"), 0)}
        </Stat>
        <Stat label="Clicks in all" detail={`exploiting alone: ${count(exploit[last - 1]!.clicks_so_far)}`}>
          {count(explore[last - 1]!.clicks_so_far)}
        </Stat>
        <Stat label="Exploration has paid" detail={crossing > 0 ? "from then on it has more clicks in all" : "not within these rounds; longer runs show more"}>
          {crossing > 0 ? `round ${crossing + 1}` : "not yet"}
        </Stat>
      </div>
    </Card>
  );
}

function Charts({ rounds, last }: { rounds: SimulatedRound[]; last: number }) {
  const curve = (arm: SimulatedRound["arm"], key: (typeof FIGURES)[number]["key"]) => rounds.filter((round) => round.arm === arm).map((round) => [round.round, round[key]] as [number, number]);
  return (
    <div class="grid two">
      {FIGURES.map((figure) => (
        <Card key={figure.key} title={figure.title} hint={figure.hint}>
          <LineChart
            label={figure.title}
            lastX={last}
            format={figure.format}
            curves={[
              { label: "Exploiting alone", color: "--c2", dashed: true, points: curve("exploit", figure.key) },
              { label: "With exploration", color: "--c1", points: curve("explore", figure.key) },
            ]}
          />
        </Card>
      ))}
    </div>
  );
}

const LENGTHS: [string, Partial<SimulationRequest>][] = [
  ["Short: 12 rounds of 100 people, some seconds", { users: 100, items: 100, rounds: 12, train_every: 3 }],
  ["Usual: 24 rounds of 150 people", { users: 150, items: 150, rounds: 24, train_every: 4 }],
  ["Long: 40 rounds of 300 people, a minute or two", { users: 300, items: 300, new_items: 6, rounds: 40, train_every: 5 }],
];

export default function Loop() {
  const [length, setLength] = useState(0);
  const [share, setShare] = useState(0.15);
  const [arrivals, setArrivals] = useState(4);
  const [seed, setSeed] = useState(42);
  const [rounds, setRounds] = useState<number>();
  const jobs = useQuery((client, signal) => client.listJobs({ signal }), [], 10_000);
  const past = (jobs.data ?? []).filter((job) => job.kind === "simulate");
  const id = route.value.params.get("job") ?? past[0]?.job;
  const job = useJob(id, () => jobs.reload());
  const isRunning = job?.state === "running" || job?.state === "queued";
  const played = roundsOf(job);
  const last = Math.max(2, rounds ?? 0, ...played.map((round) => round.round));
  const start = async () => {
    const request: SimulationRequest = { new_items: arrivals, ...LENGTHS[length]![1], explore_share: share, seed };
    if (length < 2) request.new_items = arrivals;
    try {
      const started = await api.value.simulate(request);
      setRounds(request.rounds);
      setParams({ job: started.job });
      jobs.reload();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <>
      <ViewHead title="Loop">
        People click on what they are shown, and the next list is learned from those clicks. So what was never shown is never learned. Exploration gives new items some places; here you see what it costs and what it earns.
      </ViewHead>
      <div class="stack">
        <div class="grid side-by-side loop-grid">
          <Card title="Play it" hint="The people are made up, so their true tastes are known. The funnels, the training and the exploration are the real ones, in a database of their own; yours is not touched.">
            <form class="grid loop-form" onSubmit={(event) => (event.preventDefault(), void start())}>
              <Field label="How long">
                <select value={length} onChange={(event) => setLength(Number(event.currentTarget.value))}>
                  {LENGTHS.map(([text], i) => (
                    <option key={text} value={i}>
                      {text}
                    </option>
                  ))}
                </select>
              </Field>
              <Field label="Places for new items">
                <span class="row">
                  <input class="fill" type="range" min={0.05} max={0.5} step={0.05} value={share} aria-label="Places for new items" onInput={(event) => setShare(Number(event.currentTarget.value))} />
                  <output class="tabular small muted">{percent(share, 0)}</output>
                </span>
              </Field>
              <Field label="New items a round">
                <input type="number" min={0} max={50} value={arrivals} disabled={length === 2} onInput={(event) => setArrivals(Math.max(0, Math.min(50, Number(event.currentTarget.value))))} />
              </Field>
              <Field label="Seed" hint="The same seed gives the same run.">
                <input type="number" min={0} max={1_000_000} value={seed} onInput={(event) => setSeed(Number(event.currentTarget.value))} />
              </Field>
              <div class="row">
                <button class="primary" disabled={isRunning}>
                  {isRunning ? "It runs" : "Play"}
                </button>
                {isRunning && (
                  <button type="button" class="danger" onClick={() => void api.value.cancelJob(job.job).catch(tellFailure)}>
                    Stop
                  </button>
                )}
              </div>
            </form>
          </Card>
          <Card title={job ? `Run ${job.job}` : "No run yet"}>
            {job ? (
              <div class="stack">
                <JobProgress job={{ ...job, stage: job.stage === "exploit" ? "exploiting alone" : job.stage === "explore" ? "with exploration" : job.stage }} />
                {past.length > 1 && (
                  <Field label="Earlier runs">
                    <select value={job.job} onChange={(event) => setParams({ job: event.currentTarget.value })}>
                      {past.map((one) => (
                        <option key={one.job} value={one.job}>
                          {one.job}, {one.state}, {ago(one.created_at)}
                        </option>
                      ))}
                    </select>
                  </Field>
                )}
              </div>
            ) : (
              <p class="muted">Play one: two shops open on the same day with the same people. One serves only what it believes best, the other gives a share of its places to new items.</p>
            )}
          </Card>
        </div>
        {played.length > 0 ? (
          <>
            <Verdict rounds={played} />
            <Charts rounds={played} last={last} />
            <Note>
              To explore in your own lists, add the rule “explore” to a funnel; an experiment then tells what it earns with your people.
            </Note>
          </>
        ) : (
          !isRunning && (
            <Card>
              <Empty title="The curves appear here, round by round" />
            </Card>
          )
        )}
      </div>
    </>
  );
}
