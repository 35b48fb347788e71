// One entry per view: what it has to show, compared with what the API says.
import assert from "node:assert/strict";
import { nameOf } from "./server_api.mjs";

const count = (n) => n.toLocaleString("en-GB");
const compact = (n) => (n < 10_000 ? count(n) : new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 }).format(n));
const text = async (locator) => (await locator.innerText()).replaceAll(/\s+/g, " ").trim();
const texts = async (locator) => (await locator.allInnerTexts()).map((one) => one.replaceAll(/\s+/g, " ").trim());
const card = (page, title) => page.locator("section.card", { has: page.getByRole("heading", { level: 2, name: title }) });
const stat = (page, label) => page.locator(".stat", { has: page.locator(".stat-label", { hasText: new RegExp(`^${label}$`) }) }).locator(".stat-value");

/** The ids of a list of items as the page shows it. */
const shownItems = (list) => list.locator("li[data-item]").evaluateAll((rows) => rows.map((row) => row.dataset.item));

async function showsList(list, answer) {
  assert.deepEqual(await shownItems(list), answer.items.map((item) => item.item));
  const title = await text(list.locator("li[data-item] .title").first());
  assert.ok(title.startsWith(nameOf(answer.items[0])), `the first title is "${title}", expected "${nameOf(answer.items[0])}"`);
}

async function tab(page, name) {
  await page.getByRole("tab", { name, exact: true }).click();
  assert.equal(await page.getByRole("tab", { name, exact: true }).getAttribute("aria-selected"), "true");
}

/** Waits until `read` gives something that `check` takes. */
async function eventually(read, check, timeout_ms = 8000) {
  const deadline = Date.now() + timeout_ms;
  for (;;) {
    try {
      return check(await read());
    } catch (failure) {
      if (Date.now() > deadline) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export const views = [
  {
    name: "overview",
    title: "Overview",
    async check({ page, server }) {
      const stats = await server.get("/v1/stats");
      assert.equal(await text(stat(page, "Serving generation")), stats.generation);
      assert.equal(await text(stat(page, "Users")), compact(stats.users));
      for (const space of stats.spaces) await page.getByRole("cell", { name: new RegExp(`^${space.name}`) }).waitFor();
      const attention = await text(card(page, /Wants attention/));
      for (const warning of stats.warnings) assert.ok(attention.includes(warning.detail.split(";")[0].slice(0, 30)) || attention.length > 60, `attention says "${attention}"`);
      const sequence = await text(page.locator(".side-foot .tabular"));
      if (sequence) assert.equal(sequence, `Sequence ${count(stats.sequence)}`);
    },
  },
  {
    name: "live",
    title: "Live",
    async check({ page, server, isFirst, look }) {
      const user = await server.firstUser();
      const list = page.locator("ol.items").first();
      await list.locator("li[data-item]").first().waitFor();
      const before = await server.recommend(user);
      await showsList(list, before);
      const first = nameOf(before.items[0]);
      await page.getByRole("button", { name: `Why is ${first} here?` }).click();
      const sources = before.items[0].explain.retrieved_by.length;
      await eventually(() => page.locator(".why li").count(), (n) => assert.ok(n >= sources, `${n} reasons, expected ${sources}`));
      // An item that the user has already: the page says so.
      const had = (await server.get(`/v1/users/${user}/interactions?limit=1`)).interactions[0].item;
      await page.getByRole("textbox", { name: "Item id" }).fill(had);
      await page.getByRole("button", { name: "Ask", exact: true }).click();
      await card(page, "Why is that not here?").getByText("The user had it already").waitFor();
      await look("explained");
      await tab(page, "A whole page");
      await page.locator(".page-row").first().waitFor();
      const forYou = page.locator('.page-row[data-row="for_you"]');
      assert.deepEqual(await shownItems(forYou), before.items.slice(0, 8).map((item) => item.item));
      const onPage = await shownItems(page.locator("main"));
      assert.equal(new Set(onPage).size, onPage.length, "an item stands in two rows");
      await look("page");
      await tab(page, "One list");
      if (!isFirst) return;
      // A click is stored, the next list follows, and it can be taken back.
      const sequence = (await server.get("/v1/stats")).sequence;
      await page.getByRole("button", { name: `click: ${first}` }).or(page.getByRole("button", { name: `purchase: ${first}` })).first().click();
      await page.getByText("The list followed").waitFor();
      const [stored] = (await server.get(`/v1/users/${user}/interactions?limit=1`)).interactions;
      assert.equal(stored.item, before.items[0].item);
      assert.ok((await server.get("/v1/stats")).sequence > sequence);
      await eventually(async () => [await shownItems(list), (await server.recommend(user)).items.map((item) => item.item)], ([shown, expected]) => assert.deepEqual(shown, expected));
      await page.getByRole("button", { name: "Undo" }).first().click();
      await eventually(() => shownItems(list), (shown) => assert.deepEqual(shown, before.items.map((item) => item.item)));
      await page.getByRole("button", { name: "A newcomer" }).click();
      await page.getByText("Nobody knows this user yet").waitFor();
      const variety = page.getByRole("slider", { name: "Variety" });
      await variety.fill("0.5");
      await eventually(() => variety.inputValue(), (value) => assert.equal(value, "0.5"));
    },
  },
  {
    name: "map",
    title: "Map",
    async check({ page, server, look }) {
      const [space] = (await server.get("/v1/spaces")).spaces;
      const box = page.locator(".canvas-box");
      await page.getByText("near is alike").waitFor({ timeout: 30_000 }); // the layout is made once
      const map = await server.get(`/v1/spaces/${space.name}/map?limit=150000&method=umap`);
      assert.equal(map.method, "umap");
      assert.equal(await box.getAttribute("data-points"), String(map.items.length));
      await page.getByText(`${count(map.items.length)} of ${count(map.total)} items`).waitFor();
      const trained = (await server.get("/v1/stats")).spaces.find((one) => one.user_vectors > 0).name;
      await page.getByRole("combobox", { name: "Space", exact: true }).selectOption(trained);
      const user = await server.firstUser();
      await page.getByRole("combobox", { name: "User", exact: true }).fill(user);
      await page.getByRole("combobox", { name: "User", exact: true }).press("Enter");
      const near = page.locator("ol.near li");
      await near.first().waitFor();
      const vector = (await server.get(`/v1/spaces/${trained}/vectors/users/${user}`)).vector;
      const found = await server.call("POST", "/v1/search", { space: trained, vector, k: 12, features: true });
      await eventually(() => text(near.first().locator("button")), (shown) => assert.equal(shown, nameOf(found.items[0])));
      await page.getByRole("button", { name: "Move the star left" }).click();
      await page.getByText("You moved the star").waitFor();
      await look("neighbourhoods");
      await page.getByRole("combobox", { name: "Layout", exact: true }).selectOption("pca");
      const pca = await server.get(`/v1/spaces/${trained}/map?limit=1`);
      await page.getByText(`the two axes show ${((pca.share[0] + pca.share[1]) * 100).toFixed(0)}% of the differences`).waitFor();
      await eventually(() => text(near.first().locator("button")), (shown) => assert.equal(shown, nameOf(found.items[0])));
    },
  },
  {
    name: "neighbours",
    title: "Neighbours",
    async check({ page, server, look }) {
      const item = (await server.get("/v1/matrix?users=1&items=1")).columns[0].item;
      const similar = await server.get(`/v1/items/${item}/similar?k=15&features=true`);
      const rows = page.locator("ol.neighbours > li");
      await rows.first().waitFor();
      assert.equal(await rows.count(), similar.items.length);
      assert.equal(await text(rows.first().locator("a").first()), nameOf(similar.items[0]));
      await page.getByRole("button", { name: `Why ${nameOf(similar.items[0])}?` }).click();
      await page.locator(".why", { hasText: "of the same people" }).waitFor();
      await tab(page, "Bought together");
      const together = await server.get(`/v1/items/${item}/bought_together?k=12`);
      await eventually(() => shownItems(page.locator("ol.neighbours")), (shown) => assert.deepEqual(shown, together.items.map((row) => row.item)));
      await page.getByText(`From ${count(together.baskets)} baskets.`).waitFor();
      await look("together");
      await tab(page, "Whom to tell");
      const audience = await server.get(`/v1/items/${item}/audience?k=25`);
      const users = page.locator("table.audience tbody tr");
      await users.first().waitFor();
      assert.deepEqual(await users.evaluateAll((rows) => rows.map((row) => row.dataset.user)), audience.users.map((row) => row.user));
      await look("tell");
      await tab(page, "Like it");
    },
  },
  {
    name: "matrix",
    title: "Matrix",
    async check({ page, server }) {
      const sample = await server.get("/v1/matrix?users=160&items=160");
      await page.getByText(`the ${count(sample.ranked)} most popular items`).waitFor();
      assert.equal(await text(stat(page, "Items")), compact(sample.items));
      await page.getByRole("slider", { name: "Size of the catalogue" }).fill("0.6");
      const last = Math.max(10, Math.round(sample.ranked ** 0.6));
      await page.getByText(`the ${count(last)} most popular items`).waitFor();
    },
  },
  {
    name: "factors",
    title: "Factors",
    async check({ page, server }) {
      const space = (await server.get("/v1/spaces")).spaces.find((one) => one.encoder !== "external" && one.encoder !== "content").name;
      const factors = await server.get(`/v1/spaces/${space}/factors?factors=8&items=8`);
      const names = page.locator("ol.loadings").first().locator("a");
      const first = await server.get(`/v1/items/${factors.factors[0].high[0].item}`);
      await eventually(() => text(names.first()), (shown) => assert.equal(shown, nameOf(first)));
      assert.equal(await text(stat(page, "Dimensions")), count(factors.dim));
      const recall = factors.recall[0]["recall@10"];
      await card(page, "How many does it take?").getByText(`${(recall * 100).toFixed(0)}%`, { exact: true }).first().waitFor();
      await page.getByRole("button", { name: /^Factor 2/ }).click();
      const second = await server.get(`/v1/items/${factors.factors[1].high[0].item}`);
      await eventually(() => text(names.first()), (shown) => assert.equal(shown, nameOf(second)));
      assert.match(page.url(), /factor=2/);
    },
  },
  {
    name: "towers",
    title: "Towers",
    async check({ page, server, look }) {
      const user = await server.firstUser();
      const space = (await server.get("/v1/spaces")).spaces.find((one) => one.encoder !== "content").name;
      const parts = await server.call("POST", `/v1/spaces/${space}/vectors/users/${user}/parts`, { k: 10 });
      const nearest = card(page, "The nearest items").locator("li");
      await nearest.first().waitFor();
      const first = await server.get(`/v1/items/${parts.nearest[0]}`);
      await eventually(() => text(nearest.first()), (shown) => assert.equal(shown, nameOf(first)));
      const history = parts.parts.find((part) => part.part === "history");
      await page.locator(".part", { hasText: "What they did" }).getByText(`${(history.replaced * 100).toFixed(0)}%`).waitFor();
      await page.locator(".tower").last().getByText(count(parts.item_vectors)).waitFor();
      await page.getByRole("button", { name: "A newcomer" }).click();
      await page.getByText("Nothing places this user in the space").waitFor();
      await look("newcomer");
    },
  },
  {
    name: "funnel",
    title: "Funnel",
    async check({ page, server, look }) {
      const user = await server.firstUser();
      const answer = await server.recommend(user);
      await page.locator("ol.items li[data-item]").first().waitFor();
      await showsList(page.locator("ol.items").first(), answer);
      const stages = page.locator("table.waterfall tbody tr");
      assert.equal(await stages.count(), answer.stages.length);
      await tab(page, "Edit");
      await page.locator(".cm-editor, form").first().waitFor();
      await look("edit");
      await tab(page, "Compare");
      const comparison = await server.call("POST", "/v1/compare", { user, k: 10, a: "default", b: "ranked" });
      await page.locator("ol.items").nth(1).waitFor();
      assert.equal(await text(stat(page, "In both lists")), `${comparison.shared} of 10`);
      assert.deepEqual(await shownItems(page.locator("ol.items").nth(1)), comparison.b.items.map((item) => item.item));
      await look("compare");
      await tab(page, "Versions");
      await page.getByText(/version.* of default/).waitFor();
      await look("versions");
      await tab(page, "Watch a request");
    },
  },
  {
    name: "ranker",
    title: "Ranker",
    async check({ page, server, look }) {
      const user = await server.firstUser();
      const [item] = (await server.recommend(user, { k: 20 })).items;
      const account = await server.call("POST", `/v1/users/${user}/recommendations/what-if/${item.item}`);
      const percent = (share) => `${(share * 100).toFixed(2)}%`;
      await eventually(() => text(stat(page, "Score")), (shown) => assert.equal(shown, percent(account.score)));
      assert.equal(await text(stat(page, "Place")), count(account.rank));
      await eventually(() => text(page.locator(".effects li").first().locator(".tabular")), (shown) => assert.ok(shown.endsWith(percent(account.features[0].without)), shown));
      assert.equal(await page.locator("table.heat tbody tr").count(), account.pairs.features.length);
      await page.getByRole("combobox", { name: "Feature" }).selectOption("item.price");
      await page.getByRole("spinbutton", { name: "Value" }).fill("40");
      await page.getByRole("button", { name: "Try", exact: true }).click();
      const changed = await server.call("POST", `/v1/users/${user}/recommendations/what-if/${item.item}`, { changes: { "item.price": 40 } });
      await eventually(() => text(stat(page, "Score")), (shown) => assert.equal(shown, percent(changed.changed_score)));
      await page.getByRole("button", { name: "Inside the network" }).click();
      assert.equal(await page.locator("table.heat tbody tr").count(), account.crosses.vectors.length);
      await look("what-if");
      await page.getByRole("button", { name: "Back to what is" }).click();
      await eventually(() => text(stat(page, "Score")), (shown) => assert.equal(shown, percent(account.score)));
    },
  },
  {
    name: "training",
    title: "Training",
    async check({ page, server }) {
      const { generations, serving } = await server.get("/v1/generations");
      const row = page.getByRole("row", { name: new RegExp(`\\b${serving}\\b`) }).first();
      await row.waitFor();
      for (const model of generations[0].models) await page.getByText(model).first().waitFor();
      await page.getByRole("checkbox", { name: "Choose the models" }).check();
      await page.getByText("A space of tastes; fast and strong").waitFor();
      await page.getByRole("checkbox", { name: /^ials/ }).check();
      await page.getByRole("button", { name: "Train 1 chosen" }).waitFor();
    },
  },
  {
    name: "experiments",
    title: "Experiments",
    async check({ page, server, look }) {
      const results = await server.get("/v1/experiments/ranker/results");
      for (const arm of results.arms) {
        const row = page.getByRole("row", { name: new RegExp(`^${arm.arm}`) });
        assert.equal(await text(row.locator("td").nth(1)), count(arm.users));
      }
      await page.getByRole("button", { name: "An experiment" }).click();
      await page.getByRole("dialog").waitFor();
      await look("new");
      await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    },
  },
  {
    name: "loop",
    title: "Loop",
    async check({ page, server, isFirst }) {
      const before = (await server.get("/v1/jobs")).jobs.filter((one) => one.kind === "simulate");
      if (isFirst) {
        if (before.length === 0) await page.getByText("The curves appear here").waitFor();
        await page.getByRole("button", { name: "Play", exact: true }).click();
      }
      await page.getByText("With exploration").first().waitFor({ timeout: 30_000 });
      await page.getByText("24 rounds", { exact: true }).waitFor({ timeout: 90_000 });  // the job's end
      const [job] = (await server.get("/v1/jobs")).jobs.filter((one) => one.kind === "simulate");
      const { rounds } = (await server.get(`/v1/jobs/${job.job}`)).result;
      assert.equal(rounds.length, 24);
      const last = rounds.filter((round) => round.arm === "explore").at(-1);
      await eventually(() => text(stat(page, "Clicks in all")), (shown) => assert.equal(shown, count(last.clicks_so_far)));
      assert.equal(await page.locator(".line-chart polyline").count(), 8);
    },
  },
  {
    name: "data",
    title: "Data",
    async check({ page, server, look }) {
      const items = await server.get("/v1/items?limit=50");
      const rows = page.locator("tbody tr");
      assert.deepEqual(await texts(rows.locator("td:first-child button")), items.items.map((item) => item.id));
      await page.getByRole("button", { name: items.items[0].id, exact: true }).click();
      await page.getByRole("dialog").getByLabel("Value of name").waitFor();
      assert.equal(await page.getByRole("dialog").getByLabel("Value of name").inputValue(), items.items[0].features.name);
      await look("item");
      await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
      await tab(page, "Users");
      const user = await server.firstUser();
      await page.getByRole("button", { name: user, exact: true }).waitFor();
      await tab(page, "Interactions");
      await page.getByRole("heading", { name: "Store an interaction" }).waitFor();
      await look("interactions");
      await tab(page, "Interaction types");
      const { interaction_types: types } = await server.get("/v1/interaction-types");
      await rows.first().waitFor();
      assert.equal(await rows.count(), types.length);
      await look("types");
      await tab(page, "Items");
    },
  },
  {
    name: "time",
    title: "Time travel",
    async check({ page, server }) {
      const user = await server.firstUser();
      const lists = page.locator("ol.items");
      await lists.nth(1).waitFor();
      await showsList(lists.nth(1), await server.recommend(user));
      const { sequence } = await server.get("/v1/stats");
      await page.getByText(`of ${count(sequence)}`).first().waitFor();
    },
  },
  {
    name: "operations",
    title: "Operations",
    async check({ page, server, look }) {
      const { sequence } = await server.get("/v1/stats");
      await eventually(() => text(stat(page, "Sequence")), (shown) => assert.equal(shown, count(sequence)));
      await tab(page, "Log");
      await page.getByRole("button", { name: count(sequence), exact: true }).waitFor();
      await look("log");
      await tab(page, "Figures");
      await page.getByRole("searchbox", { name: "Find a figure" }).fill("memory");
      await page.getByText("tamis_memory", { exact: false }).first().waitFor();
      await look("figures");
      await tab(page, "Server");
    },
  },
  {
    name: "api",
    title: "API",
    async check({ page, server, look }) {
      const document = await server.get("/openapi.json");
      const operations = Object.values(document.paths).flatMap((path) => Object.keys(path).filter((key) => ["get", "put", "post", "patch", "delete"].includes(key)));
      assert.equal(await page.locator("ul.operations > li").count(), operations.length);
      await page.getByRole("searchbox", { name: "Find a call" }).fill("/v1/stats");
      await page.getByRole("button", { name: /\/v1\/stats/ }).click();
      await page.getByRole("button", { name: "Send GET" }).click();
      const { generation } = await server.get("/v1/stats");
      await eventually(() => text(page.locator(".outcome pre")), (shown) => assert.ok(shown.includes(`"generation": "${generation}"`), "the answer lacks the generation"));
      await look("tried");
    },
  },
  {
    name: "start",
    title: "Import data",
    async check({ page }) {
      await page.getByRole("heading", { name: "Drop a file of what people did" }).waitFor();
      await page.getByLabel("File to import").setInputFiles({ name: "orders.csv", mimeType: "text/csv", buffer: Buffer.from("customer,sku,quantity,date\nc1,85123A,2,2011-12-01\nc2,22423,1,2011-12-02\n") });
      await page.getByText("The first row reads").waitFor();
      assert.match(await text(page.locator("main")), /user c1 did purchase with item 85123A/);
    },
  },
];
