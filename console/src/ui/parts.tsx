// The parts that views are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { messageOf } from "../data/api";
import type { Query } from "../data/use_query";
import { Icon } from "./icons";

export function ViewHead({ title, children, actions }: { title: string; children: ComponentChildren; actions?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} – Tamis`;
  }, [title]);
  return (
    <header class="view-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        <p>{children}</p>
      </div>
      {actions && <div class="actions">{actions}</div>}
    </header>
  );
}

export function Card(props: { title?: ComponentChildren; hint?: ComponentChildren; side?: ComponentChildren; flush?: boolean; class?: string; children: ComponentChildren }) {
  return (
    <section class={`card ${props.flush ? "flush" : ""} ${props.class ?? ""}`}>
      {props.title && (
        <div class="card-head">
          <h2>{props.title}</h2>
          {props.side}
          {props.hint && <p>{props.hint}</p>}
        </div>
      )}
      {props.children}
    </section>
  );
}

export function Stat({ label, children, detail }: { label: string; children: ComponentChildren; detail?: ComponentChildren }) {
  return (
    <div class="stat">
      <span class="stat-label">{label}</span>
      <span class="stat-value">{children}</span>
      {detail !== undefined && <span class="stat-detail">{detail}</span>}
    </div>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: ComponentChildren; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small>{hint}</small>}
    </label>
  );
}

export function Check({ checked, onChange, children, disabled }: { checked: boolean; onChange: (on: boolean) => void; children: ComponentChildren; disabled?: boolean }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  );
}

export function Segments<T extends string>({ label, options, value, onChange }: { label: string; options: [T, string][]; value: T; onChange: (value: T) => void }) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button type="button" key={option} aria-pressed={option === value} onClick={() => onChange(option)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export function Note({ tone = "", children }: { tone?: "" | "warm" | "bad" | "good"; children: ComponentChildren }) {
  const icon = tone === "good" ? "check" : tone === "" ? "info" : "warning";
  return (
    <div class={`note ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Note tone="bad">
      <div class="row between">
        <span>{messageOf(error)}</span>
        {retry && (
          <button type="button" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    </Note>
  );
}

/** What a question came to: a grey block while it runs, why it failed, or its answer. */
export function Answer<T>({ query, height = 120, children }: { query: Query<T>; height?: number; children: (data: T) => ComponentChildren }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failure error={query.error} retry={query.reload} />;
  return <div class="skeleton" style={{ height: `${height}px` }} role="status" aria-label="Loading" />;
}

export function Empty({ title, children, actions }: { title: string; children?: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {actions && <div class="row">{actions}</div>}
    </div>
  );
}

export function Meter({ share, label, tone }: { share: number; label: string; tone?: "warm" | "bad" | "" }) {
  const width = Math.max(0, Math.min(1, share));
  return (
    <div class={`meter ${tone ?? ""}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(width * 100)}>
      <i style={{ width: `${width * 100}%` }} />
    </div>
  );
}

/** A table that scrolls by itself where the window is too narrow for it. Only then the keyboard stops at it, to scroll it. */
export function TableWrap({ label, class: name = "", children }: { label: string; class?: string; children: ComponentChildren }) {
  const ref = useRef<HTMLDivElement>(null);
  const [isWide, setWide] = useState(false);
  useEffect(() => {
    const element = ref.current!;
    const measure = () => setWide(element.scrollWidth > element.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    measure();
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={ref} class={`table-wrap ${name}`} {...(isWide ? { tabIndex: 0, role: "region", "aria-label": label } : {})}>
      {children}
    </div>
  );
}

export function Dialog({ title, onClose, wide, children }: { title: string; onClose: () => void; wide?: boolean; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current!;
    if (!dialog.open) dialog.showModal();
    return () => dialog.close();
  }, []);
  return (
    <dialog ref={ref} class={wide ? "wide" : ""} aria-labelledby={id} onCancel={onClose} onClose={onClose}>
      <div class="row between">
        <h2 id={id}>{title}</h2>
        <button type="button" class="quiet icon" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
}
