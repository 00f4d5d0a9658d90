// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The header rules that hold whatever the protocol; for transports and what is like them. */
public final class Headers {
  static final String TOKEN = "dapr-api-token";

  /** Of one connection, not of the call; and what only the way here needed. */
  private static final Set<String> NOT_PASSED_ON = Set.of(
      "connection",
      "keep-alive",
      "proxy-connection",
      "transfer-encoding",
      "upgrade",
      "http2-settings",
      "te",
      "trailer",
      "proxy-authorization",
      "proxy-authenticate",
      "destination-app-id",
      TOKEN);

  private static final List<String> TRACE =
      List.of("traceparent", "tracestate", "baggage", "grpc-trace-bin");

  private Headers() {}

  /**
   * What a program is sent of the caller's headers, with the app's token and this call's trace. A
   * trace that the call carries replaces the caller's; one that it does not carry stays.
   */
  public static Map<String, List<String>> toApp(
      Map<String, List<String>> callers, Map<String, String> trace, @Nullable String token) {
    var sent = new LinkedHashMap<String, List<String>>();
    var nominated = nominated(callers);
    callers.forEach((name, values) -> {
      var lower = name.toLowerCase(Locale.ROOT);
      if (!NOT_PASSED_ON.contains(lower)
          && !nominated.contains(lower)
          && !isReplaced(lower, trace)) {
        sent.put(name, values);
      }
    });
    TRACE.forEach(name -> {
      var value = trace.get(name);
      if (value != null) {
        sent.put(name, List.of(value));
      }
    });
    if (token != null) {
      sent.put(TOKEN, List.of(token));
    }
    return sent;
  }

  /** Another trace's state and binary form would belong to no parent. */
  private static boolean isReplaced(String name, Map<String, String> trace) {
    return trace.containsKey(name)
        || (trace.containsKey("traceparent")
            && (name.equals("tracestate") || name.equals("grpc-trace-bin")));
  }

  /** The same of an answer's headers, on their way back. */
  public static Map<String, List<String>> fromApp(Map<String, List<String>> answered) {
    return toApp(answered, Map.of(), null);
  }

  /** Names that a {@code Connection} header says are of that connection alone. */
  private static Set<String> nominated(Map<String, List<String>> headers) {
    var names = new HashSet<String>();
    headers.forEach((name, values) -> {
      if (name.equalsIgnoreCase("connection")) {
        for (String value : values) {
          for (String one : value.split(",", -1)) {
            names.add(one.strip().toLowerCase(Locale.ROOT));
          }
        }
      }
    });
    return names;
  }
}
