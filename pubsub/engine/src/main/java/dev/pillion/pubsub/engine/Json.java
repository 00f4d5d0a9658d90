// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How this engine parses JSON, and what its values are in Java.
 *
 * <p>Two things Dapr reads are malformed here: nesting beyond {@link #DEPTH_LIMIT}, and a name with
 * the escape of half a surrogate pair.
 */
final class Json {
  /** Dapr reads 10,000 levels; each takes stack here. */
  static final int DEPTH_LIMIT = 500;

  /** Turning digits into a number takes time that grows with their square. */
  static final int DIGITS_LIMIT = 1000;

  private static final JsonFactory FACTORY = JsonFactory.builder()
      // UTF-8 only, as in Dapr.
      .disable(JsonFactory.Feature.CHARSET_DETECTION)
      // Names come from other programs, and would stay in the JVM's table of strings.
      .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
      // Names that collide cost time, and are no error.
      .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
      // Whatever is parsed is in memory already; texts of numbers are copied, not evaluated.
      .streamReadConstraints(StreamReadConstraints.builder()
          .maxNestingDepth(DEPTH_LIMIT)
          .maxStringLength(Integer.MAX_VALUE)
          .maxNameLength(Integer.MAX_VALUE)
          .maxNumberLength(Integer.MAX_VALUE)
          .build())
      .build();

  private Json() {}

  static JsonParser parser(byte[] json, int from, int to) throws IOException {
    return FACTORY.createParser(json, from, to - from);
  }

  /** How the numbers of a JSON text are wanted. */
  enum Numbers {
    /**
     * A Long where the text is a whole number, a Double or else a BigDecimal where it says the
     * same.
     */
    EXACT {
      @Override
      Number of(String text) throws IOException {
        return exact(text);
      }
    },
    /** Doubles, as CEL has them in Dapr. */
    DOUBLES {
      @Override
      Number of(String text) {
        return Double.valueOf(text);
      }
    };

    abstract Number of(String text) throws IOException;
  }

  /** The value that the parser stands on; maps and lists are unmodifiable and may hold null. */
  static @Nullable Object value(JsonParser in, Numbers numbers) throws IOException {
    return switch (in.currentToken()) {
      case START_OBJECT -> object(in, numbers);
      case START_ARRAY -> array(in, numbers);
      case VALUE_STRING -> Utf8.withoutLoneSurrogates(in.getText());
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> numbers.of(in.getText());
    };
  }

  private static Map<String, @Nullable Object> object(JsonParser in, Numbers numbers)
      throws IOException {
    var members = new LinkedHashMap<String, @Nullable Object>();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      in.nextToken();
      members.put(name, value(in, numbers));
    }
    return Collections.unmodifiableMap(members);
  }

  private static List<@Nullable Object> array(JsonParser in, Numbers numbers) throws IOException {
    var elements = new ArrayList<@Nullable Object>();
    while (in.nextToken() != JsonToken.END_ARRAY) {
      elements.add(value(in, numbers));
    }
    return Collections.unmodifiableList(elements);
  }

  /** A copy of a valid JSON value without insignificant white space; else it is left as it is. */
  static byte[] compact(byte[] json, int from, int to) {
    int space = nextSpace(json, from, to);
    if (space == to) {
      return Arrays.copyOfRange(json, from, to);
    }
    var out = new JsonBytes(to - from);
    int start = from;
    while (space < to) {
      out.raw(json, start, space);
      start = space + 1;
      space = nextSpace(json, start, to);
    }
    return out.raw(json, start, to).toByteArray();
  }

  /** The first white space outside of strings; {@code to} when there is none. */
  private static int nextSpace(byte[] json, int from, int to) {
    int i = from;
    while (i < to) {
      byte b = json[i];
      if (b == '"') {
        i++;
        while (json[i] != '"') {
          i += json[i] == '\\' ? 2 : 1;
        }
      } else if (isSpace(b)) {
        return i;
      }
      i++;
    }
    return to;
  }

  static boolean isSpace(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private static Number exact(String text) throws IOException {
    if (text.length() > DIGITS_LIMIT) {
      throw new IOException("has an attribute of more than " + DIGITS_LIMIT + " digits");
    }
    boolean whole = text.chars().allMatch(c -> c == '-' || (c >= '0' && c <= '9'));
    if (whole && text.length() <= 18 && !text.equals("-0")) {
      return Long.valueOf(text);
    }
    BigDecimal decimal;
    try {
      decimal = new BigDecimal(text);
    } catch (NumberFormatException e) {
      throw new IOException("has an attribute whose exponent is out of all range", e);
    }
    if (whole && decimal.signum() != 0 && decimal.precision() <= 19) {
      try {
        return decimal.longValueExact();
      } catch (ArithmeticException e) {
        return decimal;
      }
    }
    double nearest = Double.parseDouble(text);
    boolean same = Double.isFinite(nearest)
        && (decimal.signum() == 0 || nearest != 0)
        && new BigDecimal(Double.toString(nearest)).compareTo(decimal) == 0;
    return same ? (Number) nearest : decimal;
  }
}
