// Asking the API from a view: loading, errors, repeats, and no answers of questions that are no longer asked.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { api, noteFailure } from "./api";
import type { Tamis } from "@tamis/client";

export interface Query<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

/** Asks again whenever `deps` change, and every `everyMs` while the page is seen. Null: there is nothing to ask. */
export function useQuery<T>(
  ask: ((api: Tamis, signal: AbortSignal) => Promise<T>) | null,
  deps: unknown[],
  everyMs = 0,
): Query<T> {
  const [state, setState] = useState<{ data: T | undefined; error: unknown; loading: boolean }>({
    data: undefined,
    error: undefined,
    loading: ask !== null,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  const client = api.value;
  const isActive = ask !== null;

  useEffect(() => {
    if (!isActive) {
      setState({ data: undefined, error: undefined, loading: false });
      return undefined;
    }
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      if (document.hidden && everyMs > 0) {
        timer = setTimeout(run, everyMs);
        return;
      }
      try {
        const data = await latest.current!(client, controller.signal);
        if (!controller.signal.aborted) setState({ data, error: undefined, loading: false });
      } catch (error) {
        if (controller.signal.aborted) return;
        noteFailure(error);
        setState((before) => ({ data: everyMs > 0 ? before.data : undefined, error, loading: false }));
      }
      if (everyMs > 0 && !controller.signal.aborted) timer = setTimeout(run, everyMs);
    };
    setState((before) => ({ ...before, loading: true }));
    void run();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [...deps, client, round, isActive]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  return { ...state, reload };
}
