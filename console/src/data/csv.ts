// Tables from files: CSV with any common delimiter, NDJSON, a JSON array; gzip is unpacked. Read as a stream, so that a
// file may be larger than memory.

export type Row = Record<string, string>;

export interface TableFile {
  file: File;
  format: "csv" | "ndjson" | "json";
  delimiter: string;
  columns: string[];
  sample: Row[];
}

const SAMPLE_ROWS = 200;

async function textOf(file: File): Promise<ReadableStream<string>> {
  let stream: ReadableStream<Uint8Array<ArrayBuffer>> = file.stream();
  if (/\.gz$/i.test(file.name)) stream = stream.pipeThrough(new DecompressionStream("gzip"));
  return stream.pipeThrough(new TextDecoderStream());
}

/** Cells of CSV, RFC 4180: quotes may hold delimiters and line ends. A quote inside a bare cell is a quote. */
export async function* csvRows(chunks: AsyncIterable<string>, delimiter: string): AsyncGenerator<string[]> {
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let closed = false; // a quoted cell has ended
  let first = true;
  let pendingReturn = false;
  for await (let chunk of chunks) {
    if (first && chunk.startsWith("\uFEFF")) chunk = chunk.slice(1);
    first = false;
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i]!;
      if (pendingReturn) {
        pendingReturn = false;
        if (c === "\n") {
          start = i + 1;
          continue;
        }
      }
      if (quoted) {
        if (c !== '"') continue;
        cell += chunk.slice(start, i);
        start = i + 1;
        quoted = false;
        closed = true;
        continue;
      }
      if (c === '"') {
        if (closed) {
          cell += '"'; // "" inside of quotes
          closed = false;
          quoted = true;
          start = i + 1;
        } else if (cell === "" && i === start) {
          quoted = true;
          start = i + 1;
        }
        continue;
      }
      if (c !== delimiter && c !== "\n" && c !== "\r") continue;
      cell += chunk.slice(start, i);
      start = i + 1;
      row.push(cell);
      cell = "";
      closed = false;
      if (c === delimiter) continue;
      pendingReturn = c === "\r";
      if (row.length > 1 || row[0] !== "") yield row;
      row = [];
    }
    cell += chunk.slice(start);
  }
  if (cell !== "" || row.length > 0) {
    row.push(cell);
    yield row;
  }
}

async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!;
    for (const part of parts) if (part.trim()) yield part;
  }
  if (rest.trim()) yield rest;
}

function flatten(value: unknown): Row {
  const row: Row = {};
  for (const [name, member] of Object.entries((value ?? {}) as Record<string, unknown>)) {
    if (member === null || member === undefined) continue;
    if (typeof member === "object" && !Array.isArray(member)) {
      for (const [inner, content] of Object.entries(member)) row[inner] = Array.isArray(content) ? content.join("|") : String(content);
    } else {
      row[name] = Array.isArray(member) ? member.join("|") : String(member);
    }
  }
  return row;
}

async function* chunksOf(stream: ReadableStream<string>): AsyncGenerator<string> {
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function guessDelimiter(head: string): string {
  const line = head.split(/\r?\n/, 1)[0] ?? "";
  const counts = [",", "\t", ";", "|"].map((delimiter) => [delimiter, line.split(delimiter).length] as const);
  return counts.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

/** A header of names, rather than a first row of data: no cell is a number, and none is empty or twice there. */
function isHeader(cells: string[]): boolean {
  return new Set(cells).size === cells.length && cells.every((cell) => cell.trim() !== "" && Number.isNaN(Number(cell)));
}

export async function openTable(file: File): Promise<TableFile> {
  const name = file.name.replace(/\.gz$/i, "").toLowerCase();
  const head = await firstText(file);
  const table: TableFile = { file, format: "csv", delimiter: ",", columns: [], sample: [] };
  if (/\.(ndjson|jsonl)$/.test(name) || head.trimStart().startsWith("{")) table.format = "ndjson";
  else if (head.trimStart().startsWith("[")) table.format = "json";
  else {
    table.delimiter = guessDelimiter(head);
    for await (const cells of csvRows(once(head), table.delimiter)) {
      table.columns = isHeader(cells) ? cells.map((cell) => cell.trim()) : cells.map((_, i) => `column ${i + 1}`);
      break;
    }
  }
  for await (const row of tableRows(table)) {
    table.sample.push(row);
    if (table.sample.length >= SAMPLE_ROWS) break;
  }
  if (table.format !== "csv") table.columns = [...new Set(table.sample.flatMap((row) => Object.keys(row)))];
  if (table.columns.length < 1 || table.sample.length === 0) throw new Error(`${file.name} holds no rows that can be read.`);
  return table;
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

async function firstText(file: File): Promise<string> {
  let head = "";
  for await (const chunk of chunksOf(await textOf(file))) {
    head += chunk;
    if (head.length > 65_536) break;
  }
  return head;
}

/** Every row, as text by column. */
export async function* tableRows(table: TableFile): AsyncGenerator<Row> {
  const chunks = chunksOf(await textOf(table.file));
  if (table.format === "ndjson") {
    for await (const line of lines(chunks)) {
      try {
        yield flatten(JSON.parse(line));
      } catch {
        yield {}; // counted as a row without what it needs
      }
    }
    return;
  }
  if (table.format === "json") {
    let text = "";
    for await (const chunk of chunks) text += chunk;
    for (const value of JSON.parse(text) as unknown[]) yield flatten(value);
    return;
  }
  let isFirst = true;
  for await (const cells of csvRows(chunks, table.delimiter)) {
    if (isFirst && isHeader(cells)) {
      isFirst = false;
      continue;
    }
    isFirst = false;
    const row: Row = {};
    for (let i = 0; i < table.columns.length; i++) row[table.columns[i]!] = cells[i] ?? "";
    yield row;
  }
}
