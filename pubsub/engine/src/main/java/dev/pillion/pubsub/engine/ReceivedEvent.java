// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message read as a CloudEvent. Beside the attributes nothing is worked out before it is asked
 * for. Thread-safe.
 */
abstract class ReceivedEvent {
  static final String DATA = "data";
  static final String DATA_BASE64 = "data_base64";

  private static final String TRACE_ID = "traceid";
  private static final String TRACEPARENT = "traceparent";
  private static final String TRACESTATE = "tracestate";

  private final Map<String, Object> attributes;

  /** @param attributes without nulls, and the event's own from now on */
  ReceivedEvent(Map<String, Object> attributes) {
    this.attributes = attributes;
  }

  /** Every member but the data, without those that are null; not to be changed. */
  final Map<String, Object> attributes() {
    return attributes;
  }

  /** An attribute of text; empty when it is absent or no text. */
  final String attribute(String name) {
    return attributes.get(name) instanceof String text ? text : "";
  }

  final String dataContentType() {
    return attribute("datacontenttype");
  }

  /** The publisher's trace context; empty when there is none. */
  final String traceparent() {
    return attributes.containsKey(TRACEPARENT) ? attribute(TRACEPARENT) : attribute(TRACE_ID);
  }

  final String tracestate() {
    return attribute(TRACESTATE);
  }

  /** Whether the event is of no use any more; without a valid {@code expiration} it never is. */
  boolean isExpired(Instant now) {
    String expiration = attribute("expiration");
    return !expiration.isEmpty() && Stamps.isPast(expiration, now);
  }

  /**
   * What the event carries, in a fresh array: for JSON its text without white space, for text its
   * UTF-8, for {@code data_base64} the bytes; null when it carries nothing, or JSON's null.
   *
   * <p>Numbers keep their digits, which Dapr's gRPC apps get as doubles. Data of a type that is
   * neither JSON nor text, or of none, comes as its text, where Dapr's gRPC apps get nothing. Text
   * of JSON's type keeps its quotes, as in Dapr.
   *
   * @throws MalformedEventException when the data does not fit its type
   */
  abstract byte @Nullable [] data();

  /** The bytes for an HTTP app. Not to be changed. */
  abstract byte[] envelope();

  /** All members, for a routing rule's {@code event}: numbers are doubles, as in Dapr's rules. */
  abstract Map<String, @Nullable Object> members();

  /** What routing rules are evaluated with. */
  final Map<String, Object> variables() {
    return Map.of("event", members());
  }

  /** The attributes and one member more. */
  final Map<String, @Nullable Object> membersWith(String name, Object value) {
    var members = new HashMap<String, @Nullable Object>(attributes);
    members.put(name, value);
    return members;
  }

  /**
   * Takes over what the broker carries of a trace context and the event does not; an attribute that
   * is null counts as missing, unlike in Dapr.
   */
  static void fillTrace(Map<String, ? super String> members, Map<String, String> messageMetadata) {
    if (messageMetadata.isEmpty()) {
      return;
    }
    copyMissing(TRACE_ID, members, messageMetadata);
    if (copyMissing(TRACEPARENT, members, messageMetadata)) {
      members.put(TRACE_ID, messageMetadata.get(TRACEPARENT));
    }
    copyMissing(TRACESTATE, members, messageMetadata);
  }

  private static boolean copyMissing(
      String name, Map<String, ? super String> members, Map<String, String> messageMetadata) {
    String value = members.containsKey(name) ? null : messageMetadata.get(name);
    if (value != null) {
      members.put(name, value);
    }
    return value != null;
  }
}
