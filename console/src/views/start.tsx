// Import data: from a file on the reader's computer to the first list, in four steps.
import { useRef, useState } from "preact/hooks";
import { api } from "../data/api";
import { openTable } from "../data/csv";
import type { TableFile } from "../data/csv";
import { count, decimal, duration } from "../data/format";
import { importTable } from "../data/import_table";
import type { ImportState } from "../data/import_table";
import { columnOf, faultOf, featureOf, guessMapping, nameOf, readRow, ROLES } from "../data/mapping";
import type { Mapping, Role } from "../data/mapping";
import { href } from "../data/route";
import { useQuery } from "../data/use_query";
import { Icon } from "../ui/icons";
import { ItemList } from "../ui/item_list";
import { Answer, Card, Check, Field, Note, Stat, TableWrap, ViewHead } from "../ui/parts";
import { tell, tellFailure } from "../ui/toast";
import { JobProgress, startTraining, useJob } from "../ui/training_run";
import "../styles/start.css";

const STEPS = ["Choose a file", "Say what it means", "Import", "Train", "First list"];

function Steps({ current }: { current: number }) {
  return (
    <ol class="steps" aria-label="Steps">
      {STEPS.map((step, i) => (
        <li key={step} class={i < current ? "past" : i === current ? "now" : ""} aria-current={i === current ? "step" : undefined}>
          <span>{i < current ? <Icon name="check" /> : i + 1}</span>
          {step}
        </li>
      ))}
    </ol>
  );
}

function DropZone({ onFile }: { onFile: (file: File) => void }) {
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div
      class={`drop ${isOver ? "over" : ""}`}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (file) onFile(file);
      }}
    >
      <Icon name="start" />
      <h2>Drop a file of what people did</h2>
      <p class="muted">
        Purchases, ratings, views, plays: one row for each, with a user and an item. CSV, TSV, NDJSON or JSON, also as .gz. A catalogue of items
        or a list of users works, too. The file goes to this server and nowhere else.
      </p>
      <button type="button" class="primary" onClick={() => input.current?.click()}>
        Choose a file
      </button>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label="File to import"
        accept=".csv,.tsv,.txt,.data,.dat,.json,.jsonl,.ndjson,.gz"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
        }}
      />
    </div>
  );
}

function MappingTable({ table, mapping, onChange }: { table: TableFile; mapping: Mapping; onChange: (mapping: Mapping) => void }) {
  return (
    <TableWrap class="mapping" label="Columns and the first rows">
      <table>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column} class={`role-${mapping.roles[column]}`}>
                <span class="column-name">{column}</span>
                <select
                  aria-label={`What the column ${column} means`}
                  value={mapping.roles[column]}
                  onChange={(event) => onChange({ ...mapping, roles: { ...mapping.roles, [column]: event.currentTarget.value as Role } })}
                >
                  {ROLES.map(([role, text]) => (
                    <option key={role} value={role}>
                      {text}
                    </option>
                  ))}
                </select>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.sample.slice(0, 6).map((row, i) => (
            <tr key={i}>
              {table.columns.map((column) => (
                <td key={column} class={mapping.roles[column] === "ignore" ? "muted struck" : ""}>
                  <div class="clip">{row[column]}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

function Preview({ table, mapping }: { table: TableFile; mapping: Mapping }) {
  const readings = table.sample.map((row) => readRow(row, mapping));
  const good = readings.find((reading) => !reading.skipped && (reading.interaction ?? reading.item ?? reading.user));
  const skipped = readings.filter((reading) => reading.skipped);
  const reasons = [...new Set(skipped.map((reading) => reading.skipped))];
  const about = Object.keys(mapping.roles).filter((column) => mapping.roles[column] === "item_feature");
  return (
    <div class="stack">
      {good?.interaction && (
        <p>
          The first row reads: user <strong>{good.interaction.user}</strong> did <strong>{good.interaction.type}</strong> with item{" "}
          <strong>{good.interaction.item}</strong>
          {good.interaction.value !== undefined && (
            <>
              , value <strong>{decimal(good.interaction.value)}</strong>
            </>
          )}
          {good.interaction.timestamp ? <>, on <strong>{String(good.interaction.timestamp).slice(0, 10)}</strong></> : ", at an unknown time: the time of the import counts"}.
        </p>
      )}
      {good?.item && about.length > 0 && (
        <p class="muted">
          Known of its item:{" "}
          {about
            .map((column) => [nameOf(column), featureOf(table.sample.find((row) => row[columnOf(mapping, "item") ?? ""] === good.item!.id)?.[column] ?? "")] as const)
            .filter(([, value]) => value !== null)
            .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : String(value)}`)
            .join("; ")}
          .
        </p>
      )}
      {skipped.length > 0 && (
        <Note tone={skipped.length === readings.length ? "bad" : ""}>
          Of the first {readings.length} rows, {skipped.length} are left out: {reasons.join("; ")}.
        </Note>
      )}
    </div>
  );
}

function Progress({ state, onCancel }: { state: ImportState; onCancel: () => void }) {
  const skipped = Object.values(state.skipped).reduce((a, b) => a + b, 0);
  return (
    <div class="stack">
      <div class="stats" aria-live="polite">
        <Stat label="Rows read">{count(state.rows)}</Stat>
        <Stat label="Items">{count(state.items)}</Stat>
        <Stat label="Users">{count(state.users)}</Stat>
        <Stat label="Interactions" detail={state.duplicates > 0 ? `${count(state.duplicates)} were there already` : undefined}>
          {count(state.interactions)}
        </Stat>
        <Stat label="Time" detail={state.seconds > 1 ? `${count(Math.round(state.interactions / state.seconds))} rows a second` : undefined}>
          {duration(state.seconds)}
        </Stat>
      </div>
      {state.phase !== "done" && (
        <div class="row">
          <span class="pulse">
            <i class="dot live" /> Importing {state.phase}
          </span>
          <button type="button" onClick={onCancel}>
            Stop
          </button>
        </div>
      )}
      {skipped > 0 && (
        <Note>
          {count(skipped)} rows were left out: {Object.entries(state.skipped).map(([reason, n]) => `${reason} (${count(n)})`).join("; ")}.
        </Note>
      )}
      {state.rejected > 0 && (
        <Note tone="warm">
          The server refused {count(state.rejected)} rows. {state.errors.slice(0, 3).map((error) => `Row ${error.line}: ${error.detail}`).join("; ")}
        </Note>
      )}
    </div>
  );
}

function FirstList({ user }: { user: string }) {
  const answer = useQuery((client, signal) => client.recommend(user, { k: 6, features: true, explain: true, dry_run: true }, { signal }), [user]);
  return (
    <Card title={<>The first list, for user {user}</>} side={<a class="button" href={href("live", { user })}>Be this user</a>}>
      <Answer query={answer}>{(data) => <ItemList items={data.items} />}</Answer>
    </Card>
  );
}

export default function Start() {
  const stats = useQuery((client, signal) => client.stats({ signal }), []);
  const [table, setTable] = useState<TableFile>();
  const [mapping, setMapping] = useState<Mapping>();
  const [state, setState] = useState<ImportState>();
  const [user, setUser] = useState("");
  const [job, setJob] = useState<string>();
  const [isTrained, setTrained] = useState(false);
  const controller = useRef<AbortController>();
  const running = useJob(job, (ended) => setTrained(ended.state === "succeeded" || ended.state === "rejected"));

  const open = async (file: File) => {
    try {
      const opened = await openTable(file);
      setTable(opened);
      setMapping(guessMapping(opened));
      setState(undefined);
      setJob(undefined);
      setTrained(false);
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const run = async () => {
    controller.current = new AbortController();
    try {
      const ended = await importTable(api.value, table!, mapping!, setState, controller.current.signal);
      const first = table!.sample.map((row) => readRow(row, mapping!).interaction?.user).find(Boolean);
      const chosen = first ?? (await api.value.listUsers({ limit: 1 })).rows[0]?.id ?? "";
      setUser(chosen);
      tell(`${count(ended.interactions + ended.items + ended.users)} records were imported.`);
    } catch (failure) {
      if (controller.current.signal.aborted) {
        tell("The import was stopped. What was imported stays; importing the file again goes on from there.");
        setState(undefined);
      } else {
        tellFailure(failure);
        setState(undefined);
      }
    }
  };
  const undo = async () => {
    try {
      const taken = await api.value.deleteInteractions({ import_id: state!.importId });
      tell(`${count(taken.deleted)} interactions were taken back.`);
      setState(undefined);
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const fault = mapping ? faultOf(mapping) : "";
  const step = !table ? 0 : !state ? 1 : state.phase !== "done" ? 2 : !isTrained ? 3 : 4;
  const isEmpty = stats.data && stats.data.items === 0 && stats.data.interactions === 0;

  return (
    <>
      <ViewHead title={isEmpty ? "Welcome to Tamis" : "Import data"}>
        {isEmpty
          ? "This database is empty. Give it a file of what your customers did, and it shows you its first recommendations in a minute or two."
          : "Add a file to this database: what people did, a catalogue of items, or a list of users."}
      </ViewHead>
      <div class="stack">
        <Steps current={step} />
        {step === 0 && (
          <>
            <Card>
              <DropZone onFile={(file) => void open(file)} />
            </Card>
            <Card title="Or from a program" hint="The same goes line by line over the API, and by the command line.">
              <pre>{`curl ${location.origin}/v1/interactions -H 'Content-Type: application/json' \\
  -d '{"user":"u1","item":"lantern","type":"purchase"}'
tamis import --url ${location.origin} interactions purchases.csv`}</pre>
            </Card>
          </>
        )}
        {table && mapping && step === 1 && (
          <Card
            title={table.file.name}
            hint="Each column has a meaning; Tamis guessed them from the names. Change what is wrong."
            side={
              <button type="button" class="quiet" onClick={() => setTable(undefined)}>
                Another file
              </button>
            }
          >
            <div class="stack">
              <MappingTable table={table} mapping={mapping} onChange={setMapping} />
              <div class="grid two">
                {columnOf(mapping, "user") && columnOf(mapping, "item") && !columnOf(mapping, "type") && (
                  <Field label="What the people did" hint="A known word such as purchase, rating, view, play or like.">
                    <input value={mapping.type} onInput={(event) => setMapping({ ...mapping, type: event.currentTarget.value.trim() })} />
                  </Field>
                )}
                {columnOf(mapping, "value") && (
                  <div class="field">
                    <span>Returns and corrections</span>
                    <Check checked={mapping.positiveOnly} onChange={(positiveOnly) => setMapping({ ...mapping, positiveOnly })}>
                      Leave out rows whose value is 0 or less
                    </Check>
                  </div>
                )}
              </div>
              {fault ? <Note tone="warm">{fault}</Note> : <Preview table={table} mapping={mapping} />}
              <div class="row end">
                <button type="button" class="primary" disabled={fault !== ""} onClick={() => void run()}>
                  Import the file
                </button>
              </div>
            </div>
          </Card>
        )}
        {state && (
          <Card
            title={state.phase === "done" ? "Imported" : "Importing"}
            side={
              state.phase === "done" &&
              state.interactions > 0 && (
                <button type="button" class="quiet danger" onClick={() => void undo()}>
                  Take these interactions back
                </button>
              )
            }
          >
            <Progress state={state} onCancel={() => controller.current?.abort()} />
          </Card>
        )}
        {step === 3 && (
          <Card title="Train" hint="Tamis learns who likes what. It runs beside the server and takes seconds for a small shop, minutes for a large one.">
            {running ? (
              <JobProgress job={running} />
            ) : (
              <button type="button" class="primary" onClick={async () => setJob((await startTraining({}))?.job)}>
                Start training
              </button>
            )}
          </Card>
        )}
        {step === 4 && user && (
          <>
            {running && (
              <Card title="Trained">
                <JobProgress job={running} />
              </Card>
            )}
            <FirstList user={user} />
          </>
        )}
      </div>
    </>
  );
}
