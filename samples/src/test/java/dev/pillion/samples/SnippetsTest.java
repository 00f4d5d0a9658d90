// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Java in README and docs compiles. A block with a class that is public is a file; any other is
 * the body of a method that may throw what it likes, in a class that has the names of
 * {@link #SURROUNDINGS} and imports all of our packages. What can't be compiled so has the line
 * {@code <!-- not compiled: REASON -->} above it.
 */
@DisabledIfSystemProperty(named = "quick", matches = ".*")
class SnippetsTest {
  private static final Pattern BLOCK =
      Pattern.compile("(?ms)^(?:<!-- not compiled: ([^\\n]+) -->\\n)?```java\\n(.*?)^```$");
  private static final Pattern FENCE = Pattern.compile("(?m)^\\s*```+ *java\\b");
  private static final Pattern MARK = Pattern.compile("(?m)^\\s*<!-- not compiled");

  /** As few as this are compiled only when something is wrong with how they are found. */
  private static final int LEAST = 25;

  private static final String IMPORTS = Stream.of(
          "java.nio.file", "java.time", "java.util", "java.util.concurrent", "javax.sql")
      .map(name -> "import " + name + ".*; ")
      .collect(Collectors.joining());

  /** Of every package of ours that users may have. */
  private static final String OURS = ours();

  private static final String SURROUNDINGS = """
      record Order(String customer, int total) {}
      record Payment(String order, int cents) {}
      record Click(String page) {}
      interface Payments { void settle(Payment payment); }
      record Reserve(String item, int amount) {}
      record Stock(String item, int left) {}
      interface Inventory { Stock reserve(Reserve request); void release(String item); }
      dev.pillion.runtime.EmbeddedRuntime runtime;
      dev.pillion.runtime.EmbeddedRuntime.Builder builder;
      DataSource dataSource;
      io.micrometer.core.instrument.MeterRegistry meterRegistry;
      io.micrometer.observation.ObservationRegistry observationRegistry;
      io.lettuce.core.RedisClient client;
      Path file;
      String hexKey;
      byte[] body;
      Order order;
      Payments payments;
      Inventory inventory;
      void settle(Payment payment) {}
      void store(List<Click> clicks) {}
      void insert(java.sql.Connection connection, Order order) {}
      dev.pillion.pubsub.DeliveryResult express(dev.pillion.pubsub.CloudEvent<Order> event) { return null; }
      dev.pillion.pubsub.DeliveryResult order(dev.pillion.pubsub.CloudEvent<Order> event) { return null; }
      """.replace('\n', ' ');

  @TempDir
  Path classes;

  private static String ours() {
    var imports = new StringBuilder();
    var packages = Documents.files("", "package-info.java");
    for (var module : Repository.published()) {
      var sources = Path.of(module.path(), "src", "main", "java");
      for (Path info : packages) {
        if (info.startsWith(sources)) {
          var name = sources.relativize(info.getParent()).toString();
          imports.append("import ").append(name.replaceAll("[/\\\\]", ".")).append(".*; ");
        }
      }
    }
    return imports.toString();
  }

  /** A block, and what stands before its first line in the file that is compiled. */
  private static final class Snippet extends SimpleJavaFileObject {
    private final Path page;
    private final int line;
    private final String source;

    Snippet(int number, Path page, int line, String text) {
      super(URI.create("string:///snippet" + number + "/" + name(text) + ".java"), Kind.SOURCE);
      this.page = page;
      this.line = line;
      this.source = "package snippet" + number + "; "
          + (isFile(text)
              ? text
              : IMPORTS + OURS + "class Snippet { " + SURROUNDINGS
                  + "void snippet() throws Exception { " + text + "\n} }");
    }

    private static boolean isFile(String text) {
      return text.contains("public class ");
    }

    private static String name(String text) {
      return isFile(text) ? Documents.all("public class (\\w+)", text).get(0) : "Snippet";
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return source;
    }

    String describe(Diagnostic<?> diagnostic) {
      return "%s:%d: %s"
          .formatted(page, line + diagnostic.getLineNumber() - 1, diagnostic.getMessage(null));
    }
  }

  @Test
  void everyBlockOfJavaCompilesOrSaysWhyItDoesNot() throws IOException {
    var snippets = new ArrayList<Snippet>();
    var reasons = new ArrayList<String>();
    int fences = 0;
    int marks = 0;
    for (Path page : Documents.pages()) {
      var text = Documents.text(page);
      fences += (int) FENCE.matcher(text).results().count();
      marks += (int) MARK.matcher(text).results().count();
      BLOCK.matcher(text).results().forEach(block -> {
        if (block.group(1) != null) {
          reasons.add(block.group(1));
          return;
        }
        int line = (int) text.substring(0, block.start(2)).lines().count() + 1;
        snippets.add(new Snippet(snippets.size(), page, line, block.group(2)));
      });
    }
    assertThat(snippets.size() + reasons.size())
        .as("blocks that were found, of those that begin somewhere")
        .isEqualTo(fences);
    assertThat(reasons)
        .as("reasons that stand above a block of Java, of all that stand somewhere")
        .hasSize(marks);
    assertThat(snippets).hasSizeGreaterThanOrEqualTo(LEAST);
    assertThat(faults(snippets)).isEmpty();
  }

  /** Were a fault not seen, the other test would show nothing. */
  @Test
  void aWrongBlockIsFoundWithItsLine() throws IOException {
    var wrong = new Snippet(0, Path.of("page.md"), 7, "builder.start();\nruntime.stat(\"x\");\n");
    assertThat(faults(List.of(wrong)))
        .singleElement()
        .asString()
        .startsWith("page.md:8: cannot find symbol");
  }

  private List<String> faults(List<Snippet> snippets) throws IOException {
    var compiler = ToolProvider.getSystemJavaCompiler();
    var found = new DiagnosticCollector<JavaFileObject>();
    try (var files = compiler.getStandardFileManager(found, null, null)) {
      var options = List.of(
          "-classpath",
          System.getProperty("java.class.path"),
          "-d",
          classes.toString(),
          "-proc:none",
          "-Xmaxerrs",
          "1000");
      compiler.getTask(null, files, found, options, null, snippets).call();
    }
    return found.getDiagnostics().stream()
        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
        .map(diagnostic -> diagnostic.getSource() instanceof Snippet snippet
            ? snippet.describe(diagnostic)
            : diagnostic.toString())
        .toList();
  }
}
