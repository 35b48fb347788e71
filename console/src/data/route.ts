// Views by address: #/live?user=17850. Parameters are the view's state, so that an address can be shared.
import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
window.addEventListener("hashchange", () => (hash.value = location.hash));

export interface Route {
  view: string;
  params: URLSearchParams;
}

export const route = computed<Route>(() => {
  const text = hash.value.replace(/^#\/?/, "");
  const [view = "", query = ""] = text.split("?", 2);
  return { view: view || "overview", params: new URLSearchParams(query) };
});

export function href(view: string, params: Record<string, string | number | undefined | null> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return `#/${view}${text ? `?${text}` : ""}`;
}

export function go(view: string, params: Record<string, string | number | undefined | null> = {}): void {
  location.hash = href(view, params);
}

/** Changes parameters of this view; the step does not go into the history. */
export function setParams(changes: Record<string, string | number | undefined | null>): void {
  const now: Record<string, string | number | undefined | null> = Object.fromEntries(route.value.params);
  history.replaceState(null, "", href(route.value.view, { ...now, ...changes }));
  hash.value = location.hash;
}
