// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Refuses documents that would not end: aliases within aliases, or within what they name. */
final class YamlCheck {
  private static final int MAX_NODES = 100_000;
  private static final int MAX_DEPTH = 100;

  private final YamlDocument.Source source;
  private final List<String> problems;
  private final Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private int nodes;

  private YamlCheck(YamlDocument.Source source, List<String> problems) {
    this.source = source;
    this.problems = problems;
  }

  /** Whether the document can be read; names that stand twice in it are reported as well. */
  static boolean isSound(YamlDocument.Source source, Node root, List<String> problems) {
    var check = new YamlCheck(source, problems);
    if (!check.isBounded(root, 0)) {
      problems.add(
          source.at(root)
              + ": the document is too deep or, with its aliases followed, too large to be one of Dapr's");
      return false;
    }
    check.reportTwice(root);
    return true;
  }

  private boolean isBounded(Node node, int depth) {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
      return false;
    }
    if (node instanceof MappingNode mapping) {
      return mapping.getValue().stream()
          .allMatch(tuple -> isBounded(tuple.getKeyNode(), depth + 1)
              && isBounded(tuple.getValueNode(), depth + 1));
    }
    return !(node instanceof SequenceNode sequence)
        || sequence.getValue().stream().allMatch(item -> isBounded(item, depth + 1));
  }

  /** Dapr takes the last of them; which one was meant can't be known. */
  private void reportTwice(Node node) {
    if (!seen.add(node)) {
      return;
    }
    if (node instanceof MappingNode mapping) {
      var names = new HashSet<String>();
      mapping.getValue().forEach(tuple -> {
        var name = YamlText.of(tuple.getKeyNode());
        if (!names.add(name)) {
          problems.add(source.at(tuple.getKeyNode())
              + ": \"%s\" stands here for the second time; write it once".formatted(name));
        }
        reportTwice(tuple.getValueNode());
      });
    } else if (node instanceof SequenceNode sequence) {
      sequence.getValue().forEach(this::reportTwice);
    }
  }
}
