// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.state.StateStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A folder of component files and a runtime on it. */
final class ComponentFiles {
  final Path folder;
  final Map<String, String> environment = new HashMap<>();
  String namespace = "";

  ComponentFiles(Path folder) {
    this.folder = folder;
  }

  /**
   * One component with these metadata lines, each {@code key: yaml}; the first is a valid paper.
   */
  static String paper(String name, String... items) {
    var text = new StringBuilder("""
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: %s
        spec:
          type: state.paper
          version: v1
          metadata:
          - name: colour
            value: white
        """.formatted(name));
    for (String item : items) {
      int colon = item.indexOf(": ");
      text.append("  - name: ").append(item, 0, colon).append('\n');
      var value = item.substring(colon + 2);
      text.append(
              value.startsWith("secretKeyRef:") || value.startsWith("envRef:")
                  ? "    "
                  : "    value: ")
          .append(value)
          .append('\n');
    }
    return text.toString();
  }

  ComponentFiles file(String name, String text) {
    return file(name, text.getBytes(UTF_8));
  }

  ComponentFiles file(String name, byte[] bytes) {
    try {
      var path = folder.resolve(name);
      Files.createDirectories(path.getParent());
      Files.write(path, bytes);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A problem as it is reported: where the setting stands with whose name it begins, if any. */
  String placed(String file, String component, String problem) {
    int end = problem.startsWith("\"") ? problem.indexOf('"', 1) : 0;
    var name = end > 0 ? "name: " + problem.substring(1, end) : "no setting";
    try {
      var lines = Files.readAllLines(folder.resolve(file));
      int line = 0;
      while (line < lines.size()
          && !lines.get(line).matches(".*- \\{?" + Pattern.quote(name) + "\\b.*")) {
        line++;
      }
      return "%s:%d: component \"%s\": %s"
          .formatted(file, line == lines.size() ? 1 : line + 1, component, problem);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  EmbeddedRuntime.Builder builder() {
    return EmbeddedRuntime.builder("orders")
        .resources(folder)
        .namespace(namespace)
        .environment(environment);
  }

  EmbeddedRuntime start() {
    return builder().start();
  }

  /** What stands in the way of a start, without the folder's path. */
  List<String> problems() {
    return problems(builder());
  }

  List<String> problems(EmbeddedRuntime.Builder builder) {
    var failure = catchThrowableOfType(
        InvalidConfigurationException.class, () -> builder.start().close());
    return failure == null
        ? List.of()
        : failure.problems().stream()
            .map(problem -> problem.replace(folder + "/", "").replace(folder.toString(), "."))
            .toList();
  }

  /** What the store of that name was given for a setting. */
  String value(String component, String setting) {
    try (var runtime = start()) {
      return text(runtime.state(component), setting);
    }
  }

  static String text(StateStore store, String setting) {
    return store
        .get(setting, byte[].class)
        .map(bytes -> new String(bytes, UTF_8))
        .orElse(null);
  }
}
