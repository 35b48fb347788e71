package dev.tamis;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** One call: address, key, retries, errors. Thread-safe. */
final class Transport {
  private static final long LONGEST_WAIT_MS = 10_000;
  private static final long LONGEST_RETRY_AFTER_MS = 60_000;
  private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5)).build();
  private final Tamis.Options options;

  Transport(Tamis.Options options) {
    this.options = options;
  }

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  static String withQuery(String path, Map<String, ?> parameters) {
    StringBuilder made = new StringBuilder(path);
    char separator = '?';
    for (Map.Entry<String, ?> one : parameters.entrySet()) {
      Object value = one.getValue();
      if (value == null) continue;
      String text = value instanceof Map || value instanceof Iterable ? Json.write(value) : value.toString();
      made.append(separator).append(encoded(one.getKey())).append('=').append(encoded(text));
      separator = '&';
    }
    return made.toString();
  }

  Answer json(String method, String path, Object body, boolean repeatable) {
    byte[] content = body == null ? null : Json.write(body).getBytes(StandardCharsets.UTF_8);
    byte[] answer = bytes(method, path, "application/json", content, repeatable);
    return Answer.of(answer.length == 0 ? null : Json.parse(new String(answer, StandardCharsets.UTF_8)));
  }

  byte[] bytes(String method, String path, String type, byte[] body, boolean repeatable) {
    long wait = options.firstWait().toMillis();
    for (int attempt = 1; ; attempt++) {
      boolean isLast = attempt >= options.attempts();
      long asked = 0;
      try {
        HttpResponse<byte[]> response = http.send(request(method, path, type, body), HttpResponse.BodyHandlers.ofByteArray());
        int status = response.statusCode();
        if (status < 300) return response.body();
        // 429 was not begun. 503 may have been: only what is safe to repeat is.
        boolean again = status == 429 || (status == 503 && repeatable);
        if (!again || isLast) throw problem(status, response.body());
        asked = response.headers().firstValue("Retry-After").filter(text -> text.matches("\\d{1,6}")).map(Long::parseLong).orElse(0L) * 1000;
      } catch (IOException failure) {
        boolean wasNotSent = failure instanceof ConnectException;
        if (isLast || !(repeatable || wasNotSent)) throw new TamisException(method + " " + path + ": " + failure, failure);
      } catch (InterruptedException interrupt) {
        throw interrupted(interrupt);
      }
      pause(Math.max(wait / 2 + ThreadLocalRandom.current().nextLong(wait / 2 + 1), Math.min(asked, LONGEST_RETRY_AFTER_MS)));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  /** The lines of an answer as they arrive. Close the stream. Not repeated: some lines may have been seen. */
  Stream<String> lines(String path) {
    try {
      HttpResponse<Stream<String>> response = http.send(request("GET", path, null, null), HttpResponse.BodyHandlers.ofLines());
      if (response.statusCode() < 300) return response.body();
      try (Stream<String> body = response.body()) {
        throw problem(response.statusCode(), String.join("\n", body.toList()).getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException failure) {
      throw new TamisException("GET " + path + ": " + failure, failure);
    } catch (InterruptedException interrupt) {
      throw interrupted(interrupt);
    }
  }

  static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException interrupt) {
      throw interrupted(interrupt);
    }
  }

  private static TamisException interrupted(InterruptedException interrupt) {
    Thread.currentThread().interrupt();
    return new TamisException("interrupted", interrupt);
  }

  private HttpRequest request(String method, String path, String type, byte[] body) {
    HttpRequest.BodyPublisher publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body);
    HttpRequest.Builder made = HttpRequest.newBuilder(URI.create(options.url() + path)).method(method, publisher).timeout(options.timeout());
    if (body != null) made.header("Content-Type", type);
    if (!options.key().isEmpty()) made.header("Authorization", "Bearer " + options.key());
    return made.build();
  }

  private static TamisException problem(int status, byte[] body) {
    String text = new String(body, StandardCharsets.UTF_8);
    try {
      return new TamisException(status, Answer.of(Json.parse(text)));
    } catch (IllegalArgumentException noJson) {
      return new TamisException(status, new Answer(Map.of("detail", text)));
    }
  }
}
