// Interaction types: what an event means, to read and to change.
import { useState } from "preact/hooks";
import type { InteractionType } from "@tamis/client";
import { api } from "../../data/api";
import { compact, count, decimal } from "../../data/format";
import { useQuery } from "../../data/use_query";
import { Icon } from "../../ui/icons";
import { Answer, Card, Check, Dialog, Field, Note, TableWrap } from "../../ui/parts";
import { tell, tellFailure } from "../../ui/toast";

const MEANINGS: Record<string, string> = { positive: "speaks for the item", negative: "speaks against it", neutral: "only counts as seen", shown: "was shown", undo: "takes back" };

function TypeDialog({ type, onClose, onSaved }: { type: InteractionType; onClose: () => void; onSaved: () => void }) {
  const [draft, setDraft] = useState(type);
  const isNew = type.name === "";
  const set = (change: Partial<InteractionType>) => setDraft({ ...draft, ...change });
  const number = (text: string) => (text === "" ? null : Number(text));
  const save = async () => {
    const { name, version: _, ...body } = draft;
    const sent = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined));
    try {
      await api.value.putInteractionType(name, sent);
      tell(`${name} is stored; the next answer follows it.`);
      onSaved();
      onClose();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const reset = async () => {
    try {
      await api.value.deleteInteractionType(draft.name);
      tell(`${draft.name} is again what the configuration says.`);
      onSaved();
      onClose();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <Dialog title={isNew ? "A new type" : `What “${type.name}” means`} onClose={onClose}>
      <form class="stack entity-form" onSubmit={(event) => (event.preventDefault(), void save())}>
        {isNew && (
          <Field label="Name">
            <input required maxLength={64} value={draft.name} onInput={(event) => set({ name: event.currentTarget.value })} />
          </Field>
        )}
        <div class="grid two">
          <Field label="It">
            <select value={draft.meaning ?? "positive"} onChange={(event) => set({ meaning: event.currentTarget.value as NonNullable<InteractionType["meaning"]> })}>
              {Object.entries(MEANINGS).map(([meaning, text]) => (
                <option key={meaning} value={meaning}>
                  {text}
                </option>
              ))}
            </select>
          </Field>
          <Field label="Weight" hint="A view weighs 1, a purchase 5">
            <input type="number" step="any" value={draft.weight ?? 1} onInput={(event) => set({ weight: Number(event.currentTarget.value) })} />
          </Field>
          <Field label="Its value is">
            <select value={draft.value ?? "none"} onChange={(event) => set({ value: event.currentTarget.value as NonNullable<InteractionType["value"]> })}>
              {["none", "rating", "count", "amount", "seconds"].map((value) => (
                <option key={value}>{value}</option>
              ))}
            </select>
          </Field>
          <Field label="Repeats">
            <select value={draft.repeats ?? "add"} onChange={(event) => set({ repeats: event.currentTarget.value as NonNullable<InteractionType["repeats"]> })}>
              {[["add", "add up"], ["newest", "only the newest counts"], ["first", "only the first counts"], ["capped", "count up to a limit"]].map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </Field>
          {draft.value !== "none" && draft.value !== undefined && (
            <>
              <Field label="Speaks for it from">
                <input type="number" step="any" value={draft.at_least ?? ""} onInput={(event) => set({ at_least: number(event.currentTarget.value) })} />
              </Field>
              <Field label="Speaks against it below">
                <input type="number" step="any" value={draft.below ?? ""} onInput={(event) => set({ below: number(event.currentTarget.value) })} />
              </Field>
            </>
          )}
        </div>
        <Check checked={draft.excludes ?? false} onChange={(excludes) => set({ excludes })}>
          While it speaks against an item, that item does not come back to its user
        </Check>
        <div class="row between">
          <span>
            {(type.version ?? 0) > 0 && (
              <button type="button" onClick={() => void reset()}>
                Back to the configuration
              </button>
            )}
          </span>
          <button class="primary">Save</button>
        </div>
      </form>
    </Dialog>
  );
}

export function Types() {
  const types = useQuery((client, signal) => client.listInteractionTypes({ signal }), []);
  const stats = useQuery((client, signal) => client.stats({ signal }), []);
  const [open, setOpen] = useState<InteractionType>();
  const used = stats.data?.interactions_by_type ?? {};
  return (
    <Answer query={types} height={400}>
      {(data) => {
        const rows = [...data.interaction_types].sort((a, b) => (used[b.name] ?? 0) - (used[a.name] ?? 0) || a.name.localeCompare(b.name));
        return (
          <>
            {data.undeclared.map((type) => (
              <Note key={type.name} tone="warm">
                “{type.name}” is used {type.interactions !== undefined ? `${count(type.interactions)} times ` : ""}and nobody declared it
                {type.did_you_mean ? `; did you mean “${type.did_you_mean}”?` : "."} It counts as positive.{" "}
                <button type="button" class="link" onClick={() => setOpen({ name: type.name })}>
                  Declare it
                </button>
              </Note>
            ))}
            {data.recounting && <Note>Counts of items still follow the last change.</Note>}
            <Card
              flush
              title="What events mean"
              hint="Used alike by counts, histories, training and evaluation. A change holds at once."
              side={
                <button type="button" onClick={() => setOpen({ name: "" })}>
                  <Icon name="plus" /> A type
                </button>
              }
            >
              <TableWrap label="Interaction types">
                <table>
                  <thead>
                    <tr>
                      <th>Type</th>
                      <th>Meaning</th>
                      <th class="number">Weight</th>
                      <th>Value</th>
                      <th>Repeats</th>
                      <th class="number">Stored</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((type) => (
                      <tr key={type.name}>
                        <td>
                          <button type="button" class="link" onClick={() => setOpen(type)}>
                            {type.name}
                          </button>{" "}
                          {(type.version ?? 0) > 0 && <span class="pill accent">version {type.version}</span>}
                        </td>
                        <td>
                          {MEANINGS[type.meaning ?? "positive"]} {type.undoes && type.undoes.length > 0 && <span class="muted">({type.undoes.join(", ")})</span>}
                        </td>
                        <td class="number">{decimal(type.weight)}</td>
                        <td>{type.value === "none" ? <span class="muted">–</span> : type.value}</td>
                        <td class="muted">{type.repeats}</td>
                        <td class="number">{used[type.name] ? compact(used[type.name]) : <span class="muted">–</span>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableWrap>
            </Card>
            {open && (
              <TypeDialog
                type={open}
                onClose={() => setOpen(undefined)}
                onSaved={() => {
                  types.reload();
                  stats.reload();
                }}
              />
            )}
          </>
        );
      }}
    </Answer>
  );
}
