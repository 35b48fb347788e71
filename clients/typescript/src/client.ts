// Tamis: the client. One method for each thing that the API does; docs/http_api.md explains the shapes.
import { newIdempotencyKey, sendRows } from "./bulk.js";
import type { Rows } from "./bulk.js";
import { readEvents, readLines } from "./events.js";
import type { Funnel } from "./funnel_types.js";
import { parseMetrics } from "./metrics.js";
import type { MetricFamily } from "./metrics.js";
import type * as op from "./operation_types.js";
import { path, Transport } from "./transport.js";
import type { Call, CallOptions, Query } from "./transport.js";
import type * as t from "./types.js";

export interface TamisOptions {
  /** Address of the server. Default: the page's own in a browser, else http://localhost:8080. */
  url?: string;
  /** API key, where the server has keys. */
  key?: string;
  /** Of one request; 0: none. Default 30000. Streams and events have none. */
  timeoutMs?: number;
  /** After 429, 503 and failures of the network, where repeating is safe. Default 4. */
  retries?: number;
  fetch?: typeof fetch;
}

type Kind = "items" | "users";
export interface PageOptions extends CallOptions {
  limit?: number;
  cursor?: string | null;
}

function defaultUrl(): string {
  const location = (globalThis as { location?: { origin?: string } }).location;
  return location?.origin && location.origin !== "null" ? location.origin : "http://localhost:8080";
}

export class Tamis {
  readonly transport: Transport;

  constructor(options: TamisOptions = {}) {
    this.transport = new Transport({
      url: (options.url ?? defaultUrl()).replace(/\/+$/, ""),
      key: options.key,
      timeoutMs: options.timeoutMs ?? 30_000,
      retries: options.retries ?? 4,
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    });
  }

  // --- recommending ---

  /** The list for a user. */
  recommend(user: string, request: t.RecommendRequest = {}, call: CallOptions = {}): Promise<t.Recommendations> {
    return this.post(path`/v1/users/${user}/recommendations`, request, call);
  }
  /** The list for somebody who is nobody yet: what `request.history` holds counts. */
  recommendToSession(request: t.RecommendRequest = {}, call: CallOptions = {}): Promise<t.Recommendations> {
    return this.post("/v1/recommendations", request, call);
  }
  /** Lists for many users; the server takes 1,000 at a time. */
  async recommendMany(users: string[], request: t.RecommendRequest = {}, call: CallOptions = {}): Promise<t.Recommendations[]> {
    const answers: t.Recommendations[] = [];
    for (let begin = 0; begin < users.length; begin += 1000) {
      const some = users.slice(begin, begin + 1000);
      const answer = await this.post<{ answers: t.Recommendations[] }>("/v1/recommendations", { ...request, users: some }, call);
      answers.push(...answer.answers);
    }
    return answers;
  }
  /** Why an item is not in the list, or where it stands. */
  whyNot(user: string, item: string, request: t.RecommendRequest = {}, call: CallOptions = {}): Promise<t.WhyNot> {
    return this.post(path`/v1/users/${user}/recommendations/why-not/${item}`, request, call);
  }
  similarItems(item: string, options: t.SimilarOptions = {}, call: CallOptions = {}): Promise<t.Scored> {
    return this.get(path`/v1/items/${item}/similar`, similarQuery(options), call);
  }
  similarUsers(user: string, options: t.SimilarOptions = {}, call: CallOptions = {}): Promise<t.Scored> {
    return this.get(path`/v1/users/${user}/similar`, similarQuery(options), call);
  }
  /** What people buy in one basket with an item or a cart. */
  boughtTogether(items: string | string[], options: t.BoughtTogetherOptions = {}, call: CallOptions = {}): Promise<t.BoughtTogether> {
    return this.post("/v1/bought_together", { items: Array.isArray(items) ? items : [items], ...options }, call);
  }
  /** Two funnels, by name or as documents, on one request. Logs nothing. */
  compare(request: t.CompareRequest, call: CallOptions = {}): Promise<t.Comparison> {
    return this.post("/v1/compare", request, call);
  }
  /** Several lists in one answer, no item twice. Each is logged as served unless `request.dry_run`. */
  pages(request: t.PagesRequest, call: CallOptions = {}): Promise<t.Pages> {
    return this.post("/v1/pages", request, call);
  }
  /** The users to tell of an item. */
  audience(item: string, options: t.AudienceOptions = {}, call: CallOptions = {}): Promise<t.Audience> {
    const { filter, ...rest } = options;
    return this.get(path`/v1/items/${item}/audience`, { ...rest, ...(filter ? { filter: JSON.stringify(filter) } : {}) }, call);
  }
  /** What the ranker's score of a candidate hangs on, and what it would be with other values. */
  whatIf(user: string, item: string, request: t.WhatIfRequest = {}, call: CallOptions = {}): Promise<t.RankerAccount> {
    return this.post(path`/v1/users/${user}/recommendations/what-if/${item}`, request, call);
  }
  /** Lists for many in the background. */
  startBatch(request: op.BatchRequest = {}, call: CallOptions = {}): Promise<op.Batch> {
    return this.post("/v1/batches", request, call);
  }
  async listBatches(call: CallOptions = {}): Promise<op.Batch[]> {
    return (await this.get<{ batches: op.Batch[] }>("/v1/batches", {}, call)).batches;
  }
  getBatch(batch: string, call: CallOptions = {}): Promise<op.Batch> {
    return this.get(path`/v1/batches/${batch}`, {}, call);
  }
  /** The lines of a batch's file as they arrive: JSON, or CSV with a header. */
  async *batchLists(batch: string, call: CallOptions = {}): AsyncGenerator<string> {
    yield* readLines(await this.transport.send({ method: "GET", path: path`/v1/batches/${batch}/lists`, timeoutMs: 0, ...call }));
  }
  /** Cancels a batch where it runs, and removes its file. */
  async deleteBatch(batch: string, call: CallOptions = {}): Promise<void> {
    await this.transport.text({ method: "DELETE", path: path`/v1/batches/${batch}`, ...call });
  }
  search(request: t.SearchRequest, call: CallOptions = {}): Promise<t.Scored> {
    return this.post("/v1/search", request, call);
  }

  // --- interactions ---

  /** Stores one interaction or, as a whole, several. Each gets an idempotency key, so that retries store it once. */
  interact(interactions: t.Interaction | t.Interaction[], durability?: t.Durability, call: CallOptions = {}): Promise<t.Ack> {
    const keyed = (row: t.Interaction) => ({ idempotency_key: newIdempotencyKey(), ...row });
    const body = Array.isArray(interactions) ? interactions.map(keyed) : keyed(interactions);
    return this.transport.json({ method: "POST", path: "/v1/interactions", query: { durability }, body, repeatable: true, ...call });
  }
  /** Streams interactions from any iterable, line by line. Rows get idempotency keys where they have none. */
  streamInteractions(rows: Rows<t.Interaction>, options: t.BulkOptions = {}): Promise<t.BulkResult> {
    return sendRows(this.transport, { method: "POST", path: "/v1/interactions" }, withKeys(rows, options.importId), options);
  }
  async listInteractions(kind: Kind, id: string, options: PageOptions = {}): Promise<t.Page<t.Interaction>> {
    const page = await this.page<{ interactions: t.Interaction[]; cursor: string | null }>(
      `/v1/${kind}${path`/${id}/interactions`}`, options);
    return { rows: page.interactions, cursor: page.cursor };
  }
  /** Takes back what matches all that is given. */
  deleteInteractions(selection: t.InteractionSelection, call: CallOptions = {}): Promise<{ deleted: number; sequence: number }> {
    return this.transport.json({ method: "DELETE", path: "/v1/interactions", query: { ...selection }, ...call });
  }

  // --- items and users ---

  getItem = (id: string, call?: CallOptions) => this.getEntity("items", id, call);
  getUser = (id: string, call?: CallOptions) => this.getEntity("users", id, call);
  putItem = (id: string, item: t.EntityInput, call?: CallOptions) => this.putEntity("items", id, item, call);
  putUser = (id: string, user: t.EntityInput, call?: CallOptions) => this.putEntity("users", id, user, call);
  patchItem = (id: string, item: t.EntityInput, call?: CallOptions) => this.patchEntity("items", id, item, call);
  patchUser = (id: string, user: t.EntityInput, call?: CallOptions) => this.patchEntity("users", id, user, call);
  listItems = (options?: PageOptions) => this.listEntities("items", options);
  listUsers = (options?: PageOptions) => this.listEntities("users", options);
  streamItems = (rows: Rows<t.EntityInput>, options: t.BulkOptions = {}) => this.streamEntities("items", rows, options);
  streamUsers = (rows: Rows<t.EntityInput>, options: t.BulkOptions = {}) => this.streamEntities("users", rows, options);

  getEntity(kind: Kind, id: string, call: CallOptions = {}): Promise<t.Entity> {
    return this.get(`/v1/${kind}${path`/${id}`}`, {}, call);
  }
  /** Creates or replaces. */
  putEntity(kind: Kind, id: string, entity: t.EntityInput, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "PUT", path: `/v1/${kind}${path`/${id}`}`, body: entity, ...call });
  }
  /** Merges features; null removes one. */
  patchEntity(kind: Kind, id: string, entity: t.EntityInput, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "PATCH", path: `/v1/${kind}${path`/${id}`}`, body: entity, ...call });
  }
  deleteItem(id: string, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "DELETE", path: path`/v1/items/${id}`, ...call });
  }
  /** Erases the user: the answer is a receipt. */
  deleteUser(id: string, keepLog = false, call: CallOptions = {}): Promise<t.DeletedUser> {
    return this.transport.json({ method: "DELETE", path: path`/v1/users/${id}`, query: { keep_log: keepLog || undefined }, ...call });
  }
  async listEntities(kind: Kind, options: PageOptions = {}): Promise<t.Page<t.Entity>> {
    const page = await this.page<Record<string, unknown>>(`/v1/${kind}`, options);
    return { rows: page[kind] as t.Entity[], cursor: page["cursor"] as string | null };
  }
  /** All of them, page by page. */
  async *allEntities(kind: Kind): AsyncGenerator<t.Entity> {
    let cursor: string | null = null;
    do {
      const page: t.Page<t.Entity> = await this.listEntities(kind, { limit: 1000, cursor });
      yield* page.rows;
      cursor = page.cursor;
    } while (cursor);
  }
  /** Creates or replaces, row by row. */
  streamEntities(kind: Kind, rows: Rows<t.EntityInput>, options: t.BulkOptions = {}): Promise<t.BulkResult> {
    return sendRows(this.transport, { method: "POST", path: `/v1/${kind}` }, rows, options);
  }
  /** Merges features, row by row. */
  patchEntities(kind: Kind, rows: Rows<t.EntityInput>, options: t.BulkOptions = {}): Promise<t.BulkResult> {
    return sendRows(this.transport, { method: "PATCH", path: `/v1/${kind}` }, rows, options);
  }
  /** Gives a user what a session has done, and deletes the session. */
  mergeSession(user: string, session: string, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "POST", path: path`/v1/users/${user}/merge`, body: { session }, repeatable: true, ...call });
  }

  // --- spaces ---

  async listSpaces(call: CallOptions = {}): Promise<t.Space[]> {
    return (await this.get<{ spaces: t.Space[] }>("/v1/spaces", {}, call)).spaces;
  }
  getSpace(name: string, call: CallOptions = {}): Promise<t.Space> {
    return this.get(path`/v1/spaces/${name}`, {}, call);
  }
  putSpace(name: string, space: Omit<t.Space, "name" | "encoder" | "keep_f32"> & { keep_f32?: boolean }, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "PUT", path: path`/v1/spaces/${name}`, body: space, ...call });
  }
  deleteSpace(name: string, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "DELETE", path: path`/v1/spaces/${name}`, ...call });
  }
  async getVector(space: string, kind: Kind, id: string, call: CallOptions = {}): Promise<number[]> {
    const found = await this.get<{ vector: number[] }>(path`/v1/spaces/${space}/vectors/${kind}/${id}`, {}, call);
    return found.vector;
  }
  deleteVector(space: string, kind: Kind, id: string, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "DELETE", path: path`/v1/spaces/${space}/vectors/${kind}/${id}`, ...call });
  }
  streamVectors(
    space: string,
    rows: Rows<{ item?: string; user?: string; vector?: number[]; delete?: boolean }>,
    options: t.BulkOptions = {},
  ): Promise<t.BulkResult> {
    return sendRows(this.transport, { method: "POST", path: path`/v1/spaces/${space}/vectors` }, rows, options);
  }
  /** The items of a space in two dimensions; `field` brings a feature's values along. */
  mapSpace(space: string, options: { method?: "pca" | "umap"; field?: string; limit?: number } = {}, call: CallOptions = {}): Promise<t.SpaceMap> {
    return this.get(path`/v1/spaces/${space}/map`, { ...options }, call);
  }
  /** What the items of a space differ in. */
  spaceFactors(space: string, options: { factors?: number; items?: number } = {}, call: CallOptions = {}): Promise<t.SpaceFactors> {
    return this.get(path`/v1/spaces/${space}/factors`, { ...options }, call);
  }
  /** What a user's vector in a space comes from. */
  userParts(space: string, user: string, request: { k?: number; history?: t.HistoryEntry[]; context?: t.Features } = {}, call: CallOptions = {}): Promise<t.UserParts> {
    return this.post(path`/v1/spaces/${space}/vectors/users/${user}/parts`, request, call);
  }
  /** A sample of the user x item matrix. */
  sampleMatrix(
    options: { users?: number; items?: number; first_rank?: number; last_rank?: number } = {},
    call: CallOptions = {},
  ): Promise<t.MatrixSample> {
    return this.get("/v1/matrix", { ...options }, call);
  }

  // --- funnels ---

  async listFunnels(call: CallOptions = {}): Promise<Funnel[]> {
    return (await this.get<{ funnels: Funnel[] }>("/v1/funnels", {}, call)).funnels;
  }
  getFunnel(name: string, options: { version?: number; resolved?: boolean } = {}, call: CallOptions = {}): Promise<Funnel> {
    return this.get(path`/v1/funnels/${name}`, { ...options }, call);
  }
  putFunnel(name: string, funnel: Funnel, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "PUT", path: path`/v1/funnels/${name}`, body: funnel, repeatable: false, ...call });
  }
  deleteFunnel(name: string, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "DELETE", path: path`/v1/funnels/${name}`, ...call });
  }
  /** The funnel with its defaults, and warnings. A fault is a TamisError whose `faults` lists all of them. */
  validateFunnel(funnel: unknown, call: CallOptions = {}): Promise<{ valid: true; funnel: Funnel; warnings?: t.Warning[] }> {
    return this.transport.json({ method: "POST", path: "/v1/funnels/validate", body: funnel, repeatable: true, ...call });
  }
  funnelSchema(call: CallOptions = {}): Promise<Record<string, unknown>> {
    return this.get("/v1/funnels/schema", {}, call);
  }

  // --- interaction types ---

  listInteractionTypes(call: CallOptions = {}): Promise<op.InteractionTypes> {
    return this.get("/v1/interaction-types", {}, call);
  }
  getInteractionType(name: string, version?: number, call: CallOptions = {}): Promise<op.InteractionType> {
    return this.get(path`/v1/interaction-types/${name}`, { version }, call);
  }
  putInteractionType(name: string, type: Omit<op.InteractionType, "name">, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "PUT", path: path`/v1/interaction-types/${name}`, body: type, repeatable: false, ...call });
  }
  deleteInteractionType(name: string, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "DELETE", path: path`/v1/interaction-types/${name}`, ...call });
  }

  // --- experiments, evaluation ---

  async listExperiments(call: CallOptions = {}): Promise<op.Experiment[]> {
    return (await this.get<{ experiments: op.Experiment[] }>("/v1/experiments", {}, call)).experiments;
  }
  getExperiment(name: string, call: CallOptions = {}): Promise<op.Experiment> {
    return this.get(path`/v1/experiments/${name}`, {}, call);
  }
  putExperiment(name: string, experiment: op.Experiment, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "PUT", path: path`/v1/experiments/${name}`, body: experiment, repeatable: false, ...call });
  }
  deleteExperiment(name: string, call: CallOptions = {}): Promise<t.Ack> {
    return this.transport.json({ method: "DELETE", path: path`/v1/experiments/${name}`, ...call });
  }
  experimentResults(name: string, call: CallOptions = {}): Promise<op.ExperimentResults> {
    return this.get(path`/v1/experiments/${name}/results`, {}, call);
  }
  /** The estimates, or the job that goes on where they take longer than ten seconds. */
  evaluate(request: op.EvaluateRequest, call: CallOptions = {}): Promise<op.Evaluation | op.Job> {
    return this.post("/v1/evaluate", request, call);
  }

  /** Plays a feedback loop with a made-up population; the job's result, {rounds}, grows with every round. */
  simulate(request: op.SimulationRequest = {}, call: CallOptions = {}): Promise<op.Job> {
    return this.post("/v1/simulations", request, call);
  }

  // --- training ---

  /** Queues a run and returns at once; waitForJob() waits for it. */
  train(request: op.TrainRequest = {}, call: CallOptions = {}): Promise<op.Job> {
    return this.post("/v1/train", request, call);
  }
  async listJobs(call: CallOptions = {}): Promise<op.Job[]> {
    return (await this.get<{ jobs: op.Job[] }>("/v1/jobs", {}, call)).jobs;
  }
  getJob(job: string, call: CallOptions = {}): Promise<op.Job> {
    return this.get(path`/v1/jobs/${job}`, {}, call);
  }
  cancelJob(job: string, call: CallOptions = {}): Promise<op.Job> {
    return this.post(path`/v1/jobs/${job}/cancel`, undefined, call);
  }
  /** Each change of a job as it happens, until it has ended. */
  async *watchJob(job: string, call: CallOptions = {}): AsyncGenerator<op.Job> {
    const response = await this.transport.send({ method: "GET", path: path`/v1/jobs/${job}/events`, timeoutMs: 0, ...call });
    for await (const data of readEvents(response)) yield JSON.parse(data) as op.Job;
  }
  /** The job once it has ended, however it did. */
  async waitForJob(job: string, onChange?: (job: op.Job) => void, call: CallOptions = {}): Promise<op.Job> {
    let last: op.Job | undefined;
    for await (const state of this.watchJob(job, call)) {
      last = state;
      onChange?.(state);
    }
    return last && last.state !== "queued" && last.state !== "running" ? last : this.getJob(job, call);
  }
  listGenerations(call: CallOptions = {}): Promise<{ generations: op.Generation[]; serving: string }> {
    return this.get("/v1/generations", {}, call);
  }
  /** What an automatic run tried, and what it chose. */
  trainingReport(generation: string, call: CallOptions = {}): Promise<op.TrainingReport> {
    return this.get(path`/v1/generations/${generation}/report`, {}, call);
  }
  promote(generation: string, call: CallOptions = {}): Promise<{ generation: string }> {
    return this.post(path`/v1/generations/${generation}/promote`, undefined, call);
  }
  /** Serves the generation that served before; with `from`, only if that one serves now. */
  rollback(from?: string, call: CallOptions = {}): Promise<{ generation: string }> {
    return this.post(from ? path`/v1/generations/${from}/rollback` : "/v1/generations/rollback", undefined, call);
  }
  /** The files of a generation, as a tar archive. */
  async exportGeneration(generation: string, call: CallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.transport.send({ method: "GET", path: path`/v1/generations/${generation}`, timeoutMs: 0, ...call });
    return new Uint8Array(await response.arrayBuffer());
  }
  /** Takes in a generation that was trained elsewhere. */
  importGeneration(name: string, tar: Uint8Array<ArrayBuffer>, promote = false, call: CallOptions = {}): Promise<op.Generation> {
    const raw = { content: tar, type: "application/x-tar" };
    return this.transport.json({ method: "PUT", path: path`/v1/generations/${name}`, query: { promote }, raw, repeatable: false, timeoutMs: 0, ...call });
  }

  // --- operation ---

  stats(call: CallOptions = {}): Promise<op.Stats> {
    return this.get("/v1/stats", {}, call);
  }
  health(call: CallOptions = {}): Promise<{ status: string; version: string }> {
    return this.get("/healthz", {}, call);
  }
  ready(call: CallOptions = {}): Promise<{ status: string }> {
    return this.get("/readyz", {}, call);
  }
  async metrics(call: CallOptions = {}): Promise<Map<string, MetricFamily>> {
    return parseMetrics(await this.transport.text({ method: "GET", path: "/metrics", ...call }));
  }
  readLog(from: number, limit = 100, call: CallOptions = {}): Promise<{ entries: op.LogEntry[]; next: number }> {
    return this.get("/v1/log", { from, limit }, call);
  }
  async listSnapshots(call: CallOptions = {}): Promise<string[]> {
    return (await this.get<{ snapshots: string[] }>("/v1/snapshots", {}, call)).snapshots;
  }
  async deleteSnapshot(name: string, call: CallOptions = {}): Promise<void> {
    await this.transport.text({ method: "DELETE", path: path`/v1/snapshots/${name}`, ...call });
  }
  snapshot(name?: string, call: CallOptions = {}): Promise<op.Snapshot> {
    return this.transport.json({ method: "POST", path: "/v1/snapshots", body: name ? { name } : {}, timeoutMs: 0, ...call });
  }
  openapi(call: CallOptions = {}): Promise<Record<string, unknown>> {
    return this.get("/openapi.json", {}, call);
  }

  // --- the calls ---

  private get<T>(where: string, query: Query, call: CallOptions = {}): Promise<T> {
    return this.transport.json<T>({ method: "GET", path: where, query, ...call });
  }
  private post<T>(where: string, body: unknown, call: CallOptions): Promise<T> {
    const request: Call = { method: "POST", path: where, ...call };
    if (body !== undefined) request.body = body;
    // Queries change nothing; a repeat of what changes something would do it twice.
    request.repeatable = /\/(recommendations|search|parts|(why-not|what-if)\/[^/]+)$/.test(where);
    return this.transport.json<T>(request);
  }
  private page<T>(where: string, options: PageOptions): Promise<T> {
    const { limit, cursor, ...call } = options;
    return this.get(where, { limit, cursor }, call);
  }
}

function similarQuery(options: t.SimilarOptions): Query {
  return { ...options, filter: options.filter ? JSON.stringify(options.filter) : undefined };
}

async function* withKeys(rows: Rows<t.Interaction>, importId?: string): AsyncGenerator<t.Interaction> {
  for await (const row of rows) {
    yield { idempotency_key: newIdempotencyKey(), ...(importId ? { import_id: importId } : {}), ...row };
  }
}
