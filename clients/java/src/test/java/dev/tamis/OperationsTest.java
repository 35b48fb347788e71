package dev.tamis;

import com.sun.net.httpserver.HttpServer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Every operation of docs/openapi.yaml has a method: each method is called, and what it asks is compared with the document. */
final class OperationsTest {
  /** Operations without a method: those that send a body, or a cart of one item, serve. */
  private static final Set<String> WITHOUT = new TreeSet<>(Set.of("recommend", "whyNot", "boughtTogether"));

  private record Operation(String method, String path, String id) {}

  private static List<Operation> operations(Path document) throws Exception {
    List<Operation> all = new ArrayList<>();
    Pattern isPath = Pattern.compile("  (/\\S*):");
    Pattern isMethod = Pattern.compile("    (get|post|put|patch|delete):.*");
    Pattern isId = Pattern.compile(".*operationId: (\\w+).*");
    String path = "";
    for (String line : Files.readString(document).split("\ncomponents:")[0].split("\n")) {
      Matcher found = isPath.matcher(line);
      if (found.matches()) path = found.group(1);
      found = isMethod.matcher(line);
      if (found.matches()) all.add(new Operation(found.group(1).toUpperCase(), path, ""));
      found = isId.matcher(line);
      if (found.matches()) all.set(all.size() - 1, new Operation(all.get(all.size() - 1).method(), path, found.group(1)));
    }
    Check.that(all.size() > 80 && all.stream().noneMatch(one -> one.id().isEmpty()), "operations: " + all.size());
    return all;
  }

  static void run(Path document) throws Exception {
    List<Operation> all = operations(document);
    Set<String> missing = new ConcurrentSkipListSet<>(all.stream().map(Operation::id).toList());
    Set<String> unknown = new ConcurrentSkipListSet<>();
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", exchange -> {
      String asked = exchange.getRequestURI().getRawPath();
      all.stream()
          .filter(one -> one.method().equals(exchange.getRequestMethod()) && asked.matches(one.path().replaceAll("\\{\\w+}", "[^/]+")))
          .min(Comparator.comparingInt(one -> one.path().split("\\{").length))
          .ifPresentOrElse(one -> missing.remove(one.id()), () -> unknown.add(exchange.getRequestMethod() + " " + asked));
      byte[] body = "{\"state\":\"succeeded\"}".getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
    try {
      Tamis client = new Tamis(new Tamis.Options("http://127.0.0.1:" + server.getAddress().getPort()).withAttempts(1));
      for (Method method : Tamis.class.getDeclaredMethods()) {
        if (!Modifier.isPublic(method.getModifiers())) continue;
        boolean isConfiguration = method.getName().toLowerCase().contains("configuration");
        for (String text : isConfiguration ? List.of("funnels", "interaction-types", "experiments") : List.of("items", "users")) {
          call(client, method, text);
        }
      }
    } finally {
      server.stop(0);
    }
    Check.that(unknown.isEmpty(), "asked, and not in the document: " + unknown);
    Check.that(missing.equals(WITHOUT), "without a method: " + missing + ", expected " + WITHOUT);
  }

  private static void call(Tamis client, Method method, String text) throws Exception {
    Object[] arguments = new Object[method.getParameterCount()];
    for (int i = 0; i < arguments.length; i++) {
      Class<?> type = method.getParameterTypes()[i];
      if (type == String.class) arguments[i] = text;
      else if (type == String[].class) arguments[i] = new String[] {"popular"};
      else if (type == byte[].class) arguments[i] = new byte[0];
      else if (type == List.class) arguments[i] = List.of("a");
      else if (type == Map.class) arguments[i] = Map.of();
      else if (type == Consumer.class) arguments[i] = (Consumer<Answer>) answer -> {};
      else if (type == boolean.class) arguments[i] = false;
      else if (type == long.class) arguments[i] = 1L;
      else arguments[i] = 1;
    }
    try {
      Object made = method.invoke(client, arguments);
      if (made instanceof BulkWriter bulk) bulk.add(Map.of("id", "a")).close();
      if (made instanceof Stream<?> lines) lines.close();
    } catch (InvocationTargetException failure) {
      throw new AssertionError(method + ": " + failure.getCause(), failure.getCause());
    }
  }
}
