// Names of items: asked once, kept for the visit.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Features } from "@tamis/client";
import { api } from "./api";

const known = new Map<string, Features>();
const asked = new Set<string>();
const version = signal(0);

export function remember(items: { item: string; features?: Features }[]): void {
  for (const { item, features } of items) if (features) known.set(item, features);
}
export function forget(item: string): void {
  known.delete(item);
  asked.delete(item);
}

/** Features by item, as far as they have come. */
export function useItems(items: string[]): (item: string) => Features | undefined {
  const wanted = items.filter((item) => !known.has(item) && !asked.has(item));
  useEffect(() => {
    if (wanted.length === 0) return;
    for (const item of wanted) asked.add(item);
    void (async () => {
      const queue = [...wanted];
      const worker = async () => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
          try {
            known.set(item, (await api.value.getItem(item)).features);
          } catch {
            // A deleted item keeps its id.
          }
        }
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
      version.value++;
    })();
  }, [wanted.join("\n")]);
  void version.value;
  return (item) => known.get(item);
}
