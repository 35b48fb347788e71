// Data: what the database holds, to look at, to search and to mend.
import { useState } from "preact/hooks";
import type { Entity, EntityInput, FeatureValue, Interaction, ScoredItem } from "@tamis/client";
import { TamisError } from "@tamis/client";
import { api } from "../data/api";
import { forget, useItems } from "../data/entities";
import { count, decimal, featureText, titleOf, when } from "../data/format";
import { href, route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Icon } from "../ui/icons";
import { ItemName } from "../ui/item_name";
import { Answer, Card, Check, Dialog, Empty, Failure, Field, Note, TableWrap, ViewHead } from "../ui/parts";
import { Tabs, useTab } from "../ui/tabs";
import { tell, tellFailure } from "../ui/toast";
import { Types } from "./data_parts/types";
import "../styles/data.css";

type Kind = "items" | "users";
const PAGE = 50;

function Feature({ value }: { value: FeatureValue | undefined }) {
  if (value === undefined) return <span class="muted">–</span>;
  if (Array.isArray(value)) return <>{value.slice(0, 6).map((part) => <span key={part} class="pill">{part}</span>)}</>;
  return <div class="clip">{featureText(value)}</div>;
}

/** One feature as a line of text: what `featureFrom` reads again. */
function asText(value: FeatureValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
function featureFrom(text: string, before: FeatureValue | undefined): FeatureValue {
  if (typeof before === "string") return text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "number" || typeof value === "boolean" || (Array.isArray(value) && value.every((part) => typeof part === "string"))) return value as FeatureValue;
  } catch {
    // Not JSON: a text.
  }
  return text;
}

function EntityDialog({ kind, id, onClose, onChanged }: { kind: Kind; id: string | undefined; onClose: () => void; onChanged: () => void }) {
  const found = useQuery(id ? (client, signal) => client.getEntity(kind, id, { signal }) : null, [kind, id]);
  return (
    <Dialog title={id ? (kind === "items" ? "Item" : "User") : kind === "items" ? "A new item" : "A new user"} wide onClose={onClose}>
      {id ? (
        <Answer query={found}>{(entity) => <EntityForm kind={kind} entity={entity} onChanged={onChanged} onClose={onClose} />}</Answer>
      ) : (
        <EntityForm kind={kind} entity={undefined} onChanged={onChanged} onClose={onClose} />
      )}
      {id && <Interactions kind={kind} id={id} />}
    </Dialog>
  );
}

function EntityForm({ kind, entity, onChanged, onClose }: { kind: Kind; entity: Entity | undefined; onChanged: () => void; onClose: () => void }) {
  const [id, setId] = useState(entity?.id ?? "");
  const [rows, setRows] = useState<[string, string][]>(() => Object.entries(entity?.features ?? { name: "" }).map(([name, value]) => [name, asText(value)]));
  const [hidden, setHidden] = useState(entity?.hidden ?? false);
  const save = async () => {
    const features: Record<string, FeatureValue | null> = {};
    for (const name of Object.keys(entity?.features ?? {})) features[name] = null;
    for (const [name, text] of rows) if (name.trim() && text !== "") features[name.trim()] = featureFrom(text, entity?.features[name]);
    const change: EntityInput = { features, ...(kind === "items" ? { hidden } : {}) };
    try {
      if (entity) await api.value.patchEntity(kind, id, change);
      else await api.value.putEntity(kind, id.trim(), { ...change, features: Object.fromEntries(Object.entries(features).filter(([, value]) => value !== null)) });
      forget(id);
      tell(`${id} is saved.`);
      onChanged();
      onClose();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const remove = async () => {
    const question = kind === "users" ? `Erase the user ${id}, with all that the user did? This cannot be undone.` : `Delete the item ${id}?`;
    if (!confirm(question)) return;
    try {
      if (kind === "users") {
        const receipt = await api.value.deleteUser(id);
        tell(`${id} is erased, with ${count(receipt.interactions)} interactions.`);
      } else {
        await api.value.deleteItem(id);
        tell(`${id} is deleted.`);
      }
      onChanged();
      onClose();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <form class="stack entity-form" onSubmit={(event) => (event.preventDefault(), void save())}>
      <Field label="Id" hint={entity?.updated_at ? `Changed ${when(entity.updated_at)}${entity.expires_at ? `, expires ${when(entity.expires_at)}` : ""}` : "1 to 256 bytes; it cannot be changed later"}>
        <input value={id} required disabled={entity !== undefined} onInput={(event) => setId(event.currentTarget.value)} />
      </Field>
      <fieldset>
        <legend class="small-legend">Features</legend>
        {rows.map(([name, text], i) => (
          <div class="feature-row" key={i}>
            <input aria-label={`Name of feature ${i + 1}`} placeholder="name" value={name} onInput={(event) => setRows(rows.map((row, n) => (n === i ? [event.currentTarget.value, row[1]] : row)))} />
            <input aria-label={`Value of ${name || `feature ${i + 1}`}`} placeholder='text, 3.5, true or ["a","b"]' value={text} onInput={(event) => setRows(rows.map((row, n) => (n === i ? [row[0], event.currentTarget.value] : row)))} />
            <button type="button" class="quiet icon" aria-label={`Remove ${name || `feature ${i + 1}`}`} onClick={() => setRows(rows.filter((_, n) => n !== i))}>
              <Icon name="trash" />
            </button>
          </div>
        ))}
        <div>
          <button type="button" onClick={() => setRows([...rows, ["", ""]])}>
            <Icon name="plus" /> A feature
          </button>
        </div>
      </fieldset>
      {kind === "items" && (
        <Check checked={hidden} onChange={setHidden}>
          Hidden: kept, and in no list
        </Check>
      )}
      <div class="row between">
        <span class="row tight">
          {entity && (
            <button type="button" class="danger" onClick={() => void remove()}>
              {kind === "users" ? "Erase" : "Delete"}
            </button>
          )}
          {entity && (
            <a class="button" href={kind === "users" ? href("live", { user: id }) : href("neighbours", { item: id })}>
              {kind === "users" ? "Be this user" : "Its neighbours"}
            </a>
          )}
          {entity && kind === "items" && (
            <a class="button" href={href("neighbours", { item: id, tab: "together" })}>
              Bought together
            </a>
          )}
          {entity && kind === "items" && (
            <a class="button" href={href("neighbours", { item: id, tab: "tell" })}>
              Whom to tell
            </a>
          )}
        </span>
        <button class="primary">Save</button>
      </div>
    </form>
  );
}

function Interactions({ kind, id }: { kind: Kind; id: string }) {
  const [cursors, setCursors] = useState<(string | null)[]>([null]);
  const cursor = cursors.at(-1) ?? null;
  const page = useQuery((client, signal) => client.listInteractions(kind, id, { limit: 10, cursor, signal }), [kind, id, cursor]);
  const features = useItems(kind === "users" ? (page.data?.rows ?? []).map((row) => row.item) : []);
  const takeBack = async (row: Interaction) => {
    const at = new Date(row.timestamp!).getTime();
    try {
      const taken = await api.value.deleteInteractions({ user: row.user, item: row.item, type: row.type!, from: at, to: at + 1 });
      tell(`${count(taken.deleted)} taken back.`);
      page.reload();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <div class="stack tight">
      <h3>Interactions, the newest first</h3>
      <Answer query={page}>
        {(data) =>
          data.rows.length === 0 ? (
            <p class="muted">None.</p>
          ) : (
            <>
              <TableWrap label="Interactions">
                <table>
                  <thead>
                    <tr>
                      <th>When</th>
                      <th>{kind === "users" ? "Item" : "User"}</th>
                      <th>Type</th>
                      <th class="number">Value</th>
                      <th>
                        <span class="visually-hidden">Take back</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.rows.map((row) => (
                      <tr key={row.sequence}>
                        <td>{when(row.timestamp)}</td>
                        <td>{kind === "users" ? <ItemName id={row.item} features={features(row.item)} /> : <a href={href("live", { user: row.user })}>{row.user}</a>}</td>
                        <td>{row.type}</td>
                        <td class="number">{row.value === undefined ? "" : decimal(row.value)}</td>
                        <td class="number">
                          <button type="button" class="link" onClick={() => void takeBack(row)}>
                            Take back
                          </button>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableWrap>
              <Pager page={cursors.length} hasNext={data.cursor !== null} onBack={() => setCursors(cursors.slice(0, -1))} onNext={() => setCursors([...cursors, data.cursor])} />
            </>
          )
        }
      </Answer>
    </div>
  );
}

function Pager({ page, hasNext, onBack, onNext }: { page: number; hasNext: boolean; onBack: () => void; onNext: () => void }) {
  if (page === 1 && !hasNext) return null;
  return (
    <div class="row between pager">
      <button type="button" disabled={page === 1} onClick={onBack}>
        Back
      </button>
      <span class="small muted">Page {page}</span>
      <button type="button" disabled={!hasNext} onClick={onNext}>
        Next
      </button>
    </div>
  );
}

function Find({ kind, onOpen }: { kind: Kind; onOpen: (id: string) => void }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<ScoredItem[]>();
  const [why, setWhy] = useState("");
  const find = async () => {
    const id = text.trim();
    setFound(undefined);
    setWhy("");
    try {
      await api.value.getEntity(kind, id);
      onOpen(id);
      return;
    } catch (failure) {
      if (!(failure instanceof TamisError) || failure.status !== 404) return tellFailure(failure);
    }
    if (kind === "users") return setWhy(`There is no user “${id}”.`);
    try {
      setFound((await api.value.search({ text: id, k: 12, features: true })).items ?? []);
    } catch (failure) {
      setWhy(`There is no item with the id “${id}”. Searching by words needs the model “content”, which this database has not trained.`);
      if (failure instanceof TamisError && failure.status !== 404 && failure.status !== 409) tellFailure(failure);
    }
  };
  return (
    <div class="stack tight">
      <form class="row tight" onSubmit={(event) => (event.preventDefault(), void find())}>
        <input class="fill" type="search" aria-label={kind === "items" ? "Find an item" : "Find a user"} placeholder={kind === "items" ? "An id, or words" : "An id"} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button disabled={text.trim() === ""}>Find</button>
      </form>
      {why && <Note>{why}</Note>}
      {found && (
        <ul class="found">
          {found.map((item) => (
            <li key={item.item}>
              <button type="button" class="link" onClick={() => onOpen(item.item)}>
                {titleOf(item.features) || item.item}
              </button>{" "}
              <span class="id">{item.item}</span>
            </li>
          ))}
          {found.length === 0 && <li class="muted">Nothing was found.</li>}
        </ul>
      )}
    </div>
  );
}

function Entities({ kind }: { kind: Kind }) {
  const [cursors, setCursors] = useState<(string | null)[]>([null]);
  const [isNew, setNew] = useState(false);
  const opened = route.value.params.get("id") ?? undefined;
  const cursor = cursors.at(-1) ?? null;
  const page = useQuery((client, signal) => client.listEntities(kind, { limit: PAGE, cursor, signal }), [kind, cursor]);
  const columns = [...new Set((page.data?.rows ?? []).flatMap((row) => Object.keys(row.features)))].slice(0, 6);
  return (
    <>
      <Card>
        <div class="row">
          <div class="fill">
            <Find kind={kind} onOpen={(id) => setParams({ id })} />
          </div>
          <button type="button" onClick={() => setNew(true)}>
            <Icon name="plus" /> {kind === "items" ? "An item" : "A user"}
          </button>
        </div>
      </Card>
      <Card flush>
        <Answer query={page} height={400}>
          {(data) =>
            data.rows.length === 0 ? (
              <Empty title={`There are no ${kind} yet`} actions={<a class="button" href={href("start")}>Import data</a>} />
            ) : (
              <>
                <TableWrap label={kind === "items" ? "Items" : "Users"}>
                  <table>
                    <thead>
                      <tr>
                        <th>Id</th>
                        {columns.map((name) => (
                          <th key={name}>{name}</th>
                        ))}
                        <th>Changed</th>
                      </tr>
                    </thead>
                    <tbody>
                      {data.rows.map((row) => (
                        <tr key={row.id}>
                          <td>
                            <button type="button" class="link" onClick={() => setParams({ id: row.id })}>
                              {row.id}
                            </button>{" "}
                            {row.hidden && <span class="pill warm">hidden</span>}
                          </td>
                          {columns.map((name) => (
                            <td key={name} class={typeof row.features[name] === "number" ? "tabular" : ""}>
                              <Feature value={row.features[name]} />
                            </td>
                          ))}
                          <td class="muted">{when(row.updated_at)}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </TableWrap>
                <div class="card-foot">
                  <Pager page={cursors.length} hasNext={data.cursor !== null} onBack={() => setCursors(cursors.slice(0, -1))} onNext={() => setCursors([...cursors, data.cursor])} />
                </div>
              </>
            )
          }
        </Answer>
      </Card>
      {(opened !== undefined || isNew) && (
        <EntityDialog
          key={opened ?? "new"}
          kind={kind}
          id={isNew ? undefined : opened}
          onChanged={page.reload}
          onClose={() => {
            setNew(false);
            setParams({ id: undefined });
          }}
        />
      )}
    </>
  );
}

function AddInteraction() {
  const empty = { user: "", item: "", type: "", value: "" };
  const [form, setForm] = useState(empty);
  const [error, setError] = useState<unknown>();
  const types = useQuery((client, signal) => client.listInteractionTypes({ signal }), []);
  const set = (change: Partial<typeof empty>) => setForm({ ...form, ...change });
  const save = async () => {
    try {
      const ack = await api.value.interact({ user: form.user.trim(), item: form.item.trim(), type: form.type || "view", ...(form.value ? { value: Number(form.value) } : {}) });
      tell(`Stored at sequence ${count(ack.sequence)}.`);
      setError(undefined);
      setForm(empty);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Card title="Store an interaction" hint="What a person did with an item. Lists of a person or an item stand in their own pages: open one under Users or Items.">
      <form class="stack" onSubmit={(event) => (event.preventDefault(), void save())}>
        <div class="grid add-interaction">
          <Field label="User">
            <input required value={form.user} onInput={(event) => set({ user: event.currentTarget.value })} />
          </Field>
          <Field label="Item">
            <input required value={form.item} onInput={(event) => set({ item: event.currentTarget.value })} />
          </Field>
          <Field label="Type">
            <input list="types" placeholder="view" value={form.type} onInput={(event) => set({ type: event.currentTarget.value })} />
          </Field>
          <Field label="Value">
            <input type="number" step="any" value={form.value} onInput={(event) => set({ value: event.currentTarget.value })} />
          </Field>
        </div>
        <datalist id="types">
          {(types.data?.interaction_types ?? []).map((type) => (
            <option key={type.name} value={type.name} />
          ))}
        </datalist>
        {error !== undefined && <Failure error={error} />}
        <div class="row end">
          <button class="primary">Store</button>
        </div>
      </form>
    </Card>
  );
}

export default function Data() {
  const tab = useTab("items");
  return (
    <>
      <ViewHead title="Data" actions={<a class="button" href={href("start")}>Import a file</a>}>
        Everything that the database knows: items, users, what they did, and what each kind of event means. What you change here holds for the next
        answer.
      </ViewHead>
      <div class="stack">
        <Tabs
          label="What to look at"
          current={tab}
          tabs={[
            ["items", "Items"],
            ["users", "Users"],
            ["interactions", "Interactions"],
            ["types", "Interaction types"],
          ]}
        >
          {tab === "items" && <Entities key="items" kind="items" />}
          {tab === "users" && <Entities key="users" kind="users" />}
          {tab === "interactions" && <AddInteraction />}
          {tab === "types" && <Types />}
        </Tabs>
      </div>
    </>
  );
}
