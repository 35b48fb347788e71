// Matrix: who took what, as it is: mostly empty. A sample of it, the long tail, and how the catalogue's size matters.
import { useEffect, useRef, useState } from "preact/hooks";
import type { MatrixSample } from "@tamis/client";
import { useItems } from "../data/entities";
import { compact, count, decimal, percent, titleOf } from "../data/format";
import { href } from "../data/route";
import { color, isDark } from "../data/theme";
import { useQuery } from "../data/use_query";
import { Answer, Card, Empty, Stat, ViewHead } from "../ui/parts";
import "../styles/matrix.css";

const SIDE = 160;

function Cells({ sample }: { sample: MatrixSample }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [under, setUnder] = useState<[number, number]>();
  const dark = isDark.value;
  const rows = [...sample.rows].sort((a, b) => b.items - a.items);
  const filled = rows.map((row) => new Set(row.columns));
  const columns = sample.columns.length;
  const hovered = under && rows[under[0]] && sample.columns[under[1]] ? { row: rows[under[0]]!, column: sample.columns[under[1]]!, on: filled[under[0]]!.has(under[1]) } : undefined;
  const features = useItems(hovered ? [hovered.column.item] : []);

  useEffect(() => {
    const element = canvas.current!;
    const draw = () => {
      const ratio = devicePixelRatio || 1;
      const width = element.clientWidth;
      const height = element.clientHeight;
      element.width = width * ratio;
      element.height = height * ratio;
      const context = element.getContext("2d")!;
      context.scale(ratio, ratio);
      context.clearRect(0, 0, width, height);
      const [w, h] = [width / Math.max(1, columns), height / Math.max(1, rows.length)];
      context.fillStyle = color("--c1");
      const gap = Math.min(w, h) > 5 ? 0.8 : 0;
      filled.forEach((row, r) => {
        for (const c of row) context.fillRect(c * w, r * h, Math.max(1, w - gap), Math.max(1, h - gap));
      });
      if (under) {
        context.strokeStyle = color("--warm");
        context.lineWidth = 1.5;
        context.strokeRect(under[1] * w, under[0] * h, Math.max(2, w), Math.max(2, h));
      }
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [sample, dark, under?.[0], under?.[1]]);

  const cells = filled.reduce((sum, row) => sum + row.size, 0);
  return (
    <>
      <div class="matrix-box">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${rows.length} users by ${columns} items; ${count(cells)} of ${count(rows.length * columns)} cells are filled`}
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            setUnder([Math.floor(((event.clientY - box.top) / box.height) * rows.length), Math.floor(((event.clientX - box.left) / box.width) * columns)]);
          }}
          onPointerLeave={() => setUnder(undefined)}
        />
      </div>
      <p class="small muted matrix-under">
        {hovered ? (
          <>
            User <strong>{hovered.row.user}</strong> ({count(hovered.row.items)} items) {hovered.on ? "took" : "did not take"} <strong>{titleOf(features(hovered.column.item)) || hovered.column.item}</strong> (popularity rank{" "}
            {count(hovered.column.rank)})
          </>
        ) : (
          <>Each row is a user, the most active on top; each column an item, the most popular on the left. Point at a cell.</>
        )}
      </p>
    </>
  );
}

function Tail({ sample }: { sample: MatrixSample }) {
  const points = sample.curve.filter((point) => point.popularity > 0);
  if (points.length < 2) return <Empty title="Too little was done yet" />;
  const [width, height] = [560, 230];
  const [left, bottom, top, right] = [54, 30, 10, 14];
  const mostRank = points.at(-1)!.rank;
  const most = points[0]!.popularity;
  const least = Math.max(1e-9, Math.min(...points.map((point) => point.popularity)));
  const x = (rank: number) => left + (Math.log(rank) / Math.max(1e-9, Math.log(mostRank))) * (width - left - right);
  const y = (popularity: number) => top + (1 - (Math.log(popularity) - Math.log(least)) / Math.max(1e-9, Math.log(most) - Math.log(least))) * (height - top - bottom);
  const line = points.map((point, i) => `${i === 0 ? "M" : "L"}${x(point.rank).toFixed(1)} ${y(point.popularity).toFixed(1)}`).join("");
  const decades = (low: number, high: number) => Array.from({ length: 12 }, (_, i) => 10 ** i).filter((n) => n >= low && n <= high);
  const half = points.find((point) => point.share >= 0.5);
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Popularity by rank: the first item has ${compact(most)}, the last ${compact(least)}`}>
      {decades(1, mostRank).map((rank) => (
        <g key={rank}>
          <line class="grid-line" x1={x(rank)} x2={x(rank)} y1={top} y2={height - bottom} />
          <text class="tick" x={x(rank)} y={height - 10} text-anchor="middle">
            {compact(rank)}
          </text>
        </g>
      ))}
      {decades(least, most).map((n) => (
        <g key={n}>
          <line class="grid-line" x1={left} x2={width - right} y1={y(n)} y2={y(n)} />
          <text class="tick" x={left - 8} y={y(n) + 4} text-anchor="end">
            {compact(n)}
          </text>
        </g>
      ))}
      <path class="tail-area" d={`${line}L${x(mostRank)} ${height - bottom}L${left} ${height - bottom}Z`} />
      <path class="tail-line" d={line} />
      {half && (
        <g>
          <line class="half" x1={x(half.rank)} x2={x(half.rank)} y1={top} y2={height - bottom} />
          <text class="half-text" x={x(half.rank) - 6} y={top + 14} text-anchor="end">
            half of all
          </text>
        </g>
      )}
    </svg>
  );
}

function shareUpTo(sample: MatrixSample, rank: number): number {
  return sample.curve.filter((point) => point.rank <= rank).at(-1)?.share ?? 0;
}

export default function Matrix() {
  const [share, setShare] = useState(1);
  const all = useQuery((client, signal) => client.sampleMatrix({ users: SIDE, items: SIDE }, { signal }), []);
  const ranked = all.data?.ranked ?? 0;
  // Equal steps of the slider are equal ratios of the catalogue.
  const last = Math.max(10, Math.round(ranked ** share));
  const part = useQuery(ranked > 0 && share < 1 ? (client, signal) => client.sampleMatrix({ users: SIDE, items: SIDE, last_rank: last }, { signal }) : null, [last, ranked, share < 1]);
  const shown = share < 1 ? (part.data ?? all.data) : all.data;
  return (
    <>
      <ViewHead title="Matrix">
        If every user had a row and every item a column, nearly all cells would be empty. Recommending means guessing which empty cells would be filled
        next.
      </ViewHead>
      <Answer query={all} height={500}>
        {(data) =>
          data.ranked === 0 ? (
            <Card>
              <Empty title="Nobody did anything yet" actions={<a class="button" href={href("start")}>Import data</a>} />
            </Card>
          ) : (
            <div class="stack">
              <Card>
                <div class="stats">
                  <Stat label="Users" detail="rows">
                    {compact(data.users)}
                  </Stat>
                  <Stat label="Items" detail="columns">
                    {compact(data.items)}
                  </Stat>
                  <Stat label="Filled" detail="estimated from a sample of users">
                    {percent(data.density, data.density < 0.001 ? 4 : 2)}
                  </Stat>
                  <Stat label="Items of a typical user" detail="the middle one of the sample">
                    {decimal([...data.rows].sort((a, b) => a.items - b.items)[Math.floor(data.rows.length / 2)]?.items ?? 0)}
                  </Stat>
                  <Stat label="The top 1% of items" detail="of all that people do">
                    {percent(shareUpTo(data, Math.max(1, data.ranked * 0.01)), 0)}
                  </Stat>
                </div>
              </Card>
              <div class="grid matrix-grid">
                <Card title="A sample of it" hint={`${count(shown?.rows.length)} users by ${count(shown?.columns.length)} items, evenly drawn, ordered by popularity.`}>
                  {shown && <Cells sample={shown} />}
                  <label class="slider">
                    <span class="row between">
                      <span>Size of the catalogue</span>
                      <output class="small muted tabular">
                        the {count(share < 1 ? last : ranked)} most popular items, {shown && percent(cellsOf(shown), 1)} of the cells filled
                      </output>
                    </span>
                    <input type="range" min={0.3} max={1} step={0.02} value={share} aria-label="Size of the catalogue" onInput={(event) => setShare(Number(event.currentTarget.value))} />
                    <small class="muted">A larger catalogue is emptier: the items that are added are those that few people know.</small>
                  </label>
                </Card>
                <Card title="The long tail" hint="Popularity of items by their rank; both scales are logarithmic.">
                  <Tail sample={data} />
                  <table class="tail-table">
                    <thead>
                      <tr>
                        <th>The most popular</th>
                        <th class="number">have of all that people do</th>
                      </tr>
                    </thead>
                    <tbody>
                      {[0.01, 0.05, 0.1, 0.2, 0.5].map((part) => (
                        <tr key={part}>
                          <td>
                            {percent(part, 0)} <span class="muted">({count(Math.max(1, Math.round(data.ranked * part)))} items)</span>
                          </td>
                          <td class="number">{percent(shareUpTo(data, Math.max(1, data.ranked * part)), 0)}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </Card>
              </div>
            </div>
          )
        }
      </Answer>
    </>
  );
}

function cellsOf(sample: MatrixSample): number {
  const cells = sample.rows.reduce((sum, row) => sum + row.columns.length, 0);
  return cells / Math.max(1, sample.rows.length * sample.columns.length);
}
