// Two funnels beside each other for one user, made under one state and with the same chance.
import type { Recommendations } from "@tamis/client";
import { decimal, duration, percent } from "../../data/format";
import { route, setParams } from "../../data/route";
import { useQuery } from "../../data/use_query";
import { ItemList } from "../../ui/item_list";
import { Answer, Card, Field, Stat } from "../../ui/parts";

const K = 10;

function microsOf(answer: Recommendations): number {
  return (answer.stages ?? []).reduce((sum, stage) => sum + stage.microseconds, 0);
}

export function Compare({ name, names, user }: { name: string; names: string[]; user: string | undefined }) {
  const other = route.value.params.get("other") ?? names.find((one) => one !== name) ?? name;
  const both = useQuery(
    user ? (client, signal) => client.compare({ user, k: K, a: name, b: other, request: { features: true, explain: true } }, { signal }) : null,
    [user, name, other],
  );
  return (
    <>
      <Card>
        <Field label="Compare with" hint={names.length < 2 ? "There is one funnel. Save a changed one under another name, then compare the two here." : undefined}>
          <select value={other} onChange={(event) => setParams({ other: event.currentTarget.value })}>
            {names.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </Field>
      </Card>
      <Answer query={both} height={400}>
        {(comparison) => {
          const { a: left, b: right } = comparison;
          const moves = (here: Recommendations, there: Recommendations) => {
            const ranks = new Map(there.items.map((item) => [item.item, item.rank]));
            return new Map(here.items.map((item) => [item.item, ranks.has(item.item) ? ranks.get(item.item)! - item.rank : ("new" as const)]));
          };
          return (
            <>
              <Card>
                <div class="stats">
                  <Stat label="In both lists" detail={comparison.shared > 0 ? `their places differ by ${decimal(comparison.mean_rank_change, 1)} on average` : undefined}>
                    {comparison.shared} <small>of {K}</small>
                  </Stat>
                  <Stat label="Alike" detail="the head of the lists counts more">
                    {percent(comparison.rank_biased_overlap, 0)}
                  </Stat>
                  <Stat label={name} detail="time in the server">
                    {duration(microsOf(left) / 1e6)}
                  </Stat>
                  {other !== name && (
                    <Stat label={other} detail="time in the server">
                      {duration(microsOf(right) / 1e6)}
                    </Stat>
                  )}
                </div>
              </Card>
              <div class="grid two">
                <Card title={name}>
                  <ItemList items={left.items} />
                </Card>
                <Card title={other} hint={`Arrows say how places differ from ${name}.`}>
                  <ItemList items={right.items} moves={moves(right, left)} />
                </Card>
              </div>
            </>
          );
        }}
      </Answer>
    </>
  );
}
