// Short messages in the corner, which a screen reader reads out.
import { signal } from "@preact/signals";
import { messageOf, noteFailure } from "../data/api";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}
const toasts = signal<Toast[]>([]);
let next = 1;

export function tell(text: string, bad = false): void {
  const id = next++;
  toasts.value = [...toasts.value.slice(-3), { id, text, bad }];
  setTimeout(() => (toasts.value = toasts.value.filter((toast) => toast.id !== id)), bad ? 9000 : 4500);
}

export function tellFailure(failure: unknown): void {
  noteFailure(failure);
  tell(messageOf(failure), true);
}

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite" role="status">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.bad ? "bad" : ""}`}>
          {toast.text}
        </div>
      ))}
    </div>
  );
}
