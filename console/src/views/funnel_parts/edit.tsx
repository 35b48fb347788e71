// Editing a funnel by forms and as JSON; the server checks each change while it is made.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Fault, Funnel, Warning } from "@tamis/client";
import { TamisError } from "@tamis/client";
import { api } from "../../data/api";
import { useItemFields } from "../../data/item_fields";
import { setParams } from "../../data/route";
import { useQuery } from "../../data/use_query";
import { ItemList } from "../../ui/item_list";
import { lazyPart } from "../../ui/lazy";
import { Answer, Card, Dialog, Failure, Field, Note } from "../../ui/parts";
import { tell, tellFailure } from "../../ui/toast";
import { Estimate } from "./estimate";
import { FunnelForm } from "./funnel_form";
import type { Schema } from "./schema_form";

const JsonEditor = lazyPart(() => import("../../ui/json_editor"), 420);

function withoutName(funnel: Funnel): Funnel {
  const { name: _, version: __, ...rest } = funnel;
  return rest;
}

interface Check {
  faults: Fault[];
  warnings: Warning[];
  isChecked: boolean;
}

/** What the server says of the document, half a second after the last change. */
function useCheck(funnel: Funnel | undefined): Check {
  const [check, setCheck] = useState<Check>({ faults: [], warnings: [], isChecked: false });
  const text = JSON.stringify(funnel);
  useEffect(() => {
    if (!funnel) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const answer = await api.value.validateFunnel(funnel, { signal: controller.signal });
        setCheck({ faults: [], warnings: answer.warnings ?? [], isChecked: true });
      } catch (failure) {
        if (controller.signal.aborted) return;
        if (!(failure instanceof TamisError) || failure.status !== 400) return tellFailure(failure);
        const faults = failure.faults.length > 0 ? failure.faults : [{ pointer: failure.field ?? "", detail: failure.message }];
        setCheck({ faults, warnings: [], isChecked: true });
      }
    }, 350);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);
  return check;
}

function SaveAs({ onClose, onSave }: { onClose: () => void; onSave: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <Dialog title="Save as another funnel" onClose={onClose}>
      <form class="stack" onSubmit={(event) => (event.preventDefault(), onSave(name))}>
        <Field label="Name" hint="1 to 64 letters, digits, dots, dashes or underscores. An application asks for a funnel by its name.">
          <input value={name} pattern="[A-Za-z0-9._\-]{1,64}" required onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <div class="row end">
          <button class="primary">Save</button>
        </div>
      </form>
    </Dialog>
  );
}

export function Edit({ name, user, onSaved }: { name: string; user: string | undefined; onSaved: () => void }) {
  const stored = useQuery((client, signal) => client.getFunnel(name, {}, { signal }), [name]);
  const schema = useQuery((client, signal) => client.funnelSchema({ signal }) as Promise<Schema>, []);
  const spaces = useQuery((client, signal) => client.listSpaces({ signal }), []);
  const fields = useItemFields();
  const [funnel, setFunnel] = useState<Funnel>();
  const [text, setText] = useState("");
  const [syntax, setSyntax] = useState("");
  const [isNaming, setNaming] = useState(false);
  const check = useCheck(funnel);

  const take = (next: Funnel) => {
    setFunnel(next);
    setText(JSON.stringify(next, null, 2));
    setSyntax("");
  };
  useEffect(() => {
    if (stored.data) take(withoutName(stored.data));
  }, [stored.data]);
  const isChanged = useMemo(() => stored.data && JSON.stringify(withoutName(stored.data)) !== JSON.stringify(funnel), [stored.data, funnel]);
  const isValid = syntax === "" && check.isChecked && check.faults.length === 0;
  const preview = useQuery(
    user && funnel && isValid ? (client, signal) => client.recommend(user, { k: 8, funnel: name, override: funnel, features: true, explain: true, dry_run: true }, { signal }) : null,
    [user, name, JSON.stringify(funnel), isValid],
  );

  const save = async (as: string) => {
    try {
      await api.value.putFunnel(as, funnel!);
      const saved = await api.value.getFunnel(as);
      tell(`${as} is saved as version ${saved.version}. The next request uses it.`);
      setNaming(false);
      onSaved();
      if (as === name) stored.reload();
      else setParams({ name: as });
    } catch (failure) {
      tellFailure(failure);
    }
  };

  return (
    <Answer query={stored} height={500}>
      {(funnelNow) => (
        <>
          <Card>
            <div class="row between">
              <div class="row tight" aria-live="polite">
                {syntax !== "" || check.faults.length > 0 ? (
                  <span class="pill bad">{syntax !== "" ? "not JSON" : `${check.faults.length} ${check.faults.length === 1 ? "fault" : "faults"}`}</span>
                ) : (
                  <span class="pill good">valid</span>
                )}
                {check.warnings.length > 0 && <span class="pill warm">{check.warnings.length} without effect</span>}
                <span class="muted small">{isChanged ? "Changed; not saved yet" : `As stored: version ${funnelNow.version}`}</span>
              </div>
              <div class="row tight">
                <button type="button" disabled={!isChanged} onClick={() => take(withoutName(funnelNow))}>
                  Discard
                </button>
                <button type="button" disabled={!isValid} onClick={() => setNaming(true)}>
                  Save as …
                </button>
                <button type="button" class="primary" disabled={!isValid || !isChanged} onClick={() => void save(name)}>
                  Save version {(funnelNow.version ?? 0) + 1}
                </button>
              </div>
            </div>
          </Card>
          {syntax !== "" && <Note tone="bad">{syntax}</Note>}
          {check.faults.map((fault) => (
            <Note key={fault.pointer + fault.detail} tone="bad">
              <code>{fault.pointer || "/"}</code> {fault.detail}
            </Note>
          ))}
          {check.warnings.map((warning) => (
            <Note key={warning.path + warning.detail} tone="warm">
              <code>{warning.path}</code> {warning.detail}
            </Note>
          ))}
          <div class="grid two edit-grid">
            <Card title="Forms">
              {schema.data && funnel ? (
                <FunnelForm funnel={funnel} schema={schema.data} fields={fields.map((field) => field.name)} spaces={(spaces.data ?? []).map((space) => space.name)} onChange={take} />
              ) : schema.error ? (
                <Failure error={schema.error} />
              ) : null}
            </Card>
            <div class="stack">
              <Card title="What this user would get" hint={user ? `User ${user}, by the funnel as it stands here.` : "Choose a user above."}>
                {preview.data ? <ItemList items={preview.data.items} /> : preview.error ? <Failure error={preview.error} /> : <p class="muted">The list follows once the funnel is valid.</p>}
              </Card>
              <Card title="As JSON" hint="The same funnel. Faults are marked where they stand." class="json-card">
                <JsonEditor
                  label="The funnel as JSON"
                  value={text}
                  faults={check.faults}
                  onChange={(next) => {
                    if (next === text) return;
                    setText(next);
                    try {
                      setFunnel(JSON.parse(next) as Funnel);
                      setSyntax("");
                    } catch (failure) {
                      setSyntax(failure instanceof Error ? failure.message : "This is not JSON.");
                    }
                  }}
                />
              </Card>
              {funnel && <Estimate funnel={funnel} isValid={isValid} />}
            </div>
          </div>
          {isNaming && <SaveAs onClose={() => setNaming(false)} onSave={(as) => void save(as)} />}
        </>
      )}
    </Answer>
  );
}
