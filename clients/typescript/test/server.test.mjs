// Calls against a real server, whose program TAMIS_BINARY names.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Tamis, TamisError } from "../dist/index.js";

const binary = process.env.TAMIS_BINARY;
const skip = binary ? false : "TAMIS_BINARY names no server program";
let server, folder, client;

before(async () => {
  if (skip) return;
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
  folder = mkdtempSync(join(tmpdir(), "tamis-"));
  const args = ["serve", "--data", join(folder, "db"), "--port", String(port)];
  server = spawn(binary, args, { stdio: "ignore", env: { PATH: process.env.PATH } });
  client = new Tamis({ url: `http://127.0.0.1:${port}`, retries: 8 });
  await client.ready();
});

after(async () => {
  if (skip) return;
  const ended = new Promise((resolve) => server.on("exit", resolve));
  server.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true });
});

test("a list follows a purchase", { skip }, async () => {
  const rows = [];
  for (let u = 0; u < 50; u++) {
    for (let j = 0; j < 10; j++) rows.push({ user: `u${u}`, item: `i${(u * 7 + j * ((u % 5) + 1)) % 40}`, type: "purchase" });
  }
  const stored = await client.streamInteractions([...rows, { user: "u1" }]);
  assert.equal(stored.accepted, 500);
  assert.equal(stored.rejected, 1);
  const job = await client.train({ models: ["popular", "item_knn"] });
  assert.match((await client.waitForJob(job.job)).state, /succeeded|rejected/);
  const list = await client.recommend("u1", { k: 5 });
  const bought = list.items[0].item;
  const ack = await client.interact({ user: "u1", item: bought, type: "purchase", recommendation_id: list.recommendation_id });
  const next = await client.recommend("u1", { k: 40, min_seq: ack.sequence });
  assert.ok(!next.items.some((one) => one.item === bought));
  assert.equal((await client.whyNot("u1", bought)).verdict, "seen");
});

test("batches, spaces and generations", { skip }, async () => {
  const batch = await client.startBatch({ k: 2, log: false });
  await client.waitForJob(batch.job);
  const lines = [];
  for await (const line of client.batchLists(batch.batch)) lines.push(JSON.parse(line));
  assert.equal(lines.length, 50);
  await client.deleteBatch(batch.batch);
  await assert.rejects(client.getBatch(batch.batch), (error) => error instanceof TamisError && error.status === 404);
  await client.putSpace("looks", { dim: 2, metric: "cosine", quantization: "f32" });
  await client.streamVectors("looks", [{ item: "i1", vector: [1, 0] }, { item: "i2", vector: [0, 1] }]);
  assert.equal((await client.getSpace("looks")).dim, 2);
  await client.deleteVector("looks", "items", "i2");
  await assert.rejects(client.getVector("looks", "items", "i2"), TamisError);
  const { generations } = await client.listGenerations();
  const tar = await client.exportGeneration(generations[0].generation);
  assert.equal((await client.importGeneration("copy", tar, true)).generation, "copy");
  assert.equal((await client.rollback("copy")).generation, generations[0].generation);
});
