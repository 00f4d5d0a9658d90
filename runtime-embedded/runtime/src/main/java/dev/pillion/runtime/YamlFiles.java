// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads YAML files of several documents; what can't be read is collected with its place. */
final class YamlFiles {
  private static final int MAX_BYTES = 4 * 1024 * 1024;
  private static final LoadSettings SETTINGS = LoadSettings.builder()
      .setCodePointLimit(MAX_BYTES)
      .setSchema(new UntypedSchema())
      .build();

  private final List<String> problems;

  YamlFiles(List<String> problems) {
    this.problems = problems;
  }

  /** Reads a file, whose sound documents are handed over in their order. */
  void read(Path file, Consumer<YamlDocument> reader) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        problems.add(
            "%s: larger than %d bytes, which no Dapr resource is".formatted(file, MAX_BYTES));
        return;
      }
      split(file, Files.readString(file), reader);
    } catch (CharacterCodingException e) {
      problems.add("%s: not UTF-8 text".formatted(file));
    } catch (IOException e) {
      problems.add("%s: can't be read: %s".formatted(file, e.getMessage()));
    }
  }

  /** Cuts at lines that begin with {@code ---}: a broken document then does not hide the next. */
  private void split(Path file, String text, Consumer<YamlDocument> reader) {
    var document = new StringBuilder();
    int before = 0;
    int line = 0;
    for (String written : (Iterable<String>) withoutMark(text).lines()::iterator) {
      line++;
      if (written.startsWith("---")) {
        compose(new YamlDocument.Source(file, before), document.toString(), reader);
        document.setLength(0);
        before = line;
      } else {
        // A directive belongs to no document, but keeps its line.
        document.append(written.startsWith("%") ? "" : written).append('\n');
      }
    }
    compose(new YamlDocument.Source(file, before), document.toString(), reader);
  }

  private static String withoutMark(String text) {
    return text.startsWith("\ufeff") ? text.substring(1) : text;
  }

  private void compose(YamlDocument.Source source, String text, Consumer<YamlDocument> reader) {
    try {
      for (Node node : new Compose(SETTINGS).composeAllFromString(text)) {
        var document = YamlCheck.isSound(source, node, problems)
            ? YamlDocument.of(source, node, problems)
            : null;
        if (document != null) {
          reader.accept(document);
        }
      }
    } catch (MarkedYamlEngineException e) {
      problems.add(
          "%s: not valid YAML: %s".formatted(source.at(e.getProblemMark()), e.getProblem()));
    } catch (YamlEngineException e) {
      problems.add("%s: not valid YAML: %s".formatted(source.file(), firstLine(e)));
    } catch (StackOverflowError e) {
      problems.add("%s: not valid YAML: it is nested too deeply".formatted(source.file()));
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
