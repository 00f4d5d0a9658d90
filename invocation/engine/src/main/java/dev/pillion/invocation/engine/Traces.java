// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.call.CallContext;
import dev.pillion.invocation.InvocationRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The trace of a call on its way out of the JVM, where headers are all that carries it. */
final class Traces {
  private static final String PARENT = "traceparent";
  private static final Set<String> CARRIED =
      Set.of(PARENT, "tracestate", "baggage", "grpc-trace-bin");

  /** Of another parent they would belong to none. */
  private static final Set<String> OF_PARENT = Set.of("tracestate", "grpc-trace-bin");

  private Traces() {}

  /** The request with the trace of its call; one that the call does not carry stays. */
  static InvocationRequest on(InvocationRequest request, CallContext context) {
    var trace = context.headers();
    if (CARRIED.stream().noneMatch(trace::containsKey)) {
      return request;
    }
    var headers = new LinkedHashMap<String, List<String>>();
    request.headers().forEach((name, values) -> {
      var lower = name.toLowerCase(Locale.ROOT);
      boolean replaced = CARRIED.contains(lower)
          && (trace.containsKey(lower) || (trace.containsKey(PARENT) && OF_PARENT.contains(lower)));
      if (!replaced) {
        headers.put(name, values);
      }
    });
    CARRIED.forEach(name -> {
      var value = trace.get(name);
      if (value != null) {
        headers.put(name, List.of(value));
      }
    });
    return request.with(headers, request.body());
  }
}
