// A funnel as forms: sources, ranking, rules, what fills a short list.
import { useState } from "preact/hooks";
import type { Funnel, Retriever, Rule, RuleKind } from "@tamis/client";
import { retrieverName } from "../../data/stages";
import { Icon } from "../../ui/icons";
import { Check, Field } from "../../ui/parts";
import { ConditionInput, NumberInput, SchemaForm } from "./schema_form";
import type { Schema } from "./schema_form";

const RULES: Record<RuleKind, [string, Record<string, unknown>]> = {
  filter: ["Keep only some", { condition: { field: "id", exists: true } }],
  boost: ["Boost or bury", { condition: { field: "id", exists: true }, multiply: 1.2 }],
  freshness: ["Newer first", { field: "listed_at", scale_s: 2592000, weight: 0.3 }],
  rotation: ["Rotate what was shown", {}],
  seen: ["Events with an item", { policies: [{ type: "purchase", window_s: 2592000 }] }],
  minimum_score: ["A least score", { least: 0 }],
  dedupe: ["One of each", { field: "name" }],
  diversity: ["Variety", { method: "mmr", relevance: 0.7 }],
  cap: ["At most so many", { field: "name", most: 3 }],
  spread: ["Keep apart", { field: "name", most: 1, window: 3 }],
  calibrated: ["As in their history", { field: "name", weight: 0.5 }],
  explore: ["Explore", { policy: "epsilon_greedy", share: 0.1 }],
  pin: ["Pin items", { pins: [{ item: "", slot: 1 }] }],
};
// The order that the server asks for: what scores, what orders, explore, pin.
const ORDER: RuleKind[] = ["filter", "boost", "freshness", "rotation", "seen", "minimum_score", "dedupe", "diversity", "cap", "spread", "calibrated", "explore", "pin"];

function Retrievers({ retrievers, schema, onChange, spaces }: { retrievers: Retriever[]; schema: Schema; onChange: (next: Retriever[]) => void; spaces: string[] }) {
  const member = schema.properties!;
  const set = (i: number, change: Partial<Retriever>) => onChange(retrievers.map((one, n) => (n === i ? { ...one, ...change } : one)));
  const used = new Set(retrievers.map((one) => (one.space ? `${one.kind}:${one.space}` : one.kind)));
  const free = (member["kind"]!.enum ?? []).filter((kind) => kind === "ann" || kind === "similar" || !used.has(kind));
  return (
    <div class="stack tight">
      {retrievers.map((one, i) => (
        <div class="source-row" key={`${one.kind} ${i}`}>
          <strong>{retrieverName(one.kind)}</strong>
          {(one.kind === "ann" || one.kind === "similar") && (
            <Field label="Space">
              <input list="spaces" value={one.space ?? "ials"} onInput={(event) => set(i, { space: event.currentTarget.value })} />
            </Field>
          )}
          <Field label="Takes">
            <NumberInput value={one.quota} schema={member["quota"]!} onChange={(quota) => set(i, { quota: quota ?? 100 })} />
          </Field>
          <label class="field fill">
            <span>
              Say <output class="tabular">{one.weight ?? 1}</output>
            </span>
            <input type="range" min={0.02} max={2} step={0.02} value={one.weight ?? 1} onInput={(event) => set(i, { weight: Number(event.currentTarget.value) })} />
          </label>
          <button type="button" class="quiet icon" aria-label={`Remove the source ${retrieverName(one.kind)}`} onClick={() => onChange(retrievers.filter((_, n) => n !== i))}>
            <Icon name="trash" />
          </button>
        </div>
      ))}
      <select
        aria-label="Add a source"
        value=""
        onChange={(event) => {
          const kind = event.currentTarget.value as Retriever["kind"];
          event.currentTarget.value = "";
          if (kind) onChange([...retrievers, { kind, quota: 100, weight: 1, ...(kind === "ann" || kind === "similar" ? { space: spaces[0] ?? "ials" } : {}) }]);
        }}
      >
        <option value="">Add a source …</option>
        {free.map((kind) => (
          <option key={kind} value={kind}>
            {retrieverName(kind)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Rules({ rules, schemas, onChange, fields }: { rules: Rule[]; schemas: Schema[]; onChange: (next: Rule[]) => void; fields: string[] }) {
  const [open, setOpen] = useState<number>();
  const move = (from: number, to: number) => {
    const next = [...rules];
    next.splice(to, 0, ...next.splice(from, 1));
    onChange(next);
    setOpen(undefined);
  };
  const add = (kind: RuleKind) => {
    const before = rules.filter((rule) => ORDER.indexOf(rule.kind) <= ORDER.indexOf(kind));
    const at = before.length === 0 ? 0 : rules.lastIndexOf(before.at(-1)!) + 1;
    onChange([...rules.slice(0, at), { kind, ...structuredClone(RULES[kind][1]) }, ...rules.slice(at)]);
    setOpen(at);
  };
  return (
    <div class="stack tight">
      {rules.length === 0 && <p class="muted small">No rules: the list stands as it was ranked.</p>}
      {rules.map((rule, i) => (
        <div class="rule" key={`${rule.kind} ${i} ${rules.length}`}>
          <div class="row between">
            <button type="button" class="link" aria-expanded={open === i} onClick={() => setOpen(open === i ? undefined : i)}>
              {i + 1}. {RULES[rule.kind]?.[0] ?? rule.kind} <span class="muted small">{rule.kind}</span>
            </button>
            <span class="row tight">
              <button type="button" class="quiet icon" aria-label={`Move rule ${i + 1} up`} disabled={i === 0} onClick={() => move(i, i - 1)}>
                <Icon name="up" />
              </button>
              <button type="button" class="quiet icon" aria-label={`Move rule ${i + 1} down`} disabled={i === rules.length - 1} onClick={() => move(i, i + 1)}>
                <Icon name="down" />
              </button>
              <button type="button" class="quiet icon" aria-label={`Remove rule ${i + 1}`} onClick={() => (onChange(rules.filter((_, n) => n !== i)), setOpen(undefined))}>
                <Icon name="trash" />
              </button>
            </span>
          </div>
          {open === i && (
            <SchemaForm
              schema={schemas.find((schema) => schema.properties?.["kind"]?.const === rule.kind) ?? {}}
              value={rule}
              fields={fields}
              onChange={(next) => onChange(rules.map((one, n) => (n === i ? (next as Rule) : one)))}
            />
          )}
        </div>
      ))}
      <select
        aria-label="Add a rule"
        value=""
        onChange={(event) => {
          const kind = event.currentTarget.value as RuleKind;
          event.currentTarget.value = "";
          if (kind) add(kind);
        }}
      >
        <option value="">Add a rule …</option>
        {ORDER.map((kind) => (
          <option key={kind} value={kind}>
            {RULES[kind][0]} ({kind})
          </option>
        ))}
      </select>
    </div>
  );
}

export function FunnelForm({ funnel, schema, onChange, fields, spaces }: { funnel: Funnel; schema: Schema; onChange: (funnel: Funnel) => void; fields: string[]; spaces: string[] }) {
  const member = schema.properties!;
  const set = (change: Partial<Funnel>) => onChange({ ...funnel, ...change });
  return (
    <div class="stack funnel-form">
      <datalist id="spaces">{spaces.map((space) => <option key={space} value={space} />)}</datalist>
      <datalist id="item-fields">{fields.map((field) => <option key={field} value={field} />)}</datalist>
      <fieldset>
        <legend>Sources</legend>
        <p class="muted small">Where candidates come from, how many each brings, and how much its order counts.</p>
        <Retrievers retrievers={funnel.retrievers ?? []} schema={member["retrievers"]!.items!} spaces={spaces} onChange={(retrievers) => set({ retrievers })} />
      </fieldset>
      <fieldset>
        <legend>Merge and rank</legend>
        <div class="grid two">
          <Field label="Merge by">
            <select value={funnel.merge ?? "reciprocal_rank"} onChange={(event) => set({ merge: event.currentTarget.value as Funnel["merge"] & string })}>
              {member["merge"]!.enum!.map((option) => (
                <option key={option} value={option}>
                  {option.replaceAll("_", " ")}
                </option>
              ))}
            </select>
          </Field>
          <Field label="Ranker">
            <select
              value={funnel.ranker?.kind ?? "none"}
              onChange={(event) => set({ ranker: { ...funnel.ranker, kind: event.currentTarget.value as "none" | "dlrm" } })}
            >
              <option value="none">None: the merged order counts</option>
              <option value="dlrm">DLRM: a trained model scores each</option>
            </select>
          </Field>
          <Field label="Candidates that go on">
            <NumberInput
              value={funnel.ranker?.candidates}
              schema={member["ranker"]!.properties!["candidates"]!}
              onChange={(candidates) => set({ ranker: { kind: "none", ...funnel.ranker, candidates: candidates ?? 200 } })}
            />
          </Field>
          <div class="field">
            <span>Items they had</span>
            <Check checked={funnel.exclude_seen ?? true} onChange={(exclude_seen) => set({ exclude_seen })}>
              Leave out
            </Check>
          </div>
          <Field label="Items they were shown lately sink for a day or two">
            <select
              value={funnel.rotate_shown ?? "pages"}
              onChange={(event) => set({ rotate_shown: event.currentTarget.value as Funnel["rotate_shown"] & string })}
            >
              <option value="never">Never</option>
              <option value="pages">Where people scroll</option>
              <option value="always">Always</option>
            </select>
          </Field>
        </div>
        <div class="field">
          <span>Recommend only items where</span>
          <ConditionInput optional value={funnel.filter} fields={fields} onChange={(filter) => set({ filter: filter ?? { all: [] } })} />
        </div>
      </fieldset>
      <fieldset>
        <legend>Rules</legend>
        <p class="muted small">They re-order the ranked list, from top to bottom.</p>
        <Rules rules={funnel.rules ?? []} schemas={member["rules"]!.items!.oneOf ?? []} fields={fields} onChange={(rules) => set({ rules })} />
      </fieldset>
      <fieldset>
        <legend>Fill a short list from</legend>
        <div class="row">
          {(["trending", "popular", "latest"] as const).map((source) => (
            <Check
              key={source}
              checked={funnel.fallback?.includes(source) ?? false}
              onChange={(on) => set({ fallback: on ? [...(funnel.fallback ?? []), source] : (funnel.fallback ?? []).filter((one) => one !== source) })}
            >
              {retrieverName(source)}
            </Check>
          ))}
        </div>
      </fieldset>
    </div>
  );
}
