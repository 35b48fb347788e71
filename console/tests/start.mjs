// The first visit of an empty database: a file, its meaning, the import, training, the first list.
import assert from "node:assert/strict";

/** Orders of three camps of customers, each with tastes of its own. */
function orders() {
  const lines = ["InvoiceDate,CustomerID,StockCode,Description,Quantity,Country"];
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let customer = 0; customer < 90; customer++) {
    const camp = customer % 3;
    for (let n = 0; n < 12; n++) {
      const item = random() < 0.85 ? camp * 20 + Math.floor(random() * 20) : Math.floor(random() * 60);
      const day = String(1 + Math.floor(n * 2.3 + random() * 2)).padStart(2, "0");
      lines.push(`2026-10-${day} 10:${String(n).padStart(2, "0")},c${customer},p${item},THING ${item} OF CAMP ${Math.floor(item / 20)},${1 + (n % 3)},${["France", "Spain", "Italy"][camp]}`);
    }
  }
  return lines.join("\n");
}

export async function guidedStart(page, server, look) {
  await page.getByRole("heading", { level: 1, name: "Welcome to Tamis" }).waitFor();
  await look("welcome");
  await page.getByLabel("File to import").setInputFiles({ name: "orders.csv", mimeType: "text/csv", buffer: Buffer.from(orders()) });
  await page.getByText("The first row reads").waitFor();
  assert.equal(await page.getByLabel("What the column CustomerID means").inputValue(), "user");
  assert.equal(await page.getByLabel("What the column StockCode means").inputValue(), "item");
  await look("meaning");
  await page.getByRole("button", { name: "Import the file" }).click();
  await page.getByRole("heading", { name: "Imported" }).waitFor();
  const stats = await server.get("/v1/stats");
  assert.equal(stats.interactions, 90 * 12);
  assert.equal(stats.users, 90);
  await page.getByRole("button", { name: "Start training" }).click();
  await page.getByText("The first list, for user").waitFor({ timeout: 90_000 });
  await page.locator("ol.items li").first().waitFor();
  const { generation } = await server.get("/v1/stats");
  assert.match(generation, /^g\d+$/);
  const shown = await page.locator("ol.items li").evaluateAll((rows) => rows.map((row) => row.dataset.item));
  const answer = await server.recommend("c0", { k: 6 });
  assert.deepEqual(shown, answer.items.map((item) => item.item));
  await look("first-list");
}
