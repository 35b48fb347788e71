// Imports a table through the API: items and users first, then what people did, streamed line by line.
import type { BulkError, EntityInput, Interaction, Tamis } from "@tamis/client";
import { tableRows } from "./csv";
import type { TableFile } from "./csv";
import { readRow } from "./mapping";
import type { Mapping } from "./mapping";

export interface ImportState {
  phase: "items" | "users" | "interactions" | "done";
  rows: number;
  items: number;
  users: number;
  interactions: number;
  duplicates: number;
  skipped: Record<string, number>;
  errors: BulkError[];
  rejected: number;
  importId: string;
  seconds: number;
  sequence: number;
}

/** The same file gives the same keys, so that importing it again stores nothing twice. */
function keyPrefix(file: File): string {
  let hash = 2166136261;
  for (const c of `${file.name} ${file.size} ${file.lastModified}`) hash = Math.imul(hash ^ c.codePointAt(0)!, 16777619);
  return `file-${(hash >>> 0).toString(16)}`;
}

export async function importTable(client: Tamis, table: TableFile, mapping: Mapping, onChange: (state: ImportState) => void, signal: AbortSignal): Promise<ImportState> {
  const started = performance.now();
  const state: ImportState = {
    phase: "items", rows: 0, items: 0, users: 0, interactions: 0, duplicates: 0, skipped: {}, errors: [], rejected: 0, seconds: 0, sequence: 0,
    importId: `console-${new Date().toISOString().replace(/[^0-9]/g, "").slice(0, 14)}`,
  };
  const tell = (change: Partial<ImportState> = {}) => {
    Object.assign(state, change, { seconds: (performance.now() - started) / 1000 });
    onChange({ ...state });
  };
  const items = new Map<string, EntityInput>();
  const users = new Map<string, EntityInput>();
  let hasInteractions = false;
  for await (const row of tableRows(table)) {
    if (signal.aborted) throw signal.reason;
    const reading = readRow(row, mapping);
    state.rows++;
    if (reading.skipped) state.skipped[reading.skipped] = (state.skipped[reading.skipped] ?? 0) + 1;
    if (reading.item && !items.has(reading.item.id!)) items.set(reading.item.id!, reading.item);
    if (reading.user) users.set(reading.user.id!, reading.user);
    hasInteractions ||= reading.interaction !== null;
    if (state.rows % 20_000 === 0) tell();
  }
  const entities = async (kind: "items" | "users", rows: Map<string, EntityInput>) => {
    tell({ phase: kind });
    if (rows.size === 0) return;
    const result = await client.streamEntities(kind, rows.values(), { signal, durability: "interval", onProgress: (soFar) => tell({ [kind]: soFar.accepted }) });
    tell({ [kind]: result.accepted, rejected: state.rejected + result.rejected, errors: [...state.errors, ...result.errors], sequence: result.sequence });
  };
  await entities("items", items);
  await entities("users", users);
  if (hasInteractions) {
    tell({ phase: "interactions" });
    const prefix = keyPrefix(table.file);
    async function* interactions(): AsyncGenerator<Interaction> {
      let line = 0;
      for await (const row of tableRows(table)) {
        line++;
        const { interaction } = readRow(row, mapping);
        if (interaction) yield { ...interaction, idempotency_key: `${prefix}-${line}` };
      }
    }
    const result = await client.streamInteractions(interactions(), {
      signal,
      importId: state.importId,
      durability: "interval",
      onProgress: (soFar) => tell({ interactions: soFar.accepted, duplicates: soFar.duplicates }),
    });
    tell({ interactions: result.accepted, duplicates: result.duplicates, rejected: state.rejected + result.rejected, errors: [...state.errors, ...result.errors], sequence: result.sequence });
  }
  tell({ phase: "done" });
  return state;
}
