// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.appchannel.TraceParent;
import io.grpc.Metadata;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
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
      TraceParent.of(binary).ifPresent(other -> put(found, PARENT, other.toString()));
    }
    return found;
  }

  private static void put(
      Map<String, String> headers, Metadata.Key<String> key, @Nullable String value) {
    if (value != null) {
      headers.put(key.name(), value);
    }
  }
}
