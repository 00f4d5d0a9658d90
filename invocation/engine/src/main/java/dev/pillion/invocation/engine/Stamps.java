// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The headers by which a callee is told who calls and who forwarded; claims of theirs go. */
final class Stamps {
  private static final String CALLER = "dapr-caller-app-id";
  private static final String CALLER_NAMESPACE = "dapr-caller-namespace";
  private static final String CALLEE = "dapr-callee-app-id";
  private static final String DESTINATION = "destination-app-id";
  private static final int STAMPED = 3;
  private static final Set<String> CLAIMS = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

  static {
    CLAIMS.addAll(List.of(CALLER, CALLER_NAMESPACE, CALLEE, DESTINATION));
  }

  private final String appId;
  private final String namespace;
  private final String host;
  private final String hostName;
  private final String forwarded;

  /**
   * @param host the address peers see
   * @param hostName the machine's name
   */
  Stamps(String appId, String namespace, String host, String hostName) {
    this.appId = appId;
    this.namespace = namespace;
    this.host = host;
    this.hostName = hostName;
    var node = host.indexOf(':') >= 0 ? "\"[" + host + "]\"" : host;
    this.forwarded = "for=%s;by=%s;host=%s".formatted(node, node, hostName);
  }

  /** For an app in the same JVM: no hop has been made, so nobody forwards. */
  static InvocationRequest local(
      InvocationRequest request, String caller, String callerNamespace, String callee) {
    return request.with(
        identified(request.headers(), caller, callerNamespace, callee), request.body());
  }

  /**
   * From a peer that has proven who it is: what it says of itself is what its certificate says. A
   * daprd with mTLS says the same, and its request stays as it is.
   */
  static InvocationRequest proven(InvocationRequest request, CallerIdentity caller, String callee) {
    var given = request.headers();
    boolean isTrue = given.keySet().stream().filter(CLAIMS::contains).count() == STAMPED
        && List.of(caller.namespace()).equals(given.get(CALLER_NAMESPACE))
        && List.of(caller.appId()).equals(given.get(CALLER))
        && List.of(callee).equals(given.get(CALLEE));
    return isTrue ? request : local(request, caller.appId(), caller.namespace(), callee);
  }

  /** For a peer. */
  InvocationRequest forwarded(InvocationRequest request, String callee) {
    var headers = identified(request.headers(), appId, namespace, callee);
    append(headers, "X-Forwarded-For", host);
    append(headers, "X-Forwarded-Host", hostName);
    append(headers, "Forwarded", forwarded);
    headers.put(DESTINATION, List.of(callee));
    return request.with(headers, request.body());
  }

  private static Map<String, List<String>> identified(
      Map<String, List<String>> given, String caller, String callerNamespace, String callee) {
    var headers = new LinkedHashMap<String, List<String>>();
    given.forEach((name, values) -> {
      if (!CLAIMS.contains(name)) {
        headers.put(name, values);
      }
    });
    headers.put(CALLER_NAMESPACE, List.of(callerNamespace));
    headers.put(CALLER, List.of(caller));
    headers.put(CALLEE, List.of(callee));
    return headers;
  }

  private static void append(Map<String, List<String>> headers, String name, String value) {
    for (var header : headers.entrySet()) {
      if (header.getKey().equalsIgnoreCase(name)) {
        var values = new ArrayList<>(header.getValue());
        values.add(value);
        header.setValue(values);
        return;
      }
    }
    headers.put(name, List.of(value));
  }
}
