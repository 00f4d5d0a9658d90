// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;

/**
 * UTF-8 as Go reads and orders it. Java puts one replacement character for a broken sequence, Go
 * one for each of its bytes; and Java orders by UTF-16, Go by bytes.
 */
final class Utf8 {
  /** The order of the texts' UTF-8 bytes, which is the order of their code points. */
  static final Comparator<String> BYTE_ORDER = Utf8::compare;

  private static final byte[] REPLACEMENT = "\ufffd".getBytes(StandardCharsets.UTF_8);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final long NOT_ASCII = 0x8080808080808080L;

  private Utf8() {}

  /**
   * The same bytes with U+FFFD for each byte that is in no valid sequence; the very array when all
   * of it is valid.
   */
  static byte[] repaired(byte[] bytes) {
    int broken = firstBroken(bytes);
    if (broken == bytes.length) {
      return bytes;
    }
    var out = new JsonBytes(bytes.length + 16);
    out.raw(bytes, 0, broken);
    int i = broken;
    while (i < bytes.length) {
      int length = sequence(bytes, i);
      if (length == 0) {
        out.raw(REPLACEMENT);
        i++;
      } else {
        out.raw(bytes, i, i + length);
        i += length;
      }
    }
    return out.toByteArray();
  }

  static boolean isValid(byte[] bytes) {
    return firstBroken(bytes) == bytes.length;
  }

  private static int firstBroken(byte[] bytes) {
    int i = 0;
    while (i < bytes.length) {
      if (i + Long.BYTES <= bytes.length && ((long) LONGS.get(bytes, i) & NOT_ASCII) == 0) {
        i += Long.BYTES;
        continue;
      }
      int length = sequence(bytes, i);
      if (length == 0) {
        return i;
      }
      i += length;
    }
    return i;
  }

  /** How many bytes the character at {@code i} has; 0 when no valid one begins there. */
  static int sequence(byte[] bytes, int i) {
    int first = bytes[i];
    if (first >= 0) {
      return 1;
    }
    int lead = first & 0xff;
    int length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length == 0 || i + length > bytes.length) {
      return 0;
    }
    for (int k = 1; k < length; k++) {
      if ((bytes[i + k] & 0xc0) != 0x80) {
        return 0;
      }
    }
    int second = bytes[i + 1] & 0xff;
    // Longer forms than needed, surrogates, and what lies beyond U+10FFFF.
    boolean invalid = (lead == 0xe0 && second < 0xa0)
        || (lead == 0xed && second >= 0xa0)
        || (lead == 0xf0 && second < 0x90)
        || (lead == 0xf4 && second >= 0x90);
    return invalid ? 0 : length;
  }

  private static int compare(String left, String right) {
    int shared = Math.min(left.length(), right.length());
    for (int i = 0; i < shared; i++) {
      char a = left.charAt(i);
      char b = right.charAt(i);
      if (a != b) {
        // Surrogates stand for what comes after all other characters.
        return Character.isSurrogate(a) == Character.isSurrogate(b)
            ? Character.compare(a, b)
            : Character.isSurrogate(a) ? 1 : -1;
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  /** The same text with U+FFFD for each surrogate that is no half of a character. */
  static String withoutLoneSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        int[] characters = text.codePoints()
            .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
            .toArray();
        return new String(characters, 0, characters.length);
      }
    }
    return text;
  }
}
