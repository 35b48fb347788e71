// What a funnel would have earned on the lists of the log, before it takes traffic.
import { useState } from "preact/hooks";
import type { Evaluation, Funnel, Job } from "@tamis/client";
import { api, messageOf, noteFailure } from "../../data/api";
import { count, decimal } from "../../data/format";
import { Card, Meter, Note } from "../../ui/parts";

const NAMES: Record<string, string> = { ips: "Weighted (IPS)", snips: "Normalised (SNIPS)", dr: "Doubly robust" };

export function Estimate({ funnel, isValid }: { funnel: Funnel; isValid: boolean }) {
  const [result, setResult] = useState<Evaluation>();
  const [job, setJob] = useState<Job>();
  const [refusal, setRefusal] = useState("");
  const [isBusy, setBusy] = useState(false);

  const run = async () => {
    setBusy(true);
    setRefusal("");
    setResult(undefined);
    try {
      const answer = await api.value.evaluate({ funnel });
      let ended: Evaluation | undefined = "estimates" in answer ? answer : undefined;
      if (!ended) {
        const last = await api.value.waitForJob((answer as Job).job, setJob);
        if (last.state === "succeeded") ended = last.result as Evaluation;
        else setRefusal(last.detail);
      }
      setResult(ended);
    } catch (failure) {
      noteFailure(failure);
      setRefusal(messageOf(failure));
    }
    setJob(undefined);
    setBusy(false);
  };

  return (
    <Card title="What would it have earned?" hint="An estimate from the logged lists: clicks per list, had this funnel served. It needs a log with some exploration in it.">
      <div class="stack">
        <div class="row">
          <button type="button" disabled={!isValid || isBusy} onClick={() => void run()}>
            {isBusy ? "Estimating …" : "Estimate"}
          </button>
        </div>
        {job && <Meter share={job.progress} label="Progress of the estimate" />}
        {refusal && <Note tone="warm">The log cannot answer: {refusal}</Note>}
        {result && (
          <table>
            <tbody>
              <tr>
                <td>As it was served</td>
                <td class="number">{decimal(result.logged.value)}</td>
                <td class="number muted">
                  {decimal(result.logged.low)} to {decimal(result.logged.high)}
                </td>
              </tr>
              {Object.entries(result.estimates).map(([name, estimate]) => (
                <tr key={name}>
                  <td>{NAMES[name] ?? name}</td>
                  <td class="number">
                    <strong>{decimal(estimate.value)}</strong>
                  </td>
                  <td class="number muted">
                    {decimal(estimate.low)} to {decimal(estimate.high)}
                  </td>
                </tr>
              ))}
              <tr>
                <td class="muted">From</td>
                <td class="number muted" colSpan={2}>
                  {count(result.lists)} lists of {count(result.users)} users; worth {count(result.effective_sample_size)} of its own
                </td>
              </tr>
            </tbody>
          </table>
        )}
      </div>
    </Card>
  );
}
