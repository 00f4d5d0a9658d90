// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.util.ArrayDeque;

/** The one form in which a method path is compared, permitted and sent. */
final class MethodPath {
  private MethodPath() {}

  static String canonical(String method) {
    for (int i = 0; i < method.length(); i++) {
      char letter = method.charAt(i);
      if (letter == '#' || letter == '?' || letter < ' ' || letter == 0x7F) {
        throw new IllegalArgumentException(
            "invalid method: the letter at %d is %s, which no method has%s"
                .formatted(
                    i,
                    letter < ' ' || letter == 0x7F ? "a control character" : letter,
                    letter == '?' ? "; the query goes into InvocationRequest.query" : ""));
      }
    }
    boolean rooted = method.startsWith("/");
    var kept = new ArrayDeque<String>();
    for (String part : method.split("/", -1)) {
      if (part.equals("..")) {
        kept.pollLast();
      } else if (!part.isEmpty() && !part.equals(".")) {
        kept.addLast(part);
      }
    }
    var path = String.join("/", kept);
    return rooted ? "/" + path : path;
  }
}
