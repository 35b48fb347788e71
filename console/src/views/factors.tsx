// Factors: the directions in which the items of a space differ, what lies at both ends of each, and how many are needed.
import type { LoadedItem, SpaceFactors } from "@tamis/client";
import { useItems } from "../data/entities";
import { count, percent, titleOf } from "../data/format";
import { route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { markingWords } from "../data/words";
import { Bars } from "../ui/bars";
import { ItemName } from "../ui/item_name";
import { Answer, Card, Empty, Stat, ViewHead } from "../ui/parts";
import { NoSpace, SpaceField } from "../ui/space_choice";
import "../styles/factors.css";

const SHOWN = 8;
const ITEMS = 8;

function Ends({ title, items, features, most }: { title: string; items: LoadedItem[]; features: ReturnType<typeof useItems>; most: number }) {
  return (
    <div class="stack tight factor-end">
      <h3>{title}</h3>
      <ol class="loadings">
        {items.map((item) => (
          <li key={item.item}>
            <span class="fill">
              <ItemName id={item.item} features={features(item.item)} />
            </span>
            <span class="loading-bar" aria-hidden="true">
              <i class={item.loading >= 0 ? "" : "low"} style={{ width: `${(Math.abs(item.loading) / most) * 100}%` }} />
            </span>
            <span class="tabular small muted">{item.loading.toFixed(2)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Factor({ data, chosen }: { data: SpaceFactors; chosen: number }) {
  const factor = data.factors[chosen]!;
  const features = useItems([...factor.high, ...factor.low].map((item) => item.item));
  const titles = (items: LoadedItem[]) => items.map((item) => titleOf(features(item.item)));
  const words = (here: LoadedItem[], there: LoadedItem[]) => markingWords(titles(here), titles(there)).join(", ");
  const [high, low] = [words(factor.high, factor.low), words(factor.low, factor.high)];
  const most = Math.max(...[...factor.high, ...factor.low].map((item) => Math.abs(item.loading)), 1e-12);
  return (
    <Card
      title={`Factor ${chosen + 1}${high && low ? `: ${high} against ${low}` : ""}`}
      hint={`It accounts for ${percent(factor.share)} of how the items differ. Items at one end are liked by other people than those at the other.`}
    >
      <div class="grid two">
        <Ends title={high ? `One end: ${high}` : "One end"} items={factor.high} features={features} most={most} />
        <Ends title={low ? `The other end: ${low}` : "The other end"} items={factor.low} features={features} most={most} />
      </div>
    </Card>
  );
}

function Chosen({ data }: { data: SpaceFactors }) {
  const asked = Number(route.value.params.get("factor") ?? 1);
  const chosen = Math.max(0, Math.min(data.factors.length - 1, asked - 1));
  const most = Math.max(...data.factors.map((factor) => factor.share), 1e-12);
  const shown = data.factors.reduce((sum, factor) => sum + factor.share, 0);
  return (
    <div class="stack">
      <Card>
        <div class="stats">
          <Stat label="Dimensions" detail="numbers that stand for an item">
            {count(data.dim)}
          </Stat>
          <Stat label="Items" detail={data.sampled < data.total ? `${count(data.sampled)} of them were looked at` : "all were looked at"}>
            {count(data.total)}
          </Stat>
          <Stat label={`The first ${data.factors.length} factors`} detail="of all that items differ in">
            {percent(shown, 0)}
          </Stat>
          <Stat label="Generation" detail={data.generation ? "trained" : "filled from outside"}>
            {data.generation || "–"}
          </Stat>
        </div>
      </Card>
      <div class="grid factor-grid">
        <Card title="Factors by size" hint="How much of the difference between items each one holds. Choose one to see its ends.">
          <ul class="factor-list">
            {data.factors.map((factor, i) => (
              <li key={i}>
                <button type="button" aria-pressed={i === chosen} onClick={() => setParams({ factor: i + 1 })}>
                  <span>Factor {i + 1}</span>
                  <span class="bar-track" aria-hidden="true">
                    <span class="bar-fill" style={{ display: "block", width: `${(factor.share / most) * 100}%` }} />
                  </span>
                  <span class="tabular">{percent(factor.share)}</span>
                </button>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="How many does it take?" hint="Of the ten items nearest to an item, how many are still found when only the first factors are kept. Where the bars stop growing, more dimensions add little.">
          {data.recall.length === 0 ? (
            <p class="muted">There are too few items to say.</p>
          ) : (
            <Bars
              max={1}
              bars={data.recall.map((step) => ({
                key: String(step.factors),
                label: `${count(step.factors)} ${step.factors === 1 ? "factor" : "factors"}`,
                value: step["recall@10"],
                text: percent(step["recall@10"], 0),
                color: "var(--c3)",
              }))}
            />
          )}
        </Card>
      </div>
      {data.factors.length > 0 ? <Factor key={chosen} data={data} chosen={chosen} /> : <Card><Empty title="The items do not differ">All vectors of this space are the same.</Empty></Card>}
    </div>
  );
}

export default function Factors() {
  const spaces = useQuery((client, signal) => client.listSpaces({ signal }), []);
  const trained = spaces.data?.find((space) => space.encoder !== "external" && space.encoder !== "content") ?? spaces.data?.[0];
  const space = route.value.params.get("space") ?? trained?.name;
  const factors = useQuery(space ? (client, signal) => client.spaceFactors(space, { factors: SHOWN, items: ITEMS }, { signal }) : null, [space]);
  return (
    <>
      <ViewHead title="Factors">
        A space describes each item by a few dozen numbers. Turned so that the strongest differences come first, they show what a catalogue is divided by: each factor has items at both of its ends.
      </ViewHead>
      {spaces.data?.length === 0 ? (
        <NoSpace />
      ) : (
        <div class="stack">
          <Card>
            <SpaceField spaces={spaces.data} space={space} onPick={(name) => setParams({ space: name, factor: undefined })} />
          </Card>
          <Answer query={factors} height={520}>{(data) => <Chosen data={data} />}</Answer>
        </div>
      )}
    </>
  );
}
