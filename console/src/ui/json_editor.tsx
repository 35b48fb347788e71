// A JSON editor (CodeMirror). It lives in a shadow root: there its styles are adopted sheets, which the content security
// policy of the page allows, where style elements would not be.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import type { Diagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "preact/hooks";
import type { Fault } from "@tamis/client";

const theme = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--text)", fontSize: "12.5px", maxHeight: "640px" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { background: "var(--accent-soft)" },
  ".cm-tooltip": { background: "var(--surface)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-diagnostic": { fontFamily: "var(--sans)" },
});
const colors = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--accent)" },
  { tag: tags.string, color: "var(--warm)" },
  { tag: tags.number, color: "var(--c3)" },
  { tag: [tags.bool, tags.null], color: "var(--c4)" },
  { tag: tags.punctuation, color: "var(--muted)" },
]);

/** Where a JSON pointer leads; the whole document where it leads nowhere. */
function rangeOf(state: EditorState, pointer: string): { from: number; to: number } {
  const text = (from: number, to: number) => state.sliceDoc(from, to);
  let node = syntaxTree(state).topNode.firstChild;
  for (const raw of pointer.split("/").slice(1)) {
    const part = raw.replaceAll("~1", "/").replaceAll("~0", "~");
    if (node?.name === "Object") {
      const property = node.getChildren("Property").find((child) => {
        const name = child.getChild("PropertyName");
        return name && text(name.from, name.to) === JSON.stringify(part);
      });
      if (!property) break;
      node = property.lastChild;
    } else if (node?.name === "Array") {
      const elements = [];
      for (let child = node.firstChild; child; child = child.nextSibling) if (!/^[[\],⚠]$/.test(child.name)) elements.push(child);
      const element = elements[Number(part)];
      if (!element) break;
      node = element;
    } else {
      break;
    }
  }
  return node ? { from: node.from, to: Math.max(node.from, Math.min(node.to, node.from + 200)) } : { from: 0, to: Math.min(1, state.doc.length) };
}

export default function JsonEditor({ value, onChange, faults = [], label }: { value: string; onChange: (value: string) => void; faults?: Fault[]; label: string }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>();
  const change = useRef(onChange);
  change.current = onChange;

  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: "open" });
    const made = new EditorView({
      root,
      parent: root as unknown as HTMLElement,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(),
          foldGutter(),
          history(),
          bracketMatching(),
          json(),
          lintGutter(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          syntaxHighlighting(colors),
          theme,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) change.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const now = view.current!;
    if (now.state.doc.toString() !== value) now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const now = view.current!;
    const diagnostics: Diagnostic[] = faults.map((fault) => ({ ...rangeOf(now.state, fault.pointer), severity: "error", message: fault.detail }));
    now.dispatch(setDiagnostics(now.state, diagnostics));
  }, [faults, value]);

  return <div class="editor" ref={host} />;
}
