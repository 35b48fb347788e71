// Lines over rounds, small enough to draw by hand; the last values stand below as text.
import type { ComponentChildren } from "preact";
import "../styles/line_chart.css";

export interface Curve {
  label: string;
  color: string; // a custom property: "--c1"
  dashed?: boolean;
  points: [number, number][];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 190, 44, 8, 10, 24];

function steps(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= raw) ?? raw;
  const found: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) found.push(value);
  return found;
}

export function LineChart({ label, curves, format, lastX, from = 0, children }: { label: string; curves: Curve[]; format: (n: number) => string; lastX: number; from?: number; children?: ComponentChildren }) {
  const values = curves.flatMap((curve) => curve.points.map(([, y]) => y));
  const low = Math.min(from, ...values);
  const high = Math.max(from + 1e-9, ...values) * 1.06;
  const x = (value: number) => LEFT + ((value - 1) / Math.max(1, lastX - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - (value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const last = (curve: Curve) => (curve.points.length > 0 ? format(curve.points.at(-1)![1]) : "–");
  return (
    <figure class="line-chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${label}: ${curves.map((curve) => `${curve.label} ends at ${last(curve)}`).join(", ")}`}>
        {steps(low, high).map((value) => (
          <g key={value}>
            <line class="grid-line" x1={LEFT} x2={WIDTH - RIGHT} y1={y(value)} y2={y(value)} />
            <text class="tick" x={LEFT - 6} y={y(value) + 4} text-anchor="end">
              {format(value)}
            </text>
          </g>
        ))}
        {[1, Math.round(lastX / 2), lastX].map((round) => (
          <text key={round} class="tick" x={x(round)} y={HEIGHT - 6} text-anchor={round === 1 ? "start" : round === lastX ? "end" : "middle"}>
            {round === 1 ? "round 1" : round}
          </text>
        ))}
        {curves.map((curve) => (
          <polyline key={curve.label} points={curve.points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(" ")} style={{ stroke: `var(${curve.color})` }} stroke-dasharray={curve.dashed ? "6 4" : undefined} />
        ))}
      </svg>
      <figcaption class="legend">
        {curves.map((curve) => (
          <span key={curve.label}>
            <i style={{ background: `var(${curve.color})` }} />
            {curve.label} <strong class="tabular">{last(curve)}</strong>
          </span>
        ))}
        {children}
      </figcaption>
    </figure>
  );
}
