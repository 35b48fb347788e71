// Tabs whose choice stands in the address (parameter "tab").
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { route, setParams } from "../data/route";

export function useTab(first: string): string {
  return route.value.params.get("tab") ?? first;
}

export function Tabs({ label, tabs, current, children }: { label: string; tabs: [string, string][]; current: string; children: ComponentChildren }) {
  const id = useId();
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const at = tabs.findIndex(([name]) => name === current);
    const [next] = tabs[(at + step + tabs.length) % tabs.length]!;
    setParams({ tab: next });
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <>
      <div class="segments" role="tablist" aria-label={label} onKeyDown={onKey}>
        {tabs.map(([name, text]) => (
          <button
            type="button"
            role="tab"
            key={name}
            id={`${id}-${name}`}
            aria-selected={name === current}
            aria-controls={`${id}-panel`}
            tabIndex={name === current ? 0 : -1}
            onClick={() => setParams({ tab: name })}
          >
            {text}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current}`} class="stack">
        {children}
      </div>
    </>
  );
}
