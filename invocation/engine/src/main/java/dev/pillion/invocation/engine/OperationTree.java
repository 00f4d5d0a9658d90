// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.AccessPolicy.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rules for one app by the segments of their paths. Dapr looks without going back: of segments
 * beside each other it follows the first that fits, wherever that leads.
 */
final class OperationTree {
  private static final String ONE = "*";
  private static final String REST = "**";

  private final Node root = new Node("");

  /** One segment, those below in the order in which they were added. */
  private static final class Node {
    private final String segment;
    private final List<Node> below = new ArrayList<>();
    private @Nullable Rule rule;

    Node(String segment) {
      this.segment = segment;
    }

    Node child(String name) {
      for (var node : below) {
        if (node.segment.equals(name)) {
          return node;
        }
      }
      var added = new Node(name);
      below.add(added);
      return added;
    }

    /** The first below that fits; null for none. */
    @Nullable
    Node find(String name, boolean last) {
      for (var node : below) {
        if (node.segment.equals(name)
            || (node.segment.equals(ONE) ? last : fits(node.segment, name))) {
          return node;
        }
      }
      return null;
    }
  }

  /**
   * Adds a rule; of two with one path the first stays.
   *
   * @param path with a slash at its begin
   */
  void add(String path, Rule rule) {
    var node = root;
    for (String segment : segments(path)) {
      node = node.child(segment);
    }
    node.rule = node.rule == null ? rule : node.rule;
  }

  /**
   * The rule that speaks of a path; null for none.
   *
   * @param path with a slash at its begin
   */
  @Nullable
  Rule find(String path) {
    var segments = segments(path);
    var node = root;
    for (int i = 0; i < segments.length; i++) {
      boolean last = i == segments.length - 1;
      node = node.find(segments[i], last);
      if (node == null) {
        return null;
      }
      // A call may have a star for a segment, which is no reason to stop before its end.
      if (node.rule != null && (last || !node.segment.equals(ONE))) {
        return node.rule;
      }
    }
    // What stands for one segment more stands for none as well, and so does what stands for all.
    var any = node.find(ONE, true);
    return any == null ? null : any.rule;
  }

  private static String[] segments(String path) {
    return path.substring(1).split("/", -1);
  }

  /**
   * Whether a path speaks of no method but one that has its stars: a star alone is followed at the
   * end of a call's path only, and from there to one star more.
   *
   * @param path with a slash at its begin
   */
  static boolean fitsNothing(String path) {
    var segments = segments(path);
    int star = List.of(segments).indexOf(ONE);
    int last = segments.length - 1;
    return star >= 0 && star < last && (star < last - 1 || !fits(segments[last], ONE));
  }

  /** Whether a segment fits a pattern in which each star stands for any letters. */
  private static boolean fits(String pattern, String segment) {
    if (pattern.equals(REST)) {
      return true;
    }
    if (pattern.indexOf('*') < 0) {
      return false;
    }
    int letter = 0;
    int at = 0;
    int star = -1;
    int afterStar = 0;
    while (letter < segment.length()) {
      if (at < pattern.length() && pattern.charAt(at) == '*') {
        star = at++;
        afterStar = letter;
      } else if (at < pattern.length() && pattern.charAt(at) == segment.charAt(letter)) {
        at++;
        letter++;
      } else if (star >= 0) {
        at = star + 1;
        letter = ++afterStar;
      } else {
        return false;
      }
    }
    while (at < pattern.length() && pattern.charAt(at) == '*') {
      at++;
    }
    return at == pattern.length();
  }
}
