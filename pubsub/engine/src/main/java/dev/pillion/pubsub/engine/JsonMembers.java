// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Where the members of the objects that are being written begin in the output, those of the
 * innermost object last. Commas stand between them. One thread only.
 */
final class JsonMembers {
  private static final int FEW = 16;

  private final byte[] json;
  private final JsonBytes out;
  private int count;
  private int[] starts = new int[FEW];

  // The names: bytes in an array, which is the text itself unless the name is spelled with escapes.
  private byte[][] names = new byte[FEW][];
  private int[] froms = new int[FEW];
  private int[] tos = new int[FEW];

  /** @param json the valid text that names stand in */
  JsonMembers(byte[] json, JsonBytes out) {
    this.json = json;
    this.out = out;
  }

  /** Begins an object; returns its first member's number, whether or not there will be one. */
  int begin() {
    return count;
  }

  /**
   * Adds a member.
   *
   * @param from where its name stands in the text, with its quotes
   * @param escaped whether the name may have escapes
   * @param start where it begins in the output
   */
  void add(int from, int to, boolean escaped, int start) throws IOException {
    if (count == starts.length) {
      starts = Arrays.copyOf(starts, count * 2);
      names = Arrays.copyOf(names, count * 2);
      froms = Arrays.copyOf(froms, count * 2);
      tos = Arrays.copyOf(tos, count * 2);
    }
    starts[count] = start;
    if (escaped && hasEscape(json, from, to)) {
      names[count] = name(json, from, to).getBytes(StandardCharsets.UTF_8);
      froms[count] = 0;
      tos[count] = names[count].length;
    } else {
      names[count] = json;
      froms[count] = from + 1;
      tos[count] = to - 1;
    }
    count++;
  }

  private static boolean hasEscape(byte[] json, int from, int to) {
    for (int i = from; i < to; i++) {
      if (json[i] == '\\') {
        return true;
      }
    }
    return false;
  }

  /** The text of a JSON string, which stands there with its quotes. */
  static String name(byte[] json, int from, int to) throws IOException {
    if (!hasEscape(json, from, to)) {
      return new String(json, from + 1, to - from - 2, StandardCharsets.UTF_8);
    }
    try (JsonParser in = Json.parser(json, from, to)) {
      in.nextToken();
      return in.getText();
    }
  }

  /** Ends an object, by the number of its first member. */
  void end(int first) {
    count = first;
  }

  /** Whether the object's members came in order, and each once. */
  boolean areInOrder(int first) {
    for (int i = first + 1; i < count; i++) {
      if (compare(i - 1, i) >= 0) {
        return false;
      }
    }
    return true;
  }

  /** By the bytes of the names, not by how they are spelled. */
  private int compare(int left, int right) {
    return Arrays.compareUnsigned(
        names[left], froms[left], tos[left], names[right], froms[right], tos[right]);
  }

  /** Puts the object's members, which the output ends with, in order; of equal names the last. */
  void putInOrder(int first) {
    int start = starts[first];
    byte[] asTheyCame = out.copyOfRange(start, out.length());
    out.cutTo(start);
    var order = new Integer[count - first];
    Arrays.setAll(order, i -> first + i);
    Arrays.sort(order, this::compare);
    for (int i = 0; i < order.length; i++) {
      int member = order[i];
      if (i + 1 < order.length && compare(member, order[i + 1]) == 0) {
        continue; // The last of this name comes later.
      }
      if (out.length() > start) {
        out.raw(',');
      }
      int comma = member + 1 < count ? starts[member + 1] - start - 1 : asTheyCame.length;
      out.raw(asTheyCame, starts[member] - start, comma);
    }
  }
}
