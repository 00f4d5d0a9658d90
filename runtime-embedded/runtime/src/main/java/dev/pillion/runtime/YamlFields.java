// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.NearestName;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Reads the fields of one document; what is wrong with them is collected with its place. */
final class YamlFields {
  private final YamlDocument.Source source;
  private final List<String> problems;

  YamlFields(YamlDocument.Source source, List<String> problems) {
    this.source = source;
    this.problems = problems;
  }

  Optional<String> text(MappingNode node, String field) {
    return Optional.ofNullable(YamlText.fields(node).get(field)).map(YamlText::of);
  }

  @Nullable
  MappingNode mapping(MappingNode parent, String field) {
    var node = YamlText.fields(parent).get(field);
    return node == null ? null : mapping(field, node);
  }

  /** The node if it has fields; null when it is empty, or has none, which is a problem. */
  @Nullable
  MappingNode mapping(String field, Node node) {
    if (node instanceof MappingNode mapping) {
      return mapping;
    }
    if (!YamlText.isNull(node)) {
      problem(node, "\"%s\" must have fields".formatted(field));
    }
    return null;
  }

  List<Node> list(MappingNode parent, String field) {
    var node = YamlText.fields(parent).get(field);
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    if (node != null && !YamlText.isNull(node)) {
      problem(node, "\"%s\" must be a list".formatted(field));
    }
    return List.of();
  }

  void check(MappingNode node, List<String> known, String what) {
    YamlText.names(node).forEach((field, name) -> {
      if (!known.contains(field)) {
        var nearest = NearestName.to(field, known);
        problem(
            name,
            "\"%s\" is not a field of %s; %s"
                .formatted(
                    field,
                    what,
                    nearest == null
                        ? "it has " + listed(known)
                        : "did you mean \"" + nearest + "\"?"));
      }
    });
  }

  private static String listed(List<String> names) {
    int last = names.size() - 1;
    return last == 0
        ? names.get(0)
        : String.join(", ", names.subList(0, last)) + " and " + names.get(last);
  }

  String at(Node node) {
    return source.at(node);
  }

  void problem(Node node, String message) {
    problems.add(source.at(node) + ": " + message);
  }
}
