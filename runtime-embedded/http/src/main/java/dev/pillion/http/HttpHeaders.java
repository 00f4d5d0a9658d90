// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.TraceParent;
import dev.pillion.invocation.InvocationRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.http.HttpFields;

/** Dapr's rules for headers towards an HTTP program and back, beyond those of every protocol. */
final class HttpHeaders {
  /** Said by the request itself, or meant for the caller's own connection. */
  private static final Set<String> REPLACED =
      Set.of("content-type", "content-length", "host", "expect");

  /** What Dapr calls the bytes of a message whose type is known, whatever their sender says. */
  private static final String PROTOBUF = "application/x-protobuf";

  private static final Set<String> PSEUDO = Set.of(":method", ":scheme", ":path", ":authority");
  private static final String SEPARATORS = "!#$%&'*+-.^_`|~";

  private HttpHeaders() {}

  /** What a program is sent. */
  static void send(InvocationRequest request, HttpFields.Mutable into) {
    var headers = new LinkedHashMap<String, List<String>>();
    request.headers().forEach((name, values) -> {
      var lower = name.toLowerCase(Locale.ROOT);
      if (!REPLACED.contains(lower) && !lower.endsWith("-bin")) {
        headers.computeIfAbsent(named(lower), key -> new ArrayList<>()).addAll(values);
      }
    });
    trace(request.headers())
        .ifPresent(trace -> headers.putIfAbsent("traceparent", List.of(trace.toString())));
    var contentType = request.typeUrl().isEmpty() ? request.contentType() : PROTOBUF;
    if (!contentType.isEmpty()) {
      headers.put("content-type", List.of(contentType));
    }
    headers.forEach((name, values) -> {
      requireToken(name);
      for (var value :
          name.equals("baggage") ? values.subList(0, Math.min(1, values.size())) : values) {
        into.add(canonical(name), toWire(name, value));
      }
    });
  }

  /** What gRPC keeps for itself goes under another name. */
  private static String named(String lower) {
    if (PSEUDO.contains(lower)) {
      return "dapr-" + lower.substring(1);
    }
    return lower.startsWith("grpc-") ? "dapr-" + lower : lower;
  }

  /** The trace of a caller who speaks gRPC and knows it in binary form only. */
  private static Optional<TraceParent> trace(Map<String, List<String>> headers) {
    for (var header : headers.entrySet()) {
      if (header.getKey().equalsIgnoreCase("grpc-trace-bin")
          && !header.getValue().isEmpty()) {
        return trace(header.getValue().get(0));
      }
    }
    return Optional.empty();
  }

  private static Optional<TraceParent> trace(String base64) {
    try {
      return TraceParent.of(Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static void requireToken(String name) {
    boolean token = !name.isEmpty()
        && name.chars()
            .allMatch(letter -> letter < 128
                && (Character.isLetterOrDigit(letter) || SEPARATORS.indexOf(letter) >= 0));
    if (!token) {
      throw new IllegalArgumentException(
          "the header name of %d letters is none that HTTP carries: it has letters, digits and %s"
              .formatted(name.length(), SEPARATORS));
    }
  }

  /** UTF-8 in bytes of which Jetty makes one letter each. */
  private static String toWire(String name, String value) {
    boolean ascii = true;
    for (int i = 0; i < value.length(); i++) {
      char letter = value.charAt(i);
      if ((letter < ' ' && letter != '\t') || letter == 0x7F) {
        throw new IllegalArgumentException(
            "the value of the header \"%s\" has a control character at %d, which HTTP does not carry"
                .formatted(name, i));
      }
      ascii &= letter < 128;
    }
    return ascii
        ? value
        : new String(value.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /** What a program has answered, under canonical names, without the length of its body. */
  static Map<String, List<String>> received(HttpFields fields) {
    var headers = new LinkedHashMap<String, List<String>>();
    for (var field : fields) {
      var value = field.getValue();
      if (!field.getName().equalsIgnoreCase("content-length")) {
        headers
            .computeIfAbsent(canonical(field.getName()), key -> new ArrayList<>(1))
            .add(value == null ? "" : fromWire(value));
      }
    }
    return headers;
  }

  /** What is no UTF-8 stays one letter a byte. */
  private static String fromWire(String value) {
    if (value.chars().allMatch(letter -> letter < 128)) {
      return value;
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(value.getBytes(StandardCharsets.ISO_8859_1)))
          .toString();
    } catch (CharacterCodingException e) {
      return value;
    }
  }

  /** As Go writes names: capitals at the begin and after each hyphen, and nowhere else. */
  static String canonical(String name) {
    var letters = name.toCharArray();
    boolean capital = true;
    for (int i = 0; i < letters.length; i++) {
      letters[i] = capital ? Character.toUpperCase(letters[i]) : Character.toLowerCase(letters[i]);
      capital = letters[i] == '-';
    }
    return new String(letters);
  }
}
