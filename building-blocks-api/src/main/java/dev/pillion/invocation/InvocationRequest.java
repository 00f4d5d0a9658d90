// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an app is asked. Immutable, but for a {@linkplain Body body} that is a stream.
 *
 * @param verb HTTP's, such as {@code POST}; {@code NONE} when a caller who speaks gRPC has said
 *     none, which methods of a runtime never see: to them it is {@code POST}
 * @param method the method path, in decoded form; made canonical here, once, so that every reader
 *     sees the same: cleaned as a path, never climbing, without the trailing slash
 * @param query what follows the question mark, still encoded; empty when there is none
 * @param headers by name, in the case they came in; {@code -bin} values in base64; unmodifiable
 * @param contentType empty when there is none
 * @param body what is carried
 * @param typeUrl of a body that came as a protobuf {@code Any}; empty else
 */
public record InvocationRequest(
    String verb,
    String method,
    String query,
    Map<String, List<String>> headers,
    String contentType,
    Body body,
    String typeUrl) {
  /**
   * Copies the headers and makes the method canonical.
   *
   * @throws IllegalArgumentException when the method has a {@code #}, a {@code ?} or a control
   *     character in it
   */
  public InvocationRequest {
    method = MethodPath.canonical(method);
    headers = copyOf(headers);
  }

  /** The same of a body that was no {@code Any}. */
  public InvocationRequest(
      String verb,
      String method,
      String query,
      Map<String, List<String>> headers,
      String contentType,
      Body body) {
    this(verb, method, query, headers, contentType, body, "");
  }

  /** A {@code POST} without query and headers. */
  public static InvocationRequest post(String method, String contentType, byte[] body) {
    return new InvocationRequest("POST", method, "", Map.of(), contentType, Body.of(body));
  }

  /** A {@code GET} without query and headers. */
  public static InvocationRequest get(String method) {
    return new InvocationRequest("GET", method, "", Map.of(), "", Body.EMPTY);
  }

  /** The same with another verb. */
  public InvocationRequest withVerb(String other) {
    return new InvocationRequest(other, method, query, headers, contentType, body, typeUrl);
  }

  /** The same with another query: what follows the question mark, encoded. */
  public InvocationRequest withQuery(String other) {
    return new InvocationRequest(verb, method, other, headers, contentType, body, typeUrl);
  }

  /** The same with one more header, which has the place of one of that very name. */
  public InvocationRequest withHeader(String name, String value) {
    var more = new LinkedHashMap<>(headers);
    more.put(name, List.of(value));
    return with(more, body);
  }

  /** The same with other headers and another body. */
  public InvocationRequest with(Map<String, List<String>> otherHeaders, Body otherBody) {
    return new InvocationRequest(
        verb, method, query, otherHeaders, contentType, otherBody, typeUrl);
  }

  /** A copy in the same order; unmodifiable all through. */
  static Map<String, List<String>> copyOf(Map<String, List<String>> headers) {
    if (headers.isEmpty()) {
      return Map.of();
    }
    var copy = new LinkedHashMap<String, List<String>>();
    headers.forEach((name, values) -> copy.put(name, List.copyOf(values)));
    return Collections.unmodifiableMap(copy);
  }
}
