// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * What Dapr makes of a YAML value: the text of a scalar by the rules of its YAML 1.1 parser
 * ({@code yes} is {@code true}, {@code 010} is 8, {@code 1.0} is 1), the JSON of anything else.
 */
final class YamlText {
  private static final Set<String> TRUE =
      Set.of("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE");
  private static final Set<String> FALSE =
      Set.of("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE");
  private static final Set<String> NULL = Set.of("", "~", "null", "Null", "NULL");
  private static final Pattern INTEGER =
      Pattern.compile("([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))");
  private static final Pattern DECIMAL =
      Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]{1,9})?");
  private static final BigInteger MIN = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MAX = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

  private YamlText() {}

  static String of(Node node) {
    if (node instanceof ScalarNode scalar) {
      var resolved = resolved(scalar);
      return resolved == null ? isNull(scalar) ? "" : scalar.getValue() : resolved;
    }
    return json(node);
  }

  /** Whether there is no value at all: {@code value:}, {@code value: null}. */
  static boolean isNull(Node node) {
    return node instanceof ScalarNode scalar && !isText(scalar) && NULL.contains(scalar.getValue());
  }

  /** The fields of a mapping in order, merged ones ({@code <<}) included. */
  static Map<String, Node> fields(MappingNode node) {
    return collect(node, NodeTuple::getValueNode);
  }

  /** The same fields, each with what names it: where a field stands is for its name to say. */
  static Map<String, Node> names(MappingNode node) {
    return collect(node, NodeTuple::getKeyNode);
  }

  private static Map<String, Node> collect(MappingNode node, Function<NodeTuple, Node> part) {
    var fields = new LinkedHashMap<String, Node>();
    var merged = new ArrayList<Node>();
    node.getValue().forEach(tuple -> {
      var key = tuple.getKeyNode();
      if (key instanceof ScalarNode scalar
          && !isText(scalar)
          && scalar.getValue().equals("<<")) {
        merged.addAll(
            tuple.getValueNode() instanceof SequenceNode several
                ? several.getValue()
                : List.of(tuple.getValueNode()));
      } else {
        fields.put(of(key), part.apply(tuple));
      }
    });
    for (Node other : merged) {
      if (other instanceof MappingNode mapping) {
        collect(mapping, part).forEach(fields::putIfAbsent);
      }
    }
    return fields;
  }

  /** Quoted, or tagged as a text: taken as it stands. */
  private static boolean isText(ScalarNode node) {
    return node.getTag().equals(Tag.STR);
  }

  /** A truth value or number in Dapr's spelling, which is JSON's; null for any other scalar. */
  private static @Nullable String resolved(ScalarNode node) {
    var text = node.getValue();
    if (isText(node) || text.isEmpty()) {
      return null;
    }
    if (TRUE.contains(text)) {
      return "true";
    }
    if (FALSE.contains(text)) {
      return "false";
    }
    return "+-.0123456789".indexOf(text.charAt(0)) < 0 ? null : number(text.replace("_", ""));
  }

  private static @Nullable String number(String text) {
    var matcher = INTEGER.matcher(text);
    if (matcher.matches()) {
      int[] radix = {16, 2, 8, 10};
      for (int i = 0; i < radix.length; i++) {
        var digits = matcher.group(i + 2);
        if (digits != null) {
          var number = new BigInteger(digits, radix[i]);
          var signed = matcher.group(1).equals("-") ? number.negate() : number;
          if (signed.compareTo(MIN) >= 0 && signed.compareTo(MAX) <= 0) {
            return signed.toString();
          }
        }
      }
    }
    if (!DECIMAL.matcher(text).matches()) {
      return null;
    }
    double number = Double.parseDouble(text);
    return Double.isInfinite(number) ? null : floating(number);
  }

  /** As Go prints a float64 in JSON. */
  private static String floating(double number) {
    if (number == 0) {
      return 1 / number < 0 ? "-0" : "0";
    }
    var decimal = new BigDecimal(Double.toString(number)).stripTrailingZeros();
    double size = Math.abs(number);
    if (size >= 1e-6 && size < 1e21) {
      return decimal.toPlainString();
    }
    int exponent = decimal.precision() - decimal.scale() - 1;
    return decimal.scaleByPowerOfTen(-exponent).toPlainString()
        + (exponent < 0 ? "e" : "e+")
        + exponent;
  }

  /** Compact, the names of an object sorted, as Go prints it. */
  private static String json(Node node) {
    if (node instanceof MappingNode mapping) {
      var object = new StringJoiner(",", "{", "}");
      new TreeMap<>(fields(mapping))
          .forEach((name, value) -> object.add(quoted(name) + ":" + json(value)));
      return object.toString();
    }
    if (node instanceof SequenceNode sequence) {
      var array = new StringJoiner(",", "[", "]");
      sequence.getValue().forEach(item -> array.add(json(item)));
      return array.toString();
    }
    var scalar = (ScalarNode) node;
    var resolved = resolved(scalar);
    if (resolved != null) {
      return resolved;
    }
    return isNull(scalar) ? "null" : quoted(scalar.getValue());
  }

  private static String quoted(String text) {
    var escaped = new String(JsonStringEncoder.getInstance().quoteAsString(text))
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e");
    return '"' + escaped + '"';
  }
}
