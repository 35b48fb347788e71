// Two funnels beside each other for one user.
import type { Recommendations } from "@tamis/client";
import { duration, percent } from "../../data/format";
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
  const request = { k: K, features: true, explain: true, dry_run: true };
  const both = useQuery(
    user ? (client, signal) => Promise.all([name, other].map((funnel) => client.recommend(user, { ...request, funnel }, { signal }))) : null,
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
        {(answers) => {
          const [left, right] = answers as [Recommendations, Recommendations];
          const rightItems = new Set(right.items.map((item) => item.item));
          const common = left.items.filter((item) => rightItems.has(item.item)).length;
          const moves = (here: Recommendations, there: Recommendations) => {
            const ranks = new Map(there.items.map((item) => [item.item, item.rank]));
            return new Map(here.items.map((item) => [item.item, ranks.has(item.item) ? ranks.get(item.item)! - item.rank : ("new" as const)]));
          };
          return (
            <>
              <Card>
                <div class="stats">
                  <Stat label="In both lists">
                    {common} <small>of {K}</small>
                  </Stat>
                  <Stat label={name}>{duration(microsOf(left) / 1e6)}</Stat>
                  <Stat label={other}>{duration(microsOf(right) / 1e6)}</Stat>
                  <Stat label="Overlap">{percent(common / Math.max(1, left.items.length), 0)}</Stat>
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
