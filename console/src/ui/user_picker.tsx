// Choosing a user: by id, by chance, or a newcomer nobody knows.
import { useId, useState } from "preact/hooks";
import { useQuery } from "../data/use_query";
import { Icon } from "./icons";

export function UserPicker({ user, onPick, newcomer = true }: { user: string; onPick: (user: string) => void; newcomer?: boolean }) {
  const [text, setText] = useState(user);
  const [shown, setShown] = useState(user);
  const list = useId();
  const sample = useQuery((client, signal) => client.listUsers({ limit: 200, signal }), []);
  if (shown !== user) {
    setShown(user);
    setText(user);
  }
  const known = sample.data?.rows ?? [];
  const pick = (id: string) => id && id !== user && onPick(id);
  return (
    <form class="row tight user-picker" onSubmit={(event) => (event.preventDefault(), pick(text.trim()))}>
      <label class="field fill">
        <span>User</span>
        <input
          list={list}
          value={text}
          placeholder="User id"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
          onChange={(event) => pick(event.currentTarget.value.trim())}
        />
      </label>
      <datalist id={list}>
        {known.slice(0, 60).map((one) => (
          <option key={one.id} value={one.id} />
        ))}
      </datalist>
      <div class="row tight bottom">
        <button type="button" disabled={known.length === 0} onClick={() => pick(known[Math.floor(Math.random() * known.length)]!.id)}>
          <Icon name="shuffle" /> Somebody else
        </button>
        {newcomer && (
          <button type="button" onClick={() => pick(`visitor-${Math.random().toString(36).slice(2, 7)}`)}>
            <Icon name="plus" /> A newcomer
          </button>
        )}
      </div>
    </form>
  );
}

/** The user of the address, else the first of the database. */
export function useUser(param: string | null): string | undefined {
  const first = useQuery(param ? null : (client, signal) => client.listUsers({ limit: 1, signal }), [param]);
  return param ?? first.data?.rows[0]?.id;
}
