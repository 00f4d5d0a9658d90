// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * What Dapr makes of a YAML value: the text of a scalar by YAML 1.1's rules ({@code yes} is
 * {@code true}, {@code 010} is 8, {@code 1.0} is 1), the JSON of anything else.
 */
final class YamlText {
  private static final Set<String> TRUE = Set.of("y", "yes", "on", "true");
  private static final Set<String> FALSE = Set.of("n", "no", "off", "false");
  private static final Set<String> NULL = Set.of("", "~", "null");
  private static final Pattern OCTAL = Pattern.compile("[-+]?0o?[0-7_]+");
  private static final Pattern HEX = Pattern.compile("[-+]?0x[0-9a-fA-F_]+");
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d[\\d_]*)?\\.?\\d+([eE][-+]?\\d+)?|[-+]?\\d[\\d_]*\\.");

  private YamlText() {}

  static String of(Node node) {
    return node instanceof ScalarNode scalar ? scalar(scalar) : json(node).toString();
  }

  private static String scalar(ScalarNode node) {
    var text = node.getValue();
    if (node.getScalarStyle() != ScalarStyle.PLAIN) {
      return text;
    }
    var lower = text.toLowerCase(Locale.ROOT);
    if (NULL.contains(lower)) {
      return "";
    }
    // One letter is left alone: y and n are words of YAML 1.1 that the parser of Go's does not
    // know.
    if (text.length() > 1 && TRUE.contains(lower)) {
      return "true";
    }
    if (text.length() > 1 && FALSE.contains(lower)) {
      return "false";
    }
    var digits = text.replace("_", "");
    if (text.length() > 1 && OCTAL.matcher(text).matches()) {
      return new BigInteger(digits.replace("o", ""), 8).toString();
    }
    if (HEX.matcher(text).matches()) {
      return new BigInteger(digits.replace("0x", ""), 16).toString();
    }
    if (NUMBER.matcher(text).matches()) {
      var number =
          new BigDecimal(digits.endsWith(".") ? digits + "0" : digits).stripTrailingZeros();
      return number.toPlainString();
    }
    return text;
  }

  private static com.fasterxml.jackson.databind.JsonNode json(Node node) {
    var nodes = JsonNodeFactory.instance;
    if (node instanceof MappingNode mapping) {
      // Go prints the keys of a map sorted.
      var sorted = new java.util.TreeMap<String, Node>();
      mapping.getValue().forEach(tuple -> sorted.put(of(tuple.getKeyNode()), tuple.getValueNode()));
      var object = nodes.objectNode();
      sorted.forEach((key, value) -> object.set(key, json(value)));
      return object;
    }
    if (node instanceof SequenceNode sequence) {
      var array = nodes.arrayNode();
      sequence.getValue().forEach(item -> array.add(json(item)));
      return array;
    }
    var scalar = (ScalarNode) node;
    var text = scalar(scalar);
    if (scalar.getScalarStyle() != ScalarStyle.PLAIN) {
      return nodes.textNode(text);
    }
    if (NULL.contains(scalar.getValue().toLowerCase(Locale.ROOT))) {
      return nodes.nullNode();
    }
    if (text.equals("true") || text.equals("false")) {
      return nodes.booleanNode(text.equals("true"));
    }
    return NUMBER.matcher(text).matches()
        ? nodes.numberNode(new BigDecimal(text))
        : nodes.textNode(text);
  }
}
