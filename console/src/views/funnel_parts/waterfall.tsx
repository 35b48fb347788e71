// One request as it went through the funnel: how many came through each stage, and what it cost.
import type { Recommendations, Stage } from "@tamis/client";
import { count, duration, micros } from "../../data/format";
import { stageColor, stageHint, stageName } from "../../data/stages";
import { TableWrap } from "../../ui/parts";

function widthOf(n: number, most: number): number {
  return n <= 0 ? 0 : Math.max(2.5, (Math.log10(n + 1) / Math.log10(most + 1)) * 100);
}

/** Per candidate that a stage looked at. */
function costOf(stage: Stage): string {
  const seen = Math.max(stage.before ?? 0, stage.count);
  return seen > 0 ? micros(stage.microseconds / seen) : "–";
}

export function Waterfall({ answer }: { answer: Recommendations }) {
  const stages = answer.stages ?? [];
  const most = Math.max(1, ...stages.map((stage) => stage.count));
  const total = stages.reduce((sum, stage) => sum + stage.microseconds, 0);
  return (
    <TableWrap label="The stages of one request">
      <table class="waterfall" key={answer.recommendation_id}>
        <caption class="visually-hidden">The stages of one request, with how many items came through and what they cost</caption>
        <thead>
          <tr>
            <th>Stage</th>
            <th>Candidates</th>
            <th class="number">Count</th>
            <th class="number">Time</th>
            <th class="number">Per item</th>
          </tr>
        </thead>
        <tbody>
          {stages.map((stage, i) => (
            <tr key={stage.stage} class={stage.stage.startsWith("retrieve:") ? "parallel" : ""}>
              <th scope="row">
                {stageName(stage.stage)}
                <small class="muted">{stage.note ?? stageHint(stage.stage)}</small>
              </th>
              <td>
                <div class="flow" aria-hidden="true">
                  <i style={{ width: `${widthOf(stage.count, most)}%`, background: stageColor(stage.stage), animationDelay: `${i * 90}ms` }} />
                </div>
              </td>
              <td class="number">
                {stage.before !== undefined && stage.before !== stage.count && <span class="muted">{count(stage.before)} → </span>}
                {count(stage.count)}
              </td>
              <td class="number">
                {micros(stage.microseconds)}
                <div class="share" aria-hidden="true">
                  <i style={{ width: `${(stage.microseconds / Math.max(1e-9, total)) * 100}%` }} />
                </div>
              </td>
              <td class="number muted">{costOf(stage)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All stages</th>
            <td class="muted small">widths are logarithmic</td>
            <td class="number">{count(answer.items.length)}</td>
            <td class="number">
              <strong>{duration(total / 1e6)}</strong>
            </td>
            <td class="number muted">{answer.items.length > 0 ? micros(total / answer.items.length) : "–"}</td>
          </tr>
        </tfoot>
      </table>
    </TableWrap>
  );
}
