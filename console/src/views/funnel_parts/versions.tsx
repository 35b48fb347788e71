// The versions of a funnel, and what changed between two.
import { useState } from "preact/hooks";
import type { Funnel } from "@tamis/client";
import { api } from "../../data/api";
import { canonical, diffLines } from "../../data/diff";
import { useQuery } from "../../data/use_query";
import { Answer, Card, Field } from "../../ui/parts";
import { tell, tellFailure } from "../../ui/toast";

const SHOWN = 30;

export function Versions({ name, onSaved }: { name: string; onSaved: () => void }) {
  const versions = useQuery(
    async (client, signal) => {
      const newest = await client.getFunnel(name, {}, { signal });
      const last = newest.version ?? 1;
      const numbers = Array.from({ length: Math.min(last, SHOWN) }, (_, i) => last - i);
      // The first default funnel is built in and was never stored.
      const found = await Promise.all(numbers.map((version) => (version === last ? newest : client.getFunnel(name, { version }, { signal }).catch(() => undefined))));
      return found.filter((one): one is Funnel => one !== undefined);
    },
    [name],
  );
  const [from, setFrom] = useState<number>();
  const [to, setTo] = useState<number>();
  const restore = async (funnel: Funnel) => {
    const { name: _, version, ...rest } = funnel;
    try {
      await api.value.putFunnel(name, rest);
      tell(`Version ${version} is stored again as the newest.`);
      versions.reload();
      onSaved();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <Answer query={versions} height={300}>
      {(list) => {
        const newest = list[0]!;
        const after = list.find((one) => one.version === to) ?? newest;
        const before = list.find((one) => one.version === from) ?? list[1] ?? newest;
        const lines = diffLines(canonical({ ...before, version: undefined }), canonical({ ...after, version: undefined }));
        const isSame = lines.every((line) => line.kind === " ");
        const select = (label: string, value: number | undefined, onChange: (version: number) => void) => (
          <Field label={label}>
            <select value={value} onChange={(event) => onChange(Number(event.currentTarget.value))}>
              {list.map((one) => (
                <option key={one.version} value={one.version}>
                  Version {one.version} {one === newest ? "(serving)" : ""}
                </option>
              ))}
            </select>
          </Field>
        );
        return (
          <Card
            title={`${list.length} ${list.length === 1 ? "version" : "versions"} of ${name}`}
            hint="Every save is kept. Choose two to see what changed."
            side={
              before !== newest && (
                <button type="button" onClick={() => void restore(before)}>
                  Store version {before.version} again
                </button>
              )
            }
          >
            <div class="stack">
              <div class="grid two">
                {select("From", before.version, setFrom)}
                {select("To", after.version, setTo)}
              </div>
              {isSame ? (
                <p class="muted">These two say the same.</p>
              ) : (
                <pre class="diff" tabIndex={0} aria-label="What changed">
                  {lines.map((line, i) => (
                    <span key={i} class={line.kind === "+" ? "added" : line.kind === "-" ? "removed" : ""}>
                      {line.kind} {line.text}
                      {"\n"}
                    </span>
                  ))}
                </pre>
              )}
            </div>
          </Card>
        );
      }}
    </Answer>
  );
}
