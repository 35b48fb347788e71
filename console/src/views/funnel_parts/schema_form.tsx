// Forms made from the funnel's JSON schema, so that they know what the server knows.
import { useState } from "preact/hooks";
import type { Filter } from "@tamis/client";
import { Check, Field } from "../../ui/parts";

export interface Schema {
  type?: string | string[];
  enum?: string[];
  const?: string;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  $ref?: string;
}

function words(name: string): string {
  const text = name.replace(/_s$/, " (seconds)").replace(/_us$/, " (µs)").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function NumberInput({ value, schema, onChange, label }: { value: number | undefined; schema: Schema; onChange: (value: number | undefined) => void; label?: string }) {
  return (
    <input
      type="number"
      aria-label={label}
      step="any"
      min={schema.minimum}
      max={schema.maximum}
      placeholder={schema.default === undefined ? "" : String(schema.default)}
      value={value ?? ""}
      onInput={(event) => {
        const text = event.currentTarget.value;
        const number = Number(text);
        if (text === "") onChange(undefined);
        else if (Number.isFinite(number)) onChange(number);
      }}
    />
  );
}

/** Any JSON, for the members that have no form of their own. */
function JsonInput({ value, onChange, label }: { value: unknown; onChange: (value: unknown) => void; label: string }) {
  const [text, setText] = useState(() => JSON.stringify(value ?? [], null, 1));
  const [isBad, setBad] = useState(false);
  return (
    <textarea
      aria-label={label}
      aria-invalid={isBad}
      value={text}
      onInput={(event) => {
        setText(event.currentTarget.value);
        try {
          onChange(JSON.parse(event.currentTarget.value));
          setBad(false);
        } catch {
          setBad(true);
        }
      }}
    />
  );
}

const COMPARISONS = [
  ["eq", "is"],
  ["lt", "is less than"],
  ["lte", "is at most"],
  ["gt", "is more than"],
  ["gte", "is at least"],
  ["exists", "is known"],
] as const;

/** One condition by field, comparison and value; anything deeper as JSON. */
export function ConditionInput({ value, onChange, fields, optional }: { value: Filter | undefined; onChange: (value: Filter | undefined) => void; fields: string[]; optional?: boolean }) {
  const isNone = value === undefined || ("all" in value && value.all.length === 0);
  const simple = value && "field" in value && Object.keys(value).length === 2 ? value : undefined;
  const used = simple ? COMPARISONS.find(([name]) => name in simple) : undefined;
  if (!isNone && (!simple || !used)) return <JsonInput label="Condition" value={value} onChange={(next) => onChange(next as Filter)} />;
  const field = simple?.field ?? "";
  const comparison = used?.[0] ?? "eq";
  const operand = simple ? (simple as Record<string, unknown>)[comparison] : "";
  const set = (nextField: string, nextComparison: string, nextOperand: unknown) => {
    if (nextField === "" && optional) return onChange(undefined);
    const text = String(nextOperand ?? "");
    const isNumber = text !== "" && Number.isFinite(Number(text));
    const typed = nextComparison === "exists" ? true : isNumber ? Number(text) : text === "true" ? true : text === "false" ? false : text;
    return onChange({ field: nextField, [nextComparison]: typed } as Filter);
  };
  return (
    <div class="row tight condition">
      <select aria-label="Feature" value={field} onChange={(event) => set(event.currentTarget.value, comparison, operand)}>
        <option value="">{optional ? "No condition" : "Choose a feature"}</option>
        {[...new Set([...fields, "id", ...(field ? [field] : [])])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select aria-label="Comparison" value={comparison} onChange={(event) => set(field, event.currentTarget.value, operand)}>
        {COMPARISONS.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      {comparison !== "exists" && (
        <input aria-label="Value" value={String(operand ?? "")} onInput={(event) => set(field, comparison, event.currentTarget.value)} />
      )}
    </div>
  );
}

function Member({ name, schema, value, onChange, fields }: { name: string; schema: Schema; value: unknown; onChange: (value: unknown) => void; fields: string[] }) {
  if (schema.$ref?.endsWith("/filter")) {
    return (
      <div class="field wide">
        <span>{words(name)}</span>
        <ConditionInput value={value as Filter | undefined} onChange={onChange} fields={fields} />
      </div>
    );
  }
  if (schema.type === "boolean") {
    return (
      <Check checked={Boolean(value ?? schema.default)} onChange={onChange}>
        {words(name)}
      </Check>
    );
  }
  const hint = schema.description;
  if (schema.enum) {
    return (
      <Field label={words(name)} hint={hint}>
        <select value={String(value ?? schema.default ?? "")} onChange={(event) => onChange(event.currentTarget.value)}>
          {schema.enum.map((option) => (
            <option key={option} value={option}>
              {option.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      </Field>
    );
  }
  if (schema.type === "number" || schema.type === "integer") {
    return (
      <Field label={words(name)} hint={hint}>
        <NumberInput value={value as number | undefined} schema={schema} onChange={onChange} />
      </Field>
    );
  }
  if (schema.type === "string") {
    return (
      <Field label={words(name)} hint={hint}>
        <input
          list={name.includes("field") ? "item-fields" : undefined}
          placeholder={String(schema.default ?? "")}
          value={String(value ?? "")}
          onInput={(event) => onChange(event.currentTarget.value || undefined)}
        />
      </Field>
    );
  }
  return (
    <div class="field wide">
      <span>{words(name)}</span>
      <JsonInput label={words(name)} value={value} onChange={onChange} />
      {hint && <small>{hint}</small>}
    </div>
  );
}

/** The members of an object, but for those in `without`. */
export function SchemaForm(props: { schema: Schema; value: Record<string, unknown>; onChange: (value: Record<string, unknown>) => void; fields: string[]; without?: string[] }) {
  const members = Object.entries(props.schema.properties ?? {}).filter(([name]) => !(props.without ?? ["kind"]).includes(name));
  return (
    <div class="schema-form">
      {members.map(([name, schema]) => (
        <Member
          key={name}
          name={name}
          schema={schema}
          value={props.value[name]}
          fields={props.fields}
          onChange={(next) => {
            const changed = { ...props.value, [name]: next };
            if (next === undefined) delete changed[name];
            props.onChange(changed);
          }}
        />
      ))}
    </div>
  );
}
