// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Rules about the text of files that no compiler plug-in checks. */
class SourcesTest {
  private static final Set<String> LICENSED =
      Set.of("java", "proto", "xml", "properties", "sh", "py", "js", "go", "sql", "yml");
  private static final String LICENCE = "SPDX-License-Identifier: Apache-2.0";
  private static final Pattern SYNCHRONIZED = Pattern.compile("\\bsynchronized\\b");

  private static String name(Path path) {
    return path.toString().replace('\\', '/');
  }

  private static String extension(Path path) {
    var file = path.getFileName().toString();
    return file.substring(file.lastIndexOf('.') + 1);
  }

  @Test
  void everySourceFileNamesItsLicenceAtTheTop() {
    assertThat(Repository.files().stream()
            .filter(path -> LICENSED.contains(extension(path)))
            .filter(path -> !name(path).contains("src/test/resources/"))
            .filter(path ->
                Repository.lines(path).stream().limit(3).noneMatch(line -> line.contains(LICENCE))))
        .as("files without \"" + LICENCE + "\" in their first three lines")
        .isEmpty();
  }

  @Test
  void noFileIsTooLongToBeReadAtOnce() {
    var tooLong = new ArrayList<String>();
    for (var path : Repository.files()) {
      if (extension(path).equals("java")) {
        int limit = name(path).contains("/src/test/") ? 800 : 500;
        int lines = Repository.lines(path).size();
        if (lines > limit) {
          tooLong.add("%s has %d lines, the limit is %d; split it by topic"
              .formatted(name(path), lines, limit));
        }
      }
    }
    assertThat(tooLong).isEmpty();
  }

  /** On JVMs 21 to 23 a virtual thread that blocks inside one holds its carrier. */
  @Test
  void libraryCodeLocksWithReentrantLock() {
    var found = new ArrayList<String>();
    for (var module : Repository.published()) {
      var sources = Path.of(module.path(), "src", "main", "java");
      for (var path : Repository.files()) {
        if (path.startsWith(sources) && extension(path).equals("java")) {
          found.addAll(synchronizedIn(path));
        }
      }
    }
    assertThat(found).as("uses of synchronized; take a ReentrantLock").isEmpty();
  }

  private static List<String> synchronizedIn(Path path) {
    var found = new ArrayList<String>();
    var lines = Repository.lines(path);
    for (int i = 0; i < lines.size(); i++) {
      var code =
          lines.get(i).replaceFirst("//.*", "").replaceAll("\"[^\"]*\"", "").strip();
      if (!code.startsWith("*")
          && !code.startsWith("/*")
          && SYNCHRONIZED.matcher(code).find()) {
        found.add(name(path) + ":" + (i + 1));
      }
    }
    return found;
  }
}
