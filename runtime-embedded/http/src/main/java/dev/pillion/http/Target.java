// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import java.nio.charset.StandardCharsets;

/**
 * The request target of a method and a query. The method is in decoded form, so that all of it is
 * escaped: also a percent sign, which else the program would decode once more than those who
 * permitted the call.
 */
final class Target {
  private static final String HEX = "0123456789ABCDEF";
  private static final String IN_PATH = "-._~!$&'()*+,;=:@/";
  private static final String IN_QUERY = IN_PATH + "?";

  private Target() {}

  static String of(String method, String query) {
    var target = new StringBuilder(method.length() + query.length() + 2);
    if (!method.startsWith("/")) {
      target.append('/');
    }
    escape(method, IN_PATH, false, target);
    if (!query.isEmpty()) {
      target.append('?');
      escape(query, IN_QUERY, true, target);
    }
    return target.toString();
  }

  /** What is escaped already stays where {@code escapes} says so; a stray percent sign does not. */
  private static void escape(String text, String allowed, boolean escapes, StringBuilder into) {
    var letters = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < letters.length; i++) {
      byte letter = letters[i];
      boolean plain = isHex(letter)
          || (letter >= 'a' && letter <= 'z')
          || (letter >= 'A' && letter <= 'Z')
          || (letter > 0 && allowed.indexOf(letter) >= 0)
          || (escapes && isEscape(letters, i));
      if (plain) {
        into.append((char) letter);
      } else {
        into.append('%').append(HEX.charAt((letter >> 4) & 0xF)).append(HEX.charAt(letter & 0xF));
      }
    }
  }

  private static boolean isEscape(byte[] letters, int at) {
    return letters[at] == '%'
        && at + 2 < letters.length
        && isHex(letters[at + 1])
        && isHex(letters[at + 2]);
  }

  private static boolean isHex(byte letter) {
    return Character.digit(letter, 16) >= 0;
  }
}
