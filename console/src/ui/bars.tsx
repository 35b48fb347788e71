// Horizontal bars with their figures as text: readable without colours and without eyes.
import type { ComponentChildren } from "preact";

export interface Bar {
  key: string;
  label: ComponentChildren;
  value: number;
  text: ComponentChildren;
  color?: string;
}

export function Bars({ bars, max }: { bars: Bar[]; max?: number }) {
  const most = max ?? Math.max(...bars.map((bar) => bar.value), 1e-12);
  return (
    <ul class="stack tight">
      {bars.map((bar) => (
        <li class="bar-row" key={bar.key}>
          <span>{bar.label}</span>
          <span class="bar-track" aria-hidden="true">
            <span class="bar-fill" style={{ display: "block", width: `${Math.min(100, (bar.value / most) * 100)}%`, background: bar.color ?? "var(--c1)" }} />
          </span>
          <span class="tabular muted">{bar.text}</span>
        </li>
      ))}
    </ul>
  );
}
