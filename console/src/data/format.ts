// Numbers, times and names as people read them.
import type { Features, FeatureValue } from "@tamis/client";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compactForm = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(n: number | undefined): string {
  return n === undefined || !Number.isFinite(n) ? "–" : whole.format(n);
}
export function compact(n: number | undefined): string {
  if (n === undefined || !Number.isFinite(n)) return "–";
  return Math.abs(n) < 10_000 ? whole.format(n) : compactForm.format(n);
}
export function decimal(n: number | undefined, digits = 3): string {
  if (n === undefined || !Number.isFinite(n)) return "–";
  if (n !== 0 && Math.abs(n) < 10 ** -digits) return n.toExponential(1);
  return Math.abs(n) >= 1000 ? whole.format(n) : String(Number(n.toFixed(digits)));
}
export function percent(share: number | undefined, digits = 1): string {
  return share === undefined || !Number.isFinite(share) ? "–" : `${(share * 100).toFixed(digits)}%`;
}
export function bytes(n: number | undefined): string {
  if (n === undefined || !Number.isFinite(n)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = n;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds > 0 && seconds < 1e-6) return `${Math.max(1, Math.round(seconds * 1e9))} ns`;
  if (seconds < 1e-3) return `${(seconds * 1e6).toFixed(seconds < 1e-4 ? 1 : 0)} µs`;
  if (seconds < 1) return `${(seconds * 1e3).toFixed(seconds < 1e-2 ? 2 : 0)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}
export function micros(us: number): string {
  return duration(us / 1e6);
}
export function when(time: string | number | undefined | null): string {
  if (!time) return "–";
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? String(time)
    : date.toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
}
export function ago(time: string | number | undefined): string {
  if (!time) return "–";
  const seconds = (Date.now() - new Date(time).getTime()) / 1000;
  return seconds < 0 ? when(time) : seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

const TITLES = ["name", "title", "label", "product_name", "headline"];

/** What people would call it: its name, its title, else nothing. */
export function titleOf(features: Features | undefined): string {
  if (!features) return "";
  for (const name of TITLES) {
    const value = features[name];
    if (typeof value === "string" && value) return value;
  }
  return "";
}
export function featureText(value: FeatureValue | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return value.slice(0, 10);
  return String(value);
}
/** The features beside the title, short. */
export function detailOf(features: Features | undefined, most = 3): string {
  if (!features) return "";
  return Object.entries(features)
    .filter(([name]) => !TITLES.includes(name))
    .slice(0, most)
    .map(([name, value]) => `${name} ${featureText(value)}`)
    .join(" · ");
}
