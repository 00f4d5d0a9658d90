// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.Metadata;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The metadata of a facade's caller as the headers of a call, and an answer's headers for him. */
final class CallerMetadata {
  private static final String AUTHORITY = ":authority";
  private static final String CONTENT_TYPE = "dapr-content-type";
  private static final String TRACE_BINARY = "grpc-trace-bin";

  /** Meant for this facade, or for one connection. */
  private static final Set<String> NOT_PASSED_ON = Set.of(
      TokenCheck.HEADER.name(),
      "te",
      "connection",
      "keep-alive",
      "proxy-connection",
      "transfer-encoding",
      "upgrade",
      "http2-settings",
      "trailer");

  private CallerMetadata() {}

  /** What the callee is sent: names in lower case, binary values in base64. */
  static Map<String, List<String>> received(RpcMetadata call) {
    var headers = received(call.received());
    if (!call.authority().isEmpty()) {
      headers.put(AUTHORITY, List.of(call.authority()));
    }
    return headers;
  }

  /** The same without the host that the caller named. */
  static Map<String, List<String>> received(Metadata metadata) {
    var headers = new LinkedHashMap<>(AppMetadata.fromApp(metadata));
    headers
        .keySet()
        .removeIf(name -> NOT_PASSED_ON.contains(name)
            || (name.startsWith("grpc-") && !name.equals(TRACE_BINARY)));
    return headers;
  }

  /**
   * Adds the headers of an answer under the names that gRPC leaves free. One that gRPC can't carry
   * is left out: the answer is worth more.
   *
   * @param contentType of an answer of HTTP; empty else
   */
  static void addHeaders(Map<String, List<String>> answered, String contentType, Metadata headers) {
    answered.forEach((name, values) -> add(AppMetadata.named(name), values, headers));
    var type = Metadata.Key.of(CONTENT_TYPE, Metadata.ASCII_STRING_MARSHALLER);
    if (!contentType.isEmpty() && !headers.containsKey(type)) {
      add(CONTENT_TYPE, List.of(contentType), headers);
    }
  }

  /** Adds the trailers of an answer, under their own names. */
  static void addTrailers(Map<String, List<String>> answered, Metadata trailers) {
    answered.forEach((name, values) -> {
      var lower = name.toLowerCase(Locale.ROOT);
      if (lower.equals(AppMetadata.STATUS_DETAILS)) {
        values.forEach(value -> AppMetadata.putLeniently(trailers, lower, value));
      } else {
        add(lower, values, trailers);
      }
    });
  }

  private static void add(String key, List<String> values, Metadata into) {
    if (!AppMetadata.isReserved(key) && !NOT_PASSED_ON.contains(key)) {
      values.forEach(value -> AppMetadata.putLeniently(into, key, value));
    }
  }
}
