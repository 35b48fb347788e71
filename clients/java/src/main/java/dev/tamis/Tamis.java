package dev.tamis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Client of one Tamis server. Thread-safe: share one. Requests and answers are JSON objects, whose members docs/http_api.md explains;
 * {@code kind} is "items" or "users". Calls throw {@link TamisException}.
 */
public final class Tamis {
  /** {@code attempts}: of one call, the first included; {@code firstWait} is doubled up to 10 s. */
  public record Options(String url, String key, Duration timeout, int attempts, Duration firstWait) {
    public Options(String url) {
      this(url, "", Duration.ofSeconds(60), 6, Duration.ofMillis(100));
    }

    public Options withKey(String newKey) {
      return new Options(url, newKey, timeout, attempts, firstWait);
    }

    public Options withAttempts(int newAttempts) {
      return new Options(url, key, timeout, newAttempts, firstWait);
    }
  }

  private final Transport transport;

  /** {@code url} as in http://localhost:8080. */
  public Tamis(String url) {
    this(new Options(url));
  }

  public Tamis(Options options) {
    transport = new Transport(options);
  }

  static String newKey() {
    return UUID.randomUUID().toString();
  }

  private static String path(String form, Object... ids) {
    Object[] encoded = new Object[ids.length];
    for (int i = 0; i < ids.length; i++) encoded[i] = Transport.encoded(ids[i].toString());
    return String.format(form, encoded);
  }

  private Answer get(String path, Map<String, ?> parameters) {
    return transport.json("GET", Transport.withQuery(path, parameters), null, true);
  }

  private Answer post(String path, Map<String, ?> body, boolean repeatable) {
    return transport.json("POST", path, body, repeatable);
  }

  private static Map<String, Object> with(Map<String, ?> more, String name, Object value) {
    Map<String, Object> made = new LinkedHashMap<>(more);
    made.put(name, value);
    return made;
  }

  // --- interactions ---

  /** Stores one event: user, item, type and so on. Without an idempotency_key one is made, so that a repeat counts once. */
  public Answer addInteraction(Map<String, ?> interaction) {
    Map<String, Object> body = new LinkedHashMap<>(interaction);
    body.putIfAbsent("idempotency_key", newKey());
    return post("/v1/interactions", body, true);
  }

  /** Events in bulk. */
  public BulkWriter interactions() {
    return new BulkWriter(transport, "POST", "/v1/interactions", true);
  }

  /** Takes back what matches all parameters: user, item, type, from, to, import_id, ... */
  public Answer deleteInteractions(Map<String, ?> match) {
    return transport.json("DELETE", Transport.withQuery("/v1/interactions", match), null, true);
  }

  /** A page of the interactions of an item or a user, newest first; parameters: limit, cursor. */
  public Answer listInteractions(String kind, String id, Map<String, ?> parameters) {
    return get(path("/v1/" + kind + "/%s/interactions", id), parameters);
  }

  // --- items and users ---

  /** Creates or replaces; the entity has features, ttl_s, version, hidden. */
  public Answer put(String kind, String id, Map<String, ?> entity) {
    return transport.json("PUT", path("/v1/" + kind + "/%s", id), entity, true);
  }

  /** Merges features; null removes one. */
  public Answer patch(String kind, String id, Map<String, ?> entity) {
    return transport.json("PATCH", path("/v1/" + kind + "/%s", id), entity, true);
  }

  public Answer get(String kind, String id) {
    return get(path("/v1/" + kind + "/%s", id), Map.of());
  }

  /** Deletes an item, or erases a user: the answer is the receipt then. */
  public Answer delete(String kind, String id) {
    return transport.json("DELETE", path("/v1/" + kind + "/%s", id), null, true);
  }

  /** A page; parameters: limit, cursor. */
  public Answer list(String kind, Map<String, ?> parameters) {
    return get("/v1/" + kind, parameters);
  }

  /** Creates or replaces in bulk; rows have an id. */
  public BulkWriter entities(String kind) {
    return new BulkWriter(transport, "POST", "/v1/" + kind, false);
  }

  /** Merges features in bulk. */
  public BulkWriter patches(String kind) {
    return new BulkWriter(transport, "PATCH", "/v1/" + kind, false);
  }

  /** Gives a user what a session has done, and deletes the session. */
  public Answer mergeSession(String user, String session) {
    return post(path("/v1/users/%s/merge", user), Map.of("session", session), true);
  }

  // --- recommending ---

  /** The list for a user; the request has k, funnel, filter, exclude, context, min_seq, explain, features, ... */
  public Answer recommend(String user, Map<String, ?> request) {
    return post(path("/v1/users/%s/recommendations", user), request, true);
  }

  /** The list for somebody without an id; {@code history} of the request tells what they did. */
  public Answer recommendSession(Map<String, ?> request) {
    return post("/v1/recommendations", request, true);
  }

  /** Lists for many users, in their order; 1,000 go in one request. */
  public List<Answer> recommendMany(List<String> users, Map<String, ?> request) {
    List<Answer> all = new ArrayList<>();
    for (int begin = 0; begin < users.size(); begin += 1000) {
      List<String> some = users.subList(begin, Math.min(begin + 1000, users.size()));
      all.addAll(post("/v1/recommendations", with(request, "users", some), true).list("answers"));
    }
    return all;
  }

  /** Where an item falls out of what would be recommended now. */
  public Answer whyNot(String user, String item, Map<String, ?> request) {
    return post(path("/v1/users/%s/recommendations/why-not/%s", user, item), request, true);
  }

  /** What the ranker's score of a candidate hangs on; the request has changes, objective and request. */
  public Answer whatIf(String user, String item, Map<String, ?> request) {
    return post(path("/v1/users/%s/recommendations/what-if/%s", user, item), request, true);
  }

  /** Like an item or a user; parameters: k, space, filter, features, min_seq, and of items funnel. */
  public Answer similar(String kind, String id, Map<String, ?> parameters) {
    return get(path("/v1/" + kind + "/%s/similar", id), parameters);
  }

  /** What people buy in one basket with a cart; more: k, mode, filter, exclude, features. */
  public Answer boughtTogether(List<String> cart, Map<String, ?> more) {
    return post("/v1/bought_together", with(more, "items", cart), true);
  }

  /** Two funnels, a and b, by name or as documents, on one request. Logs nothing. */
  public Answer compare(Map<String, ?> request) {
    return post("/v1/compare", request, true);
  }

  /** Several lists in one answer, no item twice. */
  public Answer pages(Map<String, ?> request) {
    return post("/v1/pages", request, false);
  }

  /** The users to tell of an item; parameters: k, filter, cap_type, cap, cap_days, ... */
  public Answer audience(String item, Map<String, ?> parameters) {
    return get(path("/v1/items/%s/audience", item), parameters);
  }

  /** The nearest of a vector, an item, a user or a text. */
  public Answer search(Map<String, ?> request) {
    return post("/v1/search", request, true);
  }

  // --- batches ---

  /** Lists for many in the background; the request has kind, format, k, funnel, segment, filter, ... */
  public Answer startBatch(Map<String, ?> request) {
    return post("/v1/batches", request, false);
  }

  public List<Answer> batches() {
    return get("/v1/batches", Map.of()).list("batches");
  }

  public Answer batch(String id) {
    return get(path("/v1/batches/%s", id), Map.of());
  }

  /** The lines of a batch's file as they arrive. Close the stream. */
  public Stream<String> batchLists(String id) {
    return transport.lines(path("/v1/batches/%s/lists", id));
  }

  /** Cancels a batch where it runs, and removes its file. */
  public void deleteBatch(String id) {
    transport.json("DELETE", path("/v1/batches/%s", id), null, true);
  }

  // --- spaces ---

  public List<Answer> spaces() {
    return get("/v1/spaces", Map.of()).list("spaces");
  }

  public Answer space(String name) {
    return get(path("/v1/spaces/%s", name), Map.of());
  }

  /** The definition has dim, metric and quantization. */
  public Answer putSpace(String name, Map<String, ?> definition) {
    return transport.json("PUT", path("/v1/spaces/%s", name), definition, true);
  }

  /** Deletes a space with its vectors. */
  public Answer deleteSpace(String name) {
    return transport.json("DELETE", path("/v1/spaces/%s", name), null, true);
  }

  /** Vectors in bulk; rows have item or user, and vector or delete. */
  public BulkWriter vectors(String space) {
    return new BulkWriter(transport, "POST", path("/v1/spaces/%s/vectors", space), false);
  }

  public Answer vector(String space, String kind, String id) {
    return get(path("/v1/spaces/%s/vectors/" + kind + "/%s", space, id), Map.of());
  }

  public Answer deleteVector(String space, String kind, String id) {
    return transport.json("DELETE", path("/v1/spaces/%s/vectors/" + kind + "/%s", space, id), null, true);
  }

  /** The items in two dimensions; parameters: method ("pca", "umap"), field, limit. With "pending" the answer is by pca. */
  public Answer mapSpace(String space, Map<String, ?> parameters) {
    return get(path("/v1/spaces/%s/map", space), parameters);
  }

  /** What the items of a space differ in; parameters: factors, items. */
  public Answer spaceFactors(String space, Map<String, ?> parameters) {
    return get(path("/v1/spaces/%s/factors", space), parameters);
  }

  /** What a user's vector comes from; the request has k, history and context. */
  public Answer userParts(String space, String user, Map<String, ?> request) {
    return post(path("/v1/spaces/%s/vectors/users/%s/parts", space, user), request, true);
  }

  /** A sample of the user x item matrix; parameters: users, items, first_rank, last_rank. */
  public Answer sampleMatrix(Map<String, ?> parameters) {
    return get("/v1/matrix", parameters);
  }

  // --- configuration: what is "funnels", "interaction-types" or "experiments" ---

  public Answer configuration(String what) {
    return get("/v1/" + what, Map.of());
  }

  /** Parameters: version and, of a funnel, resolved. */
  public Answer configuration(String what, String name, Map<String, ?> parameters) {
    return get(path("/v1/" + what + "/%s", name), parameters);
  }

  /** Stores a new version. */
  public Answer putConfiguration(String what, String name, Map<String, ?> document) {
    return transport.json("PUT", path("/v1/" + what + "/%s", name), document, true);
  }

  public Answer deleteConfiguration(String what, String name) {
    return transport.json("DELETE", path("/v1/" + what + "/%s", name), null, true);
  }

  /** Checks a funnel without storing it; a fault is a TamisException whose problem has faults. */
  public Answer validateFunnel(Map<String, ?> funnel) {
    return post("/v1/funnels/validate", funnel, true);
  }

  public Answer funnelSchema() {
    return get("/v1/funnels/schema", Map.of());
  }

  public Answer experimentResults(String name) {
    return get(path("/v1/experiments/%s/results", name), Map.of());
  }

  /** What a funnel would have earned on the logged lists; an answer with "job" goes on as one. */
  public Answer evaluate(Map<String, ?> request) {
    return post("/v1/evaluate", request, true);
  }

  /** Plays a feedback loop with a made-up population: a job. */
  public Answer simulate(Map<String, ?> request) {
    return post("/v1/simulations", request, false);
  }

  // --- training ---

  /** Queues a run; without models, the automatic one. waitFor() waits for it. */
  public Answer train(String... models) {
    return post("/v1/train", models.length == 0 ? Map.of() : Map.of("models", List.of(models)), false);
  }

  public List<Answer> jobs() {
    return get("/v1/jobs", Map.of()).list("jobs");
  }

  public Answer job(String id) {
    return get(path("/v1/jobs/%s", id), Map.of());
  }

  public Answer cancelJob(String id) {
    return post(path("/v1/jobs/%s/cancel", id), null, true);
  }

  /** Each change of a job as it happens, until it has ended. */
  public void watchJob(String id, Consumer<Answer> onChange) {
    try (Stream<String> lines = transport.lines(path("/v1/jobs/%s/events", id))) {
      lines.filter(line -> line.startsWith("data:")).forEach(line -> onChange.accept(Answer.of(Json.parse(line.substring(5)))));
    }
  }

  /** The job once it has ended, however it did: look at its state. */
  public Answer waitFor(String id) {
    while (true) {
      Answer now = job(id);
      if (!List.of("queued", "running").contains(now.text("state"))) return now;
      Transport.pause(200);
    }
  }

  /** generations, and the one that is serving. */
  public Answer generations() {
    return get("/v1/generations", Map.of());
  }

  /** What an automatic run tried, and what it chose. */
  public Answer trainingReport(String generation) {
    return get(path("/v1/generations/%s/report", generation), Map.of());
  }

  public Answer promote(String generation) {
    return post(path("/v1/generations/%s/promote", generation), null, true);
  }

  /** Serves the generation that served before. */
  public Answer rollback() {
    return post("/v1/generations/rollback", null, false);
  }

  /** The same, where the given generation is the one that serves. */
  public Answer rollbackFrom(String generation) {
    return post(path("/v1/generations/%s/rollback", generation), null, false);
  }

  /** The files of a generation, as a tar archive. */
  public byte[] exportGeneration(String generation) {
    return transport.bytes("GET", path("/v1/generations/%s", generation), null, null, true);
  }

  /** Takes in a generation that was trained elsewhere. */
  public Answer importGeneration(String name, byte[] tar, boolean promote) {
    String target = Transport.withQuery(path("/v1/generations/%s", name), Map.of("promote", promote));
    return Answer.of(Json.parse(new String(transport.bytes("PUT", target, "application/x-tar", tar, false), StandardCharsets.UTF_8)));
  }

  // --- operation ---

  public Answer snapshot(String name) {
    return post("/v1/snapshots", Map.of("name", name), false);
  }

  public List<Object> snapshots() {
    return get("/v1/snapshots", Map.of()).values("snapshots");
  }

  public void deleteSnapshot(String name) {
    transport.json("DELETE", path("/v1/snapshots/%s", name), null, true);
  }

  /** Committed writes in order; go on from next. */
  public Answer readLog(long from, int limit) {
    return get("/v1/log", Map.of("from", from, "limit", limit));
  }

  public Answer stats() {
    return get("/v1/stats", Map.of());
  }

  /** The process answers. */
  public Answer health() {
    return get("/healthz", Map.of());
  }

  /** Queries are answered. */
  public Answer ready() {
    return get("/readyz", Map.of());
  }

  /** Prometheus's text format. */
  public String metrics() {
    return new String(transport.bytes("GET", "/metrics", null, null, true), StandardCharsets.UTF_8);
  }

  public Answer openapi() {
    return get("/openapi.json", Map.of());
  }
}
