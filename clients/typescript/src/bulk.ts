// NDJSON streams: rows from any iterable, sent in batches, each retried as a whole and safe to repeat.
import type { Ack, BulkError, BulkOptions, BulkResult } from "./types.js";
import { TamisError } from "./error.js";
import type { Call, Transport } from "./transport.js";

const DEFAULT_BATCH_ROWS = 5000;
const MAX_ERRORS = 100;

export type Rows<Row> = Iterable<Row> | AsyncIterable<Row>;

interface BulkAck extends Ack {
  rejected?: number;
  errors?: BulkError[];
}

async function* batches<Row>(rows: Rows<Row>, size: number): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Sends `rows` line by line. A bad row is counted and told; it does not end the stream. */
export async function sendRows<Row>(
  transport: Transport,
  call: Pick<Call, "method" | "path">,
  rows: Rows<Row>,
  options: BulkOptions,
): Promise<BulkResult> {
  const total: BulkResult = { accepted: 0, duplicates: 0, rejected: 0, sequence: 0, errors: [] };
  let sent = 0;
  for await (const batch of batches(rows, options.batchRows ?? DEFAULT_BATCH_ROWS)) {
    const lines = batch.map((row) => JSON.stringify(row)).join("\n") + "\n";
    let ack: BulkAck;
    try {
      ack = await transport.json<BulkAck>({
        ...call,
        query: { durability: options.durability },
        raw: { content: lines, type: "application/x-ndjson" },
        repeatable: true,
        timeoutMs: 0,
        ...(options.signal ? { signal: options.signal } : {}),
      });
    } catch (failure) {
      if (!(failure instanceof TamisError)) throw failure;
      const detail = `${failure.message} (${total.accepted} rows were stored before row ${sent + 1})`;
      throw new TamisError(failure.status, { ...failure.problem, detail }, { cause: failure });
    }
    total.accepted += ack.accepted;
    total.duplicates += ack.duplicates;
    total.rejected += ack.rejected ?? 0;
    total.sequence = Math.max(total.sequence, ack.sequence);
    for (const error of ack.errors ?? []) {
      if (total.errors.length < MAX_ERRORS) total.errors.push({ ...error, line: error.line + sent });
    }
    sent += batch.length;
    options.onProgress?.({ ...total, sent });
  }
  return total;
}

/** Makes a repeat of the row safe: with a key it is stored once however often it is sent. */
export function newIdempotencyKey(): string {
  return `js-${crypto.randomUUID()}`;
}
