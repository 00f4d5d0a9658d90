// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.compression.HuffmanEncoder;
import org.eclipse.jetty.http2.HTTP2Session;
import org.eclipse.jetty.http2.client.transport.internal.HttpConnectionOverHTTP2;
import org.jspecify.annotations.Nullable;

/**
 * How large target and headers of a request are. Jetty finds out while it writes them, and over
 * HTTP/2 then gives up the connection, on which the calls of everybody are.
 */
final class RequestHead {
  /** What HTTP/2 counts for a field beyond its name and value. */
  private static final int PER_FIELD = 32;

  /** Names and values of verb, scheme, host and length of the body. */
  private static final int OURS = 320;

  /** No letter takes more bytes in HTTP/2's packing, which Jetty uses where it makes longer too. */
  private static final int LONGEST_LETTER = 4;

  private final String who;
  private final String target;
  private final HttpFields headers;
  private final AppOptions options;
  private final long unpacked;

  /** @param who is asked, for people */
  RequestHead(String who, String target, HttpFields headers, AppOptions options) {
    this.who = who;
    this.target = target;
    this.headers = headers;
    this.options = options;
    long letters = (long) OURS + options.address().length() + target.length();
    for (var field : headers) {
      letters += field.getName().length() + text(field.getValue()).length() + PER_FIELD;
    }
    this.unpacked = letters;
  }

  /**
   * Nothing where it may be sent.
   *
   * @throws InvocationException too large, when it is above the app's maximum header size
   */
  void requireFits() {
    if (!fits(options.maxHeaderSize())) {
      throw tooLarge("its maximum header size", options.maxHeaderSize());
    }
  }

  /** Ends the request before it is written, where it is more than the program says it takes. */
  void abortUnlessAccepted(Request begun) {
    if (begun.getConnection() instanceof HttpConnectionOverHTTP2 connection
        && connection.getSession() instanceof HTTP2Session session) {
      int accepted = session.getGenerator().getHpackEncoder().getMaxHeaderListSize();
      if (accepted > 0 && !fits(accepted)) {
        var unused = begun.abort(new SourceFailure(tooLarge("what it accepts", accepted)));
      }
    }
  }

  private boolean fits(int limit) {
    return unpacked * LONGEST_LETTER <= limit || Math.max(unpacked, packed()) <= limit;
  }

  private long packed() {
    long bytes = (long) OURS + options.address().length() + packed(target);
    for (var field : headers) {
      bytes += field.getName().length() + packed(text(field.getValue())) + PER_FIELD;
    }
    return bytes;
  }

  private static int packed(String text) {
    return Math.max(text.length(), HuffmanEncoder.octetsNeeded(text));
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }

  private InvocationException tooLarge(String what, int limit) {
    return new InvocationException(
        Reason.TOO_LARGE,
        "path and headers of the request to %s are larger than %s, %d bytes"
            .formatted(who, what, limit),
        null);
  }
}
