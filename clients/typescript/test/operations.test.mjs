// Every operation of docs/openapi.yaml has a method: each method is called, and what it asks is compared with the document.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Tamis } from "../dist/index.js";

// Operations without a method, and what serves instead.
const WITHOUT = new Map([
  ["recommend", "recommend() sends POST, whose body takes all options"],
  ["whyNot", "whyNot() sends POST"],
  ["boughtTogether", "boughtTogether() sends a cart of one item"],
]);

function documentText() {
  for (let folder = new URL("../", import.meta.url); ; folder = new URL("../", folder)) {
    const file = new URL("docs/openapi.yaml", folder);
    if (existsSync(file)) return readFileSync(file, "utf8");
    assert.notEqual(folder.pathname, "/", "docs/openapi.yaml is in no folder above");
  }
}

/** [{method, path, id}], from the document's lines. */
function operations() {
  const all = [];
  let path = "";
  for (const line of documentText().split("\ncomponents:")[0].split("\n")) {
    path = /^ {2}(\/\S*):$/.exec(line)?.[1] ?? path;
    const method = /^ {4}(get|post|put|patch|delete):/.exec(line)?.[1];
    if (method) all.push({ method: method.toUpperCase(), path, id: "" });
    const id = /operationId: (\w+)/.exec(line)?.[1];
    if (id) all.at(-1).id = id;
  }
  assert.ok(all.length > 80 && all.every((one) => one.id));
  return all;
}

/** What a call gives is read to its end, or begun until it fails on an answer that is empty. */
async function exhaust(made) {
  if (made?.[Symbol.asyncIterator]) for await (const _ of made);
  else await made;
}

test("every operation has a method", async () => {
  const all = operations();
  const missing = new Set(all.map((one) => one.id));
  const unknown = []; // asked, and not in the document
  const places = (path) => path.split("{").length;
  const answer = async (url, { method }) => {
    const path = new URL(url).pathname;
    const fitting = all
      .filter((one) => one.method === method && new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path))
      .sort((a, b) => places(a.path) - places(b.path));
    if (fitting.length === 0) unknown.push(`${method} ${path}`);
    else missing.delete(fitting[0].id);
    return new Response("{}", { headers: { "Content-Type": "application/json" } });
  };
  const client = new Tamis({ url: "http://test", fetch: answer, retries: 0 });
  const names = [...Object.getOwnPropertyNames(Tamis.prototype), ...Object.keys(client)];
  const isPublic = (name) => typeof client[name] === "function" && !["constructor", "get", "post", "page"].includes(name);
  for (const name of names.filter(isPublic)) {
    for (const text of ["items", "users"]) {
      try {
        await exhaust(client[name](text, text, text));
      } catch (failure) {
        if (!(failure instanceof TypeError)) throw failure; // else: the answer lacks what is read
      }
    }
  }
  await client.rollback(); // the method of another operation where it is given a generation
  assert.deepEqual(unknown, []);
  assert.deepEqual([...missing].sort(), [...WITHOUT.keys()].sort());
});
