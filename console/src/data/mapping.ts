// What the columns of a table mean, guessed from names and values, and rows turned into what the API takes.
import type { EntityInput, FeatureValue, Interaction } from "@tamis/client";
import type { Row, TableFile } from "./csv";

export type Role = "user" | "item" | "type" | "value" | "time" | "item_feature" | "user_feature" | "ignore";

export const ROLES: [Role, string][] = [
  ["user", "Who (user id)"],
  ["item", "What (item id)"],
  ["type", "What happened (type)"],
  ["value", "How much (value)"],
  ["time", "When (time)"],
  ["item_feature", "About the item"],
  ["user_feature", "About the user"],
  ["ignore", "Leave out"],
];

export interface Mapping {
  roles: Record<string, Role>;
  /** Of rows without a type column. */
  type: string;
  /** Leave out rows whose value is 0 or less: returns and corrections. */
  positiveOnly: boolean;
}

const NAMES: [Role, RegExp][] = [
  ["user", /^(user|customer|client|visitor|member|account|person|reader|shopper)([ _-]?(id|no|number))?$|^uid$/i],
  ["item", /^(item|product|movie|film|book|song|track|article|sku|stock[ _-]?code|listing|game|app)([ _-]?(id|no|code|number))?$|^iid$/i],
  ["time", /(time|date|^ts$|^at$|created|when)/i],
  ["type", /^(type|event|event[ _-]?type|action|behaviou?r|interaction)$/i],
  ["value", /^(value|rating|stars|score|quantity|qty|amount|count|plays|hours)$/i],
  ["user_feature", /^(country|city|region|gender|sex|age|occupation|segment|plan|language)$/i],
  ["ignore", /^(invoice|order|session|transaction|row|line)([ _-]?(id|no|number))?$/i],
];

export function guessMapping(table: TableFile): Mapping {
  const roles: Record<string, Role> = {};
  const taken = new Set<Role>();
  for (const column of table.columns) {
    const name = column.replace(/([a-z])([A-Z])/g, "$1 $2");
    let role: Role = "item_feature";
    for (const [candidate, pattern] of NAMES) {
      const isSingle = candidate !== "user_feature" && candidate !== "ignore";
      if (!pattern.test(name) || (isSingle && taken.has(candidate))) continue;
      role = candidate;
      break;
    }
    if (role !== "item_feature") taken.add(role);
    roles[column] = role;
  }
  const columns = table.columns;
  // Files without names, as MovieLens': user, item, value, time.
  if (columns.every((column) => column.startsWith("column ")) && columns.length >= 2) {
    const order: Role[] = ["user", "item", "value", "time"];
    columns.forEach((column, i) => (roles[column] = order[i] ?? "ignore"));
  }
  // A catalogue: its key is called "id", and nobody does anything.
  const id = columns.find((column) => /^id$/i.test(column));
  if (id && !taken.has("item")) roles[id] = "item";
  if (!columns.some((column) => roles[column] === "user")) {
    for (const column of columns) if (roles[column] === "time" || roles[column] === "value" || roles[column] === "type") roles[column] = "item_feature";
  }
  const value = columns.find((column) => roles[column] === "value");
  const isRating = value !== undefined && /rating|stars|score/i.test(value);
  const isPurchase = columns.some((column) => /quantity|qty|price|invoice|order/i.test(column));
  const isUnnamedRating = value !== undefined && value.startsWith("column ");
  const negative = value !== undefined && table.sample.some((row) => Number(row[value]) < 0);
  return { roles, type: isRating || isUnnamedRating ? "rating" : isPurchase ? "purchase" : "view", positiveOnly: negative || isPurchase };
}

export function columnOf(mapping: Mapping, role: Role): string | undefined {
  return Object.keys(mapping.roles).find((column) => mapping.roles[column] === role);
}

/** What keeps the mapping from being used; empty: nothing. */
export function faultOf(mapping: Mapping): string {
  const roles = Object.values(mapping.roles);
  for (const role of ["user", "item", "type", "value", "time"] as const) {
    if (roles.filter((one) => one === role).length > 1) return `Two columns say “${ROLES.find(([name]) => name === role)![1]}”; choose one.`;
  }
  if (!roles.includes("item") && !roles.includes("user")) return "Choose the column that says which item or which user a row is about.";
  if (roles.includes("user_feature") && !roles.includes("user")) return "Choose the column that names the user.";
  if (roles.includes("item_feature") && !roles.includes("item")) return "Choose the column that names the item.";
  return "";
}

/** RFC 3339, or null where the text tells no time. Times without a zone are UTC. */
export function parseTime(text: string): string | null {
  const trimmed = text.trim();
  if (/^\d{9,11}(\.\d+)?$/.test(trimmed)) return iso(Number(trimmed) * 1000);
  if (/^\d{12,14}$/.test(trimmed)) return iso(Number(trimmed));
  const dated = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/.exec(trimmed);
  if (dated?.[7]) return iso(Date.parse(trimmed.replace(" ", "T")));
  if (dated) return utc(dated[1]!, dated[2]!, dated[3]!, dated);
  const slashed = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(trimmed);
  if (!slashed) return null;
  const [a, b] = [Number(slashed[1]), Number(slashed[2])];
  const dayFirst = trimmed.includes(".") || a > 12;
  return utc(slashed[3]!, String(dayFirst ? b : a), String(dayFirst ? a : b), slashed);
}
function utc(year: string, month: string, day: string, match: RegExpExecArray): string | null {
  return iso(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(match[4] ?? 0), Number(match[5] ?? 0), Number(match[6] ?? 0)));
}
function iso(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** A number, a time, a yes or no, a list ("a|b"), else the text. */
export function featureOf(text: string): FeatureValue | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (/^-?\d+(\.\d+)?$/.test(trimmed) && Math.abs(Number(trimmed)) < 2 ** 53 && !/^0\d/.test(trimmed)) return Number(trimmed);
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === "true";
  if (/^\d{4}-\d\d-\d\d/.test(trimmed)) {
    const time = parseTime(trimmed);
    if (time) return time;
  }
  if (trimmed.includes("|")) return [...new Set(trimmed.split("|").map((part) => part.trim()).filter(Boolean))];
  return trimmed;
}

export interface Reading {
  interaction: Interaction | null;
  item: EntityInput | null;
  user: EntityInput | null;
  /** Why the row is left out; empty: it is not. */
  skipped: string;
}

function featuresOf(row: Row, mapping: Mapping, role: Role): Record<string, FeatureValue> {
  const features: Record<string, FeatureValue> = {};
  for (const [column, its] of Object.entries(mapping.roles)) {
    if (its !== role) continue;
    const value = featureOf(row[column] ?? "");
    if (value !== null) features[nameOf(column)] = value;
  }
  return features;
}

/** "Description" and "title" name an item; other columns keep their names, in lower case with underscores. */
export function nameOf(column: string): string {
  const name = column.trim().replace(/([a-z])([A-Z])/g, "$1_$2").replace(/[\s-]+/g, "_").toLowerCase();
  return name === "description" ? "name" : name;
}

export function readRow(row: Row, mapping: Mapping): Reading {
  const cell = (role: Role) => (row[columnOf(mapping, role) ?? ""] ?? "").trim();
  const user = cell("user");
  const item = cell("item");
  const reading: Reading = { interaction: null, item: null, user: null, skipped: "" };
  const hasUsers = columnOf(mapping, "user") !== undefined;
  const hasItems = columnOf(mapping, "item") !== undefined;
  if (hasItems && !item) return { ...reading, skipped: "no item" };
  if (hasUsers && !user) return { ...reading, skipped: "no user" };
  const valueText = cell("value");
  const value = valueText === "" ? undefined : Number(valueText.replace(",", "."));
  if (value !== undefined && Number.isNaN(value)) return { ...reading, skipped: "the value is not a number" };
  if (mapping.positiveOnly && value !== undefined && value <= 0) return { ...reading, skipped: "a return or correction" };
  const time = columnOf(mapping, "time") ? parseTime(cell("time")) : undefined;
  if (time === null) return { ...reading, skipped: "the time cannot be read" };
  if (item) {
    const features = featuresOf(row, mapping, "item_feature");
    if (Object.keys(features).length > 0 || !hasUsers) reading.item = { id: item, features };
  }
  if (user) {
    const features = featuresOf(row, mapping, "user_feature");
    if (Object.keys(features).length > 0 || !hasItems) reading.user = { id: user, features };
  }
  if (user && item) {
    const type = cell("type") || mapping.type;
    reading.interaction = { user, item, type, ...(value !== undefined ? { value } : {}), ...(time ? { timestamp: time } : {}) };
  }
  return reading;
}
