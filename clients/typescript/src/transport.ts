// One HTTP call: address, key, time limit, retries, errors. Everything else of the client goes through here.
import { TamisError } from "./error.js";
import type { Problem } from "./error.js";

export interface CallOptions {
  signal?: AbortSignal;
}

export interface TransportOptions {
  url: string;
  key: string | undefined;
  timeoutMs: number;
  retries: number;
  fetch: typeof fetch;
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Call extends CallOptions {
  method: string;
  path: string;
  query?: Query | undefined;
  body?: unknown;
  /** A body that is text or bytes already; with its media type. */
  raw?: { content: string | Uint8Array<ArrayBuffer>; type: string };
  /** May be sent again after a failure whose outcome is unknown. Default: true for all methods but POST. */
  repeatable?: boolean;
  timeoutMs?: number;
}

const RETRIED = new Set([429, 502, 503]);

/** Ids are percent-encoded in paths. */
export function path(strings: TemplateStringsArray, ...ids: string[]): string {
  return strings.reduce((text, part, i) => text + part + (i < ids.length ? encodeURIComponent(ids[i]!) : ""), "");
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

async function readProblem(response: Response): Promise<TamisError> {
  const text = await response.text();
  try {
    return new TamisError(response.status, JSON.parse(text) as Problem);
  } catch {
    return new TamisError(response.status, { title: response.statusText, detail: text.slice(0, 500) || response.statusText });
  }
}

export class Transport {
  readonly options: TransportOptions;

  constructor(options: TransportOptions) {
    this.options = options;
  }

  urlOf(call: Pick<Call, "path" | "query">): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined && value !== null) parameters.set(name, String(value));
    }
    const query = parameters.toString();
    return this.options.url + call.path + (query ? `?${query}` : "");
  }

  async json<T>(call: Call): Promise<T> {
    const response = await this.send(call);
    return (await response.json()) as T;
  }

  async text(call: Call): Promise<string> {
    return (await this.send(call)).text();
  }

  /** The successful response; anything else is a TamisError. 429 and 503 are tried again after Retry-After. */
  async send(call: Call): Promise<Response> {
    const isRepeatable = call.repeatable ?? call.method !== "POST";
    for (let attempt = 0; ; attempt++) {
      const mayRetry = attempt < this.options.retries;
      let response: Response;
      try {
        response = await this.once(call);
      } catch (cause) {
        if (call.signal?.aborted) throw cause;
        if (!mayRetry || !isRepeatable) {
          const what = cause instanceof Error && cause.name === "TimeoutError" ? "did not answer in time" : "cannot be reached";
          throw new TamisError(0, { code: "network", detail: `the server ${what}` }, { cause });
        }
        await sleep(200 * 2 ** attempt, call.signal);
        continue;
      }
      if (response.ok) return response;
      // 429 was not begun. 503 may have been: only what is safe to repeat is.
      const isSafe = response.status === 429 || isRepeatable;
      if (!mayRetry || !isSafe || !RETRIED.has(response.status)) throw await readProblem(response);
      const wait = Number(response.headers.get("Retry-After"));
      await response.body?.cancel();
      await sleep(Number.isFinite(wait) && wait > 0 ? wait * 1000 : 200 * 2 ** attempt, call.signal);
    }
  }

  private once(call: Call): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.options.key) headers["Authorization"] = `Bearer ${this.options.key}`;
    const request: RequestInit = { method: call.method, headers };
    if (call.raw) {
      headers["Content-Type"] = call.raw.type;
      request.body = call.raw.content;
    } else if (call.body !== undefined) {
      headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(call.body);
    }
    const timeoutMs = call.timeoutMs ?? this.options.timeoutMs;
    const signals = [call.signal, timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined].filter((s) => s !== undefined);
    if (signals.length === 1) request.signal = signals[0]!;
    if (signals.length > 1) request.signal = anySignal(signals);
    return this.options.fetch(this.urlOf(call), request);
  }
}

function anySignal(signals: AbortSignal[]): AbortSignal {
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals as AbortSignal[]) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
}
