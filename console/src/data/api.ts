// The one client of the page, its key, and whether the server answers.
import { Tamis, TamisError } from "@tamis/client";
import { computed, signal } from "@preact/signals";

const KEY = "tamis.key";

function stored(): string {
  return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "";
}

export const key = signal(stored());
/** Why a key is asked for; empty: it is not. */
export const keyWanted = signal("");
export const api = computed(() => new Tamis({ url: location.origin, ...(key.value ? { key: key.value } : {}), retries: 1 }));

export function setKey(value: string, keep: boolean): void {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
  if (value) (keep ? localStorage : sessionStorage).setItem(KEY, value);
  key.value = value;
  keyWanted.value = "";
}

/** Views report every failure to this function. After a 401 it opens the dialogue that asks for a key. */
export function noteFailure(failure: unknown): void {
  if (failure instanceof TamisError && failure.status === 401) {
    keyWanted.value = key.value ? "The server does not know this key." : "This server asks for a key.";
  }
}

export function messageOf(failure: unknown): string {
  if (failure instanceof TamisError) return failure.message;
  return failure instanceof Error ? failure.message : String(failure);
}
