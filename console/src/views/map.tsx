// Map: the items of a space in two dimensions. A user stands in it as a star; drag the star, and a search follows it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Scored, SpaceMap } from "@tamis/client";
import { api, messageOf, noteFailure } from "../data/api";
import { remember, useItems } from "../data/entities";
import { count, detailOf, duration, percent, titleOf } from "../data/format";
import { useItemFields } from "../data/item_fields";
import { href, route, setParams } from "../data/route";
import { isDark } from "../data/theme";
import { useQuery } from "../data/use_query";
import { colorBy } from "../map/coloring";
import { labelsOf } from "../map/labels";
import { PointMap } from "../map/point_map";
import { Tile } from "../ui/item_list";
import { Answer, Card, Empty, Field, Note, ViewHead } from "../ui/parts";
import { NoSpace, SpaceField } from "../ui/space_choice";
import { JobProgress, useJob } from "../ui/training_run";
import { UserPicker } from "../ui/user_picker";
import "../styles/map.css";

const K = 12;
const LIMIT = 150_000;

function projectOn(map: SpaceMap, vector: number[]): [number, number] {
  return [0, 1].map((axis) => vector.reduce((sum, entry, i) => sum + (entry - map.mean[i]!) * map.axes[axis]![i]!, 0)) as [number, number];
}

const NEAR = 6; // items that say what lies at a place of a map of neighbourhoods

/** Vectors of items, asked once per space and generation. */
const vectors = new Map<string, Promise<number[] | undefined>>();
function vectorOf(map: SpaceMap, item: string): Promise<number[] | undefined> {
  const key = `${map.space} ${map.generation} ${item}`;
  let asked = vectors.get(key);
  if (!asked) {
    if (vectors.size > 5000) vectors.clear();
    asked = api.value.getVector(map.space, "items", item).catch(() => undefined);
    vectors.set(key, asked);
  }
  return asked;
}

/** The items that lie nearest to a place, with how much each has to say. */
function itemsAt(map: SpaceMap, place: [number, number]): [number, number][] {
  const nearest: [number, number][] = [];
  for (let i = 0; i < map.items.length; i++) {
    const distance = (map.x[i]! - place[0]) ** 2 + (map.y[i]! - place[1]) ** 2;
    if (nearest.length === NEAR && distance >= nearest[NEAR - 1]![1]) continue;
    nearest.push([i, distance]);
    nearest.sort((a, b) => a[1] - b[1]);
    nearest.length = Math.min(nearest.length, NEAR);
  }
  return nearest.map(([i, distance]) => [i, 1 / (distance + 1e-3)]);
}

/** What lies at a place of a map of neighbourhoods: the mean of the vectors of its nearest items. */
async function vectorAt(map: SpaceMap, place: [number, number]): Promise<number[]> {
  const near = itemsAt(map, place);
  const found = await Promise.all(near.map(([i]) => vectorOf(map, map.items[i]!)));
  const mean = map.mean.map(() => 0);
  found.forEach((vector, n) => {
    if (!vector) return;
    const length = map.normalized ? Math.hypot(...vector) || 1 : 1;
    vector.forEach((entry, d) => (mean[d]! += (entry / length) * near[n]![1]));
  });
  const total = near.reduce((sum, [, weight]) => sum + weight, 0);
  return mean.map((entry) => entry / total);
}

interface Star {
  base?: number[]; // of maps whose axes lead back into the space
  place: [number, number];
  at: [number, number];
}

type Question = () => Promise<Scored>;

/** Asks one question at a time: the newest place wins. */
function useChase(): { found: Scored | undefined; took: number | undefined; error: string; chase: (question: Question) => void; clear: () => void } {
  const [found, setFound] = useState<Scored>();
  const [took, setTook] = useState<number>();
  const [error, setError] = useState("");
  const wanted = useRef<Question>();
  const isBusy = useRef(false);
  const run = async () => {
    if (isBusy.current) return;
    isBusy.current = true;
    while (wanted.current) {
      const next = wanted.current;
      wanted.current = undefined;
      const started = performance.now();
      try {
        const answer = await next();
        remember((answer.items ?? []) as { item: string }[]);
        setFound(answer);
        setTook((performance.now() - started) / 1000);
        setError("");
      } catch (failure) {
        noteFailure(failure);
        setError(messageOf(failure));
      }
    }
    isBusy.current = false;
  };
  return {
    found, took, error,
    chase: (next) => {
      wanted.current = next;
      void run();
    },
    clear: () => setFound(undefined),
  };
}

function Board({ map, field, kind, user }: { map: SpaceMap; field: string; kind: "popularity" | "number" | "time" | "kind"; user: string | null }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const board = useRef<PointMap>();
  const [, setView] = useState(0);
  const [hovered, setHovered] = useState<number | null>(null);
  const [chosen, setChosen] = useState<string>();
  const [star, setStar] = useState<Star>();
  const [problem, setProblem] = useState("");
  const [starProblem, setStarProblem] = useState("");
  const [paintedIn, setPaintedIn] = useState<number>();
  const { found, took, error, chase, clear } = useChase();
  const dark = isDark.value;
  const stored = useRef<number>(); // users who have a vector of their own in the space
  const starNow = useRef<Star>();
  starNow.current = star;
  const places = useMemo(() => ({ x: Float32Array.from(map.x), y: Float32Array.from(map.y) }), [map]);
  const index = useMemo(() => new Map(map.items.map((item, i) => [item, i])), [map]);
  const coloring = useMemo(() => colorBy(map, kind), [map, kind, dark]);
  const titles = useQuery(map.items.length <= 50_000 ? (client, signal) => client.mapSpace(map.space, { method: map.method, field: "name", limit: LIMIT }, { signal }) : null, [map.space, map.generation, map.method]);
  const labels = useMemo(() => {
    const values = titles.data?.values;
    if (!values || values.length !== map.items.length) return [];
    return labelsOf(places.x, places.y, values.map((value) => (typeof value === "string" ? value : null)));
  }, [titles.data, places]);

  const near = (vector: number[]) => api.value.search({ space: map.space, vector, k: K, features: true });
  const moved = (to: [number, number], from: Star): Question => {
    if (map.method === "umap" || !from.base) return async () => near(await vectorAt(map, to));
    const [dx, dy] = [to[0] - from.at[0], to[1] - from.at[1]];
    const vector = from.base.map((entry, i) => entry + dx * map.axes[0][i]! + dy * map.axes[1][i]!);
    return () => near(vector);
  };
  const atHome = (): Question => () => api.value.search({ space: map.space, user: user!, k: K, features: true });

  useEffect(() => {
    try {
      board.current = new PointMap(canvas.current!);
    } catch (failure) {
      setProblem(messageOf(failure));
      return undefined;
    }
    const made = board.current;
    made.onView = () => setView((n) => n + 1);
    made.onHover = setHovered;
    made.onGrab = (x, y) => {
      const now = starNow.current;
      if (!now) return false;
      const [sx, sy] = made.toScreen(...now.place);
      return Math.hypot(sx - x, sy - y) < 22;
    };
    made.onDrag = (x, y) => {
      const now = starNow.current;
      if (!now) return;
      const place = made.toData(x, y);
      setStar({ ...now, place });
      chase(moved(place, now));
    };
    return () => made.destroy();
  }, [map]);

  useEffect(() => {
    const made = board.current;
    if (!made) return;
    made.onClick = (i) => {
      if (i === null) return setChosen(undefined);
      setChosen(map.items[i]);
    };
    const most = Math.log1p(Math.max(...map.popularity.slice(0, 200_000).map((value) => value), 1));
    const sizes = Float32Array.from(map.popularity, (value) => 3.5 + 7 * (Math.log1p(Math.max(0, value)) / most) ** 1.5);
    const started = performance.now();
    made.setPoints({ ...places, colors: coloring.colors, sizes });
    requestAnimationFrame(() => requestAnimationFrame(() => setPaintedIn((performance.now() - started) / 1000)));
  }, [map, coloring]);

  useEffect(() => {
    setStar(undefined);
    setStarProblem("");
    clear();
    if (!user) return undefined;
    const controller = new AbortController();
    /** Among the nearest items of the user, the nearest of them first. */
    const amongItems = async (): Promise<Star> => {
      const found = await api.value.search({ space: map.space, user, k: K }, { signal: controller.signal });
      let [x, y, total] = [0, 0, 0];
      for (const item of found.items ?? []) {
        const i = index.get(item.item);
        if (i === undefined) continue;
        const weight = 1 / item.rank ** 2;
        [x, y, total] = [x + map.x[i]! * weight, y + map.y[i]! * weight, total + weight];
      }
      const at: [number, number] = total > 0 ? [x / total, y / total] : [0, 0];
      return { place: at, at };
    };
    const byAxes = async (): Promise<Star> => {
      const own = await api.value.getVector(map.space, "users", user, { signal: controller.signal });
      const length = map.normalized ? Math.hypot(...own) || 1 : 1;
      const base = own.map((entry) => entry / length);
      const at = projectOn(map, base);
      return { base, place: at, at };
    };
    const put = async () => {
      const isStored = map.method === "pca" && (stored.current ??= (await api.value.stats()).spaces.find((one) => one.name === map.space)?.user_vectors ?? 0) > 0;
      const made = await (isStored ? byAxes() : amongItems());
      if (controller.signal.aborted) return;
      setStar(made);
      board.current?.fit([made.at]);
      chase(atHome());
    };
    put().catch((failure: unknown) => !controller.signal.aborted && setStarProblem(messageOf(failure)));
    return () => controller.abort();
  }, [map, user]);

  const hoveredItem = hovered === null ? undefined : map.items[hovered];
  const features = useItems([hoveredItem, chosen].filter((item): item is string => item !== undefined));
  const made = board.current;
  const onScreen = (x: number, y: number) => made?.toScreen(x, y) ?? [0, 0];
  // The strongest words first; one that would cover another is left out until the reader zooms in.
  const placed: { text: string; x: number; y: number }[] = [];
  for (const label of labels) {
    const [x, y] = onScreen(label.x, label.y);
    const isFree = placed.every((other) => Math.abs(other.y - y) > 22 || Math.abs(other.x - x) > 5 * (other.text.length + label.text.length));
    if (isFree) placed.push({ text: label.text, x, y });
  }
  const hits = (found?.items ?? []).map((item) => index.get(item.item)).filter((i): i is number => i !== undefined);
  const isMoved = star && (star.place[0] !== star.at[0] || star.place[1] !== star.at[1]);
  const nudge = (dx: number, dy: number) => {
    if (!star || !made) return;
    const place: [number, number] = [star.place[0] + dx / made.camera.scale, star.place[1] + dy / made.camera.scale];
    setStar({ ...star, place });
    chase(moved(place, star));
  };

  return (
    <div class="grid map-grid">
      <Card flush class="board">
        {problem && <Note tone="bad">{problem}</Note>}
        <div class="canvas-box" data-frames={made?.frames} data-points={map.items.length} data-painted={paintedIn}>
          <canvas ref={canvas} tabIndex={0} role="img" aria-label={`Map of ${count(map.items.length)} items of the space ${map.space}. Arrow keys move it, plus and minus zoom, 0 shows all.`} />
          <svg class="overlay" aria-hidden="true">
            {placed.map(({ text, x, y }) => (
              <text key={text} class="region" x={x} y={y} text-anchor="middle">
                {text}
              </text>
            ))}
            {star &&
              hits.map((i) => {
                const [x, y] = onScreen(map.x[i]!, map.y[i]!);
                const [sx, sy] = onScreen(...star.place);
                return (
                  <g key={i}>
                    <line class="ray" x1={sx} y1={sy} x2={x} y2={y} />
                    <circle class="hit" cx={x} cy={y} r={6} />
                  </g>
                );
              })}
            {hovered !== null && hoveredItem && <circle class="hovered" cx={onScreen(map.x[hovered]!, map.y[hovered]!)[0]} cy={onScreen(map.x[hovered]!, map.y[hovered]!)[1]} r={8} />}
            {star && (
              <g transform={`translate(${onScreen(...star.place).join(" ")})`}>
                <circle class="star-halo" r={17} />
                <path class="star" d="M0-11 3.2-3.600 11.200-3.200 5 1.900 7.100 9.600 0 5.200-7.100 9.600-5 1.900-11.200-3.200-3.200-3.600z" />
              </g>
            )}
          </svg>
          {hovered !== null && hoveredItem && (
            <div class="tip" style={{ left: `${Math.min(onScreen(map.x[hovered]!, map.y[hovered]!)[0], (canvas.current?.clientWidth ?? 300) - 200)}px`, top: `${onScreen(map.x[hovered]!, map.y[hovered]!)[1] + 14}px` }}>
              <strong>{titleOf(features(hoveredItem)) || hoveredItem}</strong>
              <span class="small">{detailOf(features(hoveredItem))}</span>
            </div>
          )}
          <div class="zoom">
            <button type="button" class="icon" aria-label="Zoom in" onClick={() => made?.zoomBy(1.4)}>
              +
            </button>
            <button type="button" class="icon" aria-label="Zoom out" onClick={() => made?.zoomBy(0.7)}>
              −
            </button>
            <button type="button" onClick={() => made?.fit(star ? [star.place] : [])}>
              All
            </button>
          </div>
        </div>
        <div class="card-foot row between">
          <div class="legend" aria-label={`Colours: ${kind === "popularity" ? "popularity" : field}`} role="group">
            <strong>{kind === "popularity" ? "Popularity" : field}</strong>
            {coloring.legend.map((entry) => (
              <span key={entry.text + entry.color}>
                <i style={{ background: entry.color }} />
                {entry.text}
              </span>
            ))}
          </div>
          <span class="small muted tabular">
            {count(map.items.length)} of {count(map.total)} items ·{" "}
            {map.method === "umap" ? "near is alike; how far groups lie apart says little" : `the two axes show ${percent(map.share[0] + map.share[1], 0)} of the differences`}
          </span>
        </div>
      </Card>
      <div class="stack">
        {chosen && (
          <Card title={titleOf(features(chosen)) || chosen} side={<span class="id">{chosen}</span>}>
            <p class="small muted">{detailOf(features(chosen), 6)}</p>
            <div class="row tight" style={{ marginTop: "10px" }}>
              <a class="button" href={href("neighbours", { item: chosen })}>
                Its neighbours
              </a>
              <a class="button" href={href("data", { tab: "items", id: chosen })}>
                Open it
              </a>
            </div>
          </Card>
        )}
        <Card
          title={user ? `Nearest to ${user}` : "Put a user on the map"}
          hint={
            star
              ? isMoved
                ? "You moved the star. These are the items that lie nearest to where it stands in the space."
                : "Drag the star over the map: the list follows by a real search on the moved vector."
              : user
                ? undefined
                : "Choose a user above. The star shows where the user's taste lies among the items."
          }
          side={took !== undefined && star && <span class="pill good tabular">{duration(took)}</span>}
        >
          {starProblem && <Note tone="warm">{starProblem}</Note>}
          {error && <Note tone="bad">{error}</Note>}
          {star && (
            <div class="row tight nudge">
              {(
                [
                  ["←", -40, 0, "left"],
                  ["↑", 0, 40, "up"],
                  ["↓", 0, -40, "down"],
                  ["→", 40, 0, "right"],
                ] as const
              ).map(([text, dx, dy, where]) => (
                <button type="button" class="icon" key={where} aria-label={`Move the star ${where}`} onClick={() => nudge(dx, dy)}>
                  {text}
                </button>
              ))}
              <button type="button" disabled={!isMoved} onClick={() => (setStar({ ...star, place: star.at }), chase(atHome()))}>
                Back
              </button>
            </div>
          )}
          <ol class="near" aria-live="polite">
            {(star ? (found?.items ?? []) : []).map((item) => (
              <li key={item.item}>
                <Tile text={titleOf(item.features) || item.item} />
                <span class="fill">
                  <button type="button" class="link" onClick={() => setChosen(item.item)}>
                    {titleOf(item.features) || item.item}
                  </button>
                  <br />
                  <span class="small muted">{detailOf(item.features)}</span>
                </span>
              </li>
            ))}
          </ol>
        </Card>
      </div>
    </div>
  );
}

export default function MapView() {
  const params = route.value.params;
  const spaces = useQuery((client, signal) => client.listSpaces({ signal }), []);
  const fields = useItemFields().filter((field) => field.kind !== "text" || field.distinct <= 60);
  const space = params.get("space") ?? spaces.data?.[0]?.name;
  const field = params.get("color") ?? "";
  const known = fields.find((one) => one.name === field);
  const kind = !field ? "popularity" : known?.kind === "number" ? "number" : known?.kind === "time" ? "time" : "kind";
  const user = params.get("user");
  const method = params.get("layout") === "pca" ? "pca" : "umap";
  const map = useQuery(space ? (client, signal) => client.mapSpace(space, { method, limit: LIMIT, ...(field ? { field } : {}) }, { signal }) : null, [space, field, method]);
  const pending = useJob(map.data?.pending, () => map.reload());
  return (
    <>
      <ViewHead title="Map">
        Every dot is an item. Items that the same people like lie close together; large dots are popular. Words name what a region holds.
      </ViewHead>
      {spaces.data?.length === 0 ? (
        <NoSpace />
      ) : (
        <div class="stack">
          <Card>
            <div class="grid map-controls">
              <UserPicker user={user ?? ""} newcomer={false} onPick={(id) => setParams({ user: id })} />
              <SpaceField spaces={spaces.data} space={space} onPick={(name) => setParams({ space: name })} />
              <Field label="Layout">
                <select value={method} onChange={(event) => setParams({ layout: event.currentTarget.value === "umap" ? undefined : "pca" })}>
                  <option value="umap">neighbourhoods</option>
                  <option value="pca">main differences</option>
                </select>
              </Field>
              <Field label="Colour">
                <select value={field} onChange={(event) => setParams({ color: event.currentTarget.value })}>
                  <option value="">popularity</option>
                  {fields.map((one) => (
                    <option key={one.name}>{one.name}</option>
                  ))}
                </select>
              </Field>
            </div>
          </Card>
          {pending && <JobProgress job={{ ...pending, detail: "Finding who lies near whom. Until then the map shows the main differences." }} />}
          <Answer query={map} height={560}>
            {(data) =>
              data.items.length === 0 ? (
                <Card>
                  <Empty title="No item has a vector in this space" />
                </Card>
              ) : (
                <Board map={data} field={field} kind={data.values || !field ? kind : "popularity"} user={user} />
              )
            }
          </Answer>
        </div>
      )}
    </>
  );
}
