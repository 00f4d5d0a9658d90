// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import io.grpc.Metadata;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What travels beside a peer call, and not within its message: the trace, and nothing else. */
final class TraceKeys {
  private static final String PARENT = "traceparent";
  private static final String BINARY = "grpc-trace-bin";
  private static final Map<String, Metadata.Key<String>> TEXTS = Stream.of(
          PARENT, "tracestate", "baggage")
      .collect(Collectors.toUnmodifiableMap(
          name -> name, name -> Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));
  private static final Metadata.Key<byte[]> BINARY_KEY =
      Metadata.Key.of(BINARY, Metadata.BINARY_BYTE_MARSHALLER);
  private static final int BINARY_LENGTH = 29;

  private TraceKeys() {}

  /** Of a request that is to be sent. */
  static Metadata of(Map<String, List<String>> headers) {
    var metadata = new Metadata();
    headers.forEach((name, values) -> {
      if (values.isEmpty()) {
        return;
      }
      var lower = name.toLowerCase(Locale.ROOT);
      var text = TEXTS.get(lower);
      if (text != null) {
        metadata.put(text, values.get(0));
      } else if (lower.equals(BINARY)) {
        decoded(values.get(0)).ifPresent(bytes -> metadata.put(BINARY_KEY, bytes));
      }
    });
    return metadata;
  }

  private static Optional<byte[]> decoded(String base64) {
    try {
      return Optional.of(Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Of a call that has come; what is within the request is older, and comes second. */
  static Map<String, String> of(Metadata metadata, Map<String, List<String>> headers) {
    var found = new HashMap<String, String>();
    headers.forEach((name, values) -> {
      var lower = name.toLowerCase(Locale.ROOT);
      if (TEXTS.containsKey(lower) && !values.isEmpty()) {
        found.put(lower, values.get(0));
      }
    });
    TEXTS.forEach((name, key) -> {
      var value = metadata.get(key);
      if (value != null) {
        found.put(name, value);
      }
    });
    var binary = metadata.get(BINARY_KEY);
    if (binary != null) {
      parent(binary).ifPresent(parent -> found.put(PARENT, parent));
    }
    return found;
  }

  /** OpenCensus' form as text: a version, and three fields each behind its number. */
  private static Optional<String> parent(byte[] binary) {
    boolean isOne = binary.length == BINARY_LENGTH
        && binary[0] == 0
        && binary[1] == 0
        && binary[18] == 1
        && binary[27] == 2;
    var hex = HexFormat.of();
    return isOne
        ? Optional.of("00-%s-%s-%s"
            .formatted(
                hex.formatHex(binary, 2, 18),
                hex.formatHex(binary, 19, 27),
                hex.toHexDigits(binary[28])))
        : Optional.empty();
  }
}
