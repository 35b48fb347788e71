// A square of numbers as colours, with every number as text for those who cannot see them.
import { decimal } from "../data/format";
import "../styles/heat_map.css";

/** From -1 (one colour) over 0 (none) to 1 (another): the share of the largest number, by its root, so that small ones show. */
function strength(value: number, most: number): number {
  return most > 0 ? Math.sign(value) * Math.sqrt(Math.min(1, Math.abs(value) / most)) : 0;
}

export function HeatMap({ label, names, values, diagonal = true }: { label: string; names: string[]; values: number[][]; diagonal?: boolean }) {
  const most = Math.max(...values.flatMap((row, r) => row.map((value, c) => (r === c && !diagonal ? 0 : Math.abs(value)))), 1e-12);
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label={label}>
      <table class="heat">
        <caption class="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <td />
            {names.map((name, i) => (
              <th scope="col" key={name}>
                <abbr title={name}>{i + 1}</abbr>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {values.map((row, r) => (
            <tr key={names[r]}>
              <th scope="row">
                <span class="tabular muted">{r + 1}</span> {names[r]}
              </th>
              {row.map((value, c) => {
                const share = strength(value, most);
                const isOwn = r === c && !diagonal;
                return (
                  <td key={names[c]} title={`${names[r]} × ${names[c]}: ${decimal(value)}`} class={isOwn ? "own" : ""}>
                    <i class={share >= 0 ? "for" : "against"} style={{ opacity: isOwn ? 0 : Math.abs(share) }} aria-hidden="true" />
                    <span class="tabular">{isOwn ? "" : Math.abs(value) < 0.005 ? "0" : value.toFixed(2)}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
