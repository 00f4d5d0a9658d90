// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.BitSet;

/** A list of status codes and ranges in Dapr's form: {@code 429,500-599}. Immutable. */
final class StatusCodes {
  private final String text;
  private final BitSet codes;

  private StatusCodes(String text, BitSet codes) {
    this.text = text;
    this.codes = codes;
  }

  /**
   * Reads a list. Of a list of commas alone nothing matches, as in Dapr.
   *
   * @throws IllegalArgumentException when an item is no code or range between the two bounds
   */
  static StatusCodes parse(String text, int lowest, int highest) {
    var codes = new BitSet();
    for (String item : text.split(",", -1)) {
      if (!item.isEmpty()) {
        int dash = item.indexOf('-');
        int from = code(text, dash < 0 ? item : item.substring(0, dash), lowest, highest);
        int to = dash < 0 ? from : code(text, item.substring(dash + 1), lowest, highest);
        if (to < from) {
          throw new IllegalArgumentException(
              "the range \"%s\" in \"%s\" ends before it begins".formatted(item, text));
        }
        codes.set(from, to + 1);
      }
    }
    return new StatusCodes(text, codes);
  }

  private static int code(String text, String digits, int lowest, int highest) {
    boolean isNumber = !digits.isEmpty()
        && digits.length() <= 9
        && digits.chars().allMatch(c -> c >= '0' && c <= '9');
    int code = isNumber ? Integer.parseInt(digits) : -1;
    if (code < lowest || code > highest) {
      throw new IllegalArgumentException(
          "\"%s\" in \"%s\" is no status from %d to %d; a list looks like %s, without spaces"
              .formatted(digits, text, lowest, highest, highest > 16 ? "429,500-599" : "4,13-14"));
    }
    return code;
  }

  boolean contains(int code) {
    return codes.get(code);
  }

  @Override
  public String toString() {
    return text;
  }
}
