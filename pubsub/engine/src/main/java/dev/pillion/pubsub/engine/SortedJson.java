// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * JSON as Dapr writes it back: compact, the names of each object in the order of their bytes, of
 * equal names the last, numbers by their own digits.
 *
 * <p>The parser judges the text first; what it has found valid is then copied span by span. Members
 * are written as they come; an object's are put into order at its end, which for one that came in
 * order is no work.
 */
final class SortedJson {
  /** Of "12 34" and "12a" Dapr reads the 12; the parser would refuse both. */
  private static final Pattern SCALAR = Pattern.compile(
      "[ \\t\\r\\n]*+(?:true|false|null|-?(?:0|[1-9]\\d*+)(?:\\.\\d*+)?(?:[eE][+-]?\\d*+)?)");

  private final byte[] json;
  private final int end;
  private final JsonBytes out;
  private final JsonMembers members;

  /** Where what has been passed and not been written yet begins. */
  private int pending;

  private SortedJson(byte[] json, int end, JsonBytes out) {
    this.json = json;
    this.end = end;
    this.out = out;
    this.members = new JsonMembers(json, out);
  }

  /**
   * Writes the first JSON value of the bytes; what follows it is not looked at.
   *
   * @throws IOException when there is none; nothing is written then
   */
  static void write(byte[] json, JsonBytes out) throws IOException {
    var text = Utf8.repaired(json);
    int end = endOfFirst(text);
    try (JsonParser in = Json.parser(text, 0, end)) {
      if (in.nextToken() == null) {
        throw new IOException("is empty");
      }
      new SortedJson(text, end, out).copy(validated(in));
    }
  }

  /**
   * The members of the JSON object that the bytes begin with, each as {@link #write} writes it.
   *
   * @throws IOException when they don't
   */
  static SortedMap<String, byte[]> members(byte[] json) throws IOException {
    var text = Utf8.repaired(json);
    try (JsonParser in = Json.parser(text, 0, text.length)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("is no JSON object");
      }
      int start = validated(in);
      return new SortedJson(text, text.length, new JsonBytes(text.length)).split(start + 1);
    }
  }

  /** Reads the value that the parser stands on to its end; returns where it begins. */
  private static int validated(JsonParser in) throws IOException {
    int start = (int) in.currentTokenLocation().getByteOffset();
    in.skipChildren();
    in.finishToken();
    return start;
  }

  private SortedMap<String, byte[]> split(int from) throws IOException {
    var found = new TreeMap<String, byte[]>(Utf8.BYTE_ORDER);
    int i = space(from);
    while (json[i] != '}') {
      int colon = string(i);
      int start = behindColon(colon);
      out.cutTo(0);
      int to = copy(start);
      found.put(JsonMembers.name(json, i, colon), out.copyOfRange(0, out.length()));
      i = next(to);
    }
    return found;
  }

  /** Writes the value that begins there, and nothing else; returns where it ends. */
  private int copy(int from) throws IOException {
    pending = from;
    int to = value(from);
    writeUpTo(to);
    return to;
  }

  private void writeUpTo(int to) {
    out.raw(json, pending, to);
    pending = to;
  }

  /** Passes the value that begins there; returns where it ends. */
  private int value(int from) throws IOException {
    return switch (json[from]) {
      case '{' -> object(from + 1);
      case '[' -> array(from + 1);
      case '"' -> string(from);
      default -> scalar(from);
    };
  }

  /** Digits, or one of true, false, null. */
  private int scalar(int from) {
    int i = from;
    while (i < end && json[i] != ',' && json[i] != '}' && json[i] != ']' && json[i] > ' ') {
      i++;
    }
    return i;
  }

  private int string(int from) {
    int i = JsonBytes.endOfPlain(json, from + 1);
    if (json[i] == '"') {
      return i + 1;
    }
    writeUpTo(from);
    pending = out.string(json, from);
    return pending;
  }

  private int array(int from) throws IOException {
    int i = space(from);
    while (json[i] != ']') {
      i = next(value(i));
    }
    return i + 1;
  }

  private int object(int from) throws IOException {
    int first = members.begin();
    int i = space(from);
    while (json[i] != '}') {
      i = next(member(i));
    }
    if (!members.areInOrder(first)) {
      writeUpTo(i);
      members.putInOrder(first);
    }
    members.end(first);
    return i + 1;
  }

  /** Passes name and value; returns where the value ends. */
  private int member(int name) throws IOException {
    int start = out.length() + name - pending;
    int colon = string(name);
    // Only what had to be spelled anew can have an escape: it has been written.
    members.add(name, colon, pending == colon, start);
    return value(behindColon(colon));
  }

  /** The place behind the colon and the white space on both its sides. */
  private int behindColon(int from) {
    return space(space(from) + 1);
  }

  /** Where what follows a member or an element begins: the next one, or the end. */
  private int next(int from) {
    int i = space(from);
    return json[i] == ',' ? space(i + 1) : i;
  }

  /** Leaves white space out; returns where it ends. */
  private int space(int from) {
    if (!Json.isSpace(json[from])) {
      return from;
    }
    writeUpTo(from);
    int i = from;
    while (Json.isSpace(json[i])) {
      i++;
    }
    pending = i;
    return i;
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
