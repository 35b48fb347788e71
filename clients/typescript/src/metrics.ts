// The text format of Prometheus (0.0.4), as /metrics gives it.

export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface MetricFamily {
  name: string;
  type: string;
  help: string;
  samples: MetricSample[];
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function parseValue(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return Number(text);
}

/** Families by name. Samples of histograms stand under the name of the histogram. */
export function parseMetrics(text: string): Map<string, MetricFamily> {
  const families = new Map<string, MetricFamily>();
  let current: MetricFamily | undefined;
  const family = (name: string): MetricFamily => {
    let found = families.get(name);
    if (!found) families.set(name, (found = { name, type: "untyped", help: "", samples: [] }));
    return found;
  };
  for (const line of text.split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line);
    if (comment) {
      current = family(comment[2]!);
      if (comment[1] === "TYPE") current.type = comment[3]!;
      else current.help = comment[3]!;
      continue;
    }
    const match = LINE.exec(line);
    if (!match) continue;
    const name = match[1]!;
    const labels: Record<string, string> = {};
    for (const [, label, value] of (match[2] ?? "").matchAll(LABEL)) {
      labels[label!] = value!.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
    }
    const owner = current && name.startsWith(current.name) ? current : family(name);
    owner.samples.push({ name, labels, value: parseValue(match[3]!) });
  }
  return families;
}
