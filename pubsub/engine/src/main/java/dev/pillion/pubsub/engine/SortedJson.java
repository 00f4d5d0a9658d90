// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * JSON as Dapr writes it back: compact, the names of each object in the order of their bytes, of
 * equal names the last, numbers by their own digits.
 *
 * <p>Members are written as they come; an object's are put into order at its end, which for one
 * that came in order is no work.
 */
final class SortedJson {
  /** Of "12 34" and "12a" Dapr reads the 12; the parser would refuse both. */
  private static final Pattern SCALAR = Pattern.compile(
      "[ \\t\\r\\n]*+(?:true|false|null|-?(?:0|[1-9]\\d*+)(?:\\.\\d*+)?(?:[eE][+-]?\\d*+)?)");

  private final JsonParser in;
  private final JsonBytes out;

  private SortedJson(JsonParser in, JsonBytes out) {
    this.in = in;
    this.out = out;
  }

  /**
   * Writes the first JSON value of the bytes; what follows it is not looked at.
   *
   * @throws IOException when there is none; {@code out} then holds a part of it
   */
  static void write(byte[] json, JsonBytes out) throws IOException {
    var text = Utf8.repaired(json);
    try (JsonParser in = Json.parser(text, 0, endOfFirst(text))) {
      if (in.nextToken() == null) {
        throw new IOException("is empty");
      }
      new SortedJson(in, out).value();
    }
  }

  /**
   * The members of the JSON object that the bytes begin with, each as {@link #write} writes it.
   *
   * @throws IOException when they don't
   */
  static SortedMap<String, byte[]> members(byte[] json) throws IOException {
    var members = new TreeMap<String, byte[]>(Utf8.BYTE_ORDER);
    var text = Utf8.repaired(json);
    var out = new JsonBytes(text.length);
    try (JsonParser in = Json.parser(text, 0, text.length)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("is no JSON object");
      }
      var value = new SortedJson(in, out);
      while (in.nextToken() != JsonToken.END_OBJECT) {
        String name = in.currentName();
        in.nextToken();
        int start = out.length();
        value.value();
        members.put(name, out.copyOfRange(start, out.length()));
      }
    }
    return members;
  }

  private void value() throws IOException {
    switch (in.currentToken()) {
      case START_OBJECT -> object();
      case START_ARRAY -> array();
      case VALUE_STRING -> {
        int from = in.getTextOffset();
        out.string(in.getTextCharacters(), from, from + in.getTextLength());
      }
      default -> {
        // Digits, or one of true, false, null.
        char[] text = in.getTextCharacters();
        int from = in.getTextOffset();
        for (int i = 0; i < in.getTextLength(); i++) {
          out.raw(text[from + i]);
        }
      }
    }
  }

  private void array() throws IOException {
    out.raw('[');
    boolean first = true;
    while (in.nextToken() != JsonToken.END_ARRAY) {
      if (!first) {
        out.raw(',');
      }
      first = false;
      value();
    }
    out.raw(']');
  }

  private void object() throws IOException {
    out.raw('{');
    var members = new Members();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      members.begin(in.currentName());
      in.nextToken();
      value();
      out.raw(',');
    }
    members.putInOrder();
    out.raw('}');
  }

  /** Where the members of one object begin in the output. Each ends in a comma. */
  private final class Members {
    private String[] names = new String[8];
    private int[] starts = new int[8];
    private int count;
    private boolean ascending = true;

    void begin(String name) {
      if (count == names.length) {
        names = Arrays.copyOf(names, count * 2);
        starts = Arrays.copyOf(starts, count * 2);
      }
      ascending &= count == 0 || Utf8.BYTE_ORDER.compare(names[count - 1], name) < 0;
      names[count] = name;
      starts[count++] = out.length();
      out.string(name).raw(':');
    }

    void putInOrder() {
      if (count == 0) {
        return;
      }
      if (!ascending) {
        int start = starts[0];
        byte[] asTheyCame = out.copyOfRange(start, out.length());
        out.cutTo(start);
        var order = order();
        for (int i = 0; i < count; i++) {
          int member = order[i];
          if (i + 1 < count && names[member].equals(names[order[i + 1]])) {
            continue; // The last of this name comes later.
          }
          int end = member + 1 < count ? starts[member + 1] - start : asTheyCame.length;
          out.raw(asTheyCame, starts[member] - start, end);
        }
      }
      out.cutTo(out.length() - 1);
    }

    private Integer[] order() {
      var order = new Integer[count];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, (left, right) -> Utf8.BYTE_ORDER.compare(names[left], names[right]));
      return order;
    }
  }

  private static int endOfFirst(byte[] text) {
    int i = 0;
    while (i < text.length && Json.isSpace(text[i])) {
      i++;
    }
    if (i == text.length || text[i] == '{' || text[i] == '[' || text[i] == '"') {
      return text.length;
    }
    var scalar = SCALAR.matcher(new String(text, StandardCharsets.ISO_8859_1));
    return scalar.lookingAt() ? scalar.end() : text.length;
  }
}
