// Starts a training run and shows how it goes on, by the server's events.
import { useEffect, useState } from "preact/hooks";
import type { Job, TrainRequest } from "@tamis/client";
import { api } from "../data/api";
import { percent } from "../data/format";
import { Meter, Note } from "./parts";
import { tellFailure } from "./toast";

export function stateTone(state: string): "good" | "bad" | "warm" | "accent" | "" {
  if (state === "succeeded" || state === "serving") return "good";
  if (state === "failed" || state === "corrupt") return "bad";
  if (state === "rejected" || state === "cancelled") return "warm";
  return state === "running" ? "accent" : "";
}

/** Follows a job until it ends. */
export function useJob(id: string | undefined, onEnd?: (job: Job) => void): Job | undefined {
  const [job, setJob] = useState<Job>();
  useEffect(() => {
    setJob(undefined);
    if (!id) return undefined;
    const controller = new AbortController();
    api.value
      .waitForJob(id, setJob, { signal: controller.signal })
      .then((ended) => {
        setJob(ended);
        onEnd?.(ended);
      })
      .catch((failure: unknown) => !controller.signal.aborted && tellFailure(failure));
    return () => controller.abort();
  }, [id]);
  return job;
}

export async function startTraining(request: TrainRequest): Promise<Job | undefined> {
  try {
    return await api.value.train(request);
  } catch (failure) {
    tellFailure(failure);
    return undefined;
  }
}

export function JobProgress({ job }: { job: Job }) {
  const isOver = job.state !== "running" && job.state !== "queued";
  return (
    <div class="stack tight">
      <div class="row between">
        <span>
          <span class={`pill ${stateTone(job.state)}`}>{job.state}</span> <strong>{job.job}</strong> <span class="muted">{job.stage}</span>
        </span>
        <span class="tabular muted">{percent(job.progress, 0)}</span>
      </div>
      <Meter share={job.progress} label={`Progress of ${job.job}`} tone={job.state === "failed" ? "bad" : job.state === "rejected" ? "warm" : ""} />
      <p class="small muted" aria-live="polite">
        {job.detail || (isOver ? "" : "Waiting for its turn")}
      </p>
      {(job.warnings ?? []).map((warning) => (
        <Note key={warning} tone="warm">
          {warning}
        </Note>
      ))}
    </div>
  );
}
