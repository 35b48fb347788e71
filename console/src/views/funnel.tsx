// Funnel: how a list is made. Watch one request, change the funnel, compare two, go back.
import { api } from "../data/api";
import { count, duration } from "../data/format";
import { route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Icon } from "../ui/icons";
import { ItemList } from "../ui/item_list";
import { Answer, Card, Empty, Field, Note, ViewHead } from "../ui/parts";
import { Tabs, useTab } from "../ui/tabs";
import { tell, tellFailure } from "../ui/toast";
import { UserPicker, useUser } from "../ui/user_picker";
import { Compare } from "./funnel_parts/compare";
import { Edit } from "./funnel_parts/edit";
import { Versions } from "./funnel_parts/versions";
import { Waterfall } from "./funnel_parts/waterfall";
import "../styles/funnel.css";

function Watch({ name, user }: { name: string; user: string | undefined }) {
  const answer = useQuery(
    user ? (client, signal) => client.recommend(user, { k: 10, funnel: name, features: true, explain: true, dry_run: true }, { signal }) : null,
    [user, name],
  );
  if (!user) return <Empty title="There are no users yet" actions={<a class="button" href="#/start">Import data</a>} />;
  return (
    <Answer query={answer} height={520}>
      {(data) => (
        <div class="grid watch">
          <Card
            title="One request, stage by stage"
            hint="Sources run first, each with its own quota. What they find is merged, ranked and re-ordered; the best go out. The figures are of this very request."
            side={
              <button type="button" onClick={answer.reload}>
                <Icon name="refresh" /> Ask again
              </button>
            }
            flush
          >
            <Waterfall answer={data} />
          </Card>
          <Card title={`The list of ${data.items.length}`} hint={`Generation ${data.generation || "none"}, sequence ${count(data.sequence)}, funnel version ${data.funnel_version}`}>
            {(data.warnings ?? []).map((warning) => (
              <Note key={warning.path} tone="warm">
                {warning.detail}
              </Note>
            ))}
            <ItemList items={data.items} />
            <p class="small muted">{duration((data.stages ?? []).reduce((sum, stage) => sum + stage.microseconds, 0) / 1e6)} in the server.</p>
          </Card>
        </div>
      )}
    </Answer>
  );
}

export default function FunnelView() {
  const params = route.value.params;
  const name = params.get("name") ?? "default";
  const user = useUser(params.get("user"));
  const tab = useTab("watch");
  const funnels = useQuery((client, signal) => client.listFunnels({ signal }), []);
  const names = (funnels.data ?? []).map((funnel) => funnel.name!);
  const remove = async () => {
    if (!confirm(`Delete the funnel ${name}? Its versions stay readable.`)) return;
    try {
      await api.value.deleteFunnel(name);
      tell(`${name} is deleted.`);
      setParams({ name: undefined, tab: undefined });
      funnels.reload();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <>
      <ViewHead
        title="Funnel"
        actions={
          name !== "default" && (
            <button type="button" class="danger" onClick={() => void remove()}>
              <Icon name="trash" /> Delete
            </button>
          )
        }
      >
        A funnel is the recipe of a list: where candidates come from, how they are ranked, and which rules have the last word. Changes hold for the
        next request.
      </ViewHead>
      <div class="stack">
        <Card>
          <div class="grid funnel-who">
            <UserPicker user={user ?? ""} onPick={(id) => setParams({ user: id })} />
            <Field label="Funnel">
              <select value={name} onChange={(event) => setParams({ name: event.currentTarget.value })}>
                {(names.includes(name) ? names : [name, ...names]).map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            </Field>
          </div>
        </Card>
        <Tabs
          label="What to do with the funnel"
          current={tab}
          tabs={[
            ["watch", "Watch a request"],
            ["edit", "Edit"],
            ["compare", "Compare"],
            ["versions", "Versions"],
          ]}
        >
          {tab === "watch" && <Watch name={name} user={user} />}
          {tab === "edit" && <Edit key={name} name={name} user={user} onSaved={funnels.reload} />}
          {tab === "compare" && <Compare name={name} names={names} user={user} />}
          {tab === "versions" && <Versions key={name} name={name} onSaved={funnels.reload} />}
        </Tabs>
      </div>
    </>
  );
}
