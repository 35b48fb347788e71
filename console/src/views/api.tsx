// API: the server's own OpenAPI document, each call ready to be tried.
import { useMemo, useState } from "preact/hooks";
import { api, key, noteFailure } from "../data/api";
import { bytes, duration } from "../data/format";
import { route, setParams } from "../data/route";
import { useQuery } from "../data/use_query";
import { Answer, Card, Field, Note, ViewHead } from "../ui/parts";
import "../styles/api.css";

type Json = Record<string, unknown>;
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Json;
}
interface Operation {
  method: string;
  path: string;
  summary: string;
  tag: string;
  id: string;
  parameters: Parameter[];
  body: Json | undefined; // of JSON
  takesOther: string[]; // other media types
}

const METHODS = ["get", "post", "put", "patch", "delete"];

function resolve(document: Json, part: unknown): Json {
  let found = part as Json;
  for (let i = 0; i < 8 && found && typeof found["$ref"] === "string"; i++) {
    found = (found["$ref"] as string).split("/").slice(1).reduce<unknown>((at, name) => (at as Json)?.[name.replaceAll("~1", "/")], document) as Json;
  }
  return found ?? {};
}

function operationsOf(document: Json): Operation[] {
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries((document["paths"] ?? {}) as Record<string, Json>)) {
    for (const method of METHODS) {
      const operation = item[method] as Json | undefined;
      if (!operation) continue;
      const parameters = [...((item["parameters"] ?? []) as unknown[]), ...((operation["parameters"] ?? []) as unknown[])].map((parameter) => resolve(document, parameter) as unknown as Parameter);
      const content = (resolve(document, operation["requestBody"])["content"] ?? {}) as Record<string, Json>;
      operations.push({
        method,
        path,
        summary: String(operation["summary"] ?? ""),
        tag: String(((operation["tags"] ?? []) as string[])[0] ?? "other"),
        id: String(operation["operationId"] ?? `${method} ${path}`),
        parameters,
        body: content["application/json"] ? ((content["application/json"]["schema"] ?? {}) as Json) : undefined,
        takesOther: Object.keys(content).filter((type) => type !== "application/json"),
      });
    }
  }
  return operations;
}

/** A body to begin with: the required members, and a few of the others. */
function exampleOf(document: Json, part: unknown, depth = 0): unknown {
  const schema = resolve(document, part);
  if (depth > 4) return {};
  if ("example" in schema) return schema["example"];
  if ("default" in schema) return schema["default"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  if (Array.isArray(schema["oneOf"])) return exampleOf(document, schema["oneOf"][0], depth + 1);
  if (Array.isArray(schema["allOf"])) return Object.assign({}, ...schema["allOf"].map((one) => exampleOf(document, one, depth + 1)));
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  if (type === "array") return [];
  if (type === "integer" || type === "number") return schema["minimum"] ?? 1;
  if (type === "boolean") return false;
  if (type === "string") return "";
  const required = (schema["required"] ?? []) as string[];
  const members = (schema["properties"] ?? {}) as Json;
  return Object.fromEntries(required.filter((name) => members[name]).map((name) => [name, exampleOf(document, members[name], depth + 1)]));
}

function SchemaText({ document, schema }: { document: Json; schema: unknown }) {
  const found = resolve(document, schema);
  const members = Object.entries((found["properties"] ?? {}) as Json);
  if (members.length === 0) return null;
  const required = (found["required"] ?? []) as string[];
  return (
    <details>
      <summary>Members of the body</summary>
      <table class="plain">
        <tbody>
          {members.map(([name, member]) => {
            const it = resolve(document, member);
            return (
              <tr key={name}>
                <td>
                  <code>{name}</code>
                  {required.includes(name) && <span class="pill accent">required</span>}
                </td>
                <td class="small muted">
                  {String(it["type"] ?? (Array.isArray(it["enum"]) ? it["enum"].join(" | ") : ""))} {String(it["description"] ?? "")}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}

interface Outcome {
  status: number;
  took: number;
  type: string;
  size: number;
  text: string;
}

function Try({ document, operation }: { document: Json; operation: Operation }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [body, setBody] = useState(() => (operation.body ? JSON.stringify(exampleOf(document, operation.body), null, 2) : ""));
  const [outcome, setOutcome] = useState<Outcome>();
  const [problem, setProblem] = useState("");
  const target = useMemo(() => {
    let path = operation.path;
    const query = new URLSearchParams();
    for (const parameter of operation.parameters) {
      const value = values[parameter.name] ?? "";
      if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, value ? encodeURIComponent(value) : `{${parameter.name}}`);
      else if (parameter.in === "query" && value !== "") query.set(parameter.name, value);
    }
    const text = query.toString();
    return path + (text ? `?${text}` : "");
  }, [operation, values]);
  const hasBody = operation.body !== undefined && operation.method !== "get";
  const send = async () => {
    setProblem("");
    setOutcome(undefined);
    const started = performance.now();
    try {
      const response = await fetch(target, {
        method: operation.method.toUpperCase(),
        headers: { ...(key.value ? { Authorization: `Bearer ${key.value}` } : {}), ...(hasBody ? { "Content-Type": "application/json" } : {}) },
        ...(hasBody ? { body } : {}),
      });
      const text = await response.text();
      const type = response.headers.get("Content-Type") ?? "";
      let shown = text;
      if (type.includes("json")) shown = JSON.stringify(JSON.parse(text), null, 2);
      setOutcome({ status: response.status, took: (performance.now() - started) / 1000, type, size: text.length, text: shown.length > 20_000 ? `${shown.slice(0, 20_000)}\n… and ${bytes(shown.length - 20_000)} more` : shown });
    } catch (failure) {
      noteFailure(failure);
      setProblem(failure instanceof Error ? failure.message : String(failure));
    }
  };
  const missing = operation.parameters.some((parameter) => parameter.in === "path" && !values[parameter.name]);
  const curl = `curl${operation.method === "get" ? "" : ` -X ${operation.method.toUpperCase()}`} '${location.origin}${target}'${key.value ? ' -H "Authorization: Bearer $KEY"' : ""}${hasBody ? ` -H 'Content-Type: application/json' -d '${JSON.stringify(safeParse(body)).replaceAll("'", "'\\''")}'` : ""}`;
  return (
    <form class="stack try" onSubmit={(event) => (event.preventDefault(), void send())}>
      {operation.parameters.length > 0 && (
        <div class="parameters">
          {operation.parameters.map((parameter) => (
            <Field key={parameter.name + parameter.in} label={`${parameter.name}${parameter.in === "path" ? " (in the path)" : ""}`} hint={parameter.description}>
              <input value={values[parameter.name] ?? ""} placeholder={String(parameter.schema?.["default"] ?? "")} onInput={(event) => setValues({ ...values, [parameter.name]: event.currentTarget.value })} />
            </Field>
          ))}
        </div>
      )}
      {hasBody && (
        <Field label="Body (JSON)">
          <textarea rows={7} spellcheck={false} value={body} onInput={(event) => setBody(event.currentTarget.value)} />
        </Field>
      )}
      {hasBody && <SchemaText document={document} schema={operation.body} />}
      {operation.takesOther.length > 0 && <p class="small muted">Also takes {operation.takesOther.join(", ")}.</p>}
      <div class="row">
        <button class={operation.method === "delete" ? "danger" : "primary"} disabled={missing}>
          Send {operation.method.toUpperCase()}
        </button>
        <code class="small target">{target}</code>
      </div>
      <details>
        <summary>As curl</summary>
        <pre>{curl}</pre>
      </details>
      {problem && <Note tone="bad">{problem}</Note>}
      {outcome && (
        <div class="outcome" aria-live="polite">
          <div class="row tight">
            <span class={`pill ${outcome.status < 300 ? "good" : outcome.status < 500 ? "warm" : "bad"}`}>{outcome.status}</span>
            <span class="small muted tabular">
              {duration(outcome.took)} · {bytes(outcome.size)} · {outcome.type}
            </span>
          </div>
          <pre tabIndex={0} aria-label="Answer">
            {outcome.text}
          </pre>
        </div>
      )}
    </form>
  );
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export default function Api() {
  const document = useQuery((client, signal) => client.openapi({ signal }), []);
  const [text, setText] = useState("");
  const open = route.value.params.get("op");
  return (
    <>
      <ViewHead title="API">
        All that this page does, your application can do by HTTP. Each call is described by the server itself; fill it in and try it. It is real: what
        writes, writes.
      </ViewHead>
      <Answer query={document} height={500}>
        {(data) => {
          const operations = operationsOf(data).filter((operation) => `${operation.method} ${operation.path} ${operation.summary} ${operation.tag}`.toLowerCase().includes(text.toLowerCase()));
          const tags = ((data["tags"] ?? []) as { name: string; description?: string }[]).filter((tag) => operations.some((operation) => operation.tag === tag.name));
          return (
            <div class="stack">
              <Card>
                <div class="row">
                  <input class="fill" type="search" aria-label="Find a call" placeholder="Find: recommend, items, train, …" value={text} onInput={(event) => setText(event.currentTarget.value)} />
                  <a class="button" href={`${api.value.transport.options.url}/openapi.json`}>
                    openapi.json
                  </a>
                </div>
              </Card>
              {tags.map((tag) => (
                <Card key={tag.name} title={tag.name} hint={tag.description} flush>
                  <ul class="operations">
                    {operations
                      .filter((operation) => operation.tag === tag.name)
                      .map((operation) => (
                        <li key={operation.id}>
                          <button type="button" class="operation" aria-expanded={open === operation.id} onClick={() => setParams({ op: open === operation.id ? undefined : operation.id })}>
                            <span class={`method ${operation.method}`}>{operation.method.toUpperCase()}</span>
                            <code>{operation.path}</code>
                            <span class="muted small">{operation.summary}</span>
                          </button>
                          {open === operation.id && <Try document={data} operation={operation} />}
                        </li>
                      ))}
                  </ul>
                </Card>
              ))}
            </div>
          );
        }}
      </Answer>
    </>
  );
}
