package dev.tamis;

import java.io.File;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** AllTests OPENAPI_YAML TAMIS_BINARY: every test, against a server of its own. */
public final class AllTests {
  public static void main(String[] arguments) throws Exception {
    OperationsTest.run(Path.of(arguments[0]));
    Path data = Files.createTempDirectory("tamis");
    int port;
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort();
    }
    Process server = new ProcessBuilder(arguments[1], "serve", "--data", data + "/db", "--port", String.valueOf(port))
        .redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      String url = "http://127.0.0.1:" + port;
      new Tamis(new Tamis.Options(url).withAttempts(15)).ready();
      ServerTest.run(url);
      Shop.main(new String[] {url});
    } finally {
      server.destroy();
      server.waitFor(30, TimeUnit.SECONDS);
      try (var files = Files.walk(data)) {
        files.sorted(java.util.Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
      }
    }
    System.out.println("java: all tests passed");
  }
}
