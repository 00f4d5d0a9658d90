// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * JSON in the making, spelled as Go spells it: {@code <}, {@code >}, {@code &}, U+2028 and U+2029
 * are escaped for the sake of HTML, other characters only where JSON demands it. One thread only.
 */
final class JsonBytes {
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] REPLACEMENT = "\ufffd".getBytes(StandardCharsets.UTF_8);
  private static final byte[] REPLACEMENT_ESCAPE = "\\ufffd".getBytes(StandardCharsets.US_ASCII);

  /**
   * For each ASCII character: 0 when it stands for itself, {@code u} when it is escaped by its
   * number, else what follows the backslash.
   */
  private static final byte[] ESCAPES = escapes();

  /** More bytes than any one character takes. */
  private static final int ONE_CHARACTER = 6;

  private byte[] bytes;
  private int length;

  JsonBytes(int capacity) {
    bytes = new byte[Math.max(capacity, ONE_CHARACTER)];
  }

  int length() {
    return length;
  }

  /** Takes back what was written behind {@code end}. */
  void cutTo(int end) {
    length = end;
  }

  byte[] copyOfRange(int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  byte[] toByteArray() {
    return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
  }

  JsonBytes raw(char ascii) {
    reserve(1);
    bytes[length++] = (byte) ascii;
    return this;
  }

  JsonBytes raw(byte[] source) {
    return raw(source, 0, source.length);
  }

  JsonBytes raw(byte[] source, int from, int to) {
    reserve(to - from);
    System.arraycopy(source, from, bytes, length, to - from);
    length += to - from;
    return this;
  }

  /** A JSON string. A surrogate that stands alone becomes U+FFFD, as in Go. */
  JsonBytes string(String text) {
    raw('"');
    reserve(text.length());
    int end = text.length();
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (!isPlain(c)) {
        characters(text.toCharArray(), i, end);
        break;
      }
      bytes[length++] = (byte) c;
    }
    return raw('"');
  }

  /** The string that begins at {@code from} in valid JSON, spelled anew; returns where it ends. */
  int string(byte[] json, int from) {
    raw('"');
    int i = from + 1;
    while (true) {
      int plain = i;
      i = endOfPlain(json, i);
      raw(json, plain, i);
      if (json[i] == '"') {
        raw('"');
        return i + 1;
      }
      i = json[i] == '\\' ? escaped(json, i + 1) : i + character(json, i);
    }
  }

  /**
   * The next byte of a JSON string that may be spelled in another way, or ends it; there is one.
   */
  static int endOfPlain(byte[] json, int from) {
    int i = from;
    while (json[i] >= 0 && ESCAPES[json[i]] == 0) {
      i++;
    }
    return i;
  }

  /** The character whose escape goes on at {@code i}; returns where that ends. */
  private int escaped(byte[] json, int i) {
    switch (json[i]) {
      case 'b' -> escape('\b');
      case 'f' -> escape('\f');
      case 'n' -> escape('\n');
      case 'r' -> escape('\r');
      case 't' -> escape('\t');
      case 'u' -> {
        return escapedByNumber(json, i + 1);
      }
      default -> one((char) json[i]);
    }
    return i + 1;
  }

  private int escapedByNumber(byte[] json, int i) {
    char c = number(json, i);
    int next = i + 4;
    if (!Character.isSurrogate(c)) {
      one(c);
    } else if (json[next] == '\\'
        && json[next + 1] == 'u'
        && Character.isSurrogatePair(c, number(json, next + 2))) {
      beyondAscii(Character.toCodePoint(c, number(json, next + 2)));
      next += 6;
    } else {
      raw(REPLACEMENT);
    }
    return next;
  }

  private static char number(byte[] json, int i) {
    int number = 0;
    for (int digit = i; digit < i + 4; digit++) {
      number = number << 4 | Character.digit(json[digit], 16);
    }
    return (char) number;
  }

  /** Any character but a surrogate. */
  private void one(char c) {
    if (isPlain(c)) {
      raw(c);
    } else if (c < 0x80) {
      escape(c);
    } else {
      beyondAscii(c);
    }
  }

  private void characters(char[] text, int from, int to) {
    int i = from;
    while (i < to) {
      reserve(to - i);
      while (i < to && isPlain(text[i])) {
        bytes[length++] = (byte) text[i++];
      }
      if (i == to) {
        return;
      }
      char c = text[i++];
      if (!Character.isSurrogate(c)) {
        one(c);
      } else if (i < to && Character.isSurrogatePair(c, text[i])) {
        beyondAscii(Character.toCodePoint(c, text[i++]));
      } else {
        raw(REPLACEMENT);
      }
    }
  }

  /**
   * A JSON string of bytes that ought to be UTF-8; each that is not becomes the escape of U+FFFD.
   */
  JsonBytes string(byte[] text) {
    raw('"');
    int i = 0;
    while (i < text.length) {
      reserve(text.length - i);
      while (i < text.length && text[i] >= 0 && ESCAPES[text[i]] == 0) {
        bytes[length++] = text[i++];
      }
      if (i < text.length) {
        i += character(text, i);
      }
    }
    return raw('"');
  }

  private int character(byte[] text, int i) {
    int count = Utf8.sequence(text, i);
    if (count == 1) {
      escape((char) text[i]);
    } else if (count == 0) {
      raw(REPLACEMENT_ESCAPE);
    } else if (isLineSeparator(text, i)) {
      escapeByNumber(0x2000 | (text[i + 2] & 0x3f));
    } else {
      raw(text, i, i + count);
    }
    return Math.max(count, 1);
  }

  /** A JSON string of the bytes in base64. */
  JsonBytes base64(byte[] data) {
    return raw('"').raw(Base64.getEncoder().encode(data)).raw('"');
  }

  private static boolean isPlain(char c) {
    return c < 0x80 && ESCAPES[c] == 0;
  }

  private void escape(char c) {
    byte escape = ESCAPES[c];
    if (escape == 'u') {
      escapeByNumber(c);
    } else {
      raw('\\').raw((char) escape);
    }
  }

  private void beyondAscii(int codePoint) {
    if (codePoint == 0x2028 || codePoint == 0x2029) {
      escapeByNumber(codePoint);
      return;
    }
    reserve(ONE_CHARACTER);
    if (codePoint < 0x800) {
      bytes[length++] = (byte) (0xc0 | (codePoint >> 6));
    } else {
      if (codePoint < 0x10000) {
        bytes[length++] = (byte) (0xe0 | (codePoint >> 12));
      } else {
        bytes[length++] = (byte) (0xf0 | (codePoint >> 18));
        bytes[length++] = (byte) (0x80 | ((codePoint >> 12) & 0x3f));
      }
      bytes[length++] = (byte) (0x80 | ((codePoint >> 6) & 0x3f));
    }
    bytes[length++] = (byte) (0x80 | (codePoint & 0x3f));
  }

  private void escapeByNumber(int c) {
    reserve(ONE_CHARACTER);
    bytes[length++] = '\\';
    bytes[length++] = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) {
      bytes[length++] = HEX[(c >> shift) & 0xf];
    }
  }

  private static boolean isLineSeparator(byte[] text, int i) {
    return text[i] == (byte) 0xe2
        && text[i + 1] == (byte) 0x80
        && (text[i + 2] == (byte) 0xa8 || text[i + 2] == (byte) 0xa9);
  }

  private void reserve(int count) {
    if (length + count > bytes.length || length + count < 0) {
      grow(count);
    }
  }

  private void grow(int count) {
    long wanted = Math.max((long) length + count, bytes.length * 2L);
    if (wanted > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException("an event of more than 2 GiB can't be written");
    }
    bytes = Arrays.copyOf(bytes, (int) wanted);
  }

  private static byte[] escapes() {
    var escapes = new byte[0x80];
    Arrays.fill(escapes, 0, 0x20, (byte) 'u');
    escapes['<'] = escapes['>'] = escapes['&'] = 'u';
    escapes['"'] = '"';
    escapes['\\'] = '\\';
    escapes['\b'] = 'b';
    escapes['\f'] = 'f';
    escapes['\n'] = 'n';
    escapes['\r'] = 'r';
    escapes['\t'] = 't';
    return escapes;
  }
}
