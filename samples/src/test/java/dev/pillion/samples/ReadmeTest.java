// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** README and the pages of docs say what is so. */
class ReadmeTest {
  private static final String BEGIN = "<!-- artifacts: begin -->\n";
  private static final String END = "<!-- artifacts: end -->";
  private static final Path README = Path.of("README.md");

  @Test
  void theTableOfArtifactsIsWhatThePomsSay() {
    var text = Documents.text(README);
    var table = text.substring(text.indexOf(BEGIN) + BEGIN.length(), text.indexOf(END));
    assertThat(table)
        .as("README's table of artifacts; put this between its markers:\n%s", artifacts())
        .isEqualTo(artifacts());
  }

  private static String artifacts() {
    var rows = new TreeMap<String, String>();
    for (var module : Repository.published()) {
      rows.put(
          module.artifact(),
          "| %s | %s | `%s` |\n".formatted(module.description(), module.name(), module.artifact()));
    }
    return "| I want … | name | artifact |\n|---|---|---|\n" + String.join("", rows.values());
  }

  @Test
  void theFirstProgramIsCompiled() {
    var program = "samples/src/main/java/dev/pillion/samples/ReadmeProgram.java";
    var snippet = Documents.blocks(Documents.text(README), "java").get(0);
    assertThat(words(Documents.text(Path.of(program))))
        .as("%s holds README's first program, white space aside", program)
        .contains(words(snippet));
  }

  private static String words(String code) {
    return code.strip().replaceAll("\\s+", " ");
  }

  /** A cheap check of what no sample compiles: the types of ours have methods of these names. */
  @Test
  void javaInPagesNamesMethodsThatThereAre() {
    var sources = new HashMap<String, String>();
    for (Path file : Documents.files("", ".java")) {
      if (file.toString().replace('\\', '/').contains("src/main/java/dev/pillion/")) {
        var name = file.getFileName().toString();
        sources.merge(name.substring(0, name.indexOf('.')), Documents.text(file), String::concat);
      }
    }
    var call = Pattern.compile("\\b([A-Z]\\w+)\\.([a-z]\\w*)\\(");
    var missing = new ArrayList<String>();
    for (Path page : Documents.pages()) {
      for (String block : Documents.blocks(Documents.text(page), "java")) {
        call.matcher(block).results().forEach(found -> {
          var source = sources.get(found.group(1));
          if (source != null && !source.contains(" " + found.group(2) + "(")) {
            missing.add(page + ": " + found.group());
          }
        });
      }
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void everyLinkLeadsSomewhere() {
    var broken = new ArrayList<String>();
    for (Path page : Documents.pages()) {
      var text = Documents.withoutBlocks(Documents.text(page));
      for (String link : Documents.all("\\]\\(([^)\\s]+)\\)", text)) {
        if (!link.contains("://") && !leads(page, link)) {
          broken.add("%s: %s".formatted(page, link));
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  private static boolean leads(Path page, String link) {
    int hash = link.indexOf('#');
    var file = hash < 0 ? link : link.substring(0, hash);
    var target = file.isEmpty() ? page : page.resolveSibling(file).normalize();
    if (target.endsWith("RESULTS.md")) {
      // Written by a run, which may not have been yet.
      return Files.exists(Documents.ROOT.resolve(target).resolveSibling("run"));
    }
    return Files.exists(Documents.ROOT.resolve(target))
        && (hash < 0 || anchors(target).contains(link.substring(hash + 1)));
  }

  /** As GitHub makes them of headings. */
  private static List<String> anchors(Path page) {
    return Documents.all("(?m)^#+ (.+)$", Documents.withoutBlocks(Documents.text(page))).stream()
        .map(heading -> heading
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^\\p{L}\\p{N} _-]", "")
            .replace(' ', '-'))
        .toList();
  }

  /** Class names in backticks that end like a test's are files of that name. */
  @Test
  void everyTestThatIsNamedIsThere() {
    Map<String, Path> tests = new HashMap<>();
    for (String ending : List.of("Test.java", "IT.java", "Contract.java")) {
      for (Path file : Documents.files("", ending)) {
        tests.put(file.getFileName().toString().replace(".java", ""), file);
      }
    }
    var missing = new ArrayList<String>();
    for (Path page : Documents.pages()) {
      for (String name :
          Documents.all("`([A-Z][a-z]\\w*(?:Test|IT|Contract))`", Documents.text(page))) {
        if (!tests.containsKey(name)) {
          missing.add(page + ": " + name);
        }
      }
    }
    assertThat(missing).isEmpty();
  }
}
