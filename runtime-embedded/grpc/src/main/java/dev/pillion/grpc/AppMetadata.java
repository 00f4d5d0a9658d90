// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.appchannel.TraceParent;
import io.grpc.Metadata;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Headers as gRPC metadata and back, as Dapr writes them. */
final class AppMetadata {
  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);

  /**
   * HTTP's own headers would mean something else to gRPC; they are told by the case HTTP writes
   * them in. Those that hold for one connection alone never come here.
   */
  private static final Set<String> PERMANENT = Set.of(
      "Accept",
      "Accept-Charset",
      "Accept-Language",
      "Accept-Ranges",
      "Cache-Control",
      "Content-Type",
      "Content-Length",
      "Cookie",
      "Date",
      "Expect",
      "From",
      "Host",
      "If-Match",
      "If-Modified-Since",
      "If-None-Match",
      "If-Schedule-Tag-Match",
      "If-Unmodified-Since",
      "Max-Forwards",
      "Origin",
      "Pragma",
      "Referer",
      "Via",
      "Warning");

  /** An error's details, which belong to its sender as little as its code does. */
  static final String STATUS_DETAILS = "grpc-status-details-bin";

  private static final String TRACE_BINARY = "grpc-trace-bin";

  private AppMetadata() {}

  /**
   * What is sent.
   *
   * @throws IllegalArgumentException when gRPC can't carry a name or a value
   */
  static Metadata toApp(Map<String, List<String>> headers) {
    var metadata = new Metadata();
    headers.forEach((name, values) -> {
      var key = named(name);
      if (isReserved(key)) {
        return;
      }
      for (String value : values) {
        put(metadata, key, value);
      }
    });
    putBinaryTrace(metadata);
    return metadata;
  }

  /** The name under which gRPC carries a header. */
  static String named(String name) {
    var lower = name.toLowerCase(Locale.ROOT);
    return PERMANENT.contains(name) ? "dapr-" + lower : lower;
  }

  /** What gRPC writes itself. */
  static boolean isReserved(String key) {
    return key.startsWith(":")
        || key.equals("content-type")
        || key.equals("user-agent")
        || (key.startsWith("grpc-") && !key.equals(TRACE_BINARY));
  }

  private static void put(Metadata metadata, String key, String value) {
    if (!key.chars().allMatch(AppMetadata::isKeyLetter)) {
      throw new IllegalArgumentException(
          "the header \"%s\" has a letter in its name that gRPC does not carry; it has a-z, 0-9, \"-\", \"_\" and \".\""
              .formatted(key));
    }
    if (key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
      var bytes = decoded(value);
      if (bytes != null) {
        metadata.put(Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER), bytes);
      }
      return;
    }
    if (!value.chars().allMatch(letter -> letter >= ' ' && letter < 127)) {
      throw new IllegalArgumentException(
          "the value of the header \"%s\" has a letter outside printable ASCII, which gRPC does not carry"
              .formatted(key));
    }
    metadata.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
  }

  /** The same for whom a header less is better than none at all. */
  static void putLeniently(Metadata metadata, String key, String value) {
    try {
      put(metadata, key, value);
    } catch (IllegalArgumentException e) {
      log.debug("a header is left out of an answer: {}", e.getMessage());
    }
  }

  private static boolean isKeyLetter(int letter) {
    return (letter >= 'a' && letter <= 'z')
        || (letter >= '0' && letter <= '9')
        || letter == '-'
        || letter == '_'
        || letter == '.';
  }

  /** Null for what is not base64, which Dapr leaves out too. */
  private static byte @Nullable [] decoded(String value) {
    try {
      return Base64.getDecoder().decode(value);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** OpenCensus' form of {@code traceparent}, for programs that know no other. */
  private static void putBinaryTrace(Metadata metadata) {
    var parent = metadata.get(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER));
    if (parent != null) {
      TraceParent.of(parent).ifPresent(trace -> {
        var key = Metadata.Key.of(TRACE_BINARY, Metadata.BINARY_BYTE_MARSHALLER);
        metadata.discardAll(key);
        metadata.put(key, trace.toBinary());
      });
    }
  }

  /** What was answered: names in lower case, binary values in base64. */
  static Map<String, List<String>> fromApp(Metadata metadata) {
    var headers = new LinkedHashMap<String, List<String>>();
    for (String name : metadata.keys()) {
      var values = new ArrayList<String>();
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        var found = metadata.getAll(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER));
        if (found != null) {
          found.forEach(value -> values.add(Base64.getEncoder().encodeToString(value)));
        }
      } else {
        var found = metadata.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        if (found != null) {
          found.forEach(values::add);
        }
      }
      headers.put(name, values);
    }
    return headers;
  }
}
