// The frame: navigation, what the server is doing, and the view of the address.
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, key, keyWanted } from "./data/api";
import { count } from "./data/format";
import { href, route } from "./data/route";
import { choice } from "./data/theme";
import type { Choice } from "./data/theme";
import { useQuery } from "./data/use_query";
import { Icon, Logo } from "./ui/icons";
import { KeyDialog } from "./ui/key_dialog";
import { Empty, Failure } from "./ui/parts";
import { Toasts } from "./ui/toast";
import { views } from "./views";
import type { View } from "./views";

const loaded = new Map<string, ComponentType>();

function useView(view: View | undefined): { Component: ComponentType | undefined; error: unknown } {
  const [, setRound] = useState(0);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (!view || loaded.has(view.name)) return;
    setError(undefined);
    view.load().then(
      (module) => {
        loaded.set(view.name, module.default);
        setRound((n) => n + 1);
      },
      (failure: unknown) => setError(failure),
    );
  }, [view?.name]);
  return { Component: view && loaded.get(view.name), error };
}

function Heartbeat() {
  const stats = useQuery((client, signal) => client.stats({ signal }), [], 5000);
  const health = useQuery((client, signal) => client.health({ signal }), []);
  const isDown = stats.error !== undefined;
  return (
    <>
      <span class="pulse">
        <i class={`dot ${isDown ? "bad" : stats.data?.writable === false ? "warm" : "live"}`} />
        {isDown ? "No answer from the server" : stats.data?.writable === false ? "Reads only" : "Live"}
      </span>
      {stats.data && <span class="tabular">Sequence {count(stats.data.sequence)}</span>}
      {health.data && <span>Tamis {health.data.version}</span>}
    </>
  );
}

const NEXT: Record<Choice, [Choice, string, string]> = {
  system: ["light", "system", "Colours follow the system"],
  light: ["dark", "sun", "Light colours"],
  dark: ["system", "moon", "Dark colours"],
};

function ThemeButton() {
  const [next, icon, text] = NEXT[choice.value];
  return (
    <button type="button" class="quiet icon" aria-label={`${text}; change`} title={text} onClick={() => (choice.value = next)}>
      <Icon name={icon} />
    </button>
  );
}

function Navigation({ current, onChoose }: { current: string; onChoose: () => void }) {
  const groups: View["group"][] = ["See", "Shape", "Keep"];
  return (
    <nav aria-label="Views">
      {groups.map((group) => (
        <div key={group} role="group" aria-label={group}>
          <h2 aria-hidden="true">{group}</h2>
          {views
            .filter((view) => view.group === group)
            .map((view) => (
              <a key={view.name} href={href(view.name)} aria-current={view.name === current ? "page" : undefined} onClick={onChoose}>
                <Icon name={view.icon} />
                {view.title}
              </a>
            ))}
        </div>
      ))}
    </nav>
  );
}

export function App() {
  const { view: name } = route.value;
  const view = views.find((candidate) => candidate.name === name);
  const { Component, error } = useView(view);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);

  useEffect(() => {
    setMenuOpen(false);
    window.scrollTo(0, 0);
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [name]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && setMenuOpen(false);
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  const brand = (
    <a class="brand" href={href("overview")} aria-label="Tamis: overview">
      <Logo />
      Tamis
    </a>
  );
  return (
    <div class={`shell ${isMenuOpen ? "menu-open" : ""}`}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <div class="topbar">
        {brand}
        <div class="row tight">
          <ThemeButton />
          <button type="button" class="quiet icon" aria-label="Menu" aria-expanded={isMenuOpen} onClick={() => setMenuOpen(!isMenuOpen)}>
            <Icon name={isMenuOpen ? "close" : "menu"} />
          </button>
        </div>
      </div>
      {isMenuOpen && <button type="button" class="scrim" aria-label="Close the menu" onClick={() => setMenuOpen(false)} />}
      <div class="side">
        {brand}
        <Navigation current={name} onChoose={() => setMenuOpen(false)} />
        <div class="side-foot">
          <Heartbeat />
          <div class="row tight">
            <ThemeButton />
            <button
              type="button"
              class="quiet icon"
              aria-label={key.value ? "Change the API key" : "Enter an API key"}
              title="API key"
              onClick={() => (keyWanted.value = key.value ? "You can change the key here." : "You can enter a key here.")}
            >
              <Icon name="key" />
            </button>
          </div>
        </div>
      </div>
      <main id="main" ref={main} tabIndex={-1}>
        {error !== undefined ? (
          <Failure error={error} retry={() => location.reload()} />
        ) : !view ? (
          <Empty title="There is no such view" actions={<a class="button" href={href("overview")}>Go to the overview</a>} />
        ) : (
          Component && <Component key={`${name} ${api.value.transport.options.key ?? ""}`} />
        )}
      </main>
      <KeyDialog />
      <Toasts />
    </div>
  );
}
