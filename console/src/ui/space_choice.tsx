// Which embedding space a view is about.
import type { Space } from "@tamis/client";
import { href } from "../data/route";
import { Card, Empty, Field } from "./parts";

export function SpaceField({ spaces, space, onPick }: { spaces: Space[] | undefined; space: string | undefined; onPick: (name: string) => void }) {
  return (
    <Field label="Space">
      <select value={space} onChange={(event) => onPick(event.currentTarget.value)}>
        {(spaces ?? []).map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
      </select>
    </Field>
  );
}

/** What stands there while the database has no space. */
export function NoSpace() {
  return (
    <Card>
      <Empty title="There is no space yet" actions={<a class="button" href={href("training")}>Train</a>}>
        Training makes one, or you store vectors of your own.
      </Empty>
    </Card>
  );
}
