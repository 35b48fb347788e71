// Light or dark: what the system says, unless the reader chose.
import { effect, signal } from "@preact/signals";

export type Choice = "system" | "light" | "dark";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(system.matches);
system.addEventListener("change", () => (systemIsDark.value = system.matches));

export const choice = signal<Choice>((localStorage.getItem("tamis.theme") as Choice | null) ?? "system");
export const isDark = signal(false);

effect(() => {
  isDark.value = choice.value === "dark" || (choice.value === "system" && systemIsDark.value);
  document.documentElement.dataset["theme"] = isDark.value ? "dark" : "light";
  if (choice.value === "system") localStorage.removeItem("tamis.theme");
  else localStorage.setItem("tamis.theme", choice.value);
});

/** The value of a custom property, for what draws on a canvas. */
export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
