// The features that items have, from a page of them.
import { useQuery } from "./use_query";

export interface ItemField {
  name: string;
  kind: "number" | "time" | "text" | "list" | "boolean";
  share: number; // of the items that have it
  distinct: number;
}

export function useItemFields(): ItemField[] {
  const page = useQuery((client, signal) => client.listItems({ limit: 500, signal }), []);
  const rows = page.data?.rows ?? [];
  const fields = new Map<string, { kind: ItemField["kind"]; count: number; values: Set<string> }>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row.features)) {
      const kind = Array.isArray(value)
        ? "list"
        : typeof value === "boolean"
          ? "boolean"
          : typeof value === "number"
            ? "number"
            : /^\d{4}-\d\d-\d\dT/.test(value)
              ? "time"
              : "text";
      const field = fields.get(name) ?? { kind, count: 0, values: new Set() };
      field.count++;
      field.values.add(String(Array.isArray(value) ? value[0] : value));
      fields.set(name, field);
    }
  }
  return [...fields].map(([name, field]) => ({ name, kind: field.kind, share: field.count / rows.length, distinct: field.values.size }));
}
