// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a program is asked. Immutable, but for a {@linkplain AppBody body} that is a stream.
 *
 * @param verb HTTP's, such as {@code POST}
 * @param method the method path, in decoded form; made canonical here, once, so that every reader
 *     sees the same: cleaned as a path, never climbing, without the trailing slash
 * @param query what follows the question mark, still encoded; empty when there is none
 * @param headers by name, in the case they came in; {@code -bin} values in base64; unmodifiable
 * @param contentType empty when there is none
 * @param body what is carried
 * @param typeUrl of a body that came as a protobuf {@code Any}; empty else
 */
public record AppRequest(
    String verb,
    String method,
    String query,
    Map<String, List<String>> headers,
    String contentType,
    AppBody body,
    String typeUrl) {
  /**
   * Copies the headers and makes the method canonical.
   *
   * @throws IllegalArgumentException when the method has a {@code #}, a {@code ?} or a control
   *     character in it
   */
  public AppRequest {
    method = MethodPath.canonical(method);
    headers = Headers.copyOf(headers);
  }

  /** The same of a body that was no {@code Any}. */
  public AppRequest(
      String verb,
      String method,
      String query,
      Map<String, List<String>> headers,
      String contentType,
      AppBody body) {
    this(verb, method, query, headers, contentType, body, "");
  }

  /** A {@code POST} without query and headers. */
  public static AppRequest post(String method, String contentType, byte[] body) {
    return new AppRequest("POST", method, "", Map.of(), contentType, AppBody.of(body));
  }

  /** A {@code GET} without query and headers. */
  public static AppRequest get(String method) {
    return new AppRequest("GET", method, "", Map.of(), "", AppBody.EMPTY);
  }

  /** The same with another query: what follows the question mark, encoded. */
  public AppRequest withQuery(String other) {
    return new AppRequest(verb, method, other, headers, contentType, body, typeUrl);
  }

  /** The same with one more header, which has the place of one of that very name. */
  public AppRequest withHeader(String name, String value) {
    var more = new LinkedHashMap<>(headers);
    more.put(name, List.of(value));
    return with(more, body);
  }

  /** The same with other headers and another body. */
  AppRequest with(Map<String, List<String>> otherHeaders, AppBody otherBody) {
    return new AppRequest(verb, method, query, otherHeaders, contentType, otherBody, typeUrl);
  }
}
