// Lines over time, by uPlot. A table with the newest values stands beside it for those who cannot see the lines.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import { color, isDark } from "../data/theme";

export interface Line {
  label: string;
  color: string; // a custom property: "--c1"
  values: (number | null)[];
}

export function TimeChart({ times, lines, format, label, height = 170 }: { times: number[]; lines: Line[]; format: (n: number) => string; label: string; height?: number }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = isDark.value;

  useEffect(() => {
    const element = box.current!;
    const axis: uPlot.Axis = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "11px Inter, sans-serif" };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { y: false, points: { size: 6 } },
        legend: { show: false },
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.15 : 1] } },
        axes: [
          { ...axis, grid: { show: false }, space: 70 },
          { ...axis, size: 58, space: 34, values: (_, splits) => splits.map((split) => (split === 0 ? "0" : format(split))) },
        ],
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: color(line.color),
            width: 1.75,
            fill: `${color(line.color)}14`,
            points: { show: false },
            spanGaps: true,
          })),
        ],
      },
      [times, ...lines.map((line) => line.values)] as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [dark, lines.map((line) => line.label).join(), height]);

  useEffect(() => {
    plot.current?.setData([times, ...lines.map((line) => line.values)] as uPlot.AlignedData);
  }, [times, lines]);

  return (
    <figure>
      <div ref={box} class="chart" style={{ minHeight: `${height}px` }} role="img" aria-label={`${label}: ${lines.map((line) => `${line.label} ${lastOf(line, format)}`).join(", ")}`} />
      <figcaption class="legend">
        {lines.map((line) => (
          <span key={line.label}>
            <i style={{ background: `var(${line.color})` }} />
            {line.label} <strong class="tabular">{lastOf(line, format)}</strong>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function lastOf(line: Line, format: (n: number) => string): string {
  for (let i = line.values.length - 1; i >= 0; i--) {
    const value = line.values[i];
    if (value !== null && value !== undefined) return format(value);
  }
  return "–";
}
