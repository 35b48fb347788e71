// Colours of points by a feature: a scale for numbers and times, a palette for kinds.
import type { SpaceMap } from "@tamis/client";
import { color } from "../data/theme";
import { decimal } from "../data/format";

export interface Coloring {
  colors: Uint8Array;
  legend: { color: string; text: string }[];
}

type Rgb = [number, number, number];

function rgb(text: string): Rgb {
  const hex = text.replace("#", "");
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb;
}
function mix(a: Rgb, b: Rgb, t: number): Rgb {
  return a.map((part, i) => Math.round(part + (b[i]! - part) * t)) as Rgb;
}
const css = (c: Rgb) => `rgb(${c.join(" ")})`;

function byRank(values: (number | null)[], format: (value: number) => string): Coloring {
  const known = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  const stops = [rgb(color("--c6")), rgb(color("--c1")), rgb(color("--c5")), rgb(color("--c2")), rgb(color("--c4"))];
  const unknown = rgb(color("--line-strong"));
  const at = (t: number): Rgb => {
    const scaled = Math.max(0, Math.min(0.9999, t)) * (stops.length - 1);
    return mix(stops[Math.floor(scaled)]!, stops[Math.floor(scaled) + 1]!, scaled % 1);
  };
  const rank = (value: number) => {
    let [low, high] = [0, known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (known[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return known.length > 1 ? low / (known.length - 1) : 0.5;
  };
  const colors = new Uint8Array(values.length * 3);
  values.forEach((value, i) => colors.set(value === null ? unknown : at(rank(value)), 3 * i));
  const legend = known.length === 0 ? [] : [0, 0.25, 0.5, 0.75, 1].map((q) => ({ color: css(at(q)), text: format(known[Math.min(known.length - 1, Math.floor(q * (known.length - 1)))]!) }));
  return { colors, legend };
}

function byKind(values: (string | null)[]): Coloring {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([value]) => value);
  const palette = top.map((_, i) => rgb(color(`--c${i + 1}`)));
  const other = rgb(color("--line-strong"));
  const colors = new Uint8Array(values.length * 3);
  values.forEach((value, i) => {
    const at = value === null ? -1 : top.indexOf(value);
    colors.set(at < 0 ? other : palette[at]!, 3 * i);
  });
  const legend = top.map((text, i) => ({ color: css(palette[i]!), text }));
  if (counts.size > top.length) legend.push({ color: css(other), text: "others" });
  return { colors, legend };
}

export function colorBy(map: SpaceMap, kind: "popularity" | "number" | "time" | "kind"): Coloring {
  if (kind === "popularity" || !map.values) return byRank(map.popularity, (value) => decimal(value, 0));
  if (kind === "kind") return byKind(map.values.map((value) => (value === null ? null : String(value))));
  const numbers = map.values.map((value) => (typeof value === "number" ? value : null));
  return byRank(numbers, kind === "time" ? (value) => new Date(value).toISOString().slice(0, 10) : (value) => decimal(value, 2));
}
