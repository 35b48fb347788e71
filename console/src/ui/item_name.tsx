// An item by its name, with a link to what else goes with it.
import { titleOf } from "../data/format";
import type { Features } from "@tamis/client";
import { href } from "../data/route";

export function ItemName({ id, features }: { id: string; features: Features | undefined }) {
  const title = titleOf(features);
  return (
    <a href={href("neighbours", { item: id })} title={id}>
      {title || id}
    </a>
  );
}
