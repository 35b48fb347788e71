package dev.tamis;

import java.util.List;
import java.util.Map;

/** A shop in forty lines: articles, purchases, training, and a list that follows what was bought. */
public final class Shop {
  public static void main(String[] arguments) {
    Tamis tamis = new Tamis(arguments.length > 0 ? arguments[0] : "http://localhost:8080");
    try (BulkWriter articles = tamis.entities("items")) {
      for (String name : List.of("lantern", "candle", "matches", "teapot", "cup", "saucer")) {
        articles.add(Map.of("id", name, "features", Map.of("name", "A " + name)));
      }
    }
    try (BulkWriter purchases = tamis.interactions()) {
      for (int customer = 0; customer < 30; customer++) {
        List<String> basket = customer % 2 == 0 ? List.of("lantern", "candle", "matches") : List.of("teapot", "cup", "saucer");
        for (String article : basket) purchases.add(Map.of("user", "customer" + customer, "item", article, "type", "purchase"));
      }
    }
    Answer job = tamis.waitFor(tamis.train("item_knn", "popular").text("job"));
    System.out.println("training " + job.text("state"));

    Answer ack = tamis.addInteraction(Map.of("user", "ada", "item", "teapot", "type", "purchase"));
    Answer list = tamis.recommend("ada", Map.of("k", 2, "features", true, "min_seq", ack.integer("sequence")));
    for (Answer one : list.list("items")) System.out.println(one.integer("rank") + ". " + one.answer("features").text("name"));
  }
}
