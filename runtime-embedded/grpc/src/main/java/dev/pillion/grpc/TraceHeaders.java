// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.Metadata;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The propagation headers of a call, and no others. {@code grpc-trace-bin} wins over
 * {@code traceparent}, as in Dapr.
 */
final class TraceHeaders {
  private static final Metadata.Key<String> PARENT = text("traceparent");
  private static final Metadata.Key<String> STATE = text("tracestate");
  private static final Metadata.Key<String> BAGGAGE = text("baggage");
  private static final Metadata.Key<byte[]> BINARY =
      Metadata.Key.of("grpc-trace-bin", Metadata.BINARY_BYTE_MARSHALLER);
  private static final int BINARY_LENGTH = 29;
  private static final Pattern PARENT_FORM =
      Pattern.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");

  private TraceHeaders() {}

  private static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  static Map<String, String> of(Metadata headers) {
    var parent = headers.get(PARENT);
    var state = headers.get(STATE);
    var baggage = headers.getAll(BAGGAGE);
    var binary = headers.get(BINARY);
    if (parent == null && state == null && baggage == null && binary == null) {
      return Map.of();
    }
    var found = new HashMap<String, String>();
    put(found, PARENT, parent);
    put(found, STATE, state);
    put(found, BAGGAGE, baggage == null ? null : String.join(",", baggage));
    if (binary != null) {
      found.put(BINARY.name(), Base64.getEncoder().withoutPadding().encodeToString(binary));
      put(found, PARENT, parent(binary));
    }
    return found;
  }

  private static void put(
      Map<String, String> headers, Metadata.Key<String> key, @Nullable String value) {
    if (value != null) {
      headers.put(key.name(), value);
    }
  }

  /** OpenCensus' binary form: version, then three numbered fields; null when it is not that. */
  private static @Nullable String parent(byte[] binary) {
    if (binary.length != BINARY_LENGTH
        || binary[0] != 0
        || binary[1] != 0
        || binary[18] != 1
        || binary[27] != 2) {
      return null;
    }
    var hex = HexFormat.of();
    return "00-%s-%s-%s"
        .formatted(
            hex.formatHex(binary, 2, 18),
            hex.formatHex(binary, 19, 27),
            hex.formatHex(binary, 28, 29));
  }

  /** The opposite of that, for {@code traceparent} of version 00; null when it is not one. */
  static byte @Nullable [] binary(String parent) {
    if (!PARENT_FORM.matcher(parent).matches()) {
      return null;
    }
    var hex = HexFormat.of();
    return ByteBuffer.allocate(BINARY_LENGTH)
        .put((byte) 0)
        .put((byte) 0)
        .put(hex.parseHex(parent, 3, 35))
        .put((byte) 1)
        .put(hex.parseHex(parent, 36, 52))
        .put((byte) 2)
        .put(hex.parseHex(parent, 53, 55))
        .array();
  }
}
