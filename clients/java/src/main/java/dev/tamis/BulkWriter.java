package dev.tamis;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sends records as NDJSON, a request for each 4 MiB, each acknowledged before the next. Interactions get idempotency keys where they
 * have none, so that repeats store them once. Not thread-safe. Close it.
 */
public final class BulkWriter implements AutoCloseable {
  private static final int LARGEST_BYTES = 4 << 20;
  private final Transport transport;
  private final String method;
  private final String path;
  private final boolean needsKeys;
  private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
  private final Map<String, Long> counts = new LinkedHashMap<>();
  private final List<Answer> errors = new ArrayList<>();

  BulkWriter(Transport transport, String method, String path, boolean needsKeys) {
    this.transport = transport;
    this.method = method;
    this.path = path;
    this.needsKeys = needsKeys;
  }

  public BulkWriter add(Map<String, ?> record) {
    Object row = record;
    if (needsKeys && record.get("idempotency_key") == null) {
      Map<String, Object> keyed = new LinkedHashMap<>(record);
      keyed.put("idempotency_key", Tamis.newKey());
      row = keyed;
    }
    waiting.writeBytes((Json.write(row) + "\n").getBytes(StandardCharsets.UTF_8));
    if (waiting.size() >= LARGEST_BYTES) flush();
    return this;
  }

  /** Sends what waits; returns when it is acknowledged. */
  public void flush() {
    if (waiting.size() == 0) return;
    byte[] answer = transport.bytes(method, path, "application/x-ndjson", waiting.toByteArray(), true);
    waiting.reset();
    Answer ack = Answer.of(Json.parse(new String(answer, StandardCharsets.UTF_8)));
    for (String name : List.of("accepted", "duplicates", "outdated", "rejected")) counts.merge(name, ack.integer(name), Long::sum);
    counts.put("sequence", ack.integer("sequence"));
    errors.addAll(ack.list("errors"));
  }

  /** accepted, duplicates, outdated, rejected; sequence is that of the last request. */
  public long count(String name) {
    return counts.getOrDefault(name, 0L);
  }

  /** Refused lines: line (from 1 within its request), field, detail. */
  public List<Answer> errors() {
    return errors;
  }

  @Override
  public void close() {
    flush();
  }
}
