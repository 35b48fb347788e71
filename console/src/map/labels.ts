// Words that tell what a region of the map holds: those that are common there and rare elsewhere.
import { wordsOf } from "../data/words";

export interface Label {
  x: number;
  y: number;
  text: string;
}

const COLUMNS = 7;
const ROWS = 5;
export function labelsOf(x: Float32Array, y: Float32Array, titles: (string | null)[], most = 14): Label[] {
  const sorted = (values: Float32Array) => Float32Array.from(values).sort();
  const cut = (values: Float32Array, parts: number) => Array.from({ length: parts - 1 }, (_, i) => values[Math.floor(((i + 1) * values.length) / parts)]!);
  // Cells of about equally many points in each direction.
  const columns = cut(sorted(x), COLUMNS);
  const rows = cut(sorted(y), ROWS);
  const bin = (cuts: number[], value: number) => {
    let at = 0;
    while (at < cuts.length && value > cuts[at]!) at++;
    return at;
  };
  const overall = new Map<string, number>();
  const cells = Array.from({ length: COLUMNS * ROWS }, () => ({ n: 0, words: new Map<string, { n: number; x: number; y: number }>() }));
  for (let i = 0; i < x.length; i++) {
    const cell = cells[bin(rows, y[i]!) * COLUMNS + bin(columns, x[i]!)]!;
    cell.n++;
    for (const word of wordsOf(titles[i] ?? "")) {
      overall.set(word, (overall.get(word) ?? 0) + 1);
      const entry = cell.words.get(word) ?? { n: 0, x: 0, y: 0 };
      entry.n++;
      entry.x += x[i]!;
      entry.y += y[i]!;
      cell.words.set(word, entry);
    }
  }
  const found: (Label & { score: number })[] = [];
  for (const cell of cells) {
    let best: (Label & { score: number }) | undefined;
    for (const [word, entry] of cell.words) {
      if (entry.n < 4) continue;
      const expected = (overall.get(word)! * cell.n) / x.length;
      const score = (entry.n - expected) / Math.sqrt(expected + 1);
      if (!best || score > best.score) best = { text: word, x: entry.x / entry.n, y: entry.y / entry.n, score };
    }
    if (best && best.score > 2) found.push(best);
  }
  found.sort((a, b) => b.score - a.score);
  const words = new Set<string>();
  return found.filter((label) => !words.has(label.text) && words.add(label.text)).slice(0, most);
}
