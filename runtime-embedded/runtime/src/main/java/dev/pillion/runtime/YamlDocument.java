// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.ComponentSpec;
import dev.pillion.component.GoDuration;
import dev.pillion.component.NearestName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * One YAML document of a resources folder, read field by field; what is wrong with it is collected
 * with its place.
 */
final class YamlDocument {
  private static final List<String> TOP =
      List.of("apiVersion", "kind", "metadata", "spec", "auth", "scopes");
  private static final List<String> SPEC =
      List.of("type", "version", "initTimeout", "ignoreErrors", "metadata");
  private static final List<String> ITEM = List.of("name", "value", "secretKeyRef", "envRef");

  private final Path file;
  private final MappingNode root;
  private final List<String> problems;

  private YamlDocument(Path file, MappingNode root, List<String> problems) {
    this.file = file;
    this.root = root;
    this.problems = problems;
  }

  /** Null for an empty document. */
  static @Nullable YamlDocument of(Path file, Node node, List<String> problems) {
    if (node instanceof MappingNode mapping) {
      return new YamlDocument(file, mapping, problems);
    }
    if (!YamlText.of(node).isEmpty()) {
      problems.add("%s: not a Dapr resource: it has no fields".formatted(place(file, node)));
    }
    return null;
  }

  String source() {
    return place(file, root);
  }

  private static String place(Path file, Node node) {
    return file + node.getStartMark().map(mark -> ":" + (mark.getLine() + 1)).orElse("");
  }

  Optional<String> text(String field) {
    return text(root, field);
  }

  private static Optional<String> text(MappingNode node, String field) {
    return Optional.ofNullable(fields(node).get(field)).map(YamlText::of);
  }

  private static Map<String, Node> fields(MappingNode node) {
    var fields = new LinkedHashMap<String, Node>();
    node.getValue()
        .forEach(tuple -> fields.put(YamlText.of(tuple.getKeyNode()), tuple.getValueNode()));
    return fields;
  }

  private @Nullable MappingNode mapping(MappingNode parent, String field) {
    var node = fields(parent).get(field);
    if (node == null || node instanceof MappingNode) {
      return (MappingNode) node;
    }
    problem(node, "\"%s\" must have fields".formatted(field));
    return null;
  }

  private List<Node> list(MappingNode parent, String field) {
    var node = fields(parent).get(field);
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    if (node != null && !YamlText.of(node).isEmpty()) {
      problem(node, "\"%s\" must be a list".formatted(field));
    }
    return List.of();
  }

  String namespace() {
    var metadata = mapping(root, "metadata");
    return metadata == null ? "" : text(metadata, "namespace").orElse("");
  }

  List<String> scopes() {
    return list(root, "scopes").stream().map(YamlText::of).toList();
  }

  /** The component of the document; null when it has none to speak of, which is a problem. */
  @Nullable
  ComponentDocument component() {
    var metadata = mapping(root, "metadata");
    var spec = mapping(root, "spec");
    var name = metadata == null ? "" : text(metadata, "name").orElse("");
    var type = spec == null ? "" : text(spec, "type").orElse("");
    checkFields(root, TOP, "a component");
    if (name.isEmpty()) {
      problem(root, "the component has no metadata.name");
    } else if (name.contains("/") || name.contains("%") || name.equals(".") || name.equals("..")) {
      problem(
          root,
          "the component's name \"%s\" can't hold a slash or percent sign, as it is part of paths"
              .formatted(name));
    }
    if (type.isEmpty()) {
      problem(root, "the component \"%s\" has no spec.type".formatted(name));
    }
    if (spec == null || name.isEmpty() || type.isEmpty()) {
      return null;
    }
    checkFields(spec, SPEC, "spec");
    var auth = mapping(root, "auth");
    return new ComponentDocument(
        source(),
        name,
        type,
        text(spec, "version").orElse(""),
        auth == null
            ? null
            : text(auth, "secretStore").filter(store -> !store.isEmpty()).orElse(null),
        items(spec),
        initTimeout(spec),
        text(spec, "ignoreErrors").orElse("").equals("true"));
  }

  private Duration initTimeout(MappingNode spec) {
    var text = text(spec, "initTimeout").orElse("");
    if (text.isEmpty()) {
      return ComponentSpec.DEFAULT_INIT_TIMEOUT;
    }
    // Dapr takes its default for a wrong one; a typo must not become another timeout.
    var parsed = GoDuration.parse(text, Duration.ZERO);
    if (parsed == null || parsed.isNegative() || parsed.isZero()) {
      problem(
          spec,
          "\"initTimeout\" was \"%s\" but must be a positive duration such as 5s".formatted(text));
      return ComponentSpec.DEFAULT_INIT_TIMEOUT;
    }
    return parsed;
  }

  private List<ComponentDocument.Item> items(MappingNode spec) {
    var items = new ArrayList<ComponentDocument.Item>();
    for (Node node : list(spec, "metadata")) {
      if (!(node instanceof MappingNode item)) {
        problem(node, "each entry of spec.metadata needs a name and a value");
        continue;
      }
      checkFields(item, ITEM, "an entry of spec.metadata");
      var name = text(item, "name").orElse("");
      if (name.isEmpty()) {
        problem(item, "an entry of spec.metadata has no name");
        continue;
      }
      var ref = mapping(item, "secretKeyRef");
      var secret = ref == null ? "" : text(ref, "name").orElse("");
      items.add(new ComponentDocument.Item(
          name,
          text(item, "value").orElse(null),
          secret.isEmpty() || ref == null
              ? null
              : new ComponentDocument.SecretRef(
                  secret, text(ref, "key").filter(key -> !key.isEmpty()).orElse(secret)),
          text(item, "envRef").orElse(null)));
    }
    return items;
  }

  private void checkFields(MappingNode node, List<String> known, String what) {
    for (String field : fields(node).keySet()) {
      if (!known.contains(field)) {
        var nearest = NearestName.to(field, known);
        problem(
            node,
            "\"%s\" is not a field of %s%s"
                .formatted(
                    field, what, nearest == null ? "" : "; did you mean \"" + nearest + "\"?"));
      }
    }
  }

  private void problem(Node node, String message) {
    problems.add(place(file, node) + ": " + message);
  }
}
