// Parts that are heavy are loaded when they are first shown.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazyPart<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>, height: number) {
  let Loaded: ComponentType<Props> | undefined;
  return function LazyPart(props: Props) {
    const [, setRound] = useState(0);
    useEffect(() => {
      if (!Loaded) void load().then((module) => ((Loaded = module.default), setRound((n) => n + 1)));
    }, []);
    return Loaded ? <Loaded {...props} /> : <div class="skeleton" style={{ height: `${height}px` }} role="status" aria-label="Loading" />;
  };
}
