// Asks for the API key that the server wants.
import { useState } from "preact/hooks";
import { key, keyWanted, setKey } from "../data/api";
import { Check, Dialog, Field } from "./parts";

export function KeyDialog() {
  const [value, setValue] = useState(key.value);
  const [keep, setKeep] = useState(false);
  if (!keyWanted.value) return null;
  return (
    <Dialog title="Sign in with an API key" onClose={() => (keyWanted.value = "")}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          setKey(value.trim(), keep);
        }}
      >
        <p class="muted">
          {keyWanted.value} Keys stand in the server's configuration as <code>auth.keys</code>. A read key shows everything; changes need one that
          may write, training and settings one for admins.
        </p>
        <Field label="Key">
          <input type="password" autoComplete="off" value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        </Field>
        <Check checked={keep} onChange={setKeep}>
          Keep it on this computer
        </Check>
        <div class="row end">
          <button class="primary">Use this key</button>
        </div>
      </form>
    </Dialog>
  );
}
