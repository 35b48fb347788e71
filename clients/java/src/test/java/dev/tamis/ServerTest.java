package dev.tamis;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Calls against a real server. */
final class ServerTest {
  static void run(String url) throws Exception {
    Tamis client = new Tamis(url);
    listFollowsPurchase(client);
    theRest(client);
    retriesStoreOnce(client, url);
    jsonReadsWhatItWrites();
  }

  private static void listFollowsPurchase(Tamis client) {
    BulkWriter bulk = client.interactions();
    for (int user = 0; user < 50; user++) {
      for (int j = 0; j < 10; j++) {
        bulk.add(Map.of("user", "u" + user, "item", "i" + (user * 7 + j * (user % 5 + 1)) % 40, "type", "purchase"));
      }
    }
    bulk.add(Map.of("user", "u1"));
    bulk.close();
    Check.equal(bulk.count("accepted"), 500L);
    Check.equal(bulk.errors().get(0).text("field"), "item");
    List<String> states = new ArrayList<>();
    Answer job = client.train("item_knn", "popular");
    client.watchJob(job.text("job"), now -> states.add(now.text("state")));
    Check.that(List.of("succeeded", "rejected").contains(states.get(states.size() - 1)), states.toString());
    Answer list = client.recommend("u1", Map.of("k", 5));
    String bought = list.list("items").get(0).text("item");
    Answer ack = client.addInteraction(
        Map.of("user", "u1", "item", bought, "type", "purchase", "recommendation_id", list.text("recommendation_id")));
    Answer next = client.recommend("u1", Map.of("k", 40, "min_seq", ack.integer("sequence")));
    Check.that(next.list("items").stream().noneMatch(one -> one.text("item").equals(bought)), "the purchase changed nothing");
    Check.equal(client.whyNot("u1", bought, Map.of()).text("verdict"), "seen");
    Check.equal(client.recommendMany(List.of("u3", "u2"), Map.of("k", 1)).get(0).text("user"), "u3");
  }

  private static void theRest(Tamis client) {
    client.put("items", "a/b ü", Map.of("features", Map.of("price", 3.5, "name", "\"quoted\"\n")));
    Check.equal(client.get("items", "a/b ü").answer("features").number("price"), 3.5);
    Check.equal(client.get("items", "a/b ü").answer("features").text("name"), "\"quoted\"\n");
    client.delete("items", "a/b ü");
    try {
      client.get("items", "a/b ü");
      Check.that(false, "a deleted item is there");
    } catch (TamisException failure) {
      Check.equal(failure.problem().text("code"), "not_found");
    }
    client.putSpace("looks", Map.of("dim", 2));
    try (BulkWriter vectors = client.vectors("looks")) {
      vectors.add(Map.of("item", "i1", "vector", new float[] {1, 0})).add(Map.of("item", "i2", "vector", new float[] {0, 1}));
    }
    Check.equal(client.search(Map.of("space", "looks", "item", "i1", "k", 2)).list("items").get(0).text("item"), "i2");
    Answer batch = client.startBatch(Map.of("k", 1, "log", false));
    client.waitFor(batch.text("job"));
    try (Stream<String> lists = client.batchLists(batch.text("batch"))) {
      Check.equal(lists.count(), 50L);
    }
    client.deleteBatch(batch.text("batch"));
    client.putConfiguration("funnels", "home", Map.of("retrievers", List.of(Map.of("kind", "popular"))));
    Check.equal(client.configuration("funnels", "home", Map.of("version", 1)).integer("version"), 1L);
    String generation = client.generations().text("serving");
    client.importGeneration("copy", client.exportGeneration(generation), true);
    Check.equal(client.rollbackFrom("copy").text("generation"), generation);
    Check.that(client.stats().integer("interactions") > 500, "stats");
    Check.that(client.metrics().contains("tamis_"), "metrics");
  }

  /** A 503 first, then an answer that is lost after the server stored the event. */
  private static void retriesStoreOnce(Tamis client, String url) throws Exception {
    AtomicInteger requests = new AtomicInteger();
    HttpServer proxy = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    Transport forward = new Transport(new Tamis.Options(url));
    proxy.createContext("/", exchange -> {
      byte[] body = exchange.getRequestBody().readAllBytes();
      int number = requests.incrementAndGet();
      if (number == 1) {
        exchange.sendResponseHeaders(503, -1);
        exchange.close();
        return;
      }
      byte[] answer = forward.bytes("POST", exchange.getRequestURI().toString(), "application/json", body, false);
      if (number == 3) {
        exchange.sendResponseHeaders(200, answer.length);
        exchange.getResponseBody().write(answer);
      }
      exchange.close(); // without an answer: the connection breaks
    });
    proxy.start();
    try {
      Tamis flaky = new Tamis("http://127.0.0.1:" + proxy.getAddress().getPort());
      Answer ack = flaky.addInteraction(Map.of("user", "r", "item", "x"));
      Check.equal(ack.integer("duplicates"), 1L);
      Check.equal(requests.get(), 3);
    } finally {
      proxy.stop(0);
    }
  }

  private static void jsonReadsWhatItWrites() {
    String text = "{\"a\":[1,-2.5,true,null,\"x\\\\\\n\\u0001é\"],\"b\":{\"c\":[]},\"d\":123456789012}";
    Check.equal(Json.write(Json.parse(text)), text);
    for (String wrong : List.of("", "{", "[1,]", "{\"a\" 1}", "tru", "1 2", "\"x", "-", "[".repeat(100_000))) {
      try {
        Json.parse(wrong);
        Check.that(false, "taken for JSON: " + wrong.substring(0, Math.min(9, wrong.length())));
      } catch (IllegalArgumentException refused) {
        continue;
      }
    }
  }
}
