// Whom to tell of an item: people who took what is most like it, and have not had it.
import { useItems } from "../../data/entities";
import { count, decimal, detailOf } from "../../data/format";
import { href } from "../../data/route";
import { useQuery } from "../../data/use_query";
import { ItemName } from "../../ui/item_name";
import { Answer, Empty, TableWrap } from "../../ui/parts";

export function AudienceList({ item }: { item: string }) {
  const answer = useQuery((client, signal) => client.audience(item, { k: 25, features: true }, { signal }), [item]);
  const features = useItems((answer.data?.users ?? []).flatMap((row) => (row.because ? [row.because] : [])));
  return (
    <div class="stack">
      <p class="small muted">For a newsletter: people who took what is most like this item, lately, and have not had it. Your application can ask for thousands of them.</p>
      <Answer query={answer} height={300}>
        {(data) =>
          data.users.length === 0 ? (
            <Empty title="Nobody comes to mind">Nothing is like this item yet, or all who might care have had it.</Empty>
          ) : (
            <>
              <TableWrap label="Whom to tell">
                <table class="audience">
                  <thead>
                    <tr>
                      <th class="number">Rank</th>
                      <th>User</th>
                      <th>Because they took</th>
                      <th class="number">Score</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.users.map((row) => (
                      <tr key={row.user} data-user={row.user}>
                        <td class="number muted">{row.rank}</td>
                        <td>
                          <a href={href("live", { user: row.user })}>{row.user}</a> <span class="small muted">{detailOf(row.features, 2)}</span>
                        </td>
                        <td>{row.because && <ItemName id={row.because} features={features(row.because)} />}</td>
                        <td class="number">{decimal(row.score, 2)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableWrap>
              <p class="small muted">
                {count(data.left_out.seen)} who had it already were left out{data.left_out.turned_down > 0 ? `, and ${count(data.left_out.turned_down)} who turned it down` : ""}.
              </p>
            </>
          )
        }
      </Answer>
    </div>
  );
}
